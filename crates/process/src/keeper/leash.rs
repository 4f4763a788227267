//! What tells a keeper that the one above it is gone.

use std::{io, os::fd::OwnedFd};

use rustix::{
    event::{PollFd, PollFlags},
    io::Errno,
    process::{Pid, PidfdFlags, getppid, pidfd_open},
};

/// Bytes read at once from a standard input on which nobody should write.
const STRAY_INPUT: usize = 64;

/// The keeper's hold on the process above it.
pub(super) enum Leash {
    /// The outer keeper: standard input, whose other end only the supervisor has.
    StandardInput(io::Stdin),
    /// The inner keeper: the outer one, readable once it has ended.
    Above(OwnedFd),
}

impl Leash {
    /// Fails when the keeper `above` is already gone.
    pub(super) fn hold(above: Option<Pid>) -> io::Result<Self> {
        let Some(above) = above else { return Ok(Self::StandardInput(io::stdin())) };
        let process = pidfd_open(above, PidfdFlags::empty())?;
        // Otherwise the number belongs to a stranger by now.
        if getppid() == Some(above) { Ok(Self::Above(process)) } else { Err(Errno::SRCH.into()) }
    }

    pub(super) fn poll_fd(&self) -> PollFd<'_> {
        match self {
            Self::StandardInput(input) => PollFd::new(input, PollFlags::IN),
            Self::Above(process) => PollFd::new(process, PollFlags::IN),
        }
    }

    /// Whether the one above is gone; asked when [`poll_fd`](Self::poll_fd) is readable.
    pub(super) fn is_let_go(&self) -> bool {
        match self {
            Self::StandardInput(input) => match rustix::io::read(input, &mut [0; STRAY_INPUT]) {
                Ok(bytes) => bytes == 0,
                Err(error) => error != Errno::INTR && error != Errno::AGAIN,
            },
            Self::Above(_) => true,
        }
    }
}
