//! What became of the last requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many requests are remembered.
const REMEMBERED: usize = 10;

/// Broken answers among them that are a flaw of the server.
const TOO_MANY: usize = 3;

/// For how long an answer counts: a server that gets no requests because of its flaw would keep it
/// for ever otherwise. As long as the first ejection of an outlier, so that it comes back then.
const WINDOW: Duration = Duration::from_secs(5);

/// The last outcomes, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<(Instant, Option<Arc<str>>)>);

impl Recent {
    /// Adds an outcome: `None` for a good one, else how it broke.
    pub(super) fn push(&mut self, broken: Option<Arc<str>>, now: Instant) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((now, broken));
    }

    /// What is wrong, when too many broke.
    pub(super) fn flaw(&self, now: Instant) -> Option<Arc<str>> {
        let counted =
            || self.0.iter().filter(|(at, _)| now.saturating_duration_since(*at) < WINDOW);
        let broken = || counted().filter_map(|(_, broken)| broken.as_ref());
        let (count, of) = (broken().count(), counted().count());
        let last = broken().next_back().filter(|_| count >= TOO_MANY)?;
        Some(Arc::from(format!("{count} of the last {of} answers broke: {last}")))
    }
}
