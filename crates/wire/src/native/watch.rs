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
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The server works.
    Awaited,
    /// The model answers.
    Begun,
    /// The last event has come.
    Done,
}

impl Watch {
    /// For a stream whose events have at most `max_event` bytes.
    pub fn new(max_event: usize) -> Self {
        Self { splitter: Splitter::new(max_event), progress: Progress::Awaited }
    }

    /// Takes bytes of the model server in.
    ///
    /// # Errors
    ///
    /// Those of [`Decoder::feed`](super::Decoder::feed) that an event shows by itself.
    pub fn feed(&mut self, chunk: Bytes) -> Result<(), UpstreamError> {
        if self.is_done() {
            return Ok(());
        }
        self.splitter.push(chunk);
        while let Some(frame) = self.splitter.next_frame()? {
            self.event(frame.data.trim_ascii())?;
            if self.is_done() {
                break;
            }
        }
        Ok(())
    }

    /// Whether the model has begun to answer: there is text, a thought, a call or the end. Items
    /// that are announced are no content yet; whatever is not understood is.
    pub fn has_content(&self) -> bool {
        self.progress != Progress::Awaited
    }

    /// Whether the last event has come.
    pub fn is_done(&self) -> bool {
        self.progress == Progress::Done
    }

    /// Judges the end of the stream.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Truncated`] when the last event has not come.
    pub fn finish(&self) -> Result<(), UpstreamError> {
        if self.is_done() { Ok(()) } else { Err(unfinished()) }
    }

    fn event(&mut self, data: &[u8]) -> Result<(), UpstreamError> {
        if data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            return Err(unfinished());
        }
        let begins = match event::read_event(data)? {
            Event::Error => return Err(UpstreamError::Reported(parse_report(data))),
            Event::Ended(ending, response) if is_failure(ending, &response) => {
                return Err(UpstreamError::Reported(failure(&response)));
            }
            Event::Ended(..) => {
                self.progress = Progress::Done;
                return Ok(());
            }
            Event::Working { .. } | Event::Silent => false,
            Event::Added(_, item) => matches!(item.kind, ItemKind::Call { .. }),
            Event::Thoughts(_, text) | Event::Text(_, text, _) | Event::Refusal(_, text) => {
                !text.is_empty()
            }
            Event::Arguments(..) | Event::Done(..) | Event::Other => true,
        };
        if begins {
            self.progress = Progress::Begun;
        }
        Ok(())
    }
}
