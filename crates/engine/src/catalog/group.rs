//! The deployments of one model, and how one of them is chosen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use transom_core::fleet::Routing;
use transom_core::model::{DeploymentId, Model, Strategy};
use transom_core::port::upstream::Route;
use transom_routing::breaker::Admits;
use transom_routing::ejection::{self, Ejection};
use transom_routing::pick::{Ask, Candidate, Pick, picker};
use transom_routing::retry::RetryBudget;

use super::line::Line;
use super::target::{Flight, Target, Unfit};

/// The deployments of one model.
pub(crate) struct Group {
    pub(crate) model: Model,
    pub(crate) targets: Vec<Arc<Target>>,
    pub(crate) memory: Memory,
    pub(crate) routing: Arc<Routing>,
}

/// What the deployments of a model share, and what outlives a snapshot.
#[derive(Clone)]
pub(crate) struct Memory {
    strategy: Strategy,
    picker: Arc<dyn Pick>,
    ejection: Arc<Mutex<Ejection>>,
    /// Retries that the model still may cost.
    pub(crate) retries: Arc<RetryBudget>,
    /// Who waits for it.
    pub(crate) line: Arc<Line>,
}

/// What a request is chosen a target for.
pub(crate) struct Wanted<'a> {
    pub(crate) route: Route,
    pub(crate) ask: Ask<'a>,
    /// Prompt and answer together, in tokens, as far as they can be guessed.
    pub(crate) tokens: u32,
    /// Targets that have failed this request.
    pub(crate) tried: &'a [DeploymentId],
}

/// What became of choosing.
pub(crate) enum Choice {
    /// A place has been taken.
    Taken(Flight),
    /// It is worth waiting: for a place, for a model that loads, or for the end of a rest.
    Wait(Wait),
    /// No target will be there soon.
    Nobody(Nobody),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// A model that loads, rather than a place.
    pub(crate) loading: bool,
    /// When it is time to look again, if nothing happens before.
    pub(crate) until: Option<Instant>,
}

/// Why nobody can take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nobody {
    /// Every target has failed it.
    AllTried,
    /// The prompt is longer than any target takes.
    TooLong { limit: u32 },
    /// The targets that could have had their share of this minute.
    RateLimited { wait: Duration },
    /// The targets that could rest after failures.
    Resting { wait: Duration },
    /// Their servers are gone; the state of one of them.
    Away { state: &'static str },
    /// Their configuration is wrong.
    Misconfigured,
}

impl Memory {
    pub(super) fn carry(
        old: Option<&Self>,
        model: &Model,
        routing: &Routing,
        targets: &[Arc<Target>],
    ) -> Self {
        let strategy = model.strategy.unwrap_or(routing.strategy);
        let settings =
            ejection::Settings { ratio: routing.ejection_ratio, floor: routing.ejection_floor };
        let memory = match old {
            Some(old) => {
                let picker = if old.strategy == strategy {
                    Arc::clone(&old.picker)
                } else {
                    Arc::from(picker(strategy))
                };
                old.retries.configure(routing.retry_budget);
                old.line.configure(routing.queue_length);
                Self { strategy, picker, ..old.clone() }
            }
            None => Self {
                strategy,
                picker: Arc::from(picker(strategy)),
                ejection: Arc::new(Mutex::new(Ejection::new(settings))),
                retries: Arc::new(RetryBudget::new(routing.retry_budget)),
                line: Arc::new(Line::new(routing.queue_length)),
            },
        };
        let stays = |id: &DeploymentId| targets.iter().any(|target| target.deployment.id == *id);
        memory.picker.retain(&stays);
        let mut ejection = lock(&memory.ejection);
        ejection.configure(settings);
        ejection.retain(&stays);
        drop(ejection);
        for target in targets {
            target.track.wait_in(&memory.line);
        }
        memory
    }
}

impl Group {
    pub(super) fn new(
        model: Model,
        targets: Vec<Arc<Target>>,
        memory: Memory,
        routing: Arc<Routing>,
    ) -> Self {
        Self { model, targets, memory, routing }
    }

    /// Whether any target can be asked for `route` at all.
    pub(crate) fn serves(&self, route: Route) -> bool {
        self.targets.iter().any(|target| target.deployment.mode.serves(route))
    }

    /// Takes a place at the best target, or says what there is to wait for.
    ///
    /// Orders are gone through from the lowest: the next one counts only when nobody of those
    /// before can take the request or is worth waiting for.
    pub(crate) fn choose(self: &Arc<Self>, wanted: &Wanted<'_>, now: Instant) -> Choice {
        let mut orders: Vec<u32> = self.targets.iter().map(|target| target.deployment.order).collect();
        orders.sort_unstable();
        orders.dedup();
        let mut survey = Survey::default();
        for order in orders {
            let of_order = |target: &&Arc<Target>| target.deployment.order == order;
            let mut fit = Vec::with_capacity(self.targets.len());
            for target in self.targets.iter().filter(of_order) {
                if let Some(admits) = self.look_at(target, wanted, now, &mut survey) {
                    fit.push((target, admits));
                }
            }
            if let Some(flight) = self.pick(&fit, wanted, now) {
                return Choice::Taken(flight);
            }
            if survey.full {
                break;
            }
        }
        survey.verdict(self.targets.len(), now)
    }

