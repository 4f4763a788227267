//! One request at one target.

use std::sync::Arc;
use std::time::Instant;

use transom_core::fleet::FailureClass;
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;

use super::track::Admission;
use super::{Group, Target};
use crate::dispatch::judge;

/// One request at one target. Its place is given back when it is dropped; dropped without a
/// judgement (the client left) it says nothing about the target.
pub(crate) struct Flight {
    pub(crate) target: Arc<Target>,
    pub(crate) group: Arc<Group>,
    pub(crate) started: Instant,
    admission: Admission,
    judged: bool,
}

impl Flight {
    /// Takes a place; `None` when somebody else has just taken it.
    pub(super) fn begin(target: &Arc<Target>, group: &Arc<Group>, now: Instant) -> Option<Self> {
        let admission = target.track.enter(&target.deployment.limits, now)?;
        let (target, group) = (Arc::clone(target), Arc::clone(group));
        Some(Self { target, group, started: now, admission, judged: false })
    }

    /// The first content of a stream has come: that is how fast its server begins.
    pub(crate) fn first_token(&self, now: Instant) {
        let took = now.saturating_duration_since(self.started);
        self.target.track.with(|learnt| learnt.first_token.observe(took, now));
    }

    /// It is being answered.
    pub(crate) fn began(&mut self, now: Instant) {
        self.target.track.with(|learnt| learnt.breaker.succeeded(now));
        self.judge(true, now);
    }

    /// The answer is whole.
    pub(crate) fn ended(&mut self, usage: Option<Usage>, now: Instant) {
        let tokens = usage.map_or(0, |usage| usage.input.saturating_add(usage.output));
        self.target.track.with(|learnt| learnt.tokens.add(tokens, now));
        self.target.upstream.observe(Ok(()));
    }

    /// It failed.
    pub(crate) fn failed(&mut self, error: &UpstreamError, now: Instant) {
        let blamed = judge::blames_server(error);
        self.target.track.with(|learnt| {
            match judge::class(error) {
                FailureClass::RateLimit => {}
                _ if blamed => learnt.breaker.failed(now),
                _ => learnt.breaker.succeeded(now),
            }
            if let Some(rest) = judge::rest(error) {
                learnt.breaker.hold(now + rest);
            }
        });
        self.target.upstream.observe(if blamed { Err(error) } else { Ok(()) });
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

    /// Whether no other request is in flight at its target.
    pub(crate) fn is_alone(&self, now: Instant) -> bool {
        self.target.track.has_one(now)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.admission == Admission::Trial && !self.judged {
            self.target.track.with(|learnt| learnt.breaker.abandon_trial());
        }
        self.target.track.leave(tokio::time::Instant::now().into_std());
    }
}
