//! The deployments of one model, and how one of them is chosen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::select_all;
use transom_core::backend::{ApiKind, BackendState};
use transom_core::fleet::Routing;
use transom_core::model::{DeploymentId, Model};
use transom_core::port::upstream::Route;
use transom_routing::pick::{Ask, Candidate};

use super::digest::{Epoch, Moment};
use super::line::Eligible;
use super::survey::{Choice, Nobody, Survey};
use super::target::{Fit, Unfit};
use super::{Flight, Memory, Target};

/// The deployments of one model.
pub(crate) struct Group {
    pub(crate) model: Model,
    /// In the order of the configuration.
    pub(crate) targets: Vec<Arc<Target>>,
    /// The same by their order, the lowest first.
    levels: Vec<Vec<Arc<Target>>>,
    pub(crate) memory: Memory,
    pub(crate) routing: Arc<Routing>,
    epoch: Epoch,
}

/// What a request is chosen a target for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) route: Route,
    /// The route at a server that is asked for turns at its own `/v1/responses`; `None`: it cannot be
    /// asked for this.
    pub(crate) native: Option<Route>,
    pub(crate) ask: Ask<'a>,
    pub(crate) speed: Speed,
    /// Prompt and answer together.
    pub(crate) length: Length,
    /// Targets that have failed this request.
    pub(crate) tried: &'a [DeploymentId],
}

impl Wanted<'_> {
    /// Whether the server of a target has the route that this would go to, as far as it says.
    fn suits(&self, target: &Target) -> Result<(), Unfit> {
        let route = match target.upstream.api_kind() {
            ApiKind::ChatCompletions => self.route,
            ApiKind::Responses => self.native.ok_or(Unfit::Unsaid)?,
        };
        if target.upstream.offer().lacks(route) { Err(Unfit::NoRoute) } else { Ok(()) }
    }
}

/// Which speed of a deployment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// How soon it begins an answer that comes as a stream.
    FirstToken,
    /// How soon it gives an answer that comes as a whole.
    WholeAnswer,
}

/// Targets of one order that can take a request, each with how pickers see it and how well it can.
#[derive(Default)]
struct Able<'a> {
    targets: Vec<&'a Arc<Target>>,
    candidates: Vec<Candidate<'a>>,
    fits: Vec<Fit>,
    degraded: usize,
}

impl<'a> Able<'a> {
    fn with_capacity(most: usize) -> Self {
        Self {
            targets: Vec::with_capacity(most),
            candidates: Vec::with_capacity(most),
            fits: Vec::with_capacity(most),
            degraded: 0,
        }
    }

    #[inline]
    fn push(&mut self, target: &'a Arc<Target>, candidate: Candidate<'a>, fit: Fit) {
        self.targets.push(target);
        self.candidates.push(candidate);
        self.fits.push(fit);
        self.degraded += usize::from(fit == Fit::Degraded);
    }

    fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Those that stay.
    fn retain(self, stays: impl Fn(&Target, Fit) -> bool) -> Self {
        let mut kept = Self::default();
        let all = self.targets.into_iter().zip(self.candidates).zip(self.fits);
        for ((target, candidate), fit) in all.filter(|((target, _), fit)| stays(target, *fit)) {
            kept.push(target, candidate, fit);
        }
        kept
    }
}

/// Targets by the length that their servers say they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// Long enough for the request, as far as anybody knows.
    Enough,
    /// Shorter than the request seems to be. That is a guess: a picture is long as text and short
    /// in tokens.
    Short,
}

impl Size {
    fn of(length: Option<u32>, wanted: &Wanted<'_>) -> Self {
        let short = length.is_some_and(|length| wanted.length.tokens() > length);
        if short { Self::Short } else { Self::Enough }
    }
}

/// Prompt and answer together, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// As far as they can be guessed, rather too few than too many.
    Guessed(u32),
    /// The model's own tokenizer has counted them.
    Counted(u32),
}

impl Length {
    /// The number.
    pub(crate) fn tokens(self) -> u32 {
        match self {
            Self::Guessed(tokens) | Self::Counted(tokens) => tokens,
        }
    }
}

