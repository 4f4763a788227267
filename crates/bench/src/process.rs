//! What the kernel says about a process.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// User and system time of all threads that live.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // The first number is the time on a core. A thread may end while this is read.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let on_core = text.split_ascii_whitespace().next().context("an empty schedstat")?;
        total += Duration::from_nanos(on_core.parse()?);
    }
    Ok(total)
}

/// Megabytes (1000 * 1000 bytes) of memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: f64,
    /// At most, since the start or [`reset_peak`].
    pub(crate) peak: f64,
}

/// Memory of a process.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let megabytes = |name: &str| -> anyhow::Result<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.with_context(|| format!("no {name}"))?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1.024 / 1000.0)
    };
    Ok(Memory { resident: megabytes("VmRSS:")?, peak: megabytes("VmHWM:")? })
}

/// File descriptors that a process holds open.
pub(crate) fn open_files(pid: u32) -> anyhow::Result<f64> {
    let count = fs::read_dir(format!("/proc/{pid}/fd"))?.count();
    Ok(u32::try_from(count)?.into())
}

/// Forgets the peak so far. Where that is forbidden, peaks are those since the start.
pub(crate) fn reset_peak(pid: u32) {
    let _forbidden = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// How busy the machine is, by its own account: running programs over the last minute.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
