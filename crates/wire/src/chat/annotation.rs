//! Annotations of text: from the chat protocol's form to that of the Responses API.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transom_core::Json;

/// What a server says of a piece of text. The chat protocol has the citation in an object of its
/// own; servers that think in the Responses API have its fields beside the type.
#[derive(Deserialize)]
struct Said {
    r#type: String,
    url_citation: Option<Citation>,
    #[serde(flatten)]
    flat: Citation,
}

#[derive(Deserialize)]
struct Citation {
    url: Option<String>,
    title: Option<String>,
    start_index: Option<u64>,
    end_index: Option<u64>,
}

#[derive(Serialize)]
struct UrlCitation {
    r#type: &'static str,
    url: String,
    title: String,
    start_index: u64,
    end_index: u64,
}

/// The annotations of one delta. What is no citation of a URL is none that the chat protocol knows,
/// and is left out.
pub(super) fn read(raw: &RawValue) -> Vec<Json> {
    let said: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    said.into_iter().filter_map(citation).collect()
}

fn citation(raw: &RawValue) -> Option<Json> {
    let Said { r#type: kind, url_citation, flat } = serde_json::from_str(raw.get()).ok()?;
    if kind != URL_CITATION {
        return None;
    }
    let Citation { url, title, start_index, end_index } = url_citation.unwrap_or(flat);
    let start_index = start_index.unwrap_or_default();
    let flat = UrlCitation {
        r#type: URL_CITATION,
        url: url?,
        title: title.unwrap_or_default(),
        start_index,
        end_index: end_index.unwrap_or(start_index),
    };
    serde_json::value::to_raw_value(&flat).ok()
}

const URL_CITATION: &str = "url_citation";

#[cfg(test)]
mod tests;
