//! The deployments of one model, and how one of them is chosen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::select_all;
use transom_core::backend::BackendState;
use transom_core::fleet::Routing;
use transom_core::model::{DeploymentId, Model};
use transom_core::port::upstream::Route;
use transom_routing::pick::{Ask, Candidate};

use super::line::Eligible;
use super::survey::{Choice, Survey};
use super::target::Fit;
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
}

/// What a request is chosen a target for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) route: Route,
    pub(crate) ask: Ask<'a>,
    /// Prompt and answer together.
    pub(crate) length: Length,
    /// Targets that have failed this request.
    pub(crate) tried: &'a [DeploymentId],
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

/// A target that can take a request.
type Able<'a> = (&'a Arc<Target>, Fit);

impl Group {
    pub(super) fn new(
        model: Model,
        targets: Vec<Arc<Target>>,
        memory: Memory,
        routing: Arc<Routing>,
    ) -> Self {
        let mut levels: BTreeMap<u32, Vec<Arc<Target>>> = BTreeMap::new();
        for target in &targets {
            levels.entry(target.deployment.order).or_default().push(Arc::clone(target));
        }
        let levels = levels.into_values().collect();
        Self { model, targets, levels, memory, routing }
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

    /// The targets that a request may go to, whatever their state.
    pub(crate) fn eligible(&self, wanted: &Wanted<'_>) -> Eligible {
        let able = self.targets.iter().filter(|target| {
            target.deployment.mode.serves(wanted.route)
                && target.too_short(wanted.length).is_none()
                && !wanted.tried.contains(&target.deployment.id)
        });
        able.map(|target| target.deployment.id.clone()).collect()
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
    pub(crate) fn choose(self: &Arc<Self>, wanted: &Wanted<'_>, now: Instant) -> Choice {
        let mut survey = Survey::default();
        let mut degraded = Vec::new();
        for level in &self.levels {
            let mut able: Vec<Able<'_>> = Vec::with_capacity(level.len());
            for target in level {
                able.extend(look_at(target, wanted, now, &mut survey).map(|fit| (target, fit)));
            }
            if !able.is_empty() && able.iter().all(|(_, fit)| *fit == Fit::Degraded) {
                degraded.push(able);
                continue;
            }
            // Who was able and gave no place has just lost its last one to another request.
            if !able.is_empty() {
                survey.full();
            }
            if let Some(flight) = self.pick(able, wanted, now) {
                return Choice::Taken(flight);
            }
            if survey.is_full() {
                break;
            }
        }
        for able in degraded {
            survey.full();
            if let Some(flight) = self.pick(able, wanted, now) {
                return Choice::Taken(flight);
            }
        }
        survey.verdict(self.has_one(wanted.route), now)
    }

    fn pick(
        self: &Arc<Self>,
        able: Vec<Able<'_>>,
        wanted: &Wanted<'_>,
        now: Instant,
    ) -> Option<Flight> {
        // With nobody to choose among nothing has to be measured.
        if let [(target, _)] = able.as_slice() {
            return Flight::begin(target, self, now);
        }
        let mut left = self.healthiest(able, now);
        let mut candidates: Vec<Candidate<'_>> =
            left.iter().map(|target| target.candidate(now)).collect();
        while !left.is_empty() {
            let at = self.memory.picker.pick(&candidates, &wanted.ask).min(left.len() - 1);
            candidates.remove(at);
            let target = left.remove(at);
            if let Some(flight) = Flight::begin(target, self, now) {
                self.memory.picker.sent(&target.deployment.id, &wanted.ask);
                return Some(flight);
            }
        }
        None
    }

    /// Those that are not ejected, and ready rather than degraded as long as that leaves half of
    /// them: a worse one is better than nobody, and than one that has to do the work of many.
    fn healthiest<'a>(&self, mut able: Vec<Able<'a>>, now: Instant) -> Vec<&'a Arc<Target>> {
        let half = able.len().div_ceil(2);
        let ejection = self.memory.ejection();
        let stays = |(target, _): &Able<'_>| !ejection.is_ejected(&target.deployment.id, now);
        if able.iter().any(stays) {
            able.retain(stays);
        }
        drop(ejection);
        let well = |(_, fit): &Able<'_>| *fit == Fit::Well;
        if able.iter().filter(|able| well(able)).count() >= half {
            able.retain(well);
        }
        able.into_iter().map(|(target, _)| target).collect()
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

fn look_at(target: &Target, wanted: &Wanted<'_>, now: Instant, survey: &mut Survey) -> Option<Fit> {
    let deployment = &target.deployment;
    if !deployment.mode.serves(wanted.route) {
        return None;
    }
    if let Some(limit) = target.too_short(wanted.length) {
        survey.too_long(limit);
        return None;
    }
    if wanted.tried.contains(&deployment.id) {
        survey.tried();
        return None;
    }
    target.fit(now).inspect_err(|unfit| survey.note(*unfit)).ok()
}

#[cfg(test)]
mod tests;
