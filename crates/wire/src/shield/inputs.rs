//! Media that a request hands over outside of `messages`: vLLM takes content parts as documents and
//! queries, and whole chat messages as the input of embeddings.

use transom_core::failure::Invalid;

use super::rules::look;
use super::{Mode, Route, media};
use crate::scan::View;

/// How deep inputs may lie in lists: vLLM takes lists of conversations, which are lists of messages.
const MAX_LISTS: u32 = 3;

/// Whether a field holds such inputs.
pub(super) fn are_in(field: &str, route: Route) -> bool {
    match route {
        Route::Rerank | Route::Score => matches!(
            field,
            "query" | "queries" | "documents" | "items" | "text_1" | "text_2" | "data_1" | "data_2"
        ),
        Route::Embeddings => field == "input",
        Route::Chat | Route::Completions | Route::Responses => false,
    }
}

/// Judges the content parts of one input, or of each in a list. Text and tokens pass.
pub(super) fn check(param: &str, raw: &str, mode: Mode) -> Result<(), Invalid> {
    // Long lists of tokens and of plain text are not taken apart.
    if memchr::memchr(b'{', raw.as_bytes()).is_none() {
        return Ok(());
    }
    input(param, raw, mode, MAX_LISTS)
}

fn input(param: &str, raw: &str, mode: Mode, lists: u32) -> Result<(), Invalid> {
    if raw.starts_with('{') {
        return message(param, raw, mode);
    }
    if lists == 0 || !raw.starts_with('[') {
        return Ok(());
    }
    let View::Array(elements) = look(param, raw)? else { return Ok(()) };
    let nested = |element: &&str| element.starts_with(['{', '[']);
    elements
        .iter()
        .enumerate()
        .filter(|(_, element)| nested(element))
        .try_for_each(|(at, element)| input(&format!("{param}[{at}]"), element, mode, lists - 1))
}

/// An object with `content` parts. One that has none is itself a part, or a document of text.
fn message(param: &str, raw: &str, mode: Mode) -> Result<(), Invalid> {
    let Some(content) = look(param, raw)?.get("content") else {
        return media::check(param, raw, mode);
    };
    let param = format!("{param}.content");
    let View::Array(parts) = look(&param, content)? else { return Ok(()) };
    parts
        .iter()
        .enumerate()
        .try_for_each(|(at, part)| media::check(&format!("{param}[{at}]"), part, mode))
}
