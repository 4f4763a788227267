//! Who waits for a place, or for a model that loads.
//!
//! One request at a time is at the head of a line: it alone looks for a place, so nobody who came
//! later can overtake it. When it has found one, or given up, the next one is the head.
//!
//! Requests that may go to the same deployments wait in one line, others in another: whoever waits
//! for the one deployment that takes long prompts holds up nobody with a short one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use transom_core::model::DeploymentId;
use transom_routing::queue::{Priority, Queue, Ticket};

mod pace;

use pace::Pace;

/// The deployments that a request may go to.
pub(crate) type Eligible = Arc<[DeploymentId]>;

/// Who waits for one model.
pub(crate) struct Lines(Mutex<State>);

struct State {
    /// Most that wait, in all lines together.
    length: usize,
    /// Only lines with somebody at the head.
    lines: HashMap<Eligible, Line>,
    pace: Pace,
}

/// Those behind the head, and what calls the head.
struct Line {
    behind: Queue<oneshot::Sender<()>>,
    bell: Arc<Notify>,
}

/// Who waits, whose it is and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiter {
    pub(crate) owner: u64,
    pub(crate) priority: Priority,
    pub(crate) deadline: Instant,
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// When there is likely to be some.
    pub(crate) retry_after: Duration,
}

impl Lines {
    /// At most `length` requests wait.
    pub(crate) fn new(length: u32) -> Self {
        let (lines, pace) = (HashMap::new(), Pace::default());
        Self(Mutex::new(State { length: length as usize, lines, pace }))
    }

    /// Changes how many may wait; those who do stay.
    pub(crate) fn configure(&self, length: u32) {
        let mut state = self.lock();
        state.length = length as usize;
        for line in state.lines.values_mut() {
            line.behind.configure(length as usize);
        }
    }

    /// Whether anybody waits for just these deployments: then nobody may pass by. They are asked
    /// for only when anybody waits at all.
    pub(crate) fn is_busy(&self, eligible: impl FnOnce() -> Eligible) -> bool {
        let state = self.lock();
        !state.lines.is_empty() && state.lines.contains_key(&eligible())
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Tells who is at the head of a line that something has changed.
    pub(crate) fn look_again(&self) {
        for line in self.lock().lines.values() {
            line.bell.notify_one();
        }
    }

    /// When one who is refused now may hope to be served.
    pub(crate) fn retry_after(&self) -> Duration {
        self.lock().retry_after()
    }

    /// Joins the line of those who may go to the same deployments.
    pub(crate) fn join(
        self: &Arc<Self>,
        eligible: Eligible,
        waiter: Waiter,
        now: Instant,
    ) -> Result<Waiting, Full> {
        let mut state = self.lock();
        let full = Full { retry_after: state.retry_after() };
        let Waiter { owner, priority, deadline } = waiter;
        if state.len() >= state.length && !state.make_room(owner, priority) {
            return Err(full);
        }
        let length = state.length;
        let (bell, place, ahead) = match state.lines.entry(Arc::clone(&eligible)) {
            Entry::Vacant(nobody) => {
                let bell = Arc::new(Notify::new());
                nobody.insert(Line { behind: Queue::new(length), bell: Arc::clone(&bell) });
                (bell, Place::Head, 0)
            }
            Entry::Occupied(line) => {
                let line = line.into_mut();
                let (told, turn) = oneshot::channel();
                let pushed = line.behind.push(owner, priority, deadline, told, now);
                let ticket = pushed.map_err(|_| full)?;
                // The one at the head, and those who are served before.
                let ahead = 1 + line.behind.position(ticket).unwrap_or_default();
                (Arc::clone(&line.bell), Place::Behind { ticket, turn }, ahead)
            }
        };
        Ok(Waiting { lines: Arc::clone(self), eligible, bell, place, ahead })
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn len(&self) -> usize {
        self.lines.values().map(|line| line.behind.len() + 1).sum()
    }

    /// One owner's many make room for another's first. Who loses the place is told so by its
    /// sender's end.
    fn make_room(&mut self, owner: u64, priority: Priority) -> bool {
        self.lines.values_mut().any(|line| line.behind.make_room(owner, priority).is_some())
    }

    fn retry_after(&self) -> Duration {
        self.pace.estimate(self.len() + 1)
    }

    /// The head of a line has gone: the next one is the head.
    fn pass_on(&mut self, eligible: &Eligible, now: Instant) {
        self.pace.departed(now);
        let Some(line) = self.lines.get_mut(eligible) else { return };
        while let Some(next) = line.behind.pop(now) {
            if next.send(()).is_ok() {
                return;
            }
        }
        self.lines.remove(eligible);
        if self.lines.is_empty() {
            self.pace.pause();
        }
    }
}

/// A place in a line. Dropping it leaves the line, and passes the head on.
pub(crate) struct Waiting {
    lines: Arc<Lines>,
    eligible: Eligible,
    bell: Arc<Notify>,
    place: Place,
    /// How many were before it when it joined.
    pub(crate) ahead: usize,
}

enum Place {
    Head,
    Behind { ticket: Ticket, turn: oneshot::Receiver<()> },
}

impl Waiting {
    /// Waits until it is at the head. Fails when it has lost its place: to another owner, who had
    /// none, or because its time is over.
    pub(crate) async fn head(&mut self) -> Result<(), Full> {
        let Place::Behind { turn, .. } = &mut self.place else { return Ok(()) };
        match turn.await {
            Ok(()) => {
                self.place = Place::Head;
                Ok(())
            }
            Err(_) => Err(Full { retry_after: self.lines.retry_after() }),
        }
    }

    /// Waits until something has changed, at the head. A change since the last call counts.
    pub(crate) async fn called(&self) {
        self.bell.notified().await;
    }

    /// Whether this is the line of these deployments.
    pub(crate) fn is_in(&self, lines: &Arc<Lines>, eligible: &Eligible) -> bool {
        Arc::ptr_eq(&self.lines, lines) && self.eligible == *eligible
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let now = tokio::time::Instant::now().into_std();
        let mut state = self.lines.lock();
        let is_head = match &mut self.place {
            Place::Head => true,
            Place::Behind { ticket, turn } => {
                if let Some(line) = state.lines.get_mut(&self.eligible) {
                    line.behind.remove(*ticket);
                }
                // It may have been called to the head in this very moment.
                turn.try_recv().is_ok()
            }
        };
        if is_head {
            state.pass_on(&self.eligible, now);
        }
    }
}

#[cfg(test)]
mod tests;
