//! The fields of one event.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// One event as the standard dispatches it. `id` and `retry` are not for proxies and are left out.
///
/// The data is bytes: whether they are UTF-8 is for whoever reads them, since a silent U+FFFD
/// would end up in stored text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The event's name; `None` stands for `message`.
    pub event: Option<Bytes>,
    /// The data, lines joined by LF.
    pub data: Bytes,
}

impl Frame {
    pub(super) fn of(block: &Bytes) -> Option<Self> {
        Self::plain(block).or_else(|| Self::any(block))
    }

    /// The usual block: `data: …` and two LFs.
    fn plain(block: &Bytes) -> Option<Self> {
        let inside = block.strip_prefix(b"data: ")?.strip_suffix(b"\n\n")?;
        let one_line = memchr::memchr2(b'\n', b'\r', inside).is_none();
        one_line.then(|| Self { event: None, data: block.slice_ref(inside) })
    }

    fn any(block: &Bytes) -> Option<Self> {
        let mut event = None;
        let mut data = Data::None;
        for line in Lines::of(block) {
            let line = &block[line];
            let (name, value) = match memchr::memchr(b':', line) {
                Some(colon) => (&line[..colon], &line[colon + 1..]),
                None => (line, &line[line.len()..]),
            };
            let value = block.slice_ref(value.strip_prefix(b" ").unwrap_or(value));
            match name {
                b"event" => event = Some(value).filter(|name| !name.is_empty()),
                b"data" => data = data.with(value),
                _ => {}
            }
        }
        let data = match data {
            Data::None => return None,
            Data::One(data) => data,
            Data::Many(data) => data.freeze(),
        };
        Some(Self { event, data })
    }

    /// Whether the event has this name.
    pub fn is(&self, name: &str) -> bool {
        self.event.as_deref() == Some(name.as_bytes())
    }
}

enum Data {
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Data {
    fn with(self, line: Bytes) -> Self {
        let mut joined = match self {
            Self::None => return Self::One(line),
            Self::One(first) => BytesMut::from(first),
            Self::Many(joined) => joined,
        };
        joined.extend_from_slice(b"\n");
        joined.extend_from_slice(&line);
        Self::Many(joined)
    }
}

/// The lines of a text, ended by LF, CR LF or CR. A text that ends with a line end has no empty
/// line after it; an empty text has one empty line.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    begun: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, begun: false }
    }
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.begun && self.at == self.bytes.len() {
            return None;
        }
        self.begun = true;
        let start = self.at;
        let Some(found) = memchr::memchr2(b'\n', b'\r', &self.bytes[start..]) else {
            self.at = self.bytes.len();
            return Some(start..self.at);
        };
        let end = start + found;
        let crlf = self.bytes[end..].starts_with(b"\r\n");
        self.at = end + 1 + usize::from(crlf);
        Some(start..end)
    }
}
