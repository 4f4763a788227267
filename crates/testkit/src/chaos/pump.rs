//! The connections of a fault proxy.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Direction, Fault, Reception, Rule};
use crate::door::Door;
use crate::socket::{Socket, is_reset};
use crate::watched::Watched;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: SocketAddr,
    pub(super) to_target: watch::Sender<Rule>,
    pub(super) to_caller: watch::Sender<Rule>,
    pub(super) reception: watch::Sender<Reception>,
    /// Cancelled (and replaced) to reset every connection of its time.
    pub(super) life: Watched<CancellationToken>,
    pub(super) counts: Watched<Counts>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) accepted: usize,
    pub(super) open: usize,
    to_target: u64,
    to_caller: u64,
}

impl Counts {
    pub(super) fn forwarded(&self, direction: Direction) -> &u64 {
        match direction {
            Direction::ToTarget => &self.to_target,
            Direction::ToCaller => &self.to_caller,
        }
    }

    fn add(&mut self, direction: Direction, bytes: usize) {
        match direction {
            Direction::ToTarget => self.to_target += bytes as u64,
            Direction::ToCaller => self.to_caller += bytes as u64,
        }
    }
}

impl Shared {
    pub(super) fn rule(&self, direction: Direction) -> &watch::Sender<Rule> {
        match direction {
            Direction::ToTarget => &self.to_target,
            Direction::ToCaller => &self.to_caller,
        }
    }
}

/// Accepts until it is dropped; its connections are dropped with it.
pub(super) async fn accept(shared: Arc<Shared>, mut door: Door, tasks: TaskTracker) {
    let stop = CancellationToken::new();
    let _stop_connections = stop.clone().drop_guard();
    loop {
        let Ok(stream) = door.accept().await else { continue };
        let Ok(caller) = Socket::new(stream) else { continue };
        let connection = Connection::open(Arc::clone(&shared), caller);
        tasks.spawn(stop.clone().run_until_cancelled_owned(connection.run()));
    }
}

/// Counts a connection for as long as it lives.
struct Connection {
    shared: Arc<Shared>,
    caller: Socket,
    life: CancellationToken,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.counts.update(|counts| counts.open -= 1);
    }
}

impl Connection {
    fn open(shared: Arc<Shared>, caller: Socket) -> Self {
        shared.counts.update(|counts| {
            counts.accepted += 1;
            counts.open += 1;
        });
        let life = shared.life.read(CancellationToken::clone);
        Self { shared, caller, life }
    }

    async fn run(self) {
        let mut reception = self.shared.reception.subscribe();
        // A black hole that heals forwards the connections it holds.
        let forwards = reception.wait_for(|now| *now == Reception::Forward);
        let reset = self.life.run_until_cancelled(forwards).await.is_none();
        let target = if reset { None } else { Socket::connect(self.shared.target).await.ok() };
        let Some(target) = target else {
            // To the caller an unreachable target looks like one that resets.
            self.caller.reset_on_drop();
            return;
        };
        let end = self.life.run_until_cancelled(self.forward(&target)).await;
        if end.unwrap_or(Fault::Reset) == Fault::Reset {
            self.caller.reset_on_drop();
            target.reset_on_drop();
        }
    }

    async fn forward(&self, target: &Socket) -> Fault {
        let there = self.pump(Direction::ToTarget, &self.caller, target);
        let back = self.pump(Direction::ToCaller, target, &self.caller);
        tokio::pin!(there, back);
        // One side's FIN ends that direction only; a fault ends both.
        tokio::select! {
            end = &mut there => match end {
                Ended::HalfClosed => back.await.fault(),
                Ended::Fault(fault) => fault,
            },
            end = &mut back => match end {
                Ended::HalfClosed => there.await.fault(),
                Ended::Fault(fault) => fault,
            },
        }
    }

    async fn pump(&self, direction: Direction, from: &Socket, to: &Socket) -> Ended {
        let mut flow = Flow {
            direction,
            to,
            rule: self.shared.rule(direction).subscribe(),
            counts: &self.shared.counts,
            passed: 0,
        };
        match flow.run(from).await {
            Ok(ended) => ended,
            Err(error) if is_reset(&error) => Ended::Fault(Fault::Reset),
            Err(_) => Ended::Fault(Fault::Fin),
        }
    }
}

#[derive(Clone, Copy)]
enum Ended {
    HalfClosed,
    Fault(Fault),
}

impl Ended {
    fn fault(self) -> Fault {
        match self {
            Self::HalfClosed => Fault::Fin,
            Self::Fault(fault) => fault,
        }
    }
}

/// The bytes of one direction of one connection.
struct Flow<'a> {
    direction: Direction,
    to: &'a Socket,
    rule: watch::Receiver<Rule>,
    counts: &'a Watched<Counts>,
    passed: u64,
}

impl Flow<'_> {
    async fn run(&mut self, from: &Socket) -> io::Result<Ended> {
        let mut buffer = BytesMut::new();
        loop {
            if let Some(fault) = self.limit_reached().await {
                return Ok(Ended::Fault(fault));
            }
            let read = tokio::select! {
                read = from.read_some(&mut buffer) => read?,
                // A new rule may end the flow before another byte comes.
                _changed = self.rule.changed() => continue,
            };
            if read == 0 {
                self.to.half_close();
                return Ok(Ended::HalfClosed);
            }
            let mut bytes = buffer.split().freeze();
            while !bytes.is_empty() {
                if let Some(fault) = self.limit_reached().await {
                    return Ok(Ended::Fault(fault));
                }
                self.forward_piece(&mut bytes).await?;
            }
        }
    }

    async fn forward_piece(&mut self, bytes: &mut Bytes) -> io::Result<()> {
        let rule = *self.rule.borrow_and_update();
        let mut size = rule.pieces.map_or(bytes.len(), |size| size.get().min(bytes.len()));
        if let Some((limit, _)) = rule.limit {
            let left = usize::try_from(limit.saturating_sub(self.passed)).unwrap_or(usize::MAX);
            size = size.min(left);
        }
        tokio::time::sleep(rule.delay).await;
        let piece = bytes.split_to(size);
        self.to.write_all(&piece).await?;
        self.passed += piece.len() as u64;
        self.counts.update(|counts| counts.add(self.direction, piece.len()));
        tokio::task::yield_now().await;
        Ok(())
    }

    /// The fault that is due; a stall is waited out here until another rule comes.
    async fn limit_reached(&mut self) -> Option<Fault> {
        loop {
            let rule = *self.rule.borrow_and_update();
            match rule.limit {
                Some((limit, Fault::Stall)) if self.passed >= limit => {
                    if self.rule.changed().await.is_err() {
                        pending::<()>().await;
                    }
                }
                Some((limit, fault)) if self.passed >= limit => return Some(fault),
                _ => return None,
            }
        }
    }
}
