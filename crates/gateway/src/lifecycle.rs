//! The program's life: listen, wait until ready, serve, drain, stop.
//!
//! It listens from the first second, so that load balancers and people see a program that is
//! loading rather than a closed port. The order of the end is the guide's: stop accepting, finish
//! what is active, then stop the children.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use transom_config::Tls;
use transom_process::{Outcome, Supervised};
use transom_server::listener::{self, Shutdown};

use crate::compose::{Program, shown_address};
use crate::console::Console;
use crate::{output, supervise};
use first_ready::Wait;
use signals::{Ended, Signals};

mod first_ready;
mod signals;

/// After a drain's time is over, requests get this long to tell their clients and their records.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long children get between being asked to end and being killed; after a cut, no longer than
/// requests did.
const CHILD_GRACE: Duration = Duration::from_secs(10);

/// Exit code when the model server was never ready.
const NOT_READY: u8 = 1;

/// Why the program stops.
enum Reason {
    Signal(Ended),
    /// The child ended and is not restarted; this code.
    Child(u8),
    /// The model server was not ready in time, or refuses us.
    NotReady,
}

/// Runs the program to its end; the result is the exit code.
pub(crate) async fn run(program: Program, console: &Console) -> u8 {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            console.problem(&format!("signals cannot be caught: {error}"));
            return output::CONFIGURATION_ERROR;
        }
    };
    let Program { config, listener, router, connections, admin, store, shutdown, cut, .. } =
        program;
    let (gateway, controller, sole) = (program.gateway, program.controller, program.sole);
    let tracker = &shutdown.tracker;
    let address = listener
        .local_addr()
        .map(|bound| shown_address(bound, matches!(config.listen.tls, Tls::Files { .. })));
    let address = address.unwrap_or_default();
    let background = CancellationToken::new();
    let _stops_with_us = background.clone().drop_guard();
    let _probes_stop_with_us = program.probes.drop_guard();
    let plain = listener::Settings { tls: None, ..connections.clone() };
    tracker.spawn(listener::run(listener, router, connections, shutdown.clone()));
    console.line(&format!("Transom is listening: {address}"));
    if let Some((listener, router)) = admin {
        let bound = listener.local_addr().map(|bound| shown_address(bound, false));
        tracker.spawn(listener::run(listener, router, plain, shutdown.clone()));
        console.line(&format!("Admin API: {}", bound.unwrap_or_default()));
    }
    for section in &config.policies_left_out {
        console.line(&format!("Without policies: {section} is left out"));
    }
    let helpers = tokio_util::task::TaskTracker::new();
    helpers.spawn(Arc::clone(&controller).watch(signals.hangups(), background.clone()));
    helpers.spawn(gateway.clone().keep_jobs(background.clone()));
    helpers.spawn(gateway.clone().forget_answers(background.clone()));
    let child = match (&config.child, &sole) {
        (Some(child), Some(backend)) => {
            match supervise::start(child, config.supervision, backend, &helpers) {
                Ok(supervised) => Some(supervised),
                Err(error) => {
                    console.problem(&format!("vLLM cannot be supervised: {error}"));
                    return NOT_READY;
                }
            }
        }
        _ => None,
    };
    let wait = Wait {
        gateway: &gateway,
        sole: sole.as_deref(),
        child: child.as_ref(),
        startup_timeout: config.supervision.startup_timeout.get(),
        notice_every: config.supervision.ready_interval.get(),
    };
    let reason = until_stopped(&wait, &address, &mut signals, console).await;
    let cut_off = drain(&shutdown, &cut, &mut signals, controller.shutdown_timeout()).await;
    background.cancel();
    let grace = if cut_off { LAST_WORDS } else { CHILD_GRACE };
    stop_child(child.as_ref(), grace, &mut signals).await;
    store.close().await;
    code(&reason, cut_off)
}

async fn until_stopped(
    wait: &Wait<'_>,
    address: &str,
    signals: &mut Signals,
    console: &Console,
) -> Reason {
    let child_ended = async {
        match wait.child {
            Some(child) => child.outcome().await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(child_ended);
    let told = tokio::select! {
        ready = wait.first_ready() => ready,
        outcome = &mut child_ended => return ended(&outcome, console),
        signal = signals.next() => return Reason::Signal(signal),
    };
    if let Err(given_up) = told {
        console.problem(&given_up.to_string());
        return Reason::NotReady;
    }
    console.line(&format!("Transom is ready: {address}/v1/responses"));
    tokio::select! {
        outcome = child_ended => ended(&outcome, console),
        signal = signals.next() => Reason::Signal(signal),
    }
}

fn ended(outcome: &Outcome, console: &Console) -> Reason {
    match outcome {
        Outcome::NeverReady(failure) => {
            console.problem(&format!("vLLM was never ready: {failure}"));
        }
        Outcome::Died(exit) => console.problem(&format!("vLLM ended: it {exit}")),
        Outcome::Stopped(_) => {}
    }
    Reason::Child(outcome.supervisor_code())
}

/// Lets active requests finish; `true` when some had to be cut.
async fn drain(
    shutdown: &Shutdown,
    cut: &CancellationToken,
    signals: &mut Signals,
    limit: Duration,
) -> bool {
    shutdown.soft.cancel();
    shutdown.tracker.close();
    tracing::info!("finishing active requests");
    tokio::select! {
        () = shutdown.tracker.wait() => return false,
        () = sleep(limit) => {}
        _ = signals.next() => {}
    }
    cut.cancel();
    // Every cut request tells its client and its record; that needs no more than a moment.
    let _ = timeout(LAST_WORDS, shutdown.tracker.wait()).await;
    shutdown.hard.cancel();
    let _ = timeout(LAST_WORDS, shutdown.tracker.wait()).await;
    true
}

async fn stop_child(child: Option<&Supervised>, grace: Duration, signals: &mut Signals) {
    let Some(child) = child else { return };
    tracing::info!("stopping vLLM");
    child.stop(grace);
    tokio::select! {
        _ = child.outcome() => return,
        _ = signals.next() => child.kill(),
    }
    child.outcome().await;
}

fn code(reason: &Reason, cut_off: bool) -> u8 {
    match reason {
        Reason::Signal(signal) if cut_off => signal.code(),
        Reason::Signal(_) => 0,
        Reason::Child(code) => *code,
        Reason::NotReady => NOT_READY,
    }
}
