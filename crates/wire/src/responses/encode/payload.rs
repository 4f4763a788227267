//! The data of each kind of event, with the fields of OpenAI's schema.

use serde::Serialize;
use serde_json::value::RawValue;
use transom_core::Json;

use crate::responses::item::{Shown, ShownPart};

/// What every event has: its kind and its number in the stream.
#[derive(Serialize)]
pub(super) struct Lifecycle<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) response: &'a RawValue,
}

#[derive(Serialize)]
pub(super) struct WholeItem<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) output_index: u32,
    pub(super) item: Shown<'a>,
}

#[derive(Serialize)]
pub(super) struct WholePart<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) content_index: u32,
    pub(super) part: ShownPart<'a>,
}

/// A piece of text, of a refusal, of thoughts or of arguments. Text has log probabilities,
/// arguments have no content index.
#[derive(Serialize)]
pub(super) struct Piece<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_index: Option<u32>,
    pub(super) delta: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<&'a [Json]>,
}

#[derive(Serialize)]
pub(super) struct AnnotationAdded<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) content_index: u32,
    pub(super) annotation_index: usize,
    pub(super) annotation: &'a RawValue,
}

/// The end of a text or of thoughts.
#[derive(Serialize)]
pub(super) struct TextDone<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) content_index: u32,
    pub(super) text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<&'a [Json]>,
}

#[derive(Serialize)]
pub(super) struct RefusalDone<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) content_index: u32,
    pub(super) refusal: &'a str,
}

#[derive(Serialize)]
pub(super) struct ArgumentsDone<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) arguments: &'a str,
    pub(super) name: &'a str,
}

#[derive(Serialize)]
pub(super) struct InputDone<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) input: &'a str,
}

/// Flat, as the official SDKs read it.
#[derive(Serialize)]
pub(super) struct Error<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    pub(super) param: Option<&'a str>,
}
