//! The answer's format and the stream's.

use serde::Serialize;
use transom_core::Json;
use transom_core::request::{JsonSchema, OutputFormat};

#[derive(Serialize)]
pub(crate) struct StreamOptions {
    pub(crate) include_usage: bool,
}

/// vLLM's `structured_outputs`, of which only the grammar is needed.
#[derive(Serialize)]
pub(crate) struct StructuredOutputs<'a> {
    pub(crate) grammar: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: NamedSchema<'a> },
}

#[derive(Serialize)]
pub(crate) struct NamedSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// `response_format`; free text needs none.
pub(crate) fn of(format: &OutputFormat) -> Option<ResponseFormat<'_>> {
    match format {
        OutputFormat::Text => None,
        OutputFormat::JsonObject => Some(ResponseFormat::JsonObject),
        OutputFormat::JsonSchema(JsonSchema { name, description, schema, strict }) => {
            let description = description.as_deref();
            let json_schema = NamedSchema { name, description, schema, strict: *strict };
            Some(ResponseFormat::JsonSchema { json_schema })
        }
    }
}
