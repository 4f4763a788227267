//! The programs under test.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::options::Options;
use crate::{pin, process};

/// The longest start.
const START: Duration = Duration::from_secs(10);

/// A program to send requests to.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    running: Option<Running>,
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

impl Target {
    /// The mock without anything before it.
    pub(crate) fn mock(address: SocketAddr) -> Self {
        Self { name: "direct", address, running: None }
    }

    /// The release program with its defaults. Log lines of single requests are off, as nginx's are.
    pub(crate) fn transom(options: &Options, mock: SocketAddr) -> anyhow::Result<(Self, Started)> {
        let folder = TempDir::new()?;
        let mut command = pin::target(options, options.transom.as_os_str());
        command
            .args(["serve", "--gateway-host", "127.0.0.1", "--gateway-port", "0", "--upstream"])
            .arg(format!("http://{mock}"))
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
        url(&running, &mut output, "Transom is ready: http://")?;
        let ready = begun.elapsed();
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let started = Started { listening: milliseconds(listening), ready: milliseconds(ready) };
        let address = address.parse().with_context(|| format!("the address {address}"))?;
        Ok((Self { name: "transom", address, running: Some(running) }, started))
    }

    /// nginx as a proxy; `None` where it is not installed.
    pub(crate) async fn nginx(options: &Options, mock: SocketAddr) -> anyhow::Result<Option<Self>> {
        let folder = TempDir::new()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.path().join("nginx.conf");
        fs::write(&config, nginx_config(&folder, address, mock))?;
        let mut command = pin::target(options, "nginx".as_ref());
        command.arg("-c").arg(&config).arg("-p").arg(folder.path());
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = quiet.spawn() else { return Ok(None) };
        let mut running = Running { child, folder };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if running.child.try_wait()?.is_some() {
                return Ok(None);
            }
            if begun.elapsed() > START {
                bail!("nginx does not start");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Some(Self { name: "nginx", address, running: Some(running) }))
    }

    /// Time on a core so far; the mock's is not asked for.
    pub(crate) fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        self.pid().map(process::cpu).transpose()
    }

    /// The process, where there is one.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
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

/// One process, connections kept on both sides, nothing buffered, nothing logged.
fn nginx_config(folder: &TempDir, address: SocketAddr, mock: SocketAddr) -> String {
    let folder = folder.path().display();
    format!(
        "daemon off; master_process off; worker_processes 1;
pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 100000000;
  client_max_body_size 16m; client_body_buffer_size 1m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream model {{ server {mock}; keepalive 1024; keepalive_requests 100000000; }}
  server {{
    listen {address};
    location / {{
      proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_buffering off; proxy_request_buffering on;
    }}
  }}
}}
"
    )
}
