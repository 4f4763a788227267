//! Nothing is left behind, whoever is killed (F7 and F8 of the fault table).

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use transom_process::{Exit, Failure, Outcome, ProbeResult};

use crate::children::{Mark, SOON, Script, eventually, keeper, processes, status};

/// Descendants of every kind: a plain one, one in its own session and that one's child, and one
/// whose parent has ended. With the two keepers and the shell that makes eight.
const FAMILY: &str = "sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000; :' & \
    (setsid sleep 1000 &); echo up; wait";
const FAMILY_SIZE: usize = 8;

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn nothing_outlives_a_killed_supervisor() {
    for _ in 0..5 {
        let mark = Mark::new();
        let (name, value) = mark.variable();
        let mut command = Command::new(keeper());
        command.args(["sh", "-c", FAMILY]).env(name, value).stdout(Stdio::piped());
        let mut supervisor = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "program| up\n");
        eventually(SOON, "all are there", || mark.processes().len() == FAMILY_SIZE + 1);

        supervisor.kill().unwrap();
        supervisor.wait().unwrap();
        mark.assert_gone();
    }
}

#[tokio::test]
async fn nothing_outlives_a_killed_keeper() {
    let own = std::process::id().to_string();
    for outer in [true, false] {
        let mut child = Script::new(FAMILY).start();
        child.line("child| up").await;
        let mark = &child.mark;
        eventually(SOON, "all are there", || mark.processes().len() == FAMILY_SIZE);
        let keepers = mark.processes().into_iter().filter(|&pid| {
            status(pid, "Name") == "child-keeper" && (status(pid, "PPid") == own) == outer
        });
        let keepers: Vec<i32> = keepers.collect();
        assert_eq!(keepers.len(), 1);

        kill(keepers[0]);
        assert_eq!(child.supervised.outcome().await, Outcome::Died(Exit::Signal(9)));
        mark.assert_gone();
    }
}

#[tokio::test]
async fn nothing_outlives_a_program_that_ends_by_itself() {
    let text = "setsid sleep 1000 & (setsid sleep 1000 &); exit 4";
    let child = Script::new(text).with_probe(ProbeResult::NotYet).start();
    let outcome = child.supervised.outcome().await;
    assert_eq!(outcome, Outcome::NeverReady(Failure::Exited(Exit::Code(4))));
    // Not "soon": the outcome is told only when a restart would find nothing in its way.
    assert_eq!(child.mark.processes(), Vec::<i32>::new());
}

#[tokio::test]
async fn two_hundred_starts_leave_no_zombie() {
    for _ in 0..20 {
        let text = "(sh -c : &); exit 0";
        let batch: Vec<_> = (0..10).map(|_| Script::new(text).start()).collect();
        for child in batch {
            assert_eq!(child.supervised.outcome().await.supervisor_code(), 1);
            child.mark.assert_gone();
        }
    }
    let own = std::process::id().to_string();
    let is_zombie = |pid| status(pid, "PPid") == own && status(pid, "State") == "Z";
    eventually(SOON, "zombies are reaped", || !processes().any(is_zombie));
}

#[tokio::test]
async fn orphans_of_a_running_program_do_not_pile_up_as_zombies() {
    let text = "for i in 1 2 3 4 5 6 7 8; do (sh -c : &); done; echo up; exec sleep 1000";
    let mut child = Script::new(text).start();
    child.line("child| up").await;
    let family = child.mark.processes();
    let is_zombie = |pid| {
        let parent = status(pid, "PPid").parse().unwrap_or_default();
        family.contains(&parent) && status(pid, "State") == "Z"
    };
    eventually(SOON, "orphans are reaped", || !processes().any(is_zombie));
    assert!(!child.mark.processes().is_empty());
}
