//! What operators have said of servers, for those who ask later.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use transom_core::backend::BackendId;
use transom_core::clock::Timestamp;
use transom_engine::control::{Mark, Marked, Marking};
use transom_upstream::health::Override;

/// Most servers whose marks are kept: more than a fleet has.
const MOST: usize = 10_000;

/// The latest mark of each server.
#[derive(Default)]
pub(super) struct Marks(HashMap<BackendId, (Marking, Timestamp, Instant)>);

impl Marks {
    pub(super) fn set(
        &mut self,
        backend: BackendId,
        marking: Marking,
        at: Timestamp,
        now: Instant,
    ) {
        if self.0.len() < MOST || self.0.contains_key(&backend) {
            self.0.insert(backend, (marking, at, now));
        }
    }

    /// The mark that holds now.
    pub(super) fn of(&self, backend: &BackendId, now: Instant) -> Marked {
        let Some((marking, at, set)) = self.0.get(backend) else { return Marked::default() };
        let spent = now.saturating_duration_since(*set);
        let marking = match marking.ttl.map(|ttl| ttl.saturating_sub(spent)) {
            Some(Duration::ZERO) => Marking::default(),
            ttl => Marking { ttl, ..marking.clone() },
        };
        Marked { marking, since: Some(*at) }
    }
}

/// The mark in the words of the upstream.
pub(super) fn as_override(marking: &Marking, now: Instant) -> Override {
    let until = marking.ttl.map(|ttl| now + ttl);
    let reason = match (marking.reason.trim(), marking.actor.trim()) {
        ("", "") => "marked by an operator".to_owned(),
        ("", actor) => format!("marked by {actor}"),
        (reason, "") => reason.to_owned(),
        (reason, actor) => format!("{reason} ({actor})"),
    };
    let reason = reason.into();
    match marking.mark {
        Mark::Auto => Override::Auto,
        Mark::Healthy => Override::Healthy { until },
        Mark::Unhealthy => Override::Unhealthy { reason, until },
        Mark::Draining => Override::Draining { reason, until },
    }
}
