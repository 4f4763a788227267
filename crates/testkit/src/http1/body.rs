//! Message bodies: which framing holds, and the bytes inside it.

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Buf as _, Bytes, BytesMut};

use super::{Head, Headers};

/// Longest chunk-size or trailer line, in bytes.
const MAX_LINE: usize = 4096;

/// How the end of a body is marked (RFC 9112, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `content-length`, or no body at all (0).
    Length(u64),
    /// `transfer-encoding: chunked`.
    Chunked,
    /// A response that ends with the connection.
    UntilClose,
}

impl Framing {
    /// The framing of a request; both framings, two lengths or an unknown coding are errors.
    pub fn of_request(headers: &Headers) -> Result<Self> {
        Ok(explicit(headers)?.unwrap_or(Self::Length(0)))
    }

    /// The framing of a response to anything but HEAD and CONNECT.
    pub fn of_response(head: &Head) -> Result<Self> {
        match head.status()? {
            100..=199 | 204 | 304 => Ok(Self::Length(0)),
            _ => Ok(explicit(&head.headers)?.unwrap_or(Self::UntilClose)),
        }
    }
}

fn explicit(headers: &Headers) -> Result<Option<Framing>> {
    let lengths: Vec<_> = headers.all("content-length").collect();
    let codings: Vec<_> = headers.all("transfer-encoding").collect();
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Ok(None),
        ([length], []) => {
            ensure!(length.bytes().all(|b| b.is_ascii_digit()), "content-length is {length:?}");
            Ok(Some(Framing::Length(length.parse().context("content-length")?)))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Some(Framing::Chunked)),
        _ => bail!("ambiguous framing: lengths {lengths:?}, codings {codings:?}"),
    }
}

/// What came out of the buffered bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Body bytes, never empty.
    Data(Bytes),
    /// Nothing until more bytes arrive.
    NeedMore,
    /// The body is complete; what remains in the buffer belongs to the next message.
    Done,
}

/// Takes a body out of its framing, byte by byte if need be.
#[derive(Debug)]
pub struct BodyDecoder(State);

#[derive(Debug)]
enum State {
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    UntilClose,
    Done,
}

impl BodyDecoder {
    /// A decoder at the first byte after the head.
    pub fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        })
    }

    /// Advances over the bytes in `buffer`, consuming what it has understood.
    pub fn advance(&mut self, buffer: &mut BytesMut) -> Result<Progress> {
        loop {
            match self.0 {
                State::Done | State::Length(0) => {
                    self.0 = State::Done;
                    return Ok(Progress::Done);
                }
                _ if buffer.is_empty() => return Ok(Progress::NeedMore),
                State::Length(left) => return Ok(self.data(buffer, left, State::Length)),
                State::UntilClose => return Ok(Progress::Data(buffer.split().freeze())),
                State::ChunkData(0) => self.0 = State::ChunkEnd,
                State::ChunkData(left) => return Ok(self.data(buffer, left, State::ChunkData)),
                State::ChunkSize | State::ChunkEnd | State::Trailers => {
                    let Some(line) = take_line(buffer)? else { return Ok(Progress::NeedMore) };
                    self.line(&line)?;
                }
            }
        }
    }

    /// Whether the peer's FIN at this point ends the body properly.
    pub fn may_end_here(&self) -> bool {
        matches!(self.0, State::Done | State::UntilClose | State::Length(0))
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        self.0 = match self.0 {
            State::ChunkSize => match chunk_size(line)? {
                0 => State::Trailers,
                size => State::ChunkData(size),
            },
            State::ChunkEnd => {
                ensure!(line.is_empty(), "bytes between a chunk and its line end");
                State::ChunkSize
            }
            _ if line.is_empty() => State::Done,
            _ => State::Trailers,
        };
        Ok(())
    }

    fn data(&mut self, buffer: &mut BytesMut, left: u64, rest: fn(u64) -> State) -> Progress {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        self.0 = rest(left - take as u64);
        Progress::Data(buffer.split_to(take).freeze())
    }
}

fn take_line(buffer: &mut BytesMut) -> Result<Option<BytesMut>> {
    let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") else {
        ensure!(buffer.len() <= MAX_LINE, "a chunk line longer than {MAX_LINE} bytes");
        return Ok(None);
    };
    let line = buffer.split_to(end);
    buffer.advance(2);
    Ok(Some(line))
}

fn chunk_size(line: &[u8]) -> Result<u64> {
    let digits = line.split(|b| *b == b';').next().unwrap_or_default();
    let digits = std::str::from_utf8(digits).context("chunk size")?;
    ensure!(digits.bytes().all(|b| b.is_ascii_hexdigit()), "a chunk size of {digits:?}");
    u64::from_str_radix(digits, 16).with_context(|| format!("a chunk size of {digits:?}"))
}
