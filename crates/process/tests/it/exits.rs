//! How the end of a program ends the supervision.

use std::{fs, time::Duration};

use transom_process::{Backoff, Exit, Failure, Outcome, ProbeResult, Restart};

use crate::children::{SOON, Script};

#[tokio::test]
async fn a_program_that_ends_during_its_first_start_ends_the_supervision() {
    let table = [("exit 7", Exit::Code(7), 7), ("exit 0", Exit::Code(0), 1)];
    let signals = [("kill -9 $$", Exit::Signal(9), 247), ("exit 137", Exit::Code(137), 137)];
    for (text, exit, code) in table.into_iter().chain(signals) {
        let mut script = Script::new(text).with_probe(ProbeResult::NotYet);
        script.restart = Restart::OnFailure(Backoff::default());
        let outcome = script.start().supervised.outcome().await;
        assert_eq!(outcome, Outcome::NeverReady(Failure::Exited(exit)), "{text}");
        assert_eq!(outcome.supervisor_code(), code, "{text}");
    }
}

#[tokio::test]
async fn a_program_that_ends_after_it_served_ends_the_supervision_when_never_restarted() {
    let table = [("exit 3", Exit::Code(3), 3), ("exit 0", Exit::Code(0), 1)];
    for (end, exit, code) in table.into_iter().chain([("kill -9 $$", Exit::Signal(9), 247)]) {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        let wait = format!("while [ ! -e '{}' ]; do sleep 0.01; done; {end}", go.display());
        let child = Script::new(&wait).start();
        child.ready().await;
        fs::write(&go, "").unwrap();
        let outcome = child.supervised.outcome().await;
        assert_eq!((outcome.supervisor_code(), outcome), (code, Outcome::Died(exit)), "{end}");
    }
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_told_from_one_that_failed() {
    for missing in ["program", "keeper"] {
        let mut script = Script::new("").with_probe(ProbeResult::NotYet);
        match missing {
            "program" => script.spec.program = "/nowhere/at/all".into(),
            _ => script.spec.keeper = "/nowhere/at/all".into(),
        }
        let outcome = script.start().supervised.outcome().await;
        let not_found = Exit::NotStarted(rustix::io::Errno::NOENT.raw_os_error());
        assert_eq!(outcome, Outcome::NeverReady(Failure::Exited(not_found)), "{missing}");
        assert_eq!(outcome.supervisor_code(), 2);
    }
}

#[tokio::test]
async fn a_refusal_ends_a_program_at_once() {
    let advice = ProbeResult::Refused("set the upstream key".into());
    let child = Script::new("trap '' TERM; sleep 1000").with_probe(advice).start();
    let outcome = tokio::time::timeout(SOON, child.supervised.outcome()).await.unwrap();
    let refused = Failure::Refused("set the upstream key".into());
    assert_eq!((outcome.supervisor_code(), outcome), (1, Outcome::NeverReady(refused)));
    child.mark.assert_gone();
}

#[tokio::test]
async fn a_program_that_never_gets_ready_is_killed_in_time() {
    let mut script = Script::new("setsid sleep 1000 & wait").with_probe(ProbeResult::NotYet);
    script.startup_timeout = Duration::from_millis(300);
    let child = script.start();
    let outcome = tokio::time::timeout(SOON, child.supervised.outcome()).await.unwrap();
    let late = Failure::StartupTimeout(Duration::from_millis(300));
    assert_eq!((outcome.supervisor_code(), outcome), (1, Outcome::NeverReady(late)));
    child.mark.assert_gone();
}

#[tokio::test]
async fn a_program_sees_the_environment_it_was_given_and_nothing_on_its_input() {
    let text = "read line || echo \"input $? ${GIVEN} ${TRANSOM_TEST_MARK-hidden}\"";
    let mut script = Script::new(text);
    script.spec.environment.push(("GIVEN".into(), "value".into()));
    script.spec.hidden_environment = vec!["TRANSOM_TEST_MARK".into()];
    let mut child = script.start();
    child.supervised.outcome().await;
    assert_eq!(child.rest(), ["child| input 1 value hidden"]);
}
