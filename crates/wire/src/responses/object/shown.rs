//! The response object as OpenAI shows it, field by field in the order of its recordings.

use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::event::Finish;
use transom_core::request::OutputFormat;
use transom_core::transcript::Entry;
use transom_core::usage::Usage;

use super::{Head, Outcome, PublicError, Response};
use crate::chat::Dropped;
use crate::responses::item;
use crate::responses::request::Ground;

/// OpenAI's defaults (API reference), shown when the request has no value. The model server is not
/// told them.
const TEMPERATURE: f64 = 1.0;
const TOP_P: f64 = 1.0;
const PENALTY: f64 = 0.0;
const VERBOSITY: &str = "medium";

/// The whole object.
#[derive(Serialize)]
pub(in crate::responses) struct Shown<'a> {
    id: &'a str,
    object: &'static str,
    created_at: i64,
    status: &'static str,
    background: bool,
    completed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Conversation<'a>>,
    error: Option<&'a PublicError>,
    frequency_penalty: f64,
    incomplete_details: Option<IncompleteDetails>,
    instructions: Option<&'a str>,
    max_output_tokens: Option<u32>,
    max_tool_calls: Option<u32>,
    model: &'a str,
    output: Output<'a>,
    parallel_tool_calls: bool,
    presence_penalty: f64,
    previous_response_id: Option<&'a str>,
    prompt_cache_key: Option<&'a str>,
    prompt_cache_retention: Option<&'static str>,
    reasoning: Reasoning,
    safety_identifier: Option<&'a str>,
    service_tier: &'static str,
    store: bool,
    temperature: f64,
    text: Text<'a>,
    tool_choice: &'a Json,
    tools: &'a Json,
    top_logprobs: u8,
    top_p: f64,
    truncation: &'static str,
    usage: Option<ShownUsage>,
    user: Option<&'a str>,
    metadata: &'a IndexMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transom: Option<Extension>,
}

impl<'a> Shown<'a> {
    /// Shows a response.
    pub(in crate::responses) fn of(response: Response<'a>) -> Self {
        let Response { head, entries, usage, outcome } = response;
        let (settings, labels, sampling) = (&head.settings, &head.labels, &head.settings.sampling);
        Self {
            id: head.id.as_str(),
            object: "response",
            created_at: head.created_at.seconds(),
            status: outcome.status().word(),
            background: head.ground == Ground::Background,
            completed_at: completed_at(outcome),
            conversation: head.conversation.as_ref().map(|id| Conversation { id: id.as_str() }),
            error: match outcome {
                Outcome::Failed(error) => Some(error),
                Outcome::Queued
                | Outcome::InProgress
                | Outcome::Ended { .. }
                | Outcome::Cancelled => None,
            },
            frequency_penalty: sampling.frequency_penalty.unwrap_or(PENALTY),
            incomplete_details: IncompleteDetails::of(outcome),
            instructions: settings.instructions.as_deref(),
            max_output_tokens: settings.max_output_tokens,
            max_tool_calls: labels.max_tool_calls,
            model: &head.model,
            output: Output(entries),
            parallel_tool_calls: settings.parallel_tool_calls.unwrap_or(true),
            presence_penalty: sampling.presence_penalty.unwrap_or(PENALTY),
            previous_response_id: head.previous_response_id.as_deref(),
            prompt_cache_key: labels.prompt_cache_key.as_deref(),
            prompt_cache_retention: labels.prompt_cache_retention,
            reasoning: Reasoning {
                effort: settings.reasoning_effort,
                summary: settings.reasoning_summary,
            },
            safety_identifier: labels.safety_identifier.as_deref(),
            service_tier: "default",
            store: head.store,
            temperature: sampling.temperature.unwrap_or(TEMPERATURE),
            text: Text {
                format: Format::of(&settings.output_format),
                verbosity: settings.verbosity.unwrap_or(VERBOSITY),
            },
            tool_choice: &head.tool_choice,
            tools: &head.tools,
            top_logprobs: settings.top_logprobs,
            top_p: sampling.top_p.unwrap_or(TOP_P),
            truncation: settings.truncation.word(),
            usage: usage.as_ref().map(ShownUsage::of),
            user: labels.user.as_deref(),
            metadata: &labels.metadata,
            transom: Extension::of(head),
        }
    }
}

/// What OpenAI's object has no field for. It is there only where there is something to say.
#[derive(Serialize)]
struct Extension {
    truncation: ShownTruncation,
}

#[derive(Serialize)]
struct ShownTruncation {
    dropped_turns: usize,
    dropped_items: usize,
}

impl Extension {
    fn of(head: &Head) -> Option<Self> {
        let Dropped { turns, items } = head.dropped;
        let truncation = ShownTruncation { dropped_turns: turns, dropped_items: items };
        (items > 0).then_some(Self { truncation })
    }
}

/// Only a complete response has it, as in OpenAI's recordings.
fn completed_at(outcome: &Outcome) -> Option<i64> {
    match outcome {
        Outcome::Ended { finish: Finish::Stop | Finish::ToolCalls, at } => Some(at.seconds()),
        _ => None,
    }
}

#[derive(Serialize)]
struct Conversation<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct IncompleteDetails {
    reason: &'static str,
}

impl IncompleteDetails {
    fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Ended { finish: Finish::Length, .. } => {
                Some(Self { reason: "max_output_tokens" })
            }
            Outcome::Ended { finish: Finish::ContentFilter, .. } => {
                Some(Self { reason: "content_filter" })
            }
            _ => None,
        }
    }
}

struct Output<'a>(&'a [Entry]);

impl Serialize for Output<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|entry| item::Shown(&entry.item)))
    }
}

#[derive(Serialize)]
struct Reasoning {
    effort: Option<&'static str>,
    summary: Option<&'static str>,
}

#[derive(Serialize)]
struct Text<'a> {
    format: Format<'a>,
    verbosity: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    Text,
    JsonObject,
    JsonSchema {
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        name: &'a str,
        schema: &'a Json,
        strict: Option<bool>,
    },
}

impl<'a> Format<'a> {
    fn of(format: &'a OutputFormat) -> Self {
        match format {
            OutputFormat::Text => Self::Text,
            OutputFormat::JsonObject => Self::JsonObject,
            OutputFormat::JsonSchema(schema) => Self::JsonSchema {
                description: schema.description.as_deref(),
                name: &schema.name,
                schema: &schema.schema,
                strict: schema.strict,
            },
        }
    }
}

/// What a response cost.
#[derive(Serialize)]
pub(in crate::responses) struct ShownUsage {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

impl ShownUsage {
    /// Shows the tokens of one model call.
    pub(in crate::responses) fn of(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.input,
            input_tokens_details: InputDetails { cached_tokens: usage.cached },
            output_tokens: usage.output,
            output_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning },
            total_tokens: usage.total(),
        }
    }
}
