//! Which field has which rule, and the values that rules are about.

use std::ops::RangeInclusive;

use transom_core::failure::Invalid;

use super::{Caps, Inspection, denied, invalid, structured, too_large, wrong_type};
use crate::scan::{View, view};

/// The largest count of tokens that an engine's 32-bit integers hold.
const MAX_TOKENS: i64 = i32::MAX as i64;

/// The most entries of lists that an engine looks through for every token.
const MAX_LIST: usize = 128;

/// Arguments of the template engine itself, which `chat_template_kwargs` must not reach: they
/// replace the template or make it return something else than a prompt.
const TEMPLATE_ENGINE: &[&str] = &[
    "chat_template",
    "conversation",
    "documents",
    "max_length",
    "padding",
    "tokenize",
    "tokenizer_kwargs",
    "tools",
    "truncation",
];

/// What is asked of a field's value. `null` is always allowed: it means absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Refused whatever its value.
    Denied,
    /// A whole number of tokens to generate, or another one with a lowest value; never beyond 2³¹−1.
    Integer { least: i64 },
    /// Any whole number of 64 bits.
    Seed,
    /// Any number.
    Number,
    /// `n`
    Choices,
    /// `best_of`
    Candidates,
    /// A boolean, or a count of alternatives.
    Logprobs,
    /// A string or a list of strings.
    Stop,
    /// A list with a largest length.
    List { most: usize },
    /// An object of numbers.
    LogitBias,
    /// An object of scalars.
    TemplateKwargs,
    /// A list of tools.
    Tools,
    /// What the answer must look like.
    ResponseFormat,
    /// vLLM's constraints on the answer.
    StructuredOutputs,
    /// A JSON Schema, as such or in a string.
    Schema,
    /// A regular expression.
    Regex,
    /// Anything of a schema's size: a grammar, a list of choices.
    Grammar,
    /// Tags with schemas between them.
    StructuralTag,
}

pub(super) fn of(name: &str) -> Option<Rule> {
    Some(match name {
        "chat_template"
        | "mm_processor_kwargs"
        | "media_io_kwargs"
        | "kv_transfer_params"
        | "ec_transfer_params"
        | "allowed_token_ids"
        | "logprob_token_ids"
        | "prompt_logprobs"
        | "priority"
        | "vllm_xargs"
        | "guided_decoding_backend" => Rule::Denied,
        _ if name.ends_with("_embeds") => Rule::Denied,
        "max_tokens"
        | "max_completion_tokens"
        | "max_output_tokens"
        | "stream_interval"
        | "dimensions" => Rule::Integer { least: 1 },
        "min_tokens"
        | "thinking_token_budget"
        | "routed_experts_prompt_start"
        | "top_n"
        | "max_tokens_per_query"
        | "max_tokens_per_doc" => Rule::Integer { least: 0 },
        "top_k" | "truncate_prompt_tokens" => Rule::Integer { least: -1 },
        "seed" => Rule::Seed,
        "temperature" | "top_p" | "min_p" | "presence_penalty" | "frequency_penalty"
        | "repetition_penalty" | "length_penalty" => Rule::Number,
        "n" => Rule::Choices,
        "best_of" => Rule::Candidates,
        "logprobs" | "top_logprobs" => Rule::Logprobs,
        "stop" => Rule::Stop,
        "stop_token_ids" | "bad_words" => Rule::List { most: MAX_LIST },
        "logit_bias" => Rule::LogitBias,
        "chat_template_kwargs" => Rule::TemplateKwargs,
        "tools" => Rule::Tools,
        "response_format" => Rule::ResponseFormat,
        "structured_outputs" => Rule::StructuredOutputs,
        "guided_json" => Rule::Schema,
        "guided_regex" | "guided_whitespace_pattern" => Rule::Regex,
        "guided_grammar" | "guided_choice" => Rule::Grammar,
        "structural_tag" => Rule::StructuralTag,
        _ => return None,
    })
}

