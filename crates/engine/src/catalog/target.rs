//! One deployment with its server, and what was learnt about it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use transom_core::backend::BackendState;
use transom_core::fleet::{FailureClass, Routing};
use transom_core::model::Deployment;
use transom_core::port::upstream::Upstream;
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;
use transom_routing::breaker::{self, Admits, Breaker};
use transom_routing::latency::Ewma;
use transom_routing::pick::Candidate;
use transom_routing::window::Window;

use super::Group;
use super::line::Line;
use crate::dispatch::judge;

/// A deployment that requests can be sent to.
pub(crate) struct Target {
    pub(crate) deployment: Deployment,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) track: Arc<Track>,
}

/// What was learnt about a deployment. It outlives snapshots.
#[derive(Default)]
pub(crate) struct Track {
    in_flight: AtomicU32,
    learnt: Mutex<Option<Learnt>>,
    /// Where requests wait for this deployment.
    lines: Mutex<Vec<Weak<Line>>>,
}

struct Learnt {
    breaker: Breaker,
    first_token: Ewma,
    requests: Window,
    tokens: Window,
}

/// Why a target cannot take a request now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Its server is loading: it is worth waiting.
    Loading,
    /// It has as many requests as it may have: it is worth waiting.
    Full,
    /// It failed of late and rests.
    Resting { until: Instant },
    /// It has had what it may have this minute.
    RateLimited { wait: Duration },
    /// Its server is gone, or taken out.
    Away { state: &'static str },
    /// Its configuration is wrong.
    Misconfigured,
}

impl Track {
    /// The memory of a deployment in a new snapshot. A server that moved starts without a past,
    /// but what is in flight is still in flight.
    pub(super) fn carry(
        old: Option<&Arc<Target>>,
        deployment: &Deployment,
        upstream: &Arc<dyn Upstream>,
        routing: &Routing,
    ) -> Arc<Self> {
        let track = old.map_or_else(Arc::default, |old| Arc::clone(&old.track));
        let same_place = old.is_some_and(|old| {
            Arc::ptr_eq(&old.upstream, upstream) && old.deployment.upstream == deployment.upstream
        });
        let settings = breaker_settings(routing);
        let mut learnt = lock(&track.learnt);
        match &mut *learnt {
            Some(learnt) if same_place => learnt.breaker.configure(settings),
            learnt => *learnt = Some(Learnt::new(settings)),
        }
        drop(learnt);
        track
    }

    pub(super) fn wait_in(&self, line: &Arc<Line>) {
        let mut lines = lock(&self.lines);
        lines.retain(|known| known.upgrade().is_some_and(|known| !Arc::ptr_eq(&known, line)));
        lines.push(Arc::downgrade(line));
    }

    /// Requests in flight there.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Learnt) -> T) -> T {
        let mut learnt = lock(&self.learnt);
        f(learnt.get_or_insert_with(|| Learnt::new(breaker_settings(&Routing::default()))))
    }

    /// The breaker in one word.
    pub(crate) fn breaker_word(&self, now: Instant) -> &'static str {
        self.with(|learnt| learnt.breaker.state_word(now))
    }

    /// Takes a place if there are fewer than `limit`.
    fn enter(&self, limit: Option<u32>) -> bool {
        let limit = limit.unwrap_or(u32::MAX);
        self.in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |now| {
                (now < limit).then_some(now.saturating_add(1))
            })
            .is_ok()
    }

    fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
        lock(&self.lines).retain(|line| match line.upgrade() {
            Some(line) => {
                line.look_again();
                true
            }
            None => false,
        });
    }
}

impl Learnt {
    fn new(settings: breaker::Settings) -> Self {
        Self {
            breaker: Breaker::new(settings),
            first_token: Ewma::default(),
            requests: Window::default(),
            tokens: Window::default(),
        }
    }
}

fn breaker_settings(routing: &Routing) -> breaker::Settings {
    let failures = if routing.breaker { routing.breaker_failures } else { u32::MAX };
    breaker::Settings { failures, cooldown: routing.breaker_cooldown }
}

impl Target {
    /// How its server and its name stand.
    pub(crate) fn state(&self) -> BackendState {
        let state = self.upstream.state();
        if state.takes_requests()
            && let Some(reason) = self.unknown_name()
        {
            return BackendState::Misconfigured { reason };
        }
        state
    }

    /// The longest prompt and answer together, in tokens, that it takes for the name `asked`: what
    /// its server says, or less where the operator says so.
    pub(crate) fn max_model_len(&self, asked: &Arc<str>) -> Option<u32> {
        let name = self.deployment.upstream.fixed().unwrap_or(asked);
        let served = self.upstream.served();
        let said = served.iter().find(|served| served.id == *name)?.max_model_len;
        match (said, self.deployment.max_context_tokens) {
            (Some(said), Some(limit)) => Some(said.min(limit)),
            (said, limit) => said.or(limit),
        }
    }

    /// Why its server cannot serve its name: it lists models, and this is not one.
    fn unknown_name(&self) -> Option<Arc<str>> {
        let name = self.deployment.upstream.fixed().filter(|_| !self.deployment.trust_name)?;
        let served = self.upstream.served();
        if served.is_empty() || served.iter().any(|served| served.id == *name) {
            return None;
        }
        Some(Arc::from(transom_core::backend::unknown_name(name, &served)))
    }

