//! The order of system calls, as strace saw it.

use std::fs;

use transom_testkit::{FakeBackend, TestGateway};

use crate::support::BINARY;

const CALLS: &str = "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg";

/// The calls that can carry bytes to a client.
const SENDING: [&str; 4] = ["write(", "writev(", "sendto(", "sendmsg("];

/// What matters about a response's way to the disk and to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bytes were written to the write-ahead log (one or more writes in a row).
    LogWritten,
    /// `fdatasync` of the log has returned.
    LogSynced,
    /// A call began that gives the client the end of its answer.
    Told,
}

/// A gateway under strace.
pub(crate) struct Traced {
    pub(crate) gateway: TestGateway,
}

impl Traced {
    pub(crate) async fn start(backend: &FakeBackend, durability: &str) -> Self {
        let present = std::process::Command::new("strace").arg("-V").output();
        assert!(present.is_ok(), "strace is needed for this proof: install the package `strace`");
        let url = backend.url();
        let line = ["-f", "-y", "-s", "100000", "-e", CALLS, "-o", "trace", BINARY, "serve"];
        let serve = ["--gateway-port", "0", "--upstream", &url, "--store-durability", durability];
        let traced = TestGateway::builder("strace").command_line(line.into_iter().chain(serve));
        Self { gateway: traced.start().await }
    }

    /// Ends the gateway and gives the steps since it was ready.
    pub(crate) async fn finish(self) -> Vec<Step> {
        let program = first_child(self.gateway.pid());
        let trace = self.gateway.folder().join("trace");
        rustix::process::kill_process(program, rustix::process::Signal::KILL).expect("it lives");
        self.gateway.wait_exit().await;
        let trace = fs::read_to_string(trace).expect("strace wrote its file");
        steps(&trace)
    }
}

fn first_child(pid: u32) -> rustix::process::Pid {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.expect("the children of strace");
    let child = children.split_whitespace().next().and_then(|child| child.parse().ok());
    child.and_then(rustix::process::Pid::from_raw).expect("strace has a child")
}

/// Lines are in the order in which strace saw calls begin or, where they were interrupted, end.
fn steps(trace: &str) -> Vec<Step> {
    let listening = trace.lines().skip_while(|line| !line.contains("Transom is ready"));
    let mut steps = Vec::new();
    let mut syncing = Vec::new();
    for line in listening {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        let on_log = call.contains("-wal>");
        let step = if call.starts_with("pwrite64(") && on_log {
            Some(Step::LogWritten)
        } else if call.starts_with("fdatasync(") && on_log {
            // Of a call that another thread's interrupts, the end stands on a line of its own.
            if call.ends_with("<unfinished ...>") {
                syncing.push(thread);
            }
            call.ends_with("= 0").then_some(Step::LogSynced)
        } else if call.starts_with("<... fdatasync resumed>") && syncing.contains(&thread) {
            syncing.retain(|other| *other != thread);
            call.ends_with("= 0").then_some(Step::LogSynced)
        } else {
            tells(call).then_some(Step::Told)
        };
        steps.extend(step.filter(|step| steps.last() != Some(step)));
    }
    steps
}

/// Whether a call gives a client the end of a stream, or a whole answer.
fn tells(call: &str) -> bool {
    let sends = SENDING.iter().any(|name| call.starts_with(name)) && call.contains("<socket:");
    let whole = call.contains("\"HTTP/1.1 200 OK") && call.contains("application/json");
    sends && (call.contains("event: response.completed") || whole)
}
