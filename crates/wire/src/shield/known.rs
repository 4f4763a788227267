//! The fields that [`super::Mode::Strict`] knows besides those with a rule: OpenAI's, and those of
//! vLLM 0.32 that reach no deeper than sampling, pooling and rendering.

use super::Route;

/// Known on every route.
const ANY: &[&str] = &["model", "truncation_side", "user"];

/// Known on every route that generates, and on embeddings, where clients send them in vain.
const GENERATION: &[&str] = &[
    "add_special_tokens",
    "bad_words",
    "early_stopping",
    "echo",
    "ignore_eos",
    "include_stop_str_in_output",
    "metadata",
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
    "use_beam_search",
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

const EMBEDDINGS: &[&str] = &[
    "add_generation_prompt",
    "continue_final_message",
    "embed_dtype",
    "encoding_format",
    "endianness",
    "input",
    "messages",
    "normalize",
    "padding",
    "use_activation",
];

/// What rerank and score requests share.
const SCORING: &[&str] = &["instruction", "padding", "use_activation"];

/// `return_documents` is Cohere's and Jina's.
const RERANK: &[&str] = &["documents", "query", "return_documents"];

/// vLLM has four names for the two sides of a comparison.
const SCORE: &[&str] = &["data_1", "data_2", "documents", "items", "queries", "text_1", "text_2"];

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
    let (own, shared) = match route {
        Route::Chat => (CHAT, GENERATION),
        Route::Completions => (COMPLETIONS, GENERATION),
        Route::Embeddings => (EMBEDDINGS, GENERATION),
        Route::Responses => (RESPONSES, GENERATION),
        Route::Rerank => (RERANK, SCORING),
        Route::Score => (SCORE, SCORING),
    };
    own.contains(&name) || shared.contains(&name) || ANY.contains(&name)
}