    /// Whether it can take a request now, and if not, why.
    pub(crate) fn fit(&self, now: Instant) -> Result<Admits, Unfit> {
        match self.state() {
            BackendState::Ready | BackendState::Degraded { .. } => {}
            BackendState::Loading { .. } => return Err(Unfit::Loading),
            BackendState::Misconfigured { .. } => return Err(Unfit::Misconfigured),
            state @ (BackendState::Unreachable { .. } | BackendState::Draining { .. }) => {
                return Err(Unfit::Away { state: state.word() });
            }
        }
        let limits = &self.deployment.limits;
        if limits.parallel_requests.is_some_and(|limit| self.track.in_flight() >= limit) {
            return Err(Unfit::Full);
        }
        self.track.with(|learnt| {
            if limits.enforced {
                let requests = limits.requests_per_minute.map(u64::from);
                let wait = over(&mut learnt.requests, requests, 1, now)
                    .max(over(&mut learnt.tokens, limits.tokens_per_minute, 1, now));
                if !wait.is_zero() {
                    return Err(Unfit::RateLimited { wait });
                }
            }
            match learnt.breaker.admits(now) {
                Admits::No { until } => Err(Unfit::Resting { until }),
                admits @ (Admits::Yes | Admits::Trial) => Ok(admits),
            }
        })
    }

    /// As pickers see it.
    pub(crate) fn candidate(&self, now: Instant) -> Candidate<'_> {
        let limits = &self.deployment.limits;
        let (first_token, used_share) = self.track.with(|learnt| {
            let requests = share(&learnt.requests, limits.requests_per_minute.map(u64::from), now);
            let tokens = share(&learnt.tokens, limits.tokens_per_minute, now);
            (learnt.first_token.value(now), requests.max(tokens))
        });
        Candidate {
            id: &self.deployment.id,
            weight: self.deployment.weight,
            in_flight: self.track.in_flight(),
            load: self.upstream.load(),
            first_token,
            used_share,
        }
    }

    /// Takes a place; `None` when it has just been taken by another.
    pub(crate) fn enter(
        self: &Arc<Self>,
        group: &Arc<Group>,
        admits: &Admits,
        now: Instant,
    ) -> Option<Flight> {
        if !self.track.enter(self.deployment.limits.parallel_requests) {
            return None;
        }
        let trial = matches!(admits, Admits::Trial);
        self.track.with(|learnt| {
            if trial {
                learnt.breaker.begin_trial(now);
            }
            learnt.requests.add(1, now);
        });
        let (target, group) = (Arc::clone(self), Arc::clone(group));
        Some(Flight { target, group, started: now, trial, judged: false })
    }
}

fn over(window: &mut Window, limit: Option<u64>, amount: u64, now: Instant) -> Duration {
    limit.map_or(Duration::ZERO, |limit| window.until_free(limit, amount, now))
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than a few digits")]
fn share(window: &Window, limit: Option<u64>, now: Instant) -> f32 {
    limit.map_or(0.0, |limit| window.used(now) as f32 / limit.max(1) as f32)
}

/// One request at one target. Its place is given back when it is dropped; dropped without a
/// judgement (the client left) it says nothing about the target.
pub(crate) struct Flight {
    pub(crate) target: Arc<Target>,
    pub(crate) group: Arc<Group>,
    pub(crate) started: Instant,
    trial: bool,
    judged: bool,
}

impl Flight {
    /// The first content has come.
    pub(crate) fn began(&mut self, now: Instant) {
        self.judged = true;
        self.target.track.with(|learnt| {
            learnt.first_token.observe(now.saturating_duration_since(self.started), now);
            learnt.breaker.succeeded(now);
        });
        self.group.judge(&self.target.deployment.id, true, now);
    }

    /// The answer is whole.
    pub(crate) fn ended(&mut self, usage: Option<Usage>, now: Instant) {
        let tokens = usage.map_or(0, |usage| usage.input.saturating_add(usage.output));
        self.target.track.with(|learnt| learnt.tokens.add(tokens, now));
        self.target.upstream.observe(Ok(()));
    }

    /// It failed.
    pub(crate) fn failed(&mut self, error: &UpstreamError, now: Instant) {
        self.judged = true;
        let class = judge::class(error);
        self.target.track.with(|learnt| match class {
            FailureClass::RateLimit => learnt.breaker.hold(now + judge::rest(error)),
            FailureClass::BadRequest
            | FailureClass::ContextLength
            | FailureClass::ContentPolicy => learnt.breaker.succeeded(now),
            _ => learnt.breaker.failed(now),
        });
        let fine = !judge::blames_server(class);
        self.group.judge(&self.target.deployment.id, fine, now);
        self.target.upstream.observe(if fine { Ok(()) } else { Err(error) });
    }

    /// Whether no other request is in flight at its target.
    pub(crate) fn is_alone(&self) -> bool {
        self.target.track.in_flight() <= 1
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.trial && !self.judged {
            self.target.track.with(|learnt| learnt.breaker.abandon_trial());
        }
        self.target.track.leave();
    }
}

/// No code panics while it holds these locks, so a poisoned one is as good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