    fn look_at(
        &self,
        target: &Arc<Target>,
        wanted: &Wanted<'_>,
        now: Instant,
        survey: &mut Survey,
    ) -> Option<Admits> {
        let deployment = &target.deployment;
        if !deployment.mode.serves(wanted.route) {
            return None;
        }
        survey.able += 1;
        if let Some(limit) = deployment.max_context_tokens.filter(|limit| wanted.tokens > *limit) {
            survey.longest = survey.longest.max(Some(limit));
            return None;
        }
        if wanted.tried.contains(&deployment.id) {
            survey.tried = true;
            return None;
        }
        match target.fit(now) {
            Ok(admits) => Some(admits),
            Err(unfit) => {
                survey.note(&unfit, now);
                None
            }
        }
    }

    fn pick(
        self: &Arc<Self>,
        fit: &[(&Arc<Target>, Admits)],
        wanted: &Wanted<'_>,
        now: Instant,
    ) -> Option<Flight> {
        let mut left: Vec<&(&Arc<Target>, Admits)> = self.healthiest(fit, now);
        while !left.is_empty() {
            let candidates: Vec<Candidate<'_>> =
                left.iter().map(|(target, _)| target.candidate(now)).collect();
            let at = self.memory.picker.pick(&candidates, &wanted.ask).min(left.len() - 1);
            let (target, admits) = left.remove(at);
            if let Some(flight) = target.enter(self, admits, now) {
                self.memory.picker.sent(&target.deployment.id, &wanted.ask);
                return Some(flight);
            }
        }
        None
    }

    /// Those that are not ejected, and ready rather than degraded; a worse one is better than
    /// nobody.
    fn healthiest<'a>(
        &self,
        fit: &'a [(&'a Arc<Target>, Admits)],
        now: Instant,
    ) -> Vec<&'a (&'a Arc<Target>, Admits)> {
        if fit.len() < 2 {
            return fit.iter().collect();
        }
        let ejection = lock(&self.memory.ejection);
        let stays: Vec<_> = fit
            .iter()
            .filter(|(target, _)| !ejection.is_ejected(&target.deployment.id, now))
            .collect();
        drop(ejection);
        let stays = if stays.is_empty() { fit.iter().collect() } else { stays };
        let ready = |(target, _): &&&(&Arc<Target>, Admits)| {
            target.upstream.state() == transom_core::backend::BackendState::Ready
        };
        let ready: Vec<_> = stays.iter().filter(ready).copied().collect();
        if ready.is_empty() { stays } else { ready }
    }

    /// Notes how a request ended at a target.
    pub(super) fn judge(&self, target: &DeploymentId, fine: bool, now: Instant) {
        lock(&self.memory.ejection).record(target, fine, self.targets.len(), now);
    }

    /// Whether a target is out because it fails more than its neighbours.
    pub(crate) fn is_ejected(&self, target: &DeploymentId, now: Instant) -> bool {
        lock(&self.memory.ejection).is_ejected(target, now)
    }
}

/// What was seen of targets that cannot take a request.
#[derive(Default)]
struct Survey {
    able: usize,
    tried: bool,
    full: bool,
    loading: bool,
    longest: Option<u32>,
    resting: Option<Instant>,
    limited: Option<Duration>,
    away: Option<&'static str>,
    misconfigured: bool,
}

impl Survey {
    fn note(&mut self, unfit: &Unfit, now: Instant) {
        match unfit {
            Unfit::Full => self.full = true,
            Unfit::Loading => self.loading = true,
            Unfit::Resting { until } => {
                let until = (*until).max(now);
                self.resting = Some(self.resting.map_or(until, |known| known.min(until)));
            }
            Unfit::RateLimited { wait } => {
                self.limited = Some(self.limited.map_or(*wait, |known| known.min(*wait)));
            }
            Unfit::Away { state } => self.away = Some(*state),
            Unfit::Misconfigured => self.misconfigured = true,
        }
    }

    fn verdict(&self, targets: usize, now: Instant) -> Choice {
        if self.full {
            return Choice::Wait(Wait { loading: false, until: self.resting });
        }
        // With others there, a target that rests is left alone; a lone one is waited for.
        if let (1, Some(until)) = (targets, self.resting) {
            return Choice::Wait(Wait { loading: false, until: Some(until) });
        }
        if self.loading {
            return Choice::Wait(Wait { loading: true, until: self.resting });
        }
        Choice::Nobody(match (self.limited, self.resting, self.away, self.longest) {
            (Some(wait), ..) => Nobody::RateLimited { wait },
            (_, Some(until), ..) => {
                Nobody::Resting { wait: until.saturating_duration_since(now) }
            }
            _ if self.tried => Nobody::AllTried,
            (.., Some(state), _) => Nobody::Away { state },
            _ if self.misconfigured => Nobody::Misconfigured,
            (.., Some(limit)) => Nobody::TooLong { limit },
            _ => Nobody::AllTried,
        })
    }
}

/// No code panics while it holds these locks, so a poisoned one is as good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
