//! Log probabilities in OpenAI's form, in which every token has all its fields.
//!
//! Model servers leave some out (`bytes`, `top_logprobs`), or write null for a token that could not
//! have come. OpenAI's schema requires `token`, `logprob`, `bytes` and `top_logprobs`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transom_core::Json;

/// What stands for the logarithm of nothing, in vLLM's and OpenAI's word.
const NEVER: &str = "-9999.0";

#[derive(Deserialize)]
struct Read<'a> {
    token: String,
    #[serde(borrow)]
    logprob: Option<&'a RawValue>,
    #[serde(borrow)]
    bytes: Option<&'a RawValue>,
    #[serde(borrow)]
    top_logprobs: Option<Vec<Alternative<'a>>>,
}

#[derive(Deserialize)]
struct Alternative<'a> {
    token: String,
    #[serde(borrow)]
    logprob: Option<&'a RawValue>,
    #[serde(borrow)]
    bytes: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    token: Token,
    top_logprobs: Vec<Token>,
}

#[derive(Serialize)]
struct Token {
    #[serde(rename = "token")]
    text: String,
    logprob: Json,
    bytes: Vec<u8>,
}

/// One token with all its fields: as it is spelled where it has them, else with those that follow
/// from the others. `None` for what is no token.
pub(crate) fn whole(raw: &RawValue) -> Option<Json> {
    // serde would read an array as the fields in order.
    let read: Read<'_> =
        raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()))?.ok()?;
    let alternatives = read.top_logprobs.as_deref().unwrap_or_default();
    let complete = read.top_logprobs.is_some()
        && is_complete(read.logprob, read.bytes)
        && alternatives.iter().all(|token| is_complete(token.logprob, token.bytes));
    if complete {
        return Some(raw.to_owned());
    }
    let top_logprobs = read.top_logprobs.unwrap_or_default().into_iter();
    let whole = Whole {
        token: token(read.token, read.logprob, read.bytes)?,
        top_logprobs: top_logprobs
            .map(|other| token(other.token, other.logprob, other.bytes))
            .collect::<Option<_>>()?,
    };
    serde_json::value::to_raw_value(&whole).ok()
}

fn is_complete(logprob: Option<&RawValue>, bytes: Option<&RawValue>) -> bool {
    logprob.is_some_and(is_number) && read_bytes(bytes).is_some()
}

fn is_number(raw: &RawValue) -> bool {
    raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

fn read_bytes(raw: Option<&RawValue>) -> Option<Vec<u8>> {
    serde_json::from_str(raw?.get()).ok()
}

/// `None` where the logarithm is something else than a number.
fn token(text: String, logprob: Option<&RawValue>, bytes: Option<&RawValue>) -> Option<Token> {
    let logprob = match logprob.filter(|raw| raw.get() != "null") {
        Some(number) if is_number(number) => number.to_owned(),
        Some(_) => return None,
        None => RawValue::from_string(NEVER.to_owned()).ok()?,
    };
    // Half a character cannot be told from its replacement: nothing is claimed of it.
    let known = !text.contains(char::REPLACEMENT_CHARACTER);
    let own = || if known { text.as_bytes().to_vec() } else { Vec::new() };
    let bytes = read_bytes(bytes).unwrap_or_else(own);
    Some(Token { text, logprob, bytes })
}

#[cfg(test)]
mod tests;
