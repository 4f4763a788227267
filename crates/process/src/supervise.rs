//! The loop that keeps one program running.

use std::{io, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::task::TaskTracker;

use self::orders::{Order, Orders};
use crate::{
    backoff::{Restart, Schedule},
    exit::Exit,
    kept::Kept,
    output::{LineSink, Output},
    readiness::{Found, ProbeResult, Readiness},
    spec::ChildSpec,
    state::{Failure, Outcome, State},
};

mod handle;
mod orders;

pub use self::handle::Supervised;

/// All that is needed to supervise one program.
pub struct Supervisor<P> {
    /// What to run.
    pub spec: ChildSpec,
    /// Whether to run it again.
    pub restart: Restart,
    /// How to tell that it serves.
    pub readiness: Readiness<P>,
    /// Gives random numbers from 0 to 1 for the delays between restarts.
    pub jitter: Box<dyn FnMut() -> f64 + Send>,
}

impl<P, F> Supervisor<P>
where
    P: FnMut() -> F + Send + 'static,
    F: Future<Output = ProbeResult> + Send + 'static,
{
    /// Starts the program and the task that watches it, which `tracker` owns.
    ///
    /// Fails when the thread for the output cannot be started; every later failure is a [`State`].
    pub fn start(
        self,
        sink: impl LineSink,
        tracker: &TaskTracker,
    ) -> Result<Supervised, io::Error> {
        let output = Output::new(&self.spec.name, Box::new(sink), tracker.clone())?;
        let (order, orders) = watch::channel(Order::Run);
        let (state, states) = watch::channel(State::Starting { since: Instant::now(), attempt: 1 });
        let schedule = match self.restart {
            Restart::Never => None,
            Restart::OnFailure(backoff) => Some(Schedule::new(backoff)),
        };
        let watcher = Watcher {
            spec: self.spec,
            readiness: self.readiness,
            jitter: self.jitter,
            schedule,
            served: false,
            orders: Orders::new(orders),
            state,
        };
        tracker.spawn(watcher.run(output));
        Ok(Supervised::new(order, states))
    }
}

struct Watcher<P> {
    spec: ChildSpec,
    readiness: Readiness<P>,
    jitter: Box<dyn FnMut() -> f64 + Send>,
    /// `None`: never restart.
    schedule: Option<Schedule>,
    /// Whether it was ever ready.
    served: bool,
    orders: Orders,
    state: watch::Sender<State>,
}

/// How one run of the program ended.
enum Run {
    Stopped(Option<Exit>),
    NotReady(Failure),
    Died { exit: Exit, ready_for: Duration },
}

impl<P, F> Watcher<P>
where
    P: FnMut() -> F + Send,
    F: Future<Output = ProbeResult> + Send,
{
    async fn run(mut self, output: Output) {
        let outcome = self.until_the_end(&output).await;
        output.finish().await;
        self.enter(State::Stopped(outcome));
    }

    async fn until_the_end(&mut self, output: &Output) -> Outcome {
        loop {
            let (failure, ready_for) = match self.run_once(output).await {
                Run::Stopped(exit) => return Outcome::Stopped(exit),
                Run::NotReady(failure) if !self.served => return Outcome::NeverReady(failure),
                Run::NotReady(failure) => (failure, Duration::ZERO),
                Run::Died { exit, .. } if self.schedule.is_none() => return Outcome::Died(exit),
                Run::Died { exit, ready_for } => (Failure::Exited(exit), ready_for),
            };
            let delay = self.back_off(failure, ready_for);
            tokio::select! {
                biased;
                _ = self.orders.stop() => return Outcome::Stopped(None),
                () = sleep(delay) => {}
            }
        }
    }

    /// One life of the program, from its start to its end.
    async fn run_once(&mut self, output: &Output) -> Run {
        let attempt = self.schedule.as_ref().map_or(1, Schedule::attempt);
        self.enter(State::Starting { since: Instant::now(), attempt });
        let mut kept = match Kept::start(&self.spec, output) {
            Ok(kept) => kept,
            Err(error) => return Run::NotReady(Failure::Exited(not_started(&error))),
        };
        let found = tokio::select! {
            biased;
            grace = self.orders.stop() => return self.stop(kept, grace).await,
            exit = kept.exited() => return Run::NotReady(Failure::Exited(exit)),
            found = self.readiness.wait() => found,
        };
        let failure = match found {
            Found::Ready => return self.serve(kept).await,
            Found::TimedOut => Failure::StartupTimeout(self.readiness.timeout),
            Found::Refused(advice) => Failure::Refused(advice),
        };
        kept.kill().await;
        Run::NotReady(failure)
    }

    async fn serve(&mut self, mut kept: Kept) -> Run {
        let since = Instant::now();
        self.served = true;
        self.enter(State::Ready { since });
        tokio::select! {
            biased;
            grace = self.orders.stop() => self.stop(kept, grace).await,
            exit = kept.exited() => Run::Died { exit, ready_for: since.elapsed() },
        }
    }

    /// `SIGTERM`, then `SIGKILL` to the whole tree after `grace` or a hurry.
    async fn stop(&mut self, mut kept: Kept, grace: Duration) -> Run {
        if !grace.is_zero() {
            kept.terminate();
            tokio::select! {
                exit = kept.exited() => return Run::Stopped(Some(exit)),
                () = sleep(grace) => {}
                () = self.orders.hurry() => {}
            }
        }
        Run::Stopped(kept.kill().await)
    }

    fn back_off(&mut self, last_failure: Failure, ready_for: Duration) -> Duration {
        let random = (self.jitter)();
        let Some(schedule) = &mut self.schedule else { return Duration::ZERO };
        let delay = schedule.after_failure(ready_for, random);
        let attempt = schedule.attempt() - 1;
        self.enter(State::BackingOff { attempt, delay, last_failure });
        delay
    }

    fn enter(&self, state: State) {
        let name = &self.spec.name;
        if matches!(state, State::BackingOff { .. }) {
            tracing::warn!(child = name, "{state}");
        } else {
            tracing::info!(child = name, "{state}");
        }
        self.state.send_replace(state);
    }
}

fn not_started(error: &io::Error) -> Exit {
    Exit::NotStarted(error.raw_os_error().unwrap_or_default())
}
