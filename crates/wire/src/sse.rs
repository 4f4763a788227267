//! Event streams (WHATWG HTML, section 9.2), both directions.
//!
//! # Layout
//!
//! - [`Splitter`]: bytes in any chunking to [`Block`]s: what lies between two blank lines.
//! - [`Frame`]: the fields of a block.
//! - [`write_event`] and the constants: the way out.

use bytes::BytesMut;

mod frame;
mod splitter;

pub use frame::Frame;
pub use splitter::{Block, Error, Splitter};

/// The largest event taken from a model server, in bytes, unless the configuration says otherwise.
pub const MAX_EVENT_BYTES: usize = 8 << 20;

/// A comment that keeps idle connections alive; clients do not see it.
pub const COMMENT_KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// The end of a chat stream that went well.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

/// Appends one event. Data with line ends, which JSON never has, becomes several `data:` lines;
/// `event` must not have any.
pub fn write_event(out: &mut BytesMut, event: Option<&str>, data: &[u8]) {
    if let Some(event) = event {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.as_bytes());
        out.extend_from_slice(b"\n");
    }
    for line in frame::Lines::of(data) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&data[line]);
        out.extend_from_slice(b"\n");
    }
    if matches!(data, [.., b'\n' | b'\r']) {
        out.extend_from_slice(b"data: \n");
    }
    out.extend_from_slice(b"\n");
}

#[cfg(test)]
mod tests;
