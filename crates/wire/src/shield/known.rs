//! The fields that [`super::Mode::Strict`] knows besides those with a rule: OpenAI's, and those of
//! vLLM 0.32 that reach no deeper than sampling and rendering.

use super::Route;

/// Known on every route that generates.
const GENERATION: &[&str] = &[
    "add_special_tokens",
    "bad_words",
    "early_stopping",
    "echo",
    "ignore_eos",
    "include_stop_str_in_output",
    "metadata",
    "model",
    "prompt_cache_key",
    "prompt_cache_retention",
    "repetition_detection",
    "return_token_ids",
    "return_token_offsets",
    "return_tokens_as_token_ids",
    "safety_identifier",
    "service_tier",
    "session_id",
    "skip_special_tokens",
    "spaces_between_special_tokens",
    "stop_token_ids",
    "store",
    "stream",
    "stream_options",
    "truncation_side",
    "use_beam_search",
    "user",
    "watermarking",
];

const CHAT: &[&str] = &[
    "add_generation_prompt",
    "continue_final_message",
    "documents",
    "include_reasoning",
    "messages",
    "modalities",
    "parallel_tool_calls",
    "prediction",
    "reasoning_effort",
    "return_prompt_text",
    "tool_choice",
    "verbosity",
    "web_search_options",
];

const COMPLETIONS: &[&str] = &["prompt", "suffix"];

const EMBEDDINGS: &[&str] = &["encoding_format", "input", "messages", "normalize"];

const RESPONSES: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "include",
    "include_reasoning",
    "input",
    "instructions",
    "max_tool_calls",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "reasoning",
    "reasoning_effort",
    "text",
    "tool_choice",
    "truncation",
];

pub(super) fn is_known(name: &str, route: Route) -> bool {
    let own = match route {
        Route::Chat => CHAT,
        Route::Completions => COMPLETIONS,
        Route::Embeddings => EMBEDDINGS,
        Route::Responses => RESPONSES,
    };
    own.contains(&name) || GENERATION.contains(&name)
}
