//! Starting shell scripts as children, and looking for what they leave behind.

use std::{
    fs,
    future::{Ready, ready},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use transom_process::{
    ChildSpec, LineSink, ProbeResult, Readiness, Restart, State, Supervised, Supervisor,
};

/// Longest wait for anything that must happen.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// Within this the descendants of a killed process must be gone.
pub(crate) const GONE_WITHIN: Duration = Duration::from_secs(2);
const MARK: &str = "TRANSOM_TEST_MARK";

/// A probe that always gives the same answer.
pub(crate) type Probe = Box<dyn FnMut() -> Ready<ProbeResult> + Send>;

pub(crate) fn always(answer: ProbeResult) -> Probe {
    Box::new(move || ready(answer.clone()))
}

pub(crate) fn keeper() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let keeper = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples/supervise");
    assert!(keeper.exists(), "build the example first: {}", keeper.display());
    keeper
}

/// An environment variable that finds a script's descendants again, whoever their parent is.
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}-{number}.", std::process::id()))
    }

    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (MARK, &self.0)
    }

    /// The processes with this mark that have not ended.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let wanted = format!("{MARK}={}", self.0);
        let wanted = wanted.as_bytes();
        let has_mark = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.windows(wanted.len()).any(|part| part == wanted)
        };
        processes().filter(has_mark).collect()
    }

    pub(crate) fn assert_gone(&self) {
        eventually(GONE_WITHIN, "descendants are gone", || self.processes().is_empty());
    }
}

pub(crate) fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").unwrap().map(Result::unwrap);
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// One field of `/proc/PID/status`, without its unit; empty for a process that is gone.
pub(crate) fn status(pid: i32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()).unwrap_or_default().to_owned()
}

pub(crate) fn eventually(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A shell script about to be supervised.
pub(crate) struct Script {
    pub(crate) mark: Mark,
    pub(crate) spec: ChildSpec,
    pub(crate) restart: Restart,
    pub(crate) probe: ProbeResult,
    pub(crate) startup_timeout: Duration,
    pub(crate) jitter: f64,
}

impl Script {
    /// Ready at once and never restarted.
    pub(crate) fn new(text: &str) -> Self {
        let mark = Mark::new();
        let mut spec = ChildSpec::new("child", "sh");
        spec.arguments = vec!["-c".into(), text.into()];
        spec.keeper = keeper();
        let (name, value) = mark.variable();
        spec.environment = vec![(name.into(), value.into())];
        Self {
            mark,
            spec,
            restart: Restart::Never,
            probe: ProbeResult::Ready,
            startup_timeout: SOON,
            jitter: 1.0,
        }
    }

    pub(crate) fn with_probe(self, probe: ProbeResult) -> Self {
        Self { probe, ..self }
    }

    pub(crate) fn start_into(self, sink: impl LineSink) -> (Supervised, Mark) {
        let Self { mark, spec, restart, probe, startup_timeout, jitter } = self;
        let readiness = Readiness {
            probe: always(probe),
            timeout: startup_timeout,
            notice_every: SOON,
            notice: Box::new(|_| {}),
        };
        let jitter = Box::new(move || jitter);
        let supervisor = Supervisor { spec, restart, readiness, jitter };
        (supervisor.start(sink, &TaskTracker::new()).unwrap(), mark)
    }

    pub(crate) fn start(self) -> Child {
        let (line, lines) = mpsc::unbounded_channel();
        // Refused once the test has ended.
        let sink = move |text: &str| drop(line.send(text.to_owned()));
        let (supervised, mark) = self.start_into(sink);
        Child { supervised, mark, lines }
    }
}

/// A supervised script whose output is kept.
pub(crate) struct Child {
    pub(crate) supervised: Supervised,
    pub(crate) mark: Mark,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Child {
    pub(crate) async fn line(&mut self, wanted: &str) {
        let found = async { while self.lines.recv().await.expect("output") != wanted {} };
        tokio::time::timeout(SOON, found).await.expect("line in time");
    }

    /// All lines not asked for yet; the program must have ended.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.lines.try_recv().ok()).collect()
    }

    pub(crate) async fn state(&self, wanted: impl FnMut(&State) -> bool) -> State {
        let mut states = self.supervised.states();
        let found = tokio::time::timeout(SOON, states.wait_for(wanted)).await;
        found.expect("state in time").expect("state").clone()
    }

    pub(crate) async fn ready(&self) {
        self.state(|state| matches!(state, State::Ready { .. })).await;
    }
}
