//! What becomes of every field of a request.

/// A field of `POST /v1/responses`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What becomes of it.
    pub effect: Effect,
    /// What a user should know beyond that; may be empty.
    pub note: &'static str,
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The gateway does what it says.
    Honoured,
    /// The model server gets it in its own words and decides.
    PassedOn,
    /// Accepted and shown in the response object, but nothing follows from it.
    WithoutEffect,
    /// 400, unless it is null or asks for nothing.
    Refused,
}

const fn field(name: &'static str, effect: Effect, note: &'static str) -> Field {
    Field { name, effect, note }
}

use Effect::{Honoured, PassedOn, Refused, WithoutEffect};

/// Every field that the gateway knows. All others go on to the model server as they came.
pub const FIELDS: &[Field] = &[
    field(
        "background",
        Honoured,
        "not together with `store: false`; on a WebSocket true is refused: send it over HTTP",
    ),
    field("client_metadata", WithoutEffect, "sent by Codex; not shown"),
    field("context_management", Refused, "nothing is compacted here unless a client asks for it"),
    field(
        "conversation",
        Honoured,
        "the id of a conversation, or an object with its `id`; not together with \
         `previous_response_id`; with `store: false` the response is not kept, and its items are",
    ),
    field("frequency_penalty", PassedOn, "-2 to 2"),
    field("generate", Refused, "true is accepted; false is honoured on a WebSocket"),
    field("include", Honoured, "see [values of `include`](#values-of-include)"),
    field(
        "input",
        Honoured,
        "a string, or a list of items; see [items and parts](#items-and-parts)",
    ),
    field("instructions", Honoured, "a string"),
    field(
        "max_output_tokens",
        PassedOn,
        "at least 1; a turn is one call of the model, however many servers are tried for it",
    ),
    field(
        "max_tool_calls",
        WithoutEffect,
        "at least 1; it limits hosted tools, of which there are none",
    ),
    field("metadata", Honoured, "at most 16 pairs"),
    field("model", Honoured, ""),
    field("parallel_tool_calls", PassedOn, ""),
    field("presence_penalty", PassedOn, "-2 to 2"),
    field("previous_response_id", Honoured, ""),
    field("prompt", Refused, ""),
    field(
        "prompt_cache_key",
        Honoured,
        "requests with the same one go to the same deployment where the model's strategy is \
         `session`",
    ),
    field("prompt_cache_retention", WithoutEffect, "`in_memory` and `24h`"),
    field(
        "reasoning",
        PassedOn,
        "`effort` is passed on; `summary` has no effect: the thoughts \
        themselves are sent",
    ),
    field("safety_identifier", WithoutEffect, "at most 64 characters; shown, not sent on"),
    field(
        "service_tier",
        WithoutEffect,
        "`auto` and `default`, shown as `default`; others are refused",
    ),
    field("store", Honoured, ""),
    field("stream", Honoured, ""),
    field("stream_options", WithoutEffect, "`include_obfuscation`: streams carry no padding"),
    field(
        "temperature",
        PassedOn,
        "0 to 2; shown as 1 when absent, though the model server then \
        uses its own default",
    ),
    field("text", PassedOn, "`format` and `verbosity`"),
    field(
        "tool_choice",
        PassedOn,
        "a word, a function, a custom tool, or `allowed_tools`; a tool of a namespace is named \
        `namespace__name`",
    ),
    field("tools", PassedOn, "functions, custom tools and namespaces; see [tools](#tools)"),
    field("top_logprobs", PassedOn, "0 to 20; more than 0 turns log probabilities on"),
    field("top_p", PassedOn, "0 to 1; shown as 1 when absent"),
    field(
        "truncation",
        Honoured,
        "`disabled`, or `auto`: the oldest turns are left out until the rest fits, and the answer \
         says how many",
    ),
    field("user", WithoutEffect, "shown, not sent on"),
];
