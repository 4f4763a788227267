//! Many connections for a slice of time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use memchr::memmem;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Connection, Times};
use crate::mock::TOKEN_TEXT;
use crate::slot::{Moment, Slot};
use crate::target::Target;

mod fault;

pub(crate) use fault::{Faults, OnFault};

/// What to send.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// What each connection asks again and again.
    pub(crate) asks: Vec<Ask>,
    /// How long new requests are begun.
    pub(crate) duration: Duration,
    /// The pause between the beginnings of two connections.
    pub(crate) stagger: Duration,
    /// What an exchange that fails means.
    pub(crate) on_fault: OnFault,
}

/// What a connection asks.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) request: Arc<[u8]>,
    /// Tokens that each answer must have: a lost or doubled one is a fault. 0: it comes whole.
    pub(crate) tokens: usize,
}

/// One exchange. Nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From request to the end of the answer.
    pub(crate) whole: u64,
    /// From the request at the client to the request at the mock.
    pub(crate) way_in: u64,
    /// The way in, and the first token's way back: the time to the first token without the mock's.
    pub(crate) first: u64,
    /// From the end at the mock to the end at the client.
    pub(crate) tail: u64,
    /// Tokens of the answer, as in [`Ask`].
    pub(crate) tokens: usize,
}

/// A measured slice.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) samples: Vec<Sample>,
    pub(crate) elapsed: Duration,
    /// Of the program under test; the mock alone has none.
    pub(crate) cpu: Option<Duration>,
    /// Exchanges that failed and are not among the samples.
    pub(crate) faults: Faults,
}

/// Loads `target` for a slice.
pub(crate) async fn slice(load: &Load, target: &Target) -> anyhow::Result<Slice> {
    let ready = Arc::new(Barrier::new(load.asks.len() + 1));
    let mut connections = JoinSet::new();
    for (index, ask) in load.asks.iter().enumerate() {
        let task = Task {
            slot: index,
            address: target.address,
            ask: ask.clone(),
            stagger: load.stagger * u32::try_from(index)?,
            duration: load.duration,
            on_fault: load.on_fault,
        };
        connections.spawn(task.run(Arc::clone(&ready)));
    }
    // A connection that fails never gets to the barrier.
    let (before, started) = tokio::select! {
        _ = ready.wait() => (target.cpu()?, Instant::now()),
        Some(ended) = connections.join_next() => {
            ended??;
            anyhow::bail!("a connection ended before it began");
        }
    };
    let (mut samples, mut faults) = (Vec::new(), Faults::default());
    while let Some(ended) = connections.join_next().await {
        let (its_samples, its_faults) = ended??;
        samples.extend(its_samples);
        faults.extend(its_faults);
    }
    let (elapsed, after) = (started.elapsed(), target.cpu()?);
    let cpu = before.zip(after).map(|(before, after)| after.saturating_sub(before));
    ensure!(!samples.is_empty(), "no request was answered in time");
    Ok(Slice { samples, elapsed, cpu, faults })
}

/// A connection's part.
struct Task {
    slot: usize,
    address: SocketAddr,
    ask: Ask,
    stagger: Duration,
    duration: Duration,
    on_fault: OnFault,
}

impl Task {
    async fn run(self, ready: Arc<Barrier>) -> anyhow::Result<(Vec<Sample>, Faults)> {
        let mut connection = Connection::open(self.address).await?;
        self.exchange(&mut connection).await?;
        ready.wait().await;
        let end = Instant::now() + self.duration;
        if !self.stagger.is_zero() {
            tokio::time::sleep(self.stagger).await;
        }
        let (mut samples, mut faults) = (Vec::new(), Faults::default());
        while Instant::now() < end {
            match self.exchange(&mut connection).await {
                Ok(sample) => samples.push(sample),
                Err(error) => {
                    faults.note(error, self.on_fault)?;
                    // What is left of the answer must not be taken for the next one.
                    connection = Connection::open(self.address).await?;
                }
            }
        }
        Ok((samples, faults))
    }

    async fn exchange(&self, connection: &mut Connection) -> anyhow::Result<Sample> {
        let times = connection.exchange(&self.ask.request).await.context("an exchange failed")?;
        let tokens = memmem::find_iter(connection.body(), TOKEN_TEXT).count();
        ensure!(tokens == self.ask.tokens, "{tokens} tokens in an answer of {}", self.ask.tokens);
        Ok(sample(times, Slot::of(self.slot), tokens))
    }
}

/// An exchange of which the mock has noted its part in `slot`.
pub(crate) fn sample(times: Times, slot: &Slot, tokens: usize) -> Sample {
    let way_in = slot.when(Moment::Arrived).saturating_sub(times.sent);
    Sample {
        whole: times.end - times.sent,
        way_in,
        first: way_in + times.first.saturating_sub(slot.when(Moment::First)),
        tail: times.end.saturating_sub(slot.when(Moment::Last)),
        tokens,
    }
}
