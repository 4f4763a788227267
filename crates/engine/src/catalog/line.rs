//! Who waits for a place, or for a model that loads.
//!
//! One request at a time is at the head of the line: it alone looks for a place, so nobody who came
//! later can overtake it. When it has found one, or given up, the next one is the head.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use transom_routing::queue::{Priority, Queue, Ticket};

/// A refused request is not told to come back sooner.
const SHORTEST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A refused request is not told to come back later: nobody knows that far ahead.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

/// How much one departure moves the smoothed pause between departures.
const SMOOTHING: f64 = 0.2;

/// Who waits for one model.
pub(crate) struct Line {
    state: Mutex<State>,
    /// Something has changed: the head should look again.
    changed: Notify,
}

struct State {
    queue: Queue<oneshot::Sender<()>>,
    /// Whether somebody is at the head.
    headed: bool,
    left_at: Option<Instant>,
    /// The smoothed pause between two departures, in seconds.
    pause: Option<f64>,
}

/// The line is full.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// When there is likely to be room.
    pub(crate) retry_after: Duration,
}

impl Line {
    pub(crate) fn new(length: u32) -> Self {
        let queue = Queue::new(length as usize);
        let state = State { queue, headed: false, left_at: None, pause: None };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    pub(crate) fn configure(&self, length: u32) {
        self.lock().queue.configure(length as usize);
    }

    /// Whether anybody waits: then nobody may pass by.
    pub(crate) fn is_busy(&self) -> bool {
        self.lock().headed
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        let state = self.lock();
        state.queue.len() + usize::from(state.headed)
    }

    /// Tells the head that something has changed.
    pub(crate) fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Waits until something has changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Joins the line; the result becomes the head in its turn.
    pub(crate) fn join(
        self: &Arc<Self>,
        owner: u64,
        priority: Priority,
        deadline: Instant,
        now: Instant,
    ) -> Result<Waiting, Full> {
        let mut state = self.lock();
        let (told, turn) = oneshot::channel();
        if !state.headed {
            state.headed = true;
            return Ok(Waiting { line: Arc::clone(self), place: Place::Head });
        }
        let full = Full { retry_after: state.retry_after() };
        if state.queue.is_full() {
            // One owner's many make room for another's first; who loses the place is told so by
            // its sender's end.
            drop(state.queue.make_room(owner, priority).ok_or(full)?);
        }
        let full = Full { retry_after: state.retry_after() };
        let ticket = state.queue.push(owner, priority, deadline, told, now).map_err(|_| full)?;
        drop(state);
        Ok(Waiting { line: Arc::clone(self), place: Place::Behind { ticket, turn } })
    }

    /// When one who is refused now may hope to be served.
    pub(crate) fn retry_after(&self) -> Duration {
        self.lock().retry_after()
    }

    fn pass_on(&self, now: Instant) {
        let mut state = self.lock();
        state.departed(now);
        while let Some(next) = state.queue.pop(now) {
            if next.send(()).is_ok() {
                return;
            }
        }
        state.headed = false;
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn departed(&mut self, now: Instant) {
        if let Some(before) = self.left_at.replace(now) {
            let pause = now.saturating_duration_since(before).as_secs_f64();
            self.pause = Some(self.pause.map_or(pause, |old| old + SMOOTHING * (pause - old)));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate of seconds")]
    fn retry_after(&self) -> Duration {
        let waiting = self.queue.len() as f64 + 1.0;
        let estimate = Duration::try_from_secs_f64(waiting * self.pause.unwrap_or_default());
        estimate
            .unwrap_or(LONGEST_RETRY_AFTER)
            .clamp(SHORTEST_RETRY_AFTER, LONGEST_RETRY_AFTER)
    }
}

/// A place in the line. Dropping it leaves the line, and passes the head on.
pub(crate) struct Waiting {
    line: Arc<Line>,
    place: Place,
}

enum Place {
    Head,
    Behind { ticket: Ticket, turn: oneshot::Receiver<()> },
}

impl Waiting {
    /// Waits until it is at the head. Fails when it has lost its place to another owner, who had
    /// none.
    pub(crate) async fn head(&mut self) -> Result<(), Full> {
        let Place::Behind { turn, .. } = &mut self.place else { return Ok(()) };
        match turn.await {
            Ok(()) => {
                self.place = Place::Head;
                Ok(())
            }
            Err(_) => Err(Full { retry_after: self.line.retry_after() }),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // The queue asks for the time only to skip those whose time is over.
        let now = tokio::time::Instant::now().into_std();
        let head = match &mut self.place {
            Place::Head => true,
            Place::Behind { ticket, turn } => {
                self.line.lock().queue.remove(*ticket);
                // It may have been called to the head in this very moment.
                turn.try_recv().is_ok()
            }
        };
        if head {
            self.line.pass_on(now);
        }
    }
}

#[cfg(test)]
mod tests;
