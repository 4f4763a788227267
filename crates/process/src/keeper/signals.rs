//! Signals of the keeper as something to poll.

use std::{io, os::unix::net::UnixStream};

use rustix::{
    event::{PollFd, PollFlags},
    process::Signal,
};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::{backend::SignalDelivery, exfiltrator::SignalOnly},
};

/// Caught signals; their handlers only note them and make [`Signals::poll_fd`] readable.
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    pub(super) fn catch() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let caught = [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT];
        SignalDelivery::with_pipe(read, write, SignalOnly, caught).map(Self)
    }

    pub(super) fn poll_fd(&self) -> PollFd<'_> {
        PollFd::new(self.0.get_read(), PollFlags::IN)
    }

    /// The signals that came and are meant for the program.
    pub(super) fn forwardable(&mut self) -> impl Iterator<Item = Signal> {
        self.0.pending().filter(|&number| number != SIGCHLD).filter_map(Signal::from_named_raw)
    }
}
