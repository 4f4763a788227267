//! The programs under test.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::options::Options;
use crate::{pin, process};

mod nginx;

/// The file of a gateway that is started with [`Front::File`].
const FILE: &str = "transom.yaml";

/// A program to send requests to.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Its admin API, where it has one.
    pub(crate) admin: Option<SocketAddr>,
    running: Option<Running>,
}

/// What a gateway stands in front of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Front<'a> {
    /// One model server, whose names are asked for as they are.
    Upstream(SocketAddr),
    /// What this text of a `transom.yaml` says. It has an admin API.
    File(&'a str),
}

/// A started process and its folder; both are gone when this is dropped.
struct Running {
    child: Child,
    folder: TempDir,
}

/// How long a start took, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started {
    pub(crate) listening: f64,
    pub(crate) ready: f64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Front<'_> {
    fn arguments(&self, folder: &TempDir, command: &mut Command) -> anyhow::Result<()> {
        match self {
            Self::Upstream(mock) => {
                command.arg("--upstream").arg(format!("http://{mock}"));
            }
            Self::File(text) => {
                fs::write(folder.path().join(FILE), text)?;
                command.args(["--config", FILE, "--admin-listen", "127.0.0.1:0"]);
            }
        }
        Ok(())
    }
}

impl Target {
    /// The mock without anything before it.
    pub(crate) fn mock(address: SocketAddr) -> Self {
        Self { name: "direct", address, admin: None, running: None }
    }

    /// The release program with its defaults. Log lines of single requests are off, as nginx's are.
    pub(crate) fn transom(options: &Options, front: &Front<'_>) -> anyhow::Result<(Self, Started)> {
        let folder = TempDir::new()?;
        let mut command = pin::target(options, options.transom.as_os_str());
        command.args(["serve", "--gateway-host", "127.0.0.1", "--gateway-port", "0"]);
        front.arguments(&folder, &mut command)?;
        command
            .env("VR_DB_PATH", format!("sqlite:///{}", folder.path().join("bench.db").display()))
            .env("VR_LOG_LEVEL", "warn")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("log"))?);
        let begun = Instant::now();
        let mut running = Running { child: command.spawn()?, folder };
        let stdout = running.child.stdout.take().context("a piped output")?;
        let mut output = BufReader::new(stdout);
        let address = url(&running, &mut output, "Transom is listening: http://")?;
        let listening = begun.elapsed();
        let admin = match front {
            Front::Upstream(_) => None,
            Front::File(_) => Some(url(&running, &mut output, "Admin API: http://")?),
        };
        url(&running, &mut output, "Transom is ready: http://")?;
        let ready = begun.elapsed();
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let started = Started { listening: milliseconds(listening), ready: milliseconds(ready) };
        let parsed = |text: String| text.parse().with_context(|| format!("the address {text}"));
        let (address, admin) = (parsed(address)?, admin.map(parsed).transpose()?);
        Ok((Self { name: "transom", address, admin, running: Some(running) }, started))
    }

    /// Time on a core so far; the mock's is not asked for.
    pub(crate) fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        self.pid().map(process::cpu).transpose()
    }

    /// The process, where there is one.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    /// Its file, where it was started with one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.admin.and(self.running.as_ref()).map(|running| running.folder.path().join(FILE))
    }
}

/// The rest of the output line that begins so, up to the path.
fn url(
    running: &Running,
    output: &mut BufReader<impl Read>,
    begin: &str,
) -> anyhow::Result<String> {
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        if let Some(rest) = line.trim_end().strip_prefix(begin) {
            return Ok(rest.split('/').next().unwrap_or_default().to_owned());
        }
        line.clear();
    }
    let log = fs::read_to_string(running.folder.path().join("log")).unwrap_or_default();
    bail!("the program ended before `{begin}`:\n{log}")
}
