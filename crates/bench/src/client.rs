//! One keep-alive connection, with as little work for each answer as can be: the client shares a
//! core with the mock.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::mock::TOKEN_TEXT;
use crate::slot::now;

/// An answer larger than this is a fault.
const MAX_ANSWER: usize = 16 << 20;

/// Bytes read at a time.
const READ: usize = 64 * 1024;

/// When the parts of an exchange happened, as [`now`] tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Before the request was written.
    pub(crate) sent: u64,
    /// When the first token arrived; without one, the end.
    pub(crate) first: u64,
    /// When the answer was whole.
    pub(crate) end: u64,
}

/// A connection.
pub(crate) struct Connection {
    socket: TcpStream,
    answer: Vec<u8>,
    body: usize,
    text: Vec<u8>,
}

/// How the end of a body is known.
enum Framing {
    Length(usize),
    Chunked,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, answer: Vec::with_capacity(READ), body: 0, text: Vec::new() })
    }

    /// Sends a request and reads its answer, which has to be a 200.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Times> {
        self.answer.clear();
        let sent = now();
        self.socket.write_all(request).await?;
        let framing = self.head().await?;
        let mut first = None;
        loop {
            let tail = self.answer.get(self.body..).unwrap_or_default();
            if first.is_none() && memmem::find(tail, TOKEN_TEXT).is_some() {
                first = Some(now());
            }
            let whole = match framing {
                Framing::Length(length) => tail.len() >= length,
                // The end of an event is never the end of a chunk's frame.
                Framing::Chunked => tail.ends_with(b"\r\n0\r\n\r\n"),
            };
            if whole {
                let end = now();
                self.unframe(&framing)?;
                return Ok(Times { sent, first: first.unwrap_or(end), end });
            }
            self.read().await?;
        }
    }

    /// The answer to the last request.
    pub(crate) fn body(&self) -> &[u8] {
        &self.text
    }

    /// Takes the frames of chunks away: a proxy may cut an event in two by one.
    fn unframe(&mut self, framing: &Framing) -> anyhow::Result<()> {
        self.text.clear();
        let mut rest = self.answer.get(self.body..).unwrap_or_default();
        if let Framing::Length(_) = framing {
            self.text.extend_from_slice(rest);
            return Ok(());
        }
        loop {
            let line = memmem::find(rest, b"\r\n").context("a chunk without length")?;
            let length = usize::from_str_radix(std::str::from_utf8(&rest[..line])?, 16)?;
            if length == 0 {
                return Ok(());
            }
            let chunk = rest.get(line + 2..line + 2 + length).context("a cut chunk")?;
            self.text.extend_from_slice(chunk);
            rest = rest.get(line + 4 + length..).unwrap_or_default();
        }
    }

    async fn head(&mut self) -> anyhow::Result<Framing> {
        let length = loop {
            if let Some(at) = memmem::find(&self.answer, b"\r\n\r\n") {
                break at;
            }
            self.read().await?;
        };
        self.body = length + 4;
        let head = std::str::from_utf8(&self.answer[..length])?.to_ascii_lowercase();
        ensure!(head.starts_with("http/1.1 200"), "answered {head} {}", self.shown());
        if head.contains("transfer-encoding: chunked") {
            return Ok(Framing::Chunked);
        }
        let (_, rest) = head.split_once("content-length: ").context("an answer without length")?;
        let digits = rest.split("\r\n").next().unwrap_or_default();
        Ok(Framing::Length(digits.parse()?))
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        ensure!(self.answer.len() < MAX_ANSWER, "the answer does not end");
        self.answer.reserve(READ);
        if self.socket.read_buf(&mut self.answer).await? == 0 {
            bail!("the connection was closed: {}", self.shown());
        }
        Ok(())
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(self.answer.get(self.body..).unwrap_or_default())
            .chars()
            .take(300)
            .collect()
    }
}