impl Group {
    pub(super) fn new(
        model: Model,
        targets: Vec<Arc<Target>>,
        memory: Memory,
        routing: Arc<Routing>,
        epoch: Epoch,
    ) -> Self {
        let mut levels: BTreeMap<u32, Vec<Arc<Target>>> = BTreeMap::new();
        for target in &targets {
            levels.entry(target.deployment.order).or_default().push(Arc::clone(target));
        }
        let levels = levels.into_values().collect();
        Self { model, targets, levels, memory, routing, epoch }
    }

    pub(super) fn target(&self, id: &DeploymentId) -> Option<&Arc<Target>> {
        self.targets.iter().find(|target| target.deployment.id == *id)
    }

    /// Whether any target can be asked for `route` at all.
    pub(crate) fn serves(&self, route: Route) -> bool {
        self.targets.iter().any(|target| target.deployment.mode.serves(route))
    }

    /// Whether only one target can be asked for `route`.
    pub(crate) fn has_one(&self, route: Route) -> bool {
        let able = self.targets.iter().filter(|target| target.deployment.mode.serves(route));
        able.take(2).count() == 1
    }

    /// Whether `route` is served by servers that load, and by no other.
    pub(crate) fn is_loading(&self, route: Route) -> bool {
        let able = self.targets.iter().filter(|target| target.deployment.mode.serves(route));
        let (mut loading, mut there) = (false, false);
        for state in able.map(|target| target.state()) {
            loading |= matches!(state, BackendState::Loading { .. });
            there |= state.takes_requests();
        }
        loading && !there
    }

    /// The targets that a request may go to, whatever their state. Those that seem to be too short
    /// are among them only when all are: who waits for the long one holds up nobody at the others.
    pub(crate) fn eligible(&self, wanted: &Wanted<'_>) -> Eligible {
        let able = self.targets.iter().filter(|target| {
            let deployment = &target.deployment;
            deployment.mode.serves(wanted.route)
                && wanted.suits(target).is_ok()
                && target.too_short(wanted.length).is_none()
                && !wanted.tried.contains(&deployment.id)
        });
        let able: Vec<_> = able.collect();
        let enough = |target: &&&Arc<Target>| Size::of(target.length(), wanted) == Size::Enough;
        let some = able.iter().any(|target| enough(&target));
        let of_size = able.iter().filter(|target| !some || enough(target));
        of_size.map(|target| target.deployment.id.clone()).collect()
    }

    /// The longest prompt and answer together that one of its targets takes on `route`, for a
    /// request whose model is `name` without aliases. Those that are gone count only when all are.
    /// `None`: nobody says.
    pub(crate) fn max_model_len(&self, name: &Arc<str>, route: Route) -> Option<u32> {
        let matched = self.model.name.matched(name).unwrap_or_default();
        let longest = |counts: &dyn Fn(&Target) -> bool| {
            let able = self.targets.iter().filter(|target| target.deployment.mode.serves(route));
            let able = able.filter(|target| counts(target));
            able.filter_map(|target| target.max_model_len(name, matched)).max()
        };
        longest(&|target| target.upstream.state().takes_requests()).or_else(|| longest(&|_| true))
    }

