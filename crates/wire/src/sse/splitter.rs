//! Cuts a byte stream at its blank lines.

use bytes::{Buf, Bytes, BytesMut};

use super::Frame;

/// U+FEFF in UTF-8, which may stand at the very start of a stream and means nothing.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A stream that cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An event, whole or not, is larger than the limit.
    #[error("an event is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// The bytes of one event as they came, up to and with the blank line that ends it. Blocks put
/// together are the stream, but for a byte order mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block(Bytes);

impl Block {
    /// The bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The fields; `None` when the block dispatches nothing: only comments, or no data.
    pub fn frame(&self) -> Option<Frame> {
        Frame::of(&self.0)
    }

    /// Where the data of this block's own frame lie in it; `None` when they were joined of several
    /// lines, which made a copy.
    pub(crate) fn place_of(&self, data: &Bytes) -> Option<usize> {
        let at = data.as_ptr().addr().checked_sub(self.0.as_ptr().addr())?;
        (at + data.len() <= self.0.len()).then_some(at)
    }

    /// Whether there is nothing but line ends.
    pub fn is_blank(&self) -> bool {
        self.0.iter().all(|byte| matches!(byte, b'\n' | b'\r'))
    }
}

/// Bytes to blocks, without reading anything itself.
///
/// An event that lies within one chunk is a slice of it; only events that straddle chunks are
/// copied, and never more of them than the limit.
#[derive(Debug)]
pub struct Splitter {
    limit: usize,
    /// The beginning of an event that earlier chunks did not finish.
    carry: BytesMut,
    chunk: Bytes,
    cut: Cut,
    at_start: bool,
}

/// Where the search for the next blank line stands.
#[derive(Debug)]
struct Cut {
    /// Whether the next byte begins a line.
    line_start: bool,
    /// Whether the last byte was a CR, so that an LF now is the rest of its line end.
    after_cr: bool,
}

impl Splitter {
    /// A splitter for events of at most `limit` bytes; [`super::MAX_EVENT_BYTES`] is the usual.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            carry: BytesMut::new(),
            chunk: Bytes::new(),
            cut: Cut { line_start: true, after_cr: false },
            at_start: true,
        }
    }

    /// Takes the next chunk. Blocks of the chunk before must have been taken out.
    pub fn push(&mut self, chunk: Bytes) {
        debug_assert!(self.chunk.is_empty(), "take the blocks of a chunk before the next one");
        self.chunk = chunk;
    }

    /// The next whole block; `None` when more bytes are needed.
    pub fn next_block(&mut self) -> Result<Option<Block>, Error> {
        let Some(end) = self.cut.find(&self.chunk) else {
            self.check_room(self.chunk.len())?;
            self.carry.extend_from_slice(&self.chunk);
            self.chunk.clear();
            return Ok(None);
        };
        self.check_room(end)?;
        let tail = self.chunk.split_to(end);
        let mut bytes = if self.carry.is_empty() {
            tail
        } else {
            self.carry.extend_from_slice(&tail);
            self.carry.split().freeze()
        };
        if std::mem::take(&mut self.at_start) && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.advance(BYTE_ORDER_MARK.len());
        }
        Ok(Some(Block(bytes)))
    }

    /// The next event, past blocks that dispatch none; `None` when more bytes are needed.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        while let Some(block) = self.next_block()? {
            if let Some(frame) = block.frame() {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    fn check_room(&self, more: usize) -> Result<(), Error> {
        if self.carry.len() + more > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        Ok(())
    }
}

impl Cut {
    /// The end of the first block in `bytes`, which follow what was searched before.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            if self.after_cr && at < bytes.len() {
                self.after_cr = false;
                at += usize::from(bytes[at] == b'\n');
            }
            let Some(found) = memchr::memchr2(b'\n', b'\r', &bytes[at..]) else {
                self.line_start &= at == bytes.len();
                return None;
            };
            let blank = self.line_start && found == 0;
            at += found + 1;
            self.line_start = true;
            self.after_cr = bytes[at - 1] == b'\r';
            if blank {
                if self.after_cr && bytes.get(at) == Some(&b'\n') {
                    self.after_cr = false;
                    at += 1;
                }
                return Some(at);
            }
        }
    }
}
