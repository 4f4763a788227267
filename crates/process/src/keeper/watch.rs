//! The keeper's loop: wait for a signal, the leash or the child's end.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use rustix::{
    event::poll,
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, wait},
};

use super::{descendants, leash::Leash, signals::Signals};
use crate::exit::Exit;

/// Longest time spent on ending what is left.
///
/// A process that survives `SIGKILL` this long hangs inside the kernel (a driver, a network file
/// system) and dies when that lets it go, without further help.
const END_LIMIT: Duration = Duration::from_mins(1);
/// First and longest pause between two rounds of killing.
const ROUND_PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// One keeper's child and all it needs to watch it.
pub(super) struct Watch {
    child: Pid,
    /// Once known the child is reaped, and its number may belong to another process.
    exit: Option<Exit>,
    signals: Signals,
    leash: Leash,
}

/// What [`Watch::reap`] found afterwards.
#[derive(PartialEq)]
enum Left {
    /// There are children, hence maybe further descendants.
    Some,
    /// No child: as orphans become children of a subreaper, no descendant at all.
    None,
}

impl Watch {
    pub(super) fn new(child: Pid, signals: Signals, leash: Leash) -> Self {
        Self { child, exit: None, signals, leash }
    }

    /// Returns when the child and all its descendants are gone.
    pub(super) fn until_the_end(mut self) -> io::Result<Exit> {
        while self.exit.is_none() {
            let let_go = self.wait_for_event()?;
            for signal in self.signals.forwardable() {
                // Not reaped yet, so the number is still the child's.
                let _ = kill_process(self.child, signal);
            }
            self.reap()?;
            if let_go {
                break;
            }
        }
        self.end_all()?;
        Ok(self.exit.unwrap_or(Exit::Signal(9)))
    }

    /// Whether the leash was let go.
    fn wait_for_event(&self) -> io::Result<bool> {
        let mut ready = [self.signals.poll_fd(), self.leash.poll_fd()];
        match poll(&mut ready, None) {
            Ok(_) => Ok(!ready[1].revents().is_empty() && self.leash.is_let_go()),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Collects every ended child, adopted ones too.
    fn reap(&mut self) -> io::Result<Left> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.child => {
                    self.exit = Exit::from_wait(status).or(self.exit);
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return Ok(Left::Some),
                Err(Errno::CHILD) => return Ok(Left::None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Kills and reaps in rounds, since a process can fork between being seen and being killed.
    fn end_all(&mut self) -> io::Result<()> {
        let (mut pause, longest) = ROUND_PAUSE;
        let deadline = Instant::now() + END_LIMIT;
        while self.reap()? == Left::Some && Instant::now() < deadline {
            if self.exit.is_none() {
                let _ = kill_process(self.child, Signal::KILL);
            }
            descendants::kill_all()?;
            thread::sleep(pause);
            pause = longest.min(pause * 2);
        }
        Ok(())
    }
}
