//! Fields that vLLM's `/v1/chat/completions` knows and its `/v1/responses` passes over in silence.

use transom_core::request::Generation;

use super::Unsupported;

/// Their names in vLLM 0.32: the difference of the two schemas in its `/openapi.json`, but for what the
/// gateway writes itself.
const CHAT_ONLY: [&str; 31] = [
    "add_generation_prompt",
    "add_special_tokens",
    "allowed_token_ids",
    "bad_words",
    "chat_template",
    "continue_final_message",
    "documents",
    "echo",
    "length_penalty",
    "logprob_token_ids",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "min_tokens",
    "n",
    "prompt_logprobs",
    "reasoning_effort",
    "repetition_detection",
    "response_format",
    "return_prompt_text",
    "return_token_ids",
    "return_token_offsets",
    "return_tokens_as_token_ids",
    "routed_experts_prompt_start",
    "spaces_between_special_tokens",
    "stream_interval",
    "thinking_token_budget",
    "truncate_prompt_tokens",
    "truncation_side",
    "use_beam_search",
];

/// Fields of vLLM's `/v1/responses` that would undo what the gateway does.
const OURS: [&str; 4] =
    ["previous_input_messages", "enable_response_messages", "background", "prompt"];

/// Refuses a generation with a field that would have no effect, or one that is not the client's.
pub(super) fn check(generation: &Generation) -> Result<(), Unsupported> {
    let names = generation.extra.iter().map(|(name, _)| name.as_str());
    for name in names {
        let what = if CHAT_ONLY.contains(&name) {
            "the field belongs to chat completions"
        } else if OURS.contains(&name) {
            "the conversation is the gateway's"
        } else {
            continue;
        };
        return Err(Unsupported { param: name.to_owned(), what });
    }
    Ok(())
}
