//! The rules by which probes, requests, a supervisor and operators make a server's state.
//!
//! No IO and no clock: every step is told the time. In order of weight:
//!
//! 1. an operator's [`Override`], as long as it lasts;
//! 2. a supervisor's word that its child is [starting](Child::Starting);
//! 3. what the probes saw: an answer makes it ready; a refused key or certificate, or a route that it
//!    is declared to have and lacks, makes it misconfigured; nobody there makes it loading during the
//!    grace after a start, a change or the last answer, and unreachable after that;
//! 4. what is wrong with a server that answers: it is degraded while it misses probes, while
//!    answers break, and while its KV cache is full and requests wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::backend::{BackendState, Load, ProbeStyle};

mod recent;

use recent::Recent;

use crate::probe::{self, NotYet, Seen, Silence};

/// A server that was ready is given up only after this many silent probes in a row, so that one
/// lost probe of a busy server does not turn its requests away.
pub const MISSES: u32 = 3;

/// The share of the KV cache in use from which requests that wait are a flaw.
pub const FULL_CACHE: f32 = 0.97;

/// An operator's word, which counts more than what is seen. It outlives reloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Override {
    /// What is seen decides.
    #[default]
    Auto,
    /// It gets requests, whatever probes say.
    Healthy {
        /// When this ends; `None`: not by itself.
        until: Option<Instant>,
    },
    /// It gets none, as if it could not be reached.
    Unhealthy {
        /// Why, in the operator's words.
        reason: Arc<str>,
        /// When this ends; `None`: not by itself.
        until: Option<Instant>,
    },
    /// It gets no new ones; what it has begun is finished.
    Draining {
        /// Why, in the operator's words.
        reason: Arc<str>,
        /// When this ends; `None`: not by itself.
        until: Option<Instant>,
    },
}

/// What the supervisor of a child that serves the model knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Child {
    /// It is up, or nobody supervises it: probes decide.
    Up,
    /// It is starting: however reachable the address is, it is not the server that is meant.
    Starting {
        /// Why, for operators.
        reason: Arc<str>,
    },
}

/// How soon to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Soon: it is not ready, or has just missed a probe.
    Eager,
    /// Now and then.
    Calm,
    /// Only when there is a reason; but its list of models is read now and then.
    Asleep,
    /// Not at all: somebody else will say when it is up.
    Held,
}

/// What is known of one server.
#[derive(Clone, Debug)]
pub struct Health {
    grace: Duration,
    /// The start, the last change or the last answer.
    grace_from: Instant,
    contact: Contact,
    recent: Recent,
    load: Option<Load>,
    child: Child,
    operator: Override,
}

/// What the last probes saw.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Contact {
    /// Nothing yet.
    Unknown {
        reason: Arc<str>,
    },
    Answering,
    /// It answered, and has been silent for some probes since.
    Missing {
        misses: u32,
        reason: Arc<str>,
    },
    Silent {
        reason: Arc<str>,
    },
    Misconfigured {
        reason: Arc<str>,
    },
}

impl Health {
    /// A server that has not been asked yet.
    pub fn new(grace: Duration, now: Instant) -> Self {
        Self {
            grace,
            grace_from: now,
            contact: Contact::Unknown { reason: Arc::from("not asked yet") },
            recent: Recent::default(),
            load: None,
            child: Child::Up,
            operator: Override::Auto,
        }
    }

    /// The same server after its address, key or certificates have changed: it is asked anew, and
    /// requests wait for the answer. What others have said of it stays.
    #[must_use]
    pub fn changed(&self, grace: Duration, now: Instant) -> Self {
        Self {
            contact: Contact::Unknown { reason: Arc::from("its configuration has changed") },
            child: self.child.clone(),
            operator: self.operator.clone(),
            ..Self::new(grace, now)
        }
    }

    /// Sets for how long loading is assumed.
    pub fn set_grace(&mut self, grace: Duration) {
        self.grace = grace;
    }

    /// Takes note of a probe.
    pub fn probed(&mut self, seen: Seen, now: Instant) {
        if seen == Seen::Ready && self.contact.misses().is_none() {
            // What broke when it went away says nothing about the one that has come back.
            self.recent = Recent::default();
        }
        self.contact = match (seen, &self.contact) {
            (Seen::Ready, _) => {
                self.grace_from = now;
                Contact::Answering
            }
            (Seen::Refused(status), _) => {
                Contact::Misconfigured { reason: Arc::from(probe::advice(status)) }
            }
            (
                Seen::NotYet(NotYet { reason, silence: Silence::Distrusted | Silence::Unsuited }),
                _,
            ) => Contact::Misconfigured { reason },
            (Seen::NotYet(NotYet { reason, silence: Silence::Quiet }), contact)
                if contact.misses().is_some_and(|misses| misses + 1 < MISSES) =>
            {
                Contact::Missing { misses: contact.misses().unwrap_or_default() + 1, reason }
            }
            (Seen::NotYet(NotYet { reason, .. }), _) => Contact::Silent { reason },
        };
        if !matches!(self.contact, Contact::Answering) {
            self.load = None;
        }
    }

