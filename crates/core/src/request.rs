//! The one request: what every protocol is read into and written from.

use crate::Json;
use crate::item::Item;
use crate::tool::{Tool, ToolChoice};

/// One generation, complete with its history.
#[derive(Clone, Debug)]
pub struct Generation {
    /// The model's name as the client wrote it.
    pub model: String,
    /// The application's instructions for this turn; never inherited from an earlier one.
    pub instructions: Option<String>,
    /// The whole conversation, oldest first.
    pub input: Vec<Item>,
    /// What was declared; not all of it is offered to the model.
    pub tools: Vec<Tool>,
    /// Whether and what it has to call.
    pub tool_choice: ToolChoice,
    /// `None` leaves it to the model server.
    pub parallel_tool_calls: Option<bool>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// What the answer must look like.
    pub output_format: OutputFormat,
    /// How verbose the answer should be (`low`, `medium`, `high`).
    pub verbosity: Option<String>,
    /// How much to think (`minimal`, `low`, …), in the client's word.
    pub reasoning_effort: Option<String>,
    /// The most tokens to generate, reasoning included.
    pub max_output_tokens: Option<u32>,
    /// Fields the gateway does not know, sent on as they came: vLLM's extras.
    pub extra: Vec<(String, Json)>,
}

/// How tokens are drawn. `None` leaves a setting to the model server's own defaults, which come
/// from the model's authors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
    /// How many alternatives to report for each token; `None` reports no log probabilities.
    pub top_logprobs: Option<u8>,
}

/// What the answer must look like.
#[derive(Clone, Debug, Default)]
pub enum OutputFormat {
    /// Free text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema(JsonSchema),
}

/// A named schema for the answer.
#[derive(Clone, Debug)]
pub struct JsonSchema {
    /// `^[A-Za-z0-9_-]{1,64}$`.
    pub name: String,
    /// For the model.
    pub description: Option<String>,
    /// The JSON Schema.
    pub schema: Json,
    /// Whether to follow it exactly.
    pub strict: Option<bool>,
}
