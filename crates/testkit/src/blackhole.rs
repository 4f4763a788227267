//! A port at which connections neither succeed nor fail, as behind a firewall that drops packets.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::door;

/// Connections that at most fit into the shortest queue, with room to spare.
const MAX_FILLERS: usize = 64;

/// A connection that takes this long on loopback is not going to happen: the first SYN was dropped.
const NO_ANSWER: Duration = Duration::from_millis(100);

/// A listener that never accepts and whose queue is full: Linux drops every further SYN.
#[derive(Debug)]
pub struct Blackhole {
    address: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl Blackhole {
    /// Opens one on a free loopback port.
    pub async fn start() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Opens one at this address, such as that of a backend that refuses connections.
    pub async fn at(address: SocketAddr) -> Self {
        let socket = door::bind(address).expect("a free port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("its address");
        let mut fillers = Vec::new();
        while let Ok(connected) = timeout(NO_ANSWER, TcpStream::connect(address)).await {
            fillers.push(connected.expect("a place in the queue"));
            assert!(fillers.len() < MAX_FILLERS, "this kernel does not drop SYNs");
        }
        Self { address, _listener: listener, _fillers: fillers }
    }

    /// Where nothing happens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a path and without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
