//! A TCP socket whose two directions can be used at once and whose end can be chosen.

use std::io;
use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::net::TcpStream;

/// Most bytes taken from the kernel in one read.
const READ_SIZE: usize = 16 * 1024;

/// A connected socket with `TCP_NODELAY` set; every method takes `&self`, so reads and writes can race.
#[derive(Debug)]
pub(crate) struct Socket(TcpStream);

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    /// Appends what has arrived; 0 is the peer's FIN.
    pub(crate) async fn read_some(&self, into: &mut BytesMut) -> io::Result<usize> {
        loop {
            self.0.readable().await?;
            into.reserve(READ_SIZE);
            match self.0.try_read_buf(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
    }

    /// Writes what the kernel takes at once, at least one byte of a non-empty slice.
    pub(crate) async fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
    }

    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.write_some(bytes).await?;
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// Sends FIN and leaves the other direction open.
    pub(crate) fn half_close(&self) {
        // The peer may have closed first; then there is nothing left to say.
        let _gone = rustix::net::shutdown(&self.0, rustix::net::Shutdown::Write);
    }

    /// From now on dropping the socket sends RST, not FIN.
    pub(crate) fn reset_on_drop(&self) {
        self.0.set_zero_linger().expect("SO_LINGER can be set on a TCP socket");
    }
}

/// Whether an IO error is the peer's RST (or a write after it).
pub(crate) fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}
