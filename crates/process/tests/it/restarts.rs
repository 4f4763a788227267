//! Programs that are started again.

use std::{fs, time::Duration};

use transom_process::{Backoff, Exit, Failure, Outcome, Restart, State};

use crate::children::{SOON, Script};

fn backoff(first: Duration) -> Restart {
    Restart::OnFailure(Backoff { first, ..Backoff::default() })
}

#[tokio::test]
async fn a_crash_loop_backs_off_and_can_be_stopped_between_two_starts() {
    let mut script = Script::new("echo run; exit 5");
    script.restart = backoff(Duration::from_millis(50));
    let mut child = script.start();

    let third = |state: &State| matches!(state, State::BackingOff { attempt: 3, .. });
    let last_failure = Failure::Exited(Exit::Code(5));
    let delay = Duration::from_millis(200);
    assert_eq!(child.state(third).await, State::BackingOff { attempt: 3, delay, last_failure });
    // The last delay could run out before the stop arrives: then a fourth run is ended.
    child.supervised.stop(SOON);
    assert!(matches!(child.supervised.outcome().await, Outcome::Stopped(_)));
    assert!(child.rest().len() >= 3);
}

#[tokio::test]
async fn a_restarted_program_serves_again() {
    let folder = tempfile::tempdir().unwrap();
    let crash = folder.path().join("crash");
    let wait = format!("while ! rm '{}' 2>&-; do sleep 0.01; done; kill -9 $$", crash.display());
    let mut script = Script::new(&wait);
    script.restart = backoff(Duration::from_mins(1));
    script.jitter = 0.0;
    let child = script.start();
    child.ready().await;
    let mut states = child.supervised.states();
    let State::Ready { since } = *states.borrow_and_update() else { panic!("ready") };
    fs::write(&crash, "").unwrap();
    let again = |state: &State| matches!(state, State::Ready { since: now } if *now > since);
    child.state(again).await;
    child.supervised.kill();
    assert_eq!(child.supervised.outcome().await, Outcome::Stopped(Some(Exit::Signal(9))));
    child.mark.assert_gone();
}
