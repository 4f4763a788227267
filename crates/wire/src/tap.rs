//! Watches an answer that passes through, without decoding it, and puts the name of its model right.
//!
//! # Layout
//!
//! - [`UsageTap`]: a stream of chat or completions, chunk by chunk.
//! - [`read_body`]: a whole answer.
//! - [`ShownModel`]: the name that clients read in either.
//! - `chunk`: what one JSON object says, found while it is validated.
//! - [`usage`]: the `usage` object, for everybody who reads one.

use bytes::Bytes;
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;

use crate::error::parse_report;
use crate::sse::{self, Block, Frame, Splitter};

mod body;
mod chunk;
mod shown;
pub mod usage;

pub use body::{Answer, read_body};
use chunk::{Choices, Chunk, Content};
pub use shown::ShownModel;

/// What becomes of the chunk that has only usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageChunk {
    /// The client asked for it.
    Forward,
    /// The gateway asked for it.
    Hide,
}

/// How a stream ended that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// `[DONE]` has been forwarded.
    Done,
    /// The model had stopped but the server left `[DONE]` out: these bytes make up for it.
    Append(Bytes),
}

/// Watches one stream: bytes go in as they came, and come out in whole events.
///
/// Every event is checked to be UTF-8 and JSON before it is let through. What follows `[DONE]` is
/// ignored. After an error the tap must not be fed again; events before the wrong one have been
/// let through.
#[derive(Debug)]
pub struct UsageTap {
    splitter: Splitter,
    usage_chunk: UsageChunk,
    shown: Option<ShownModel>,
    progress: Progress,
    content: Content,
    choices: Choices,
    usage: Option<Usage>,
    unusable: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Silent,
    Begun,
    Done,
}

impl UsageTap {
    /// A tap for a stream whose events have at most `max_event` bytes.
    pub fn new(usage_chunk: UsageChunk, max_event: usize) -> Self {
        Self {
            splitter: Splitter::new(max_event),
            usage_chunk,
            shown: None,
            progress: Progress::Silent,
            content: Content::Awaited,
            choices: Choices::default(),
            usage: None,
            unusable: 0,
        }
    }

    /// Has the client read this name as the `model` of every chunk; otherwise it reads the model
    /// server's.
    #[must_use]
    pub fn showing(mut self, shown: ShownModel) -> Self {
        self.shown = Some(shown);
        self
    }

    /// Takes bytes of the model server in and appends to `out` what the client gets, in order.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Protocol`] for an event that is not UTF-8 or JSON,
    /// [`UpstreamError::TooLarge`] for one over the limit, [`UpstreamError::Reported`] for an error
    /// object, which is not let through: it may quote what the client must not read.
    pub fn feed(&mut self, chunk: Bytes, out: &mut Vec<Bytes>) -> Result<(), UpstreamError> {
        if self.progress == Progress::Done {
            return Ok(());
        }
        self.splitter.push(chunk);
        while let Some(block) = self.splitter.next_block()? {
            match block.frame() {
                Some(frame) => self.event(block, &frame, out)?,
                None if block.is_blank() => {}
                None => out.push(block.into_bytes()),
            }
            if self.progress == Progress::Done {
                break;
            }
        }
        Ok(())
    }

    /// Judges the end of the stream.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Truncated`] when the model had not stopped.
    pub fn finish(&self) -> Result<Tail, UpstreamError> {
        match self.progress {
            Progress::Done => Ok(Tail::Done),
            Progress::Begun if self.choices.all_finished() => {
                Ok(Tail::Append(Bytes::from_static(sse::DONE)))
            }
            Progress::Begun => {
                Err(truncated("the stream ended without [DONE] and without a finish_reason"))
            }
            Progress::Silent => Err(truncated("the stream had no event")),
        }
    }

    /// Whether `[DONE]` has come: nothing that follows matters.
    pub fn is_done(&self) -> bool {
        self.progress == Progress::Done
    }

    /// Whether the model has begun to answer: a choice has text, thoughts, a call or a reason to
    /// stop. A chunk with nothing but a role is no content; whatever is not understood is, so that
    /// nobody waits for the content of a stream in vain.
    pub fn has_content(&self) -> bool {
        self.content == Content::Seen
    }

    /// What the answer cost, as far as the server has said it and it can be true.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// How many times the server reported usage that cannot be true.
    pub fn unusable_usage(&self) -> u32 {
        self.unusable
    }

    fn event(
        &mut self,
        block: Block,
        frame: &Frame,
        out: &mut Vec<Bytes>,
    ) -> Result<(), UpstreamError> {
        let data = frame.data.trim_ascii();
        let indent = frame.data.len() - frame.data.trim_ascii_start().len();
        if data.is_empty() {
            return Ok(());
        }
        self.progress = Progress::Begun;
        if data == b"[DONE]" {
            // A server that was cut and still says so has not finished.
            if !self.choices.all_finished() {
                return Err(truncated("[DONE] came without a finish_reason"));
            }
            self.progress = Progress::Done;
            out.push(block.into_bytes());
            return Ok(());
        }
        let chunk = chunk::read(data, self.content)?;
        if chunk.error || frame.is("error") {
            return Err(UpstreamError::Reported(parse_report(data)));
        }
        self.content = chunk.content;
        self.choices.add(&chunk.choices);
        self.note_usage(&chunk);
        let hidden = chunk.is_usage_only() && self.usage_chunk == UsageChunk::Hide;
        if !hidden {
            out.push(match (&self.shown, chunk.model) {
                (Some(shown), Some(model)) => {
                    shown.in_event(block, frame, indent + model.start..indent + model.end)
                }
                _ => block.into_bytes(),
            });
        }
        Ok(())
    }

    /// The last report counts: servers that report along the way report growing sums.
    fn note_usage(&mut self, chunk: &Chunk<'_>) {
        match chunk.usage.map(usage::parse) {
            None | Some(Ok(None)) => {}
            Some(Ok(usage)) => self.usage = usage,
            Some(Err(usage::Unusable)) => {
                self.usage = None;
                self.unusable = self.unusable.saturating_add(1);
            }
        }
    }
}

impl From<sse::Error> for UpstreamError {
    fn from(error: sse::Error) -> Self {
        match error {
            sse::Error::TooLarge { limit } => Self::TooLarge { limit },
        }
    }
}

fn truncated(detail: &str) -> UpstreamError {
    UpstreamError::Truncated { detail: detail.to_owned() }
}

fn protocol(detail: &str) -> UpstreamError {
    UpstreamError::Protocol { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
