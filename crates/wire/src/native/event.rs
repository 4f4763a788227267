//! One event of a response stream, borrowed from the bytes it came in.
//!
//! Only what the gateway uses is read, and only of events that it uses: servers add fields, leave out
//! `output_index` and `sequence_number` (llama.cpp), and write `null` where there should be a value
//! (vLLM). `null` and a missing field mean the same everywhere.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use transom_core::upstream_error::UpstreamError;

use super::item::Item;
use crate::answer::protocol;

/// What an event says.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// The server has begun, or tells that it works.
    Working { model: Cow<'a, str> },
    /// An item begins.
    Added(At<'a>, Item<'a>),
    /// An item has ended. It is whole: what has not been streamed of it is here.
    Done(At<'a>, Item<'a>),
    /// Thoughts.
    Thoughts(At<'a>, Cow<'a, str>),
    /// Text, with its tokens.
    Text(At<'a>, Cow<'a, str>, Vec<&'a RawValue>),
    /// A piece of a refusal.
    Refusal(At<'a>, Cow<'a, str>),
    /// A piece of the arguments of a call.
    Arguments(At<'a>, Cow<'a, str>),
    /// The response has ended; how, it says itself.
    Ended(Ending, Response<'a>),
    /// An error object.
    Error,
    /// Something that announces what comes, or repeats what came.
    Silent,
    /// Something that the gateway does not know.
    Other,
}

/// The kind of the last event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// `response.completed`
    Completed,
    /// `response.incomplete`
    Incomplete,
    /// `response.failed`, or a response that was cancelled.
    Failed,
}

/// Which item an event is about, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct At<'a> {
    pub(super) index: Option<u32>,
    pub(super) id: Cow<'a, str>,
}

/// The response in the last event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) status: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Str<'a>>,
    /// Present as `null` where the server knows the field.
    #[serde(borrow, deserialize_with = "present")]
    incomplete_details: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) output: Option<Vec<&'a RawValue>>,
    /// Read apart: a wrong count must not cost the answer.
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

impl Response<'_> {
    /// Why the response is not complete, in the server's word.
    pub(super) fn reason(&self) -> Option<Cow<'_, str>> {
        #[derive(Deserialize)]
        struct Details<'a> {
            #[serde(borrow)]
            reason: Option<Str<'a>>,
        }
        let details = self.incomplete_details?;
        let details: Option<Details<'_>> = serde_json::from_str(details.get()).ok()?;
        Some(details?.reason?.0)
    }

    /// Whether the server tells of responses that were cut at all.
    pub(super) fn tells_cuts(&self) -> bool {
        self.incomplete_details.is_some()
    }
}

/// A string that is copied only when it has escapes.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Str<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The text of an optional string: empty when there is none.
pub(super) fn text<'s>(string: Option<&'s Str<'_>>) -> &'s str {
    string.map_or("", |string| &string.0)
}

/// The fields of every event. They are read when it is known what they have to be.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Str<'a>>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    item_id: Option<&'a RawValue>,
    output_index: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl<'a> Fields<'a> {
    fn at(&self) -> Result<At<'a>, UpstreamError> {
        let index = self.output_index.map(|raw| read("output_index", raw)).transpose()?.flatten();
        let id = self.item_id.map(|raw| read::<Str<'_>>("item_id", raw)).transpose()?;
        Ok(At { index, id: id.flatten().map(|id| id.0).unwrap_or_default() })
    }

    fn delta(&self) -> Result<Cow<'a, str>, UpstreamError> {
        string("delta", self.delta)
    }

    fn item(&self) -> Result<Item<'a>, UpstreamError> {
        let raw = self.item.ok_or_else(|| protocol("an item event without an item"))?;
        Item::read(raw)
    }

    fn response(&self) -> Result<Response<'a>, UpstreamError> {
        match self.response {
            None => Ok(Response::default()),
            Some(raw) => Ok(read("response", raw)?.unwrap_or_default()),
        }
    }

    fn logprobs(&self) -> Result<Vec<&'a RawValue>, UpstreamError> {
        match self.logprobs {
            None => Ok(Vec::new()),
            Some(raw) => Ok(read("logprobs", raw)?.unwrap_or_default()),
        }
    }
}

/// Reads the data of one event.
pub(super) fn read_event(data: &[u8]) -> Result<Event<'_>, UpstreamError> {
    let text = std::str::from_utf8(data).map_err(|_| protocol("an event is not UTF-8"))?;
    // serde would read an array as the fields in order.
    if !text.starts_with('{') {
        return Err(protocol("an event is not a JSON object"));
    }
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| {
        let detail = format!("an event is not one of a response: {error}");
        UpstreamError::Protocol { detail }
    })?;
    let Some(kind) = &fields.kind else {
        // vLLM's engine can fail in a stream, and writes a bare error object then.
        return match fields.error {
            Some(_) => Ok(Event::Error),
            None => Err(protocol("an event without a type")),
        };
    };
    of_kind(&kind.0, &fields)
}

fn of_kind<'a>(kind: &str, fields: &Fields<'a>) -> Result<Event<'a>, UpstreamError> {
    Ok(match kind {
        "error" => Event::Error,
        "response.created" | "response.in_progress" | "response.queued" => {
            let model = fields.response()?.model.map(|model| model.0).unwrap_or_default();
            Event::Working { model }
        }
        "response.output_item.added" => Event::Added(item_at(fields)?, fields.item()?),
        "response.output_item.done" => Event::Done(item_at(fields)?, fields.item()?),
        // The second is what vLLM said once.
        "response.reasoning_text.delta" | "response.reasoning.delta" => {
            Event::Thoughts(fields.at()?, fields.delta()?)
        }
        "response.output_text.delta" => {
            Event::Text(fields.at()?, fields.delta()?, fields.logprobs()?)
        }
        "response.refusal.delta" => Event::Refusal(fields.at()?, fields.delta()?),
        "response.function_call_arguments.delta" => Event::Arguments(fields.at()?, fields.delta()?),
        "response.completed" => Event::Ended(Ending::Completed, fields.response()?),
        "response.incomplete" => Event::Ended(Ending::Incomplete, fields.response()?),
        "response.failed" | "response.cancelled" => {
            Event::Ended(Ending::Failed, fields.response()?)
        }
        // What these repeat is read where the item is done.
        "response.content_part.added"
        | "response.content_part.done"
        | "response.reasoning_part.added"
        | "response.reasoning_part.done"
        | "response.reasoning_text.done"
        | "response.output_text.done"
        | "response.refusal.done"
        | "response.function_call_arguments.done" => Event::Silent,
        _ => Event::Other,
    })
}

/// Where an item is: events that carry it do not repeat its id.
fn item_at<'a>(fields: &Fields<'a>) -> Result<At<'a>, UpstreamError> {
    let at = fields.at()?;
    let own = fields.item()?.id;
    Ok(At { id: if own.is_empty() { at.id } else { own }, ..at })
}

fn string<'a>(field: &str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, UpstreamError> {
    let text = raw.map(|raw| read::<Str<'_>>(field, raw)).transpose()?.flatten();
    Ok(text.map(|text| text.0).unwrap_or_default())
}

/// Reads a field; `None` where it is `null`.
pub(super) fn read<'a, T: Deserialize<'a>>(
    field: &str,
    raw: &'a RawValue,
) -> Result<Option<T>, UpstreamError> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let detail = format!("`{field}` of an event is not understood: {error}");
        UpstreamError::Protocol { detail }
    })
}

/// A field that is there, `null` included.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}
