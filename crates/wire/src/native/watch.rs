//! Watches the beginning of a response stream, without decoding it.

use bytes::Bytes;
use transom_core::upstream_error::UpstreamError;

use super::decode::{failure, is_failure, unfinished};
use super::event::{self, Event};
use super::item::ItemKind;
use crate::error::parse_report;
use crate::sse::Splitter;

/// Tells when a model has begun to answer, and errors before that.
#[derive(Debug)]
pub struct Watch {
    splitter: Splitter,
    content: bool,
    done: bool,
}

impl Watch {
    /// For a stream whose events have at most `max_event` bytes.
    pub fn new(max_event: usize) -> Self {
        Self { splitter: Splitter::new(max_event), content: false, done: false }
    }

    /// Takes bytes of the model server in.
    ///
    /// # Errors
    ///
    /// Those of [`Decoder::feed`](super::Decoder::feed) that an event shows by itself.
    pub fn feed(&mut self, chunk: Bytes) -> Result<(), UpstreamError> {
        if self.done {
            return Ok(());
        }
        self.splitter.push(chunk);
        while let Some(frame) = self.splitter.next_frame()? {
            self.event(frame.data.trim_ascii())?;
            if self.done {
                break;
            }
        }
        Ok(())
    }

    /// Whether the model has begun to answer: there is text, a thought, a call or the end. Items
    /// that are announced are no content yet; whatever is not understood is.
    pub fn has_content(&self) -> bool {
        self.content
    }

    /// Whether the last event has come.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Judges the end of the stream.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Truncated`] when the last event has not come.
    pub fn finish(&self) -> Result<(), UpstreamError> {
        if self.done { Ok(()) } else { Err(unfinished()) }
    }

    fn event(&mut self, data: &[u8]) -> Result<(), UpstreamError> {
        if data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            return Err(unfinished());
        }
        match event::read_event(data)? {
            Event::Error => return Err(UpstreamError::Reported(parse_report(data))),
            Event::Ended(ending, response) if is_failure(ending, &response) => {
                return Err(UpstreamError::Reported(failure(&response)));
            }
            Event::Ended(..) => {
                self.content = true;
                self.done = true;
            }
            Event::Working { .. } | Event::Silent => {}
            Event::Added(_, item) => {
                self.content |= matches!(item.kind, ItemKind::Call { .. });
            }
            Event::Thoughts(_, text) | Event::Text(_, text, _) | Event::Refusal(_, text) => {
                self.content |= !text.is_empty();
            }
            Event::Arguments(..) | Event::Done(..) | Event::Other => self.content = true,
        }
        Ok(())
    }
}
