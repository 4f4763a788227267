//! Waiting until a program serves.

use std::{pin::pin, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

/// Pause between two probes, as in the Python reference's supervisor.
pub const PROBE_PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for one probe; a longer one counts as [`ProbeResult::NotYet`].
pub const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeResult {
    /// The program serves.
    Ready,
    /// Nothing there yet: ask again.
    NotYet,
    /// It answers but will never serve us (401, 403); the text is advice to the operator.
    Refused(String),
}

/// How to tell that a program serves.
pub struct Readiness<P> {
    /// Asked every [`PROBE_PAUSE`]: `FnMut() -> impl Future<Output = ProbeResult> + Send`.
    pub probe: P,
    /// How long a start may take.
    pub timeout: Duration,
    /// How often [`notice`](Self::notice) is called while waiting.
    pub notice_every: Duration,
    /// Told how long the start has taken so far.
    pub notice: Box<dyn FnMut(Duration) + Send>,
}

/// How the wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Ready,
    Refused(String),
    TimedOut,
}

impl<P, F> Readiness<P>
where
    P: FnMut() -> F,
    F: Future<Output = ProbeResult>,
{
    /// Probes until an answer or the timeout. Cancel-safe: starts anew when called again.
    pub(crate) async fn wait(&mut self) -> Found {
        let began = Instant::now();
        // An interval of zero is refused by tokio.
        let every = self.notice_every.max(PROBE_PAUSE);
        let mut notices = interval_at(began + every, every);
        notices.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut out_of_time = pin!(sleep(self.timeout));
        let mut probing = pin!(probe_until_known(&mut self.probe));
        loop {
            tokio::select! {
                biased;
                found = &mut probing => return found,
                () = &mut out_of_time => return Found::TimedOut,
                _ = notices.tick() => (self.notice)(began.elapsed()),
            }
        }
    }
}

async fn probe_until_known<F>(probe: &mut impl FnMut() -> F) -> Found
where
    F: Future<Output = ProbeResult>,
{
    loop {
        match timeout(PROBE_LIMIT, probe()).await {
            Ok(ProbeResult::Ready) => return Found::Ready,
            Ok(ProbeResult::Refused(advice)) => return Found::Refused(advice),
            Ok(ProbeResult::NotYet) | Err(_) => sleep(PROBE_PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests;
