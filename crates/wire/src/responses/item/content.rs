//! Reads the content of messages and of function outputs.

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::content::{Audio, Image, Part, Text};
use transom_core::failure::Failure;
use transom_core::item::Role;

use super::fit;
use super::input::ANNOTATION;
use crate::logprob;
use crate::responses::path::Path;
use crate::responses::read::{self, Object};
use crate::responses::refuse;

pub(super) mod file;

/// How closely to look at a picture when nobody said (OpenAI's API reference).
const DEFAULT_DETAIL: &str = "auto";

/// Content: a string or a list of parts.
pub(super) fn read(raw: &RawValue, path: &Path<'_>, role: Role) -> Result<Vec<Part>, Failure> {
    match raw.get().as_bytes().first() {
        Some(b'"') => Ok(vec![Part::Text(Text::from(read::string(raw, path)?))]),
        Some(b'[') => read::array(raw, path)?
            .into_iter()
            .enumerate()
            .map(|(index, part)| read_part(part, &path.element(index), role))
            .collect(),
        _ => Err(refuse::wrong_type(path, "a string or an array", raw)),
    }
}

fn read_part(raw: &RawValue, path: &Path<'_>, role: Role) -> Result<Part, Failure> {
    let mut part = Object::read(raw, path)?;
    let kind = part.require_string("type")?;
    match (kind.as_str(), role) {
        ("output_text", Role::Assistant) => Ok(Part::Text(Text {
            text: part.require_string("text")?,
            annotations: read_annotations(&mut part)?,
            logprobs: read_logprobs(&mut part)?,
        })),
        ("input_text" | "output_text", _) => {
            Ok(Part::Text(Text::from(part.require_string("text")?)))
        }
        ("refusal", Role::Assistant) => Ok(Part::Refusal(part.require_string("refusal")?)),
        ("input_image", Role::User | Role::System | Role::Developer) => {
            read_image(part).map(Part::Image)
        }
        ("input_file", Role::User | Role::System | Role::Developer) => {
            file::read(part).map(Part::File)
        }
        ("input_audio", Role::User) => read_audio(part).map(Part::Audio),
        (other, _) => Err(refuse_kind(&path.field("type"), other, role)),
    }
}

fn read_annotations(part: &mut Object<'_, '_>) -> Result<Vec<Json>, Failure> {
    let path = part.path().field("annotations");
    let elements = part.array("annotations")?.unwrap_or_default().into_iter().enumerate();
    let fitted = elements.map(|(index, raw)| {
        let changed = fit::value(raw, &ANNOTATION, &path.element(index))?;
        Ok(changed.unwrap_or_else(|| raw.to_owned()))
    });
    fitted.collect()
}

fn read_logprobs(part: &mut Object<'_, '_>) -> Result<Vec<Json>, Failure> {
    let path = part.path().field("logprobs");
    let elements = part.array("logprobs")?.unwrap_or_default().into_iter().enumerate();
    let whole = elements.map(|(index, raw)| {
        let why = "this is no object with a 'token' and its 'logprob'.";
        logprob::whole(raw).ok_or_else(|| refuse::wrong_value(&path.element(index), why))
    });
    whole.collect()
}

fn refuse_kind(path: &Path<'_>, kind: &str, role: Role) -> Failure {
    let supported = match role {
        Role::Assistant => ["output_text", "input_text", "refusal"].as_slice(),
        Role::User | Role::System | Role::Developer => {
            &["input_text", "output_text", "input_image", "input_file", "input_audio"]
        }
    };
    let list = refuse::list(supported);
    let hint = match kind {
        "text" | "image_url" => " This is the form of the chat API.",
        _ => "",
    };
    let why = format!("a part of type '{kind}' cannot stand here, these can: {list}.{hint}");
    refuse::unsupported_value(path, &why)
}

fn read_image(mut part: Object<'_, '_>) -> Result<Image, Failure> {
    let path = part.path();
    if part.has("file_id") {
        let why = "There are no uploaded files here: send the picture as 'image_url'.";
        return Err(refuse::unsupported_parameter(&path.field("file_id"), why));
    }
    let url = part.require_string("image_url")?;
    let known = ["https://", "http://", "data:"].iter().any(|scheme| starts_with(&url, scheme));
    if !known {
        let why = "a picture is an https:, http: or data: URL.";
        return Err(refuse::wrong_value(&path.field("image_url"), why));
    }
    let detail =
        part.word("detail", &["low", "high", "auto", "original"])?.unwrap_or(DEFAULT_DETAIL);
    Ok(Image { url, detail: Some(detail.to_owned()) })
}

/// Sound, as the chat API has it: an object of data and format.
fn read_audio(mut part: Object<'_, '_>) -> Result<Audio, Failure> {
    let path = part.path().field("input_audio");
    let mut audio = Object::read(part.require("input_audio")?, &path)?;
    Ok(Audio { data: audio.require_string("data")?, format: audio.require_string("format")? })
}

/// Schemes are written in any case (RFC 3986, 3.1).
fn starts_with(url: &str, scheme: &str) -> bool {
    url.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
}
