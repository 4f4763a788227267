//! Runs a program under supervision: `supervise PROGRAM ARGS…`.
//!
//! Shows the two things a binary needs: the keeper's hidden mode before anything else, and a
//! [`Supervisor`]. The program counts as ready as soon as it runs, is restarted when it ends, and
//! is stopped with a grace of ten seconds on Ctrl-C; a second Ctrl-C hurries.

use std::{
    env,
    future::ready,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use tokio_util::task::TaskTracker;
use transom_process::{
    Backoff, ChildSpec, Outcome, ProbeResult, Readiness, Restart, Supervised, Supervisor, keeper,
};

const GRACE: Duration = Duration::from_secs(10);

fn main() -> io::Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let program = arguments.next().ok_or(io::ErrorKind::InvalidInput)?;
    if program == keeper::MODE {
        return Ok(keeper::run(arguments));
    }
    let mut spec = ChildSpec::new("program", program);
    spec.arguments = arguments.collect();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(supervise(spec))?;
    Ok(ExitCode::from(outcome.supervisor_code()))
}

async fn supervise(spec: ChildSpec) -> io::Result<Outcome> {
    let supervisor = Supervisor {
        spec,
        restart: Restart::OnFailure(Backoff::default()),
        readiness: Readiness {
            probe: || ready(ProbeResult::Ready),
            timeout: GRACE,
            notice_every: GRACE,
            notice: Box::new(|_| {}),
        },
        jitter: Box::new(|| 1.0),
    };
    let print = |line: &str| {
        let _ = writeln!(io::stdout(), "{line}");
    };
    let supervised = supervisor.start(print, &TaskTracker::new())?;
    tokio::select! {
        outcome = supervised.outcome() => Ok(outcome),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            stop(&supervised).await
        }
    }
}

async fn stop(supervised: &Supervised) -> io::Result<Outcome> {
    supervised.stop(GRACE);
    tokio::select! {
        outcome = supervised.outcome() => Ok(outcome),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            supervised.kill();
            Ok(supervised.outcome().await)
        }
    }
}
