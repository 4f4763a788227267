//! What the mock notes about an exchange. Mock and client are one process with one clock, so that
//! a time of one can be taken from a time of the other.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Exchanges at the same time.
pub(crate) const SLOTS: usize = 1024;

static SLOT: [Slot; SLOTS] = [const { Slot::new() }; SLOTS];
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds since the first call.
pub(crate) fn now() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The times of one exchange, as [`now`] tells them.
pub(crate) struct Slot {
    arrived: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
    /// Bytes of the request.
    bytes: AtomicU64,
}

/// The moments that the mock notes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// The request has arrived whole.
    Arrived,
    /// The first token is handed to the socket.
    First,
    /// The end of the answer is handed to the socket.
    Last,
}

impl Slot {
    const fn new() -> Self {
        Self {
            arrived: AtomicU64::new(0),
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// The slot of a connection.
    pub(crate) fn of(index: usize) -> &'static Self {
        &SLOT[index % SLOTS]
    }

    /// Notes that it is this moment now.
    pub(crate) fn note(&self, moment: Moment) {
        self.at(moment).store(now(), Ordering::Release);
    }

    /// When it was.
    pub(crate) fn when(&self, moment: Moment) -> u64 {
        self.at(moment).load(Ordering::Acquire)
    }

    /// Notes how long the request is.
    pub(crate) fn note_bytes(&self, bytes: usize) {
        self.bytes.store(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// How long it was.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }

    fn at(&self, moment: Moment) -> &AtomicU64 {
        match moment {
            Moment::Arrived => &self.arrived,
            Moment::First => &self.first,
            Moment::Last => &self.last,
        }
    }
}
