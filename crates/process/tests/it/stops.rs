//! Stopping a program on request.

use std::time::Duration;

use transom_process::{Exit, Outcome};

use crate::children::{SOON, Script};

const HOUR: Duration = Duration::from_hours(1);
/// Ignores `SIGTERM`, as does a descendant in a session of its own.
const STUBBORN: &str = "trap '' TERM; setsid sleep 1000 & echo up; while :; do sleep 1000; done";

#[tokio::test]
async fn a_program_has_time_to_end_by_itself() {
    let text = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done";
    let mut child = Script::new(text).start();
    child.line("child| up").await;
    child.supervised.stop(HOUR);
    assert_eq!(child.supervised.outcome().await, Outcome::Stopped(Some(Exit::Code(0))));
    assert_eq!(child.rest(), ["child| bye"]);
    child.mark.assert_gone();
}

#[tokio::test]
async fn a_program_that_ignores_the_request_is_killed_with_all_below_it() {
    let mut child = Script::new(STUBBORN).start();
    child.line("child| up").await;
    child.supervised.stop(Duration::from_millis(200));
    let outcome = tokio::time::timeout(SOON, child.supervised.outcome()).await.unwrap();
    assert_eq!(outcome, Outcome::Stopped(Some(Exit::Signal(9))));
    child.mark.assert_gone();
}

#[tokio::test]
async fn a_second_request_cuts_the_grace_short() {
    let mut child = Script::new(STUBBORN).start();
    child.line("child| up").await;
    child.supervised.stop(HOUR);
    child.supervised.kill();
    child.supervised.stop(HOUR);
    let outcome = tokio::time::timeout(SOON, child.supervised.outcome()).await.unwrap();
    assert_eq!(outcome, Outcome::Stopped(Some(Exit::Signal(9))));
    child.mark.assert_gone();
}

#[tokio::test]
async fn a_dropped_handle_kills() {
    let mut child = Script::new(STUBBORN).start();
    child.line("child| up").await;
    drop(child.supervised);
    let mark = child.mark;
    tokio::task::spawn_blocking(move || mark.assert_gone()).await.unwrap();
}

#[test]
fn a_dropped_runtime_kills() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let child = runtime.block_on(async {
        let mut child = Script::new(STUBBORN).start();
        child.line("child| up").await;
        child
    });
    drop(runtime);
    child.mark.assert_gone();
}