    /// Resolves when the state of a server may have changed since this was called.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> {
        let changed = select_all(self.targets.iter().map(|target| target.upstream.changed()));
        async { drop(changed.await) }
    }

    /// Takes a place at the best target, or says what there is to wait for.
    ///
    /// Orders are gone through from the lowest: the next one counts only when nobody of those
    /// before can take the request well or will have a place for it. When nobody can take it well,
    /// the lowest order that can take it at all does.
    ///
    /// Targets whose servers say that they take less than the request seems to need get it only when
    /// no other is there, nor will be.
    pub(crate) fn choose(self: &Arc<Self>, wanted: &Wanted<'_>, now: Instant) -> Choice {
        let at = self.epoch.moment(now);
        let mut other_size = false;
        let nobody = match self.choose_of(Size::Enough, wanted, at, &mut other_size) {
            Choice::Nobody(nobody) if other_size => nobody,
            choice => return choice,
        };
        match self.choose_of(Size::Short, wanted, at, &mut other_size) {
            // What became of those that are long enough says more, if there are any.
            Choice::Nobody(_) if nobody != Nobody::AllTried => Choice::Nobody(nobody),
            choice => choice,
        }
    }

    /// `other_size` becomes true when there are targets of the other size.
    fn choose_of(
        self: &Arc<Self>,
        size: Size,
        wanted: &Wanted<'_>,
        at: Moment,
        other_size: &mut bool,
    ) -> Choice {
        let mut survey = Survey::default();
        let mut degraded = Vec::new();
        for level in &self.levels {
            let mut able = Able::with_capacity(level.len());
            for target in level {
                if !is_for(target, wanted, &mut survey) {
                    continue;
                }
                let glance = target.upstream.glance();
                let listing = target.listing(glance.lists);
                if Size::of(listing.length, wanted) != size {
                    *other_size = true;
                    continue;
                }
                // A server that is not there has said nothing of its routes that still counts.
                let fit = target.fit(glance.standing, listing, at);
                match fit.and_then(|fit| wanted.suits(target).map(|()| fit)) {
                    Ok(fit) => {
                        let candidate = target.candidate(glance.waiting, wanted.speed, at);
                        able.push(target, candidate, fit);
                    }
                    Err(unfit) => survey.note(unfit),
                }
            }
            if !able.is_empty() && able.degraded == able.targets.len() {
                degraded.push(able);
                continue;
            }
            // Who was able and gave no place has just lost its last one to another request.
            if !able.is_empty() {
                survey.full();
            }
            if let Some(flight) = self.pick(able, wanted, at) {
                return Choice::Taken(flight);
            }
            if survey.is_full() {
                break;
            }
        }
        for able in degraded {
            survey.full();
            if let Some(flight) = self.pick(able, wanted, at) {
                return Choice::Taken(flight);
            }
        }
        survey.verdict(self.has_one(wanted.route), at.now)
    }

    fn pick(self: &Arc<Self>, able: Able<'_>, wanted: &Wanted<'_>, at: Moment) -> Option<Flight> {
        // With nobody to choose among nothing has to be measured.
        if let [only] = able.targets.as_slice() {
            return Flight::begin(only, self, at.now);
        }
        let Able { mut targets, mut candidates, .. } = self.healthiest(able, at.now);
        while !targets.is_empty() {
            let chosen = self.memory.picker.pick(&candidates, &wanted.ask).min(targets.len() - 1);
            candidates.swap_remove(chosen);
            let target = targets.swap_remove(chosen);
            if let Some(flight) = Flight::begin(target, self, at.now) {
                self.memory.picker.sent(&target.deployment.id, &wanted.ask);
                return Some(flight);
            }
        }
        None
    }

    /// Those that are not ejected, and ready rather than degraded as long as that leaves half of
    /// them: a worse one is better than nobody, and than one that has to do the work of many.
    fn healthiest<'a>(&self, mut able: Able<'a>, now: Instant) -> Able<'a> {
        let half = able.targets.len().div_ceil(2);
        let ejection = self.memory.ejection();
        if ejection.is_anybody_out(now) {
            let stays = |target: &Target| !ejection.is_ejected(&target.deployment.id, now);
            if able.targets.iter().any(|target| stays(target)) {
                able = able.retain(|target, _| stays(target));
            }
        }
        drop(ejection);
        let well = able.targets.len() - able.degraded;
        if able.degraded > 0 && well >= half {
            able = able.retain(|_, fit| fit == Fit::Well);
        }
        able
    }

    /// Notes how a request ended at a target.
    pub(super) fn judge(&self, target: &DeploymentId, fine: bool, now: Instant) {
        self.memory.ejection().record(target, fine, self.targets.len(), now);
    }

    /// Whether a target is out because it fails more than its neighbours.
    pub(crate) fn is_ejected(&self, target: &DeploymentId, now: Instant) -> bool {
        self.memory.ejection().is_ejected(target, now)
    }
}

/// Whether a target is one for the request at all, however its server stands.
fn is_for(target: &Target, wanted: &Wanted<'_>, survey: &mut Survey) -> bool {
    if !target.serves(wanted.route) {
        return false;
    }
    if let Some(limit) = target.too_short(wanted.length) {
        survey.too_long(limit);
        return false;
    }
    if !wanted.tried.is_empty() && wanted.tried.contains(&target.deployment.id) {
        survey.tried();
        return false;
    }
    true
}

#[cfg(test)]
mod tests;
