//! The socket itself, for requests no client library would send.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::net::TcpSocket;

use crate::PATIENCE;
use crate::exchanges::Witness;
use crate::http1::{BodyDecoder, Framing, Head, Headers, Progress};
use crate::socket::{Socket, is_reset};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer closed in order.
    Fin,
    /// The peer reset the connection.
    Reset,
    /// It is still open after the time given.
    StillOpen,
}

/// A complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body without its framing.
    pub body: Bytes,
}

impl Response {
    /// The body as text, damaged bytes replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; panics with the body when it is none.
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON ({error}): {}", self.text()),
        }
    }
}

/// A TCP connection with HTTP helpers. Not reading from it is how to be a slow reader.
#[derive(Debug)]
pub struct RawClient {
    socket: Socket,
    buffer: BytesMut,
    /// Behind a lock because sending takes `&self`.
    witness: Option<Mutex<Witness>>,
}

impl RawClient {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::on(Socket::connect(address).await?))
    }

    /// Connects with a small receive buffer (in bytes, the kernel doubles it), so that not reading
    /// stalls the peer soon.
    pub async fn connect_slow(address: SocketAddr, receive_buffer: u32) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(receive_buffer)?;
        Ok(Self::on(Socket::new(socket.connect(address).await?)?))
    }

    pub(crate) fn on(socket: Socket) -> Self {
        Self { socket, buffer: BytesMut::new(), witness: Witness::new().map(Mutex::new) }
    }

    /// Writes all of these bytes.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.tell(|witness| witness.sent(bytes.as_ref()));
        self.socket.write_all(bytes.as_ref()).await
    }

    /// Writes one byte at a time with this pause before each.
    pub async fn send_slowly(&self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            tokio::time::sleep(pause).await;
            self.send([*byte]).await?;
        }
        Ok(())
    }

    /// Writes the bytes as one chunk; an empty slice writes the final chunk.
    pub async fn send_chunk(&self, bytes: &[u8]) -> io::Result<()> {
        let size = format!("{:x}\r\n", bytes.len());
        self.send([size.as_bytes(), bytes, b"\r\n"].concat()).await
    }

    /// Writes a POST of JSON with `content-length` and `host`, in one piece.
    pub async fn post(&self, host: &str, path: &str, json: &str) -> io::Result<()> {
        let length = json.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        self.send(head + json).await
    }

    /// Reads up to the end of a response head; bytes behind it stay for the next read.
    pub async fn read_head(&mut self) -> Result<Head> {
        loop {
            if let Some((head, length)) = Head::parse(&self.buffer)? {
                self.buffer.advance(length);
                self.tell(|witness| witness.began(&head));
                return Ok(head);
            }
            if self.more().await? == 0 {
                bail!("the connection ended within a head: {:?}", self.buffer);
            }
        }
    }

    /// Reads a complete response; a body cut short is an error.
    pub async fn read_response(&mut self) -> Result<Response> {
        let head = self.read_head().await?;
        let mut decoder = BodyDecoder::new(Framing::of_response(&head)?);
        let mut body = BytesMut::new();
        while let Some(bytes) = self.read_body(&mut decoder).await? {
            body.extend_from_slice(&bytes);
        }
        Ok(Response { status: head.status()?, headers: head.headers, body: body.freeze() })
    }

    /// The next bytes of a body, `None` at its proper end.
    pub async fn read_body(&mut self, decoder: &mut BodyDecoder) -> Result<Option<Bytes>> {
        loop {
            match decoder.advance(&mut self.buffer)? {
                Progress::Data(bytes) => {
                    self.tell(|witness| witness.came(&bytes));
                    return Ok(Some(bytes));
                }
                Progress::Done => {
                    self.tell(Witness::ended);
                    return Ok(None);
                }
                Progress::NeedMore if self.more().await? > 0 => {}
                Progress::NeedMore if decoder.may_end_here() => return Ok(None),
                Progress::NeedMore => bail!("the connection ended within a body"),
            }
        }
    }

    /// Reads whatever arrives next; empty at the end of the connection.
    pub async fn read_some(&mut self) -> Result<Bytes> {
        if self.buffer.is_empty() {
            self.more().await?;
        }
        Ok(self.buffer.split().freeze())
    }

    /// Reads until the connection ends, or nothing more than this time has passed.
    pub async fn read_to_end(&mut self, at_most: Duration) -> (Bytes, End) {
        let reading = async {
            loop {
                match self.socket.read_some(&mut self.buffer).await {
                    Ok(0) => return End::Fin,
                    Err(error) if is_reset(&error) => return End::Reset,
                    Err(error) => panic!("reading failed: {error}"),
                    Ok(_) => {}
                }
            }
        };
        let end = tokio::time::timeout(at_most, reading).await.unwrap_or(End::StillOpen);
        (self.buffer.split().freeze(), end)
    }

    /// Sends FIN and goes on reading.
    pub fn half_close(&self) {
        self.socket.half_close();
    }

    /// Ends the connection with RST.
    pub fn reset(self) {
        self.socket.reset_on_drop();
    }

    fn tell(&self, what: impl FnOnce(&mut Witness)) {
        if let Some(witness) = &self.witness {
            what(&mut witness.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    async fn more(&mut self) -> Result<usize> {
        let reading = self.socket.read_some(&mut self.buffer);
        let read = tokio::time::timeout(PATIENCE, reading).await;
        Ok(read.context("nothing arrived in time")??)
    }
}
