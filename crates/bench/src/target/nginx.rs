//! nginx as a proxy, for comparison.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::bail;
use tempfile::TempDir;

use super::{Running, Target};
use crate::options::Options;
use crate::pin;

/// The longest start.
const START: Duration = Duration::from_secs(10);

impl Target {
    /// nginx as a proxy; `None` where it is not installed.
    pub(crate) async fn nginx(options: &Options, mock: SocketAddr) -> anyhow::Result<Option<Self>> {
        let folder = TempDir::new()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.path().join("nginx.conf");
        fs::write(&config, written(&folder, address, mock))?;
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
        Ok(Some(Self { name: "nginx", address, admin: None, running: Some(running) }))
    }
}

/// One process, connections kept on both sides, nothing buffered, nothing logged.
fn written(folder: &TempDir, address: SocketAddr, mock: SocketAddr) -> String {
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
