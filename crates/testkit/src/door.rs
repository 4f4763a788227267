//! A loopback port that keeps its number while it is shut and opened again.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::PATIENCE;

/// Connections the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;

/// What a caller meets at the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Connections are accepted.
    Open,
    /// Connections are refused (RST): the port is bound and nobody listens.
    Shut,
}

/// The side that moves the door.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    wanted: watch::Sender<Position>,
    actual: watch::Receiver<Position>,
}

/// The side that accepts at the door.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    port: Port,
    wanted: watch::Receiver<Position>,
    actual: watch::Sender<Position>,
}

#[derive(Debug)]
enum Port {
    Listening(TcpListener),
    /// Bound without listening: the number stays ours and callers are refused.
    Held {
        _socket: TcpSocket,
    },
}

/// A door on a free loopback port.
pub(crate) fn install(position: Position) -> io::Result<(Handle, Door)> {
    install_at(0, position)
}

/// A door on this loopback port; 0 means a free one.
pub(crate) fn install_at(port: u16, position: Position) -> io::Result<(Handle, Door)> {
    let socket = bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    let address = socket.local_addr()?;
    let port = match position {
        Position::Open => Port::Listening(socket.listen(BACKLOG)?),
        Position::Shut => Port::Held { _socket: socket },
    };
    let (wanted, wanted_seen) = watch::channel(position);
    let (actual, actual_seen) = watch::channel(position);
    let door = Door { address, port, wanted: wanted_seen, actual };
    Ok((Handle { wanted, actual: actual_seen }, door))
}

impl Handle {
    /// Moves the door; when this returns, callers meet the new position.
    pub(crate) async fn put(&self, position: Position) {
        self.wanted.send_replace(position);
        let mut actual = self.actual.clone();
        let moved = tokio::time::timeout(PATIENCE, actual.wait_for(|now| *now == position)).await;
        assert!(matches!(moved, Ok(Ok(_))), "the port could not be put to {position:?}");
    }
}

impl Door {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next caller; moves the door meanwhile when told to.
    pub(crate) async fn accept(&mut self) -> io::Result<TcpStream> {
        loop {
            let wanted = *self.wanted.borrow_and_update();
            if wanted != *self.actual.borrow() {
                self.move_to(wanted)?;
            }
            tokio::select! {
                accepted = accept_on(&self.port) => return accepted,
                changed = self.wanted.changed() => {
                    if changed.is_err() {
                        pending::<()>().await;
                    }
                }
            }
        }
    }

    fn move_to(&mut self, position: Position) -> io::Result<()> {
        // In both directions: close first, the address can be bound only once.
        self.port = Port::Held { _socket: TcpSocket::new_v4()? };
        let socket = bind(self.address)?;
        self.port = match position {
            Position::Open => Port::Listening(socket.listen(BACKLOG)?),
            Position::Shut => Port::Held { _socket: socket },
        };
        self.actual.send_replace(position);
        Ok(())
    }
}

async fn accept_on(port: &Port) -> io::Result<TcpStream> {
    match port {
        Port::Listening(listener) => Ok(listener.accept().await?.0),
        Port::Held { .. } => pending().await,
    }
}

/// Takes a port without listening on it: callers are refused, and the kernel gives it to nobody else,
/// while sockets bound like this one can share it.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
