//! A byte-level TCP fault proxy between two parties.
//!
//! [`TcpChaos`] forwards connections to one target; a [`Rule`] per direction says what goes wrong.
//! Rules can be changed while connections run and hold for the bytes that follow.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::door::{self, Handle, Position};
use crate::watched::Watched;

mod pump;

use pump::Shared;

/// Most writes a drip makes in a second.
const MAX_WRITES_PER_SECOND: u32 = 200;

/// Which way bytes flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the party that connected to the target.
    ToTarget,
    /// From the target back.
    ToCaller,
}

/// How forwarding ends at the limit of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// FIN to both parties.
    Fin,
    /// RST to both parties.
    Reset,
    /// Silence: nothing more is read or written in this direction, the connection stays.
    Stall,
}

/// What is done to the bytes of one direction; the default forwards them as they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// After this many bytes of a connection in this direction, this happens.
    pub limit: Option<(u64, Fault)>,
    /// Bytes are written in pieces of this size, each in a write of its own.
    pub pieces: Option<NonZeroUsize>,
    /// The wait before each write.
    pub delay: Duration,
}

impl Rule {
    /// A fault after `bytes` bytes.
    pub fn after(bytes: u64, fault: Fault) -> Self {
        Self { limit: Some((bytes, fault)), ..Self::default() }
    }

    /// Writes of `size` bytes (at least 1).
    pub fn pieces_of(size: usize) -> Self {
        Self { pieces: NonZeroUsize::new(size.max(1)), ..Self::default() }
    }

    /// About this many bytes a second (at least 1), singly while the rate allows it.
    pub fn drip(bytes_per_second: u32) -> Self {
        // Timers tick in milliseconds, so faster drips are made of larger drops.
        let size = bytes_per_second.div_ceil(MAX_WRITES_PER_SECOND).max(1);
        let delay = Duration::from_secs(1) * size / bytes_per_second.max(1);
        Self { delay, ..Self::pieces_of(size as usize) }
    }

    /// A wait before everything that is forwarded.
    pub fn delay(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }
}

/// What happens to a new connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reception {
    #[default]
    Forward,
    Blackhole,
}

/// The proxy; dropping it closes all its connections.
#[derive(Debug)]
pub struct TcpChaos {
    shared: Arc<Shared>,
    address: SocketAddr,
    door: Handle,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl TcpChaos {
    /// Starts a proxy on a free loopback port that changes nothing yet.
    #[expect(clippy::unused_async, reason = "a runtime is needed, which an async call makes plain")]
    pub async fn start(target: SocketAddr) -> Self {
        let (handle, door) = door::install(Position::Open).expect("a free loopback port");
        let address = door.address();
        let shared = Arc::new(Shared {
            target,
            to_target: watch::Sender::default(),
            to_caller: watch::Sender::default(),
            reception: watch::Sender::default(),
            life: Watched::default(),
            counts: Watched::default(),
        });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accepting = pump::accept(Arc::clone(&shared), door, tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { shared, address, door: handle, stop, tasks }
    }

    /// Where to connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a path and without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the rule of one direction for all connections, running ones included.
    pub fn set(&self, direction: Direction, rule: Rule) {
        self.shared.rule(direction).send_replace(rule);
    }

    /// Forwards and accepts normally again; what was cut stays cut.
    pub async fn heal(&self) {
        self.set(Direction::ToTarget, Rule::default());
        self.set(Direction::ToCaller, Rule::default());
        self.shared.reception.send_replace(Reception::Forward);
        self.door.put(Position::Open).await;
    }

    /// Refuses new connections; the running ones go on.
    pub async fn refuse(&self) {
        self.door.put(Position::Shut).await;
    }

    /// Accepts new connections and then neither reads nor writes.
    pub fn blackhole(&self) {
        self.shared.reception.send_replace(Reception::Blackhole);
    }

    /// Resets every running connection on both sides.
    pub fn reset_connections(&self) {
        self.shared.life.update(|life| std::mem::take(life).cancel());
    }

    /// Connections accepted since the start.
    pub fn accepted_connections(&self) -> usize {
        self.shared.counts.read(|counts| counts.accepted)
    }

    /// Connections open now.
    pub fn open_connections(&self) -> usize {
        self.shared.counts.read(|counts| counts.open)
    }

    /// Bytes forwarded in this direction, over all connections.
    pub fn forwarded(&self, direction: Direction) -> u64 {
        self.shared.counts.read(|counts| *counts.forwarded(direction))
    }

    /// Waits until this many bytes in all have been forwarded in this direction.
    pub async fn await_forwarded(&self, direction: Direction, bytes: u64) {
        let what = format!("{bytes} bytes {direction:?}");
        let enough = |counts: &mut pump::Counts| *counts.forwarded(direction) >= bytes;
        self.shared.counts.wait_for(&what, |counts| enough(counts).then_some(())).await;
    }

    /// Waits until no connection is open.
    pub async fn await_no_connections(&self) {
        let none = |counts: &mut pump::Counts| (counts.open == 0).then_some(());
        self.shared.counts.wait_for("the proxied connections to end", none).await;
    }
}

impl Drop for TcpChaos {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}
