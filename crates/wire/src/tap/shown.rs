//! The model's name that clients read.

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::scan::Span;
use crate::splice::quoted;
use crate::sse::{self, Block, Frame};

/// The name that stands in answers where the model server writes its own. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownModel {
    /// As JSON, with its quotes.
    quoted: Bytes,
}

impl ShownModel {
    /// The name as the client asked for it.
    pub fn new(name: &str) -> Self {
        Self { quoted: Bytes::from(quoted(name)) }
    }

    /// The event with the name at `model`, a place in `data`, put right. One that has the name
    /// already comes back uncopied.
    pub(super) fn in_event(&self, block: Block, frame: &Frame, model: Span) -> Bytes {
        let data = &frame.data;
        if data[model.clone()] == self.quoted {
            return block.into_bytes();
        }
        if let Some(at) = block.place_of(data) {
            return self.splice(&block.into_bytes(), at + model.start..at + model.end);
        }
        // Data on several lines lie nowhere in the block as they are.
        let mut out = BytesMut::new();
        let event = frame.event.as_deref().and_then(|name| std::str::from_utf8(name).ok());
        sse::write_event(&mut out, event, &self.splice(data, model));
        out.freeze()
    }

    /// The body with the name at `model` put right, uncopied if it is right.
    pub(super) fn in_body(&self, body: &Bytes, model: Span) -> Bytes {
        if body[model.clone()] == self.quoted { body.clone() } else { self.splice(body, model) }
    }

    fn splice(&self, bytes: &[u8], place: Span) -> Bytes {
        let length = bytes.len() - place.len() + self.quoted.len();
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(&bytes[..place.start]);
        out.extend_from_slice(&self.quoted);
        out.extend_from_slice(&bytes[place.end..]);
        Bytes::from(out)
    }
}

impl fmt::Debug for ShownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShownModel({})", String::from_utf8_lossy(&self.quoted))
    }
}
