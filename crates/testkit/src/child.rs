//! A child process: its output line by line, its exit, its end with the test.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::watched::Watched;

/// Most output lines that are kept; later ones are dropped.
const MAX_LINES: usize = 1_000_000;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    /// The code as a shell shows it: 128 and the signal's number after a signal.
    pub fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        let by_signal = || Self::Signal(status.signal().unwrap_or_default());
        status.code().map_or_else(by_signal, Self::Code)
    }
}

/// A process that has ended, and all it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub exit: Exit,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// The process, watched by three threads: one per output, one for its exit.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    state: Arc<Watched<State>>,
    /// Closed when this side is gone, however it goes.
    _leash: Option<ChildStdin>,
}

/// A place in the output of a process: what came before it is old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogMark(usize);

#[derive(Debug, Default)]
struct State {
    lines: Vec<(Source, String)>,
    open_outputs: usize,
    exit: Option<Exit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Stdout,
    Stderr,
}

impl Child {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::start_with_input(command)
    }

    /// Starts a process that can see by the end of its standard input that this one is gone.
    pub(crate) fn start_leashed(mut command: Command) -> Self {
        command.stdin(Stdio::piped());
        Self::start_with_input(command)
    }

    fn start_with_input(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("starting {}: {error}", command.get_program().display()),
        };
        let state = Arc::new(Watched::new(State { open_outputs: 2, ..State::default() }));
        let pid = Pid::from_child(&child);
        let leash = child.stdin.take();
        follow(Source::Stdout, child.stdout.take().expect("a piped output"), &state);
        follow(Source::Stderr, child.stderr.take().expect("a piped output"), &state);
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            let status = child.wait().expect("waiting for an own child");
            shared.update(|state| state.exit = Some(status.into()));
        });
        Self { pid, state, _leash: leash }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // Under the lock that the waiting thread needs to note the exit; an id that is free again is
        // not signalled.
        self.state.update(|state| {
            if state.exit.is_none() {
                // It may be ending at this moment.
                let _gone = kill_process(self.pid, signal);
            }
        });
    }

    pub(crate) async fn wait(&self) -> Exit {
        self.state.wait_for("the process to end", |state| state.exit).await
    }

    pub(crate) async fn finished(&self, exit: Exit) -> Finished {
        let ended = |state: &mut State| (state.open_outputs == 0).then_some(());
        self.state.wait_for("the end of the output", ended).await;
        let text = |wanted| self.text(|source| source == wanted);
        Finished { exit, stdout: text(Source::Stdout), stderr: text(Source::Stderr) }
    }

    pub(crate) fn logs(&self) -> String {
        self.text(|_| true)
    }

    /// The end of the output so far.
    pub(crate) fn mark(&self) -> LogMark {
        self.state.read(|state| LogMark(state.lines.len()))
    }

    /// The lines behind the mark, in order of arrival.
    pub(crate) fn lines_since(&self, mark: LogMark) -> Vec<String> {
        self.state.read(|state| {
            let lines = state.lines.get(mark.0..).unwrap_or_default();
            lines.iter().map(|(_, line)| line.clone()).collect()
        })
    }

    pub(crate) async fn await_line(&self, text: &str) -> String {
        let matching = |line: &str| line.contains(text).then(|| line.to_owned());
        self.await_since(LogMark::default(), &format!("the output line {text:?}"), matching).await
    }

    /// The first line behind the mark of which `read` makes something; `what` names it in a failure.
    pub(crate) async fn await_since<T>(
        &self,
        mark: LogMark,
        what: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> T {
        let mut seen = mark.0;
        let found = |state: &mut State| {
            let fresh = state.lines.get(seen..).unwrap_or_default();
            seen = state.lines.len();
            fresh.iter().find_map(|(_, line)| read(line))
        };
        self.state.wait_for(what, found).await
    }

    /// The URL behind the first of these texts to appear, or how the process ended before.
    pub(crate) async fn await_start(&self, starts: &[&str]) -> Result<String, Exit> {
        let what = format!("the output line {:?}; so far:\n{}", starts, self.logs());
        self.state
            .wait_for(&what, |state| {
                let lines = state.lines.iter().map(|(_, line)| line);
                let url =
                    lines.flat_map(|line| starts.iter().filter_map(|s| url_in(line, s))).next();
                // Only when all output has been read: the line may still be in the pipe.
                let ended = state.exit.filter(|_| state.open_outputs == 0);
                url.map(Ok).or(ended.map(Err))
            })
            .await
    }

    fn text(&self, wanted: impl Fn(Source) -> bool) -> String {
        self.state.read(|state| {
            let lines = state.lines.iter().filter(|(source, _)| wanted(*source));
            lines.flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// The server part of the URL behind `start`.
fn url_in(line: &str, start: &str) -> Option<String> {
    let (_, url) = line.split_once(start)?;
    let url = url.trim().trim_end_matches('/');
    Some(url.strip_suffix("/v1/responses").unwrap_or(url).to_owned())
}

fn follow(source: Source, output: impl Read + Send + 'static, state: &Arc<Watched<State>>) {
    let state = Arc::clone(state);
    thread::spawn(move || {
        // Lines need not be UTF-8: a model's output passes through.
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line).into_owned();
            state.update(|state| {
                if state.lines.len() < MAX_LINES {
                    state.lines.push((source, line));
                }
            });
        }
        state.update(|state| state.open_outputs -= 1);
    });
}
