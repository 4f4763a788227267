//! The list of models that a server gives at `GET /v1/models`.

use std::sync::Arc;

use serde::Deserialize;
use transom_core::backend::ServedModel;

/// Largest list that is read, in bytes.
pub(crate) const LIST_BYTES: usize = 1024 * 1024;

/// Most models of a list that are kept.
const MODELS: usize = 1024;

/// Longest id that is kept, in bytes.
const ID_BYTES: usize = 512;

/// The list as vLLM and others write it
/// (<https://platform.openai.com/docs/api-reference/models/list>).
#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    /// vLLM's field.
    max_model_len: Option<u32>,
    /// llama.cpp's.
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    n_ctx: Option<u32>,
}

/// Reads a list; `None`: it is not one.
pub(crate) fn parse(body: &[u8]) -> Option<Arc<[ServedModel]>> {
    let list: List = serde_json::from_slice(body).ok()?;
    let short = list.data.into_iter().filter(|entry| entry.id.len() <= ID_BYTES);
    Some(short.take(MODELS).map(Entry::into).collect())
}

impl From<Entry> for ServedModel {
    fn from(entry: Entry) -> Self {
        let context = entry.meta.and_then(|meta| meta.n_ctx);
        Self { id: Arc::from(entry.id), max_model_len: entry.max_model_len.or(context) }
    }
}

#[cfg(test)]
mod tests;
