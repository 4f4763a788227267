//! The two protocols in which a model server can be asked for a turn, as one.

use std::sync::Arc;

use bytes::Bytes;
use transom_core::backend::ApiKind;
use transom_core::event::Event;
use transom_core::id::IdSource;
use transom_core::item::Item;
use transom_core::request::Generation;
use transom_core::upstream_error::UpstreamError;

use crate::answer::tools::Tools;
use crate::native::Expected;
use crate::tap::{UsageChunk, UsageTap};
use crate::{chat, native};

/// What is known of an answer before its server is.
pub struct Expectation {
    ids: Arc<dyn IdSource>,
    calls: Vec<String>,
    tools: Tools,
    expected: Expected,
}

impl Expectation {
    /// What the answer to a generation can be. Ids for calls to which the model server gives none
    /// are taken from `ids`.
    pub fn of(generation: &Generation, ids: Arc<dyn IdSource>) -> Self {
        let calls = generation.input.iter().filter_map(Item::call_id).map(str::to_owned);
        Self {
            ids,
            calls: calls.collect(),
            tools: Tools::of(generation),
            expected: Expected::of(generation),
        }
    }

    /// A decoder for an answer in this protocol.
    pub fn decoder(&self, kind: ApiKind) -> Decoder {
        let (ids, calls) = (Arc::clone(&self.ids), self.calls.iter().cloned());
        match kind {
            ApiKind::ChatCompletions => {
                let decoder = chat::Decoder::new(ids).with_known_calls(calls);
                Decoder::Chat(decoder.knowing(self.tools.clone()))
            }
            ApiKind::Responses => {
                let decoder = native::Decoder::new(ids).with_known_calls(calls);
                Decoder::Native(decoder.knowing(self.tools.clone(), self.expected))
            }
        }
    }
}

/// Decodes one stream of either protocol.
pub enum Decoder {
    /// Of a chat completion.
    Chat(chat::Decoder),
    /// Of a server's own response.
    Native(native::Decoder),
}

impl Decoder {
    /// Takes in the data of one server-sent event and appends to `out` what it means.
    pub fn feed(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        match self {
            Self::Chat(decoder) => decoder.feed(data, out),
            Self::Native(decoder) => decoder.feed(data, out),
        }
    }

    /// Takes in the clean end of the body.
    pub fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        match self {
            Self::Chat(decoder) => decoder.finish(out),
            Self::Native(decoder) => decoder.finish(),
        }
    }
}

/// Watches the beginning of a stream of either protocol: whether the model has begun to answer, and
/// what fails before that.
pub enum Watch {
    /// Of a chat completion; what the tap lets through is thrown away.
    Chat(UsageTap, Vec<Bytes>),
    /// Of a server's own response.
    Native(native::Watch),
}

impl Watch {
    /// For a stream whose events have at most `max_event` bytes.
    pub fn new(kind: ApiKind, max_event: usize) -> Self {
        match kind {
            ApiKind::ChatCompletions => {
                Self::Chat(UsageTap::new(UsageChunk::Forward, max_event), Vec::new())
            }
            ApiKind::Responses => Self::Native(native::Watch::new(max_event)),
        }
    }

    /// Takes bytes of the model server in.
    pub fn feed(&mut self, chunk: Bytes) -> Result<(), UpstreamError> {
        match self {
            Self::Chat(tap, passed) => {
                let fed = tap.feed(chunk, passed);
                passed.clear();
                fed
            }
            Self::Native(watch) => watch.feed(chunk),
        }
    }

    /// Whether the model has begun to answer.
    pub fn has_content(&self) -> bool {
        match self {
            Self::Chat(tap, _) => tap.has_content(),
            Self::Native(watch) => watch.has_content(),
        }
    }

    /// Whether the last event has come.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Chat(tap, _) => tap.is_done(),
            Self::Native(watch) => watch.is_done(),
        }
    }

    /// Judges the end of the stream.
    pub fn finish(&self) -> Result<(), UpstreamError> {
        match self {
            Self::Chat(tap, _) => tap.finish().map(drop),
            Self::Native(watch) => watch.finish(),
        }
    }
}
