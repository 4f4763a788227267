//! The supervisor's end of one running program.

use std::{
    io, mem,
    os::{
        fd::OwnedFd,
        unix::{net, process::CommandExt as _},
    },
    process::{Child, Command},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{Shutdown, shutdown},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use tokio::{
    net::{UnixStream, unix::pipe},
    time::timeout,
};

use crate::{
    exit::Exit,
    keeper,
    output::{Drain, Output},
    spec::ChildSpec,
};

/// How long the keepers may take to end everything before the outer one is killed itself.
const KILL_LIMIT: Duration = Duration::from_secs(10);
/// How long the inner keeper then still has.
const LAST_LIMIT: Duration = Duration::from_secs(2);
/// Most bytes of the keepers' reports that are kept.
const REPORT_LIMIT: usize = 256;
/// What is assumed of a program whose end left no trace.
const KILLED: Exit = Exit::Signal(9);

/// A program that was started through the keepers. Dropping it ends the program and all below it.
pub(crate) struct Kept {
    keepers: Keepers,
    /// The outer keeper, to be signalled whatever became of its number.
    outer: OwnedFd,
    drain: Drain,
}

impl Kept {
    /// Starts the keepers; whether the program itself can be started shows in its [`Exit`].
    pub(crate) fn start(spec: &ChildSpec, output: &Output) -> io::Result<Self> {
        let (control, theirs) = net::UnixStream::pair()?;
        control.set_nonblocking(true)?;
        let control = UnixStream::from_std(control)?;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(&spec.keeper);
        command.arg0(keeper::PROCESS_NAME).arg(keeper::MODE).arg("--");
        command.arg(&spec.program).args(&spec.arguments);
        command.envs(spec.environment.iter().map(|(name, value)| (name, value)));
        for name in &spec.hidden_environment {
            command.env_remove(name);
        }
        command.stdin(OwnedFd::from(theirs)).stdout(writer.try_clone()?).stderr(writer);
        let process = Process::Runs(command.spawn()?);
        let keepers = Keepers { process, control, reports: Vec::new() };
        // Its copies of the pipe and the socket would hold back the end of file.
        drop(command);
        let drain = output.drain(pipe::Receiver::from_owned_fd(reader.into())?);
        Ok(Self { outer: keepers.outer()?, keepers, drain })
    }

    /// Waits for the end of the program and of all below it, and for the rest of its output.
    /// Cancel-safe.
    pub(crate) async fn exited(&mut self) -> Exit {
        let exit = self.keepers.ended().await;
        self.drain.finish().await;
        exit
    }

    /// Asks the program to end (`SIGTERM`, to the program alone, not to its own children).
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the program and everything below it with `SIGKILL`.
    pub(crate) async fn kill(mut self) -> Option<Exit> {
        self.keepers.let_go();
        if let Ok(exit) = timeout(KILL_LIMIT, self.exited()).await {
            return Some(exit);
        }
        tracing::error!("the keeper cannot end the program and is killed");
        self.signal(Signal::KILL);
        timeout(LAST_LIMIT, self.exited()).await.ok()
    }

    fn signal(&self, signal: Signal) {
        match pidfd_send_signal(&self.outer, signal) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => tracing::error!(%error, ?signal, "cannot signal the keeper"),
        }
    }
}

/// Both keepers, of which only the outer one is our child.
struct Keepers {
    process: Process,
    /// Their standard input. End of file there tells them that the supervisor is gone; end of file
    /// here tells that both have ended, since nobody else holds it.
    control: UnixStream,
    reports: Vec<u8>,
}

enum Process {
    /// Not reaped, so its number is its own.
    Runs(Child),
    Reaped(Exit),
}

impl Keepers {
    fn outer(&self) -> io::Result<OwnedFd> {
        match &self.process {
            Process::Runs(child) => Ok(pidfd_open(Pid::from_child(child), PidfdFlags::empty())?),
            Process::Reaped(_) => Err(Errno::CHILD.into()),
        }
    }

    /// Makes the keepers end everything; their reports can still be read.
    fn let_go(&self) {
        // Fails when they are gone, which is what is asked for.
        let _ = shutdown(&self.control, Shutdown::Write);
    }

    async fn ended(&mut self) -> Exit {
        let mut bytes = [0; REPORT_LIMIT];
        while self.control.readable().await.is_ok() {
            match self.control.try_read(&mut bytes) {
                Ok(0) => break,
                Ok(read) => {
                    let kept = read.min(REPORT_LIMIT - self.reports.len());
                    self.reports.extend_from_slice(&bytes[..kept]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        self.reap()
    }

    /// Called once the keepers have closed their files: the wait is for a moment only.
    fn reap(&mut self) -> Exit {
        let status = match &mut self.process {
            Process::Runs(child) => child.wait(),
            Process::Reaped(exit) => return *exit,
        };
        let reported = Exit::from_report(&self.reports);
        let exit = reported.or_else(|| status.ok().map(Exit::from_keeper)).unwrap_or(KILLED);
        self.process = Process::Reaped(exit);
        exit
    }
}

impl Drop for Keepers {
    fn drop(&mut self) {
        self.let_go();
        if let Process::Runs(mut child) = mem::replace(&mut self.process, Process::Reaped(KILLED)) {
            // The keeper needs a moment, and a destructor must not block the runtime. Without a
            // thread the zombie stays until this program ends: nothing better is left to do.
            let reap = move || child.wait();
            let _ = thread::Builder::new().name("keeper-reaper".to_owned()).spawn(reap);
        }
    }
}
