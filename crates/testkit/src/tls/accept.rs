//! The connections of a TLS front.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Greeting;
use crate::door::Door;
use crate::watched::Watched;

/// A fatal alert `protocol_version` (70) in a record of TLS 1.1 (RFC 4346, section 7.2).
const VERSION_ALERT: [u8; 7] = [21, 3, 2, 0, 2, 2, 70];

/// What the handle and the connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: SocketAddr,
    pub(super) config: Watched<Arc<ServerConfig>>,
    pub(super) greeting: Watched<Greeting>,
    pub(super) counts: Watched<Counts>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) accepted: usize,
    pub(super) open: usize,
    pub(super) completed: usize,
    pub(super) failures: VecDeque<String>,
}

/// Accepts until it is dropped; its connections are dropped with it.
pub(super) async fn accept(shared: Arc<Shared>, mut door: Door, tasks: TaskTracker) {
    let stop = CancellationToken::new();
    let _stop_connections = stop.clone().drop_guard();
    loop {
        let Ok(stream) = door.accept().await else { continue };
        let connection = Connection::open(Arc::clone(&shared));
        let running = async move { connection.run(stream).await };
        tasks.spawn(stop.clone().run_until_cancelled_owned(running));
    }
}

/// Counts a connection for as long as it lives.
struct Connection(Arc<Shared>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.counts.update(|counts| counts.open -= 1);
    }
}

impl Connection {
    fn open(shared: Arc<Shared>) -> Self {
        shared.counts.update(|counts| {
            counts.accepted += 1;
            counts.open += 1;
        });
        Self(shared)
    }

    async fn run(&self, stream: TcpStream) {
        if let Err(error) = self.exchange(stream).await {
            self.0.counts.update(|counts| counts.failures.push_back(error.to_string()));
        }
    }

    /// Fails where the handshake does; how the connection ends after it is no failure.
    async fn exchange(&self, mut stream: TcpStream) -> io::Result<()> {
        match self.0.greeting.read(|greeting| *greeting) {
            Greeting::Answer => {}
            Greeting::Stall => return until_closed(&mut stream).await,
            Greeting::OldVersion => {
                stream.read_u8().await?;
                stream.write_all(&VERSION_ALERT).await?;
                return until_closed(&mut stream).await;
            }
        }
        stream.set_nodelay(true)?;
        let config = self.0.config.read(Arc::clone);
        let mut encrypted = TlsAcceptor::from(config).accept(stream).await?;
        self.0.counts.update(|counts| counts.completed += 1);
        if let Ok(mut target) = TcpStream::connect(self.0.target).await {
            // Either side's end is the other's.
            let _ended = copy_bidirectional(&mut encrypted, &mut target).await;
        }
        Ok(())
    }
}

/// Reads and forgets until the peer closes.
async fn until_closed(stream: &mut TcpStream) -> io::Result<()> {
    let mut forgotten = [0; 1024];
    while stream.read(&mut forgotten).await? > 0 {}
    Ok(())
}