pub(super) fn check(
    rule: Rule,
    name: &str,
    raw: &str,
    caps: &Caps,
    inspection: &mut Inspection<'_>,
) -> Result<(), Invalid> {
    match rule {
        Rule::Denied => Err(denied(name)),
        Rule::Integer { least } => integer(name, raw, least..=MAX_TOKENS),
        Rule::Seed => integer(name, raw, i64::MIN..=i64::MAX),
        Rule::Number => number(name, raw),
        Rule::Choices => integer(name, raw, 1..=i64::from(caps.n)),
        Rule::Candidates => integer(name, raw, 1..=i64::from(caps.best_of)),
        Rule::Logprobs if matches!(raw, "true" | "false") => Ok(()),
        Rule::Logprobs => integer(name, raw, 0..=i64::from(caps.logprobs)),
        Rule::Stop => stop(name, raw, caps),
        Rule::List { most } => list(name, raw, most),
        Rule::LogitBias => logit_bias(name, raw, caps),
        Rule::TemplateKwargs => template_kwargs(name, raw),
        Rule::Tools => structured::tools(name, raw, caps, inspection),
        Rule::ResponseFormat => structured::response_format(name, raw, inspection),
        Rule::StructuredOutputs => structured::structured_outputs(name, raw, inspection),
        Rule::Schema => inspection.schema(raw, name),
        Rule::Regex => structured::regex(name, raw, inspection),
        Rule::Grammar => structured::grammar(name, raw, caps),
        Rule::StructuralTag => structured::structural_tag(name, raw, inspection),
    }
}

fn integer(name: &str, raw: &str, range: RangeInclusive<i64>) -> Result<(), Invalid> {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong_type(name, "a whole number"));
    }
    // What does not even fit 128 bits is beyond one of the two ends.
    let beyond = if raw.starts_with('-') { i128::MIN } else { i128::MAX };
    let value: i128 = raw.parse().unwrap_or(beyond);
    if value < i128::from(*range.start()) {
        return Err(invalid(name, &format!("must be at least {}", range.start())));
    }
    if value > i128::from(*range.end()) {
        let problem = format!("must be at most {}", range.end());
        return Err(Invalid { code: "value_too_large", ..invalid(name, &problem) });
    }
    Ok(())
}

fn number(name: &str, raw: &str) -> Result<(), Invalid> {
    match look(name, raw)? {
        View::Number(_) => Ok(()),
        _ => Err(wrong_type(name, "a number")),
    }
}

fn stop(name: &str, raw: &str, caps: &Caps) -> Result<(), Invalid> {
    let fits = |param: &str, raw: &str| match look(param, raw)? {
        View::String(stop) if stop.len() <= caps.stop_bytes => Ok(()),
        View::String(_) => Err(too_large(param, caps.stop_bytes, " bytes")),
        _ => Err(wrong_type(param, "a string")),
    };
    match look(name, raw)? {
        View::Array(stops) if stops.len() > caps.stop => {
            Err(too_large(name, caps.stop, " entries"))
        }
        View::Array(stops) => stops
            .iter()
            .enumerate()
            .try_for_each(|(place, stop)| fits(&format!("{name}[{place}]"), stop)),
        _ => fits(name, raw),
    }
}

fn list(name: &str, raw: &str, most: usize) -> Result<(), Invalid> {
    match look(name, raw)? {
        View::Array(entries) if entries.len() > most => Err(too_large(name, most, " entries")),
        View::Array(_) => Ok(()),
        _ => Err(wrong_type(name, "a list")),
    }
}

fn logit_bias(name: &str, raw: &str, caps: &Caps) -> Result<(), Invalid> {
    let View::Object(members) = look(name, raw)? else {
        return Err(wrong_type(name, "an object"));
    };
    if members.len() > caps.logit_bias {
        return Err(too_large(name, caps.logit_bias, " entries"));
    }
    members.iter().try_for_each(|member| number(&format!("{name}.{}", member.name), member.value))
}

fn template_kwargs(name: &str, raw: &str) -> Result<(), Invalid> {
    let View::Object(members) = look(name, raw)? else {
        return Err(wrong_type(name, "an object"));
    };
    for member in &members {
        let param = format!("{name}.{}", member.name);
        let engine = TEMPLATE_ENGINE.contains(&&*member.name) || member.name.starts_with("return_");
        if engine || member.value.starts_with(['{', '[']) {
            return Err(denied(&param));
        }
    }
    Ok(())
}

/// One level of a value. Values come out of a validated body or as [`transom_core::Json`], so an
/// error only means that they are nested too deeply to be looked at.
pub(super) fn look<'a>(param: &str, raw: &'a str) -> Result<View<'a>, Invalid> {
    view(raw).map_err(|error| invalid(param, &format!("is not acceptable: {error}")))
}
