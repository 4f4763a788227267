//! What the response object shows and nothing follows from.

use indexmap::IndexMap;
use serde_json::value::RawValue;
use transom_core::failure::Failure;

use crate::responses::path::Path;
use crate::responses::read::{self, Object};
use crate::responses::refuse;

/// OpenAI's limits of metadata (API reference): pairs, and characters of a key and of a value.
const MAX_PAIRS: usize = 16;
const MAX_KEY: usize = 64;
const MAX_VALUE: usize = 512;

/// The most characters of a `safety_identifier` (OpenAI's API reference).
const MAX_IDENTIFIER: usize = 64;

/// The client's own marks on a request.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// At most 16 pairs.
    pub metadata: IndexMap<String, String>,
    /// At least 1; there are no hosted tools to count.
    pub max_tool_calls: Option<u32>,
    /// The end user.
    pub user: Option<String>,
    /// The end user, hashed.
    pub safety_identifier: Option<String>,
    /// Requests that share a beginning.
    pub prompt_cache_key: Option<String>,
    /// `in_memory` or `24h`.
    pub prompt_cache_retention: Option<&'static str>,
}

impl Labels {
    /// Those of a compaction.
    pub(super) fn read_compact(fields: &mut Object<'_, '_>) -> Result<Self, Failure> {
        fields.word("service_tier", &["auto", "default"])?;
        Ok(Self {
            prompt_cache_key: fields.string("prompt_cache_key")?,
            prompt_cache_retention: read_retention(fields)?,
            ..Self::default()
        })
    }

    pub(super) fn read(fields: &mut Object<'_, '_>) -> Result<Self, Failure> {
        fields.word("service_tier", &["auto", "default"])?;
        fields.opaque_object("client_metadata")?;
        check_stream_options(fields)?;
        Ok(Self {
            metadata: read_metadata(fields)?,
            max_tool_calls: fields.integer("max_tool_calls", 1..=u32::MAX)?,
            user: fields.string("user")?,
            safety_identifier: read_safety_identifier(fields)?,
            prompt_cache_key: fields.string("prompt_cache_key")?,
            prompt_cache_retention: read_retention(fields)?,
        })
    }
}

fn read_safety_identifier(fields: &mut Object<'_, '_>) -> Result<Option<String>, Failure> {
    let identifier = fields.string("safety_identifier")?;
    if identifier.as_ref().is_some_and(|text| text.chars().nth(MAX_IDENTIFIER).is_some()) {
        let why = format!("it has at most {MAX_IDENTIFIER} characters.");
        return Err(refuse::wrong_value(&Path::Root.field("safety_identifier"), &why));
    }
    Ok(identifier)
}

/// Both spellings have been documented; the schema has the one with the underscore.
fn read_retention(fields: &mut Object<'_, '_>) -> Result<Option<&'static str>, Failure> {
    let word = fields.word("prompt_cache_retention", &["in_memory", "in-memory", "24h"])?;
    Ok(word.map(|word| if word == "in-memory" { "in_memory" } else { word }))
}

fn check_stream_options(fields: &mut Object<'_, '_>) -> Result<(), Failure> {
    let Some(raw) = fields.take("stream_options") else { return Ok(()) };
    let path = Path::Root.field("stream_options");
    let mut options = Object::read(raw, &path)?;
    options.flag("include_obfuscation")?;
    options.refuse_rest()
}

/// Takes the metadata of a request.
pub(in crate::responses) fn read_metadata(
    fields: &mut Object<'_, '_>,
) -> Result<IndexMap<String, String>, Failure> {
    fields.take("metadata").map_or_else(|| Ok(IndexMap::new()), metadata_of)
}

/// Reads the value of `metadata`.
pub(in crate::responses) fn metadata_of(
    raw: &RawValue,
) -> Result<IndexMap<String, String>, Failure> {
    let path = Path::Root.field("metadata");
    let pairs = Object::read(raw, &path)?.into_rest();
    if pairs.len() > MAX_PAIRS {
        let why = format!("there may be at most {MAX_PAIRS} pairs.");
        return Err(refuse::wrong_value(&path, &why));
    }
    pairs.into_iter().map(|(key, raw)| read_pair(&key, raw, &path)).collect()
}

fn read_pair(key: &str, raw: &RawValue, path: &Path<'_>) -> Result<(String, String), Failure> {
    if key.chars().nth(MAX_KEY).is_some() {
        let why = format!("a key has at most {MAX_KEY} characters.");
        return Err(refuse::wrong_value(path, &why));
    }
    let at = path.field(key);
    let value = read::string(raw, &at)?;
    if value.chars().nth(MAX_VALUE).is_some() {
        let why = format!("a value has at most {MAX_VALUE} characters.");
        return Err(refuse::wrong_value(&at, &why));
    }
    Ok((key.to_owned(), value))
}