    /// Takes note of what the server says of its load.
    pub fn loaded(&mut self, load: Option<Load>) {
        self.load = load;
    }

    /// Takes note of what became of a request; `Err` says how its answer broke.
    pub fn observed(&mut self, outcome: Result<(), Arc<str>>, now: Instant) {
        if outcome.is_ok() && self.contact == Contact::Answering {
            self.grace_from = now;
        }
        self.recent.push(outcome.err(), now);
    }

    /// Takes note of the supervisor's word. A child that is up has just answered its supervisor.
    pub fn set_child(&mut self, child: Child, now: Instant) {
        if child == Child::Up && self.child != Child::Up {
            self.probed(Seen::Ready, now);
        }
        self.child = child;
    }

    /// Takes an operator's word.
    pub fn set_override(&mut self, operator: Override) {
        self.operator = operator;
    }

    /// The operator's word, as it was given.
    pub fn operator(&self) -> &Override {
        &self.operator
    }

    /// The state as of now.
    pub fn state(&self, now: Instant) -> BackendState {
        if let Some(state) = self.operator.state(now) {
            return state;
        }
        if let Child::Starting { reason } = &self.child {
            return BackendState::Loading { reason: Arc::clone(reason) };
        }
        let gone = |reason: &Arc<str>| {
            let reason = Arc::clone(reason);
            if now.saturating_duration_since(self.grace_from) < self.grace {
                BackendState::Loading { reason }
            } else {
                BackendState::Unreachable { reason }
            }
        };
        match &self.contact {
            Contact::Unknown { reason } | Contact::Silent { reason } => gone(reason),
            Contact::Misconfigured { reason } => {
                BackendState::Misconfigured { reason: Arc::clone(reason) }
            }
            Contact::Missing { misses, reason } => BackendState::Degraded {
                reason: Arc::from(format!("missed {misses} of {MISSES} probes: {reason}")),
            },
            Contact::Answering => match self.flaw(now) {
                Some(reason) => BackendState::Degraded { reason },
                None => BackendState::Ready,
            },
        }
    }

    fn flaw(&self, now: Instant) -> Option<Arc<str>> {
        if let Some(flaw) = self.recent.flaw(now) {
            return Some(flaw);
        }
        let load = self.load.filter(|load| load.kv_cache >= FULL_CACHE && load.waiting > 0)?;
        let percent = load.kv_cache * 100.0;
        let waiting = load.waiting;
        Some(Arc::from(format!(
            "its KV cache is full ({percent:.0} %) and {waiting} requests wait in its own queue"
        )))
    }

    /// How soon to ask again.
    pub fn pace(&self, style: ProbeStyle, now: Instant) -> Pace {
        match (&self.child, &self.contact, style) {
            (Child::Starting { .. }, ..) => Pace::Held,
            (Child::Up, Contact::Answering, ProbeStyle::Passive) if self.flaw(now).is_none() => {
                Pace::Asleep
            }
            (Child::Up, Contact::Answering, _) => Pace::Calm,
            (Child::Up, ..) => Pace::Eager,
        }
    }

    /// When the state changes by itself: at the end of an operator's word.
    pub fn wakes_at(&self) -> Option<Instant> {
        match self.operator {
            Override::Auto => None,
            Override::Healthy { until }
            | Override::Unhealthy { until, .. }
            | Override::Draining { until, .. } => until,
        }
    }
}

impl Contact {
    /// Silent probes in a row since it last answered; `None`: it was not answering.
    fn misses(&self) -> Option<u32> {
        match self {
            Self::Answering => Some(0),
            Self::Missing { misses, .. } => Some(*misses),
            Self::Unknown { .. } | Self::Silent { .. } | Self::Misconfigured { .. } => None,
        }
    }
}

impl Override {
    fn state(&self, now: Instant) -> Option<BackendState> {
        let lasts = |until: &Option<Instant>| until.is_none_or(|until| now < until);
        match self {
            Self::Healthy { until } if lasts(until) => Some(BackendState::Ready),
            Self::Unhealthy { reason, until } if lasts(until) => {
                let reason = Arc::from(format!("marked unhealthy by an operator: {reason}"));
                Some(BackendState::Unreachable { reason })
            }
            Self::Draining { reason, until } if lasts(until) => {
                Some(BackendState::Draining { reason: Arc::clone(reason) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
