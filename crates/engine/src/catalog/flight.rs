//! One request at one target.

use std::sync::Arc;
use std::time::Instant;

use transom_core::fleet::FailureClass;
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;

use super::track::Admission;
use super::{Group, Target};
use crate::dispatch::judge;
use crate::metrics::fleet::Calls;

/// One request at one target. Its place is given back when it is dropped; dropped without a
/// judgement (the client left) it says nothing about the target.
pub(crate) struct Flight {
    pub(crate) target: Arc<Target>,
    pub(crate) group: Arc<Group>,
    pub(crate) started: Instant,
    admission: Admission,
    judged: bool,
    stage: Stage,
}

/// How far it has got.
enum Stage {
    /// It has a place.
    Placed,
    /// It was called.
    Called(Called),
    /// It has ended, and is counted.
    Counted,
}

/// A call whose end has to be counted.
struct Called {
    calls: Calls,
    /// A guess of what its prompt costs, for an answer that does not say.
    prompt_tokens: u32,
    answered: bool,
}

impl Flight {
    /// Takes a place; `None` when somebody else has just taken it.
    pub(super) fn begin(target: &Arc<Target>, group: &Arc<Group>, now: Instant) -> Option<Self> {
        let admission = target.track.enter(&target.deployment.limits, now)?;
        let (target, group) = (Arc::clone(target), Arc::clone(group));
        let stage = Stage::Placed;
        Some(Self { target, group, started: now, admission, judged: false, stage })
    }

    /// Its target is called. `prompt_tokens` is a guess of what its prompt costs.
    pub(crate) fn goes(&mut self, calls: Calls, prompt_tokens: u32) {
        self.stage = Stage::Called(Called { calls, prompt_tokens, answered: false });
    }

    /// The first content of a stream has come: that is how fast its server begins.
    pub(crate) fn first_token(&self, now: Instant) {
        let took = now.saturating_duration_since(self.started);
        self.target.track.with(|learnt| learnt.first_token.observe(took, now));
    }

    /// A whole answer has come: that is how fast its server is done.
    pub(crate) fn whole_answer(&self, now: Instant) {
        let took = now.saturating_duration_since(self.started);
        self.target.track.with(|learnt| learnt.whole_answer.observe(took, now));
    }

    /// It is being answered.
    pub(crate) fn began(&mut self, now: Instant) {
        self.target.track.with(|learnt| learnt.breaker.succeeded(now));
        if let Stage::Called(called) = &mut self.stage {
            called.answered = true;
        }
        self.judge(true, now);
    }

    /// The answer is whole.
    pub(crate) fn ended(&mut self, usage: Option<Usage>, now: Instant) {
        self.count("ok", usage, now);
        self.target.upstream.observe(Ok(()));
    }

    /// It failed.
    pub(crate) fn failed(&mut self, error: &UpstreamError, now: Instant) {
        let (class, blamed) = (judge::class(error), judge::blames_server(error));
        self.target.track.with(|learnt| {
            match class {
                FailureClass::RateLimit => {}
                _ if blamed => learnt.breaker.failed(now),
                _ => learnt.breaker.succeeded(now),
            }
            if let Some(rest) = judge::rest(error) {
                learnt.breaker.hold(now + rest);
            }
        });
        self.target.upstream.observe(if blamed { Err(error) } else { Ok(()) });
        // A name of the operator's that the server does not know: it may have been renamed.
        let own_name = self.target.deployment.upstream.fixed().is_some();
        if own_name && class == FailureClass::NotFound {
            self.target.upstream.doubt_names();
        }
        if let (Stage::Called(called), Some(symptom)) = (&self.stage, error.symptom()) {
            called.calls.symptom(symptom);
        }
        self.count(class.word(), None, now);
        self.judge(!blamed, now);
    }

    fn judge(&mut self, fine: bool, now: Instant) {
        self.group.judge(&self.target.deployment.id, fine, now);
        let trial = self.admission == Admission::Trial && !self.judged;
        self.judged = true;
        if trial {
            // Who waits for the end of a trial need not wait for the end of its answer.
            self.target.track.call_waiting();
        }
    }

    /// Counts the end of its call, once, and what it cost. An answer that broke, whose client left,
    /// or that does not say what it cost, has cost its prompt at least; one that was never begun
    /// has cost nothing.
    fn count(&mut self, outcome: &'static str, usage: Option<Usage>, now: Instant) {
        let Stage::Called(called) = std::mem::replace(&mut self.stage, Stage::Counted) else {
            return;
        };
        called.calls.ended(Arc::clone(&self.target.deployment.id.0), outcome);
        let least = if called.answered { u64::from(called.prompt_tokens) } else { 0 };
        let tokens = usage.map_or(least, |usage| usage.input.saturating_add(usage.output));
        self.target.track.with(|learnt| learnt.tokens.add(tokens, now));
    }

    /// Whether no other request is in flight at its target.
    pub(crate) fn is_alone(&self, now: Instant) -> bool {
        self.target.track.has_one(now)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let now = tokio::time::Instant::now().into_std();
        self.count("cancelled", None, now);
        if self.admission == Admission::Trial && !self.judged {
            self.target.track.with(|learnt| learnt.breaker.abandon_trial());
        }
        self.target.track.leave(now);
    }
}
