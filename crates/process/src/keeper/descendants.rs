//! Finding and killing every process below this one.

use std::{collections::HashMap, fs, io};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal},
};

/// A process as `/proc/PID/stat` shows it (proc(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
    /// Clock ticks since boot: with the number, this tells a process from a later one.
    started: u64,
}

/// Sends `SIGKILL` to every descendant that can be seen now, parents before their children.
pub(super) fn kill_all() -> io::Result<()> {
    for process in below(getpid().as_raw_nonzero().get(), all()?) {
        kill(process)?;
    }
    Ok(())
}

/// Signals through a process descriptor, so that a number taken over by another process meanwhile
/// harms nobody.
fn kill(process: Process) -> io::Result<()> {
    let Some(pid) = Pid::from_raw(process.pid) else { return Ok(()) };
    let descriptor = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(descriptor) => descriptor,
        Err(Errno::SRCH | Errno::INVAL) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if read(process.pid).is_some_and(|now| now.started == process.started) {
        // Ended meanwhile, or it changed its user: neither is a reason to spare the others.
        let _ = pidfd_send_signal(descriptor, Signal::KILL);
    }
    Ok(())
}

fn all() -> io::Result<Vec<Process>> {
    let entries = fs::read_dir("/proc")?.filter_map(Result::ok);
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(numbers.filter_map(read).collect())
}

/// `None` for a process that is gone.
fn read(pid: i32) -> Option<Process> {
    parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields are counted after the last `)`: the name before it may hold anything.
fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let mut fields = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    // Field 22 of the manual; the parent was field 4.
    let started = fields.nth(17)?.parse().ok()?;
    Some(Process { pid, parent, started })
}

/// The processes below `top`, each after its parent.
fn below(top: i32, processes: Vec<Process>) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in processes {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = children.remove(&top).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        // Taken out, so that a snapshot with a loop (numbers reused while reading) still ends.
        let more = children.remove(&process.pid).unwrap_or_default();
        found.extend(more);
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests;
