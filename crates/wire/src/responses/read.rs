//! Reads JSON field by field, so that every error can name its field and its kind.
//!
//! Null counts as absent everywhere except where a caller asks with [`Object::given`]: the
//! official SDKs send null for whatever their user left out.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::Failure;

use super::path::Path;
use super::refuse;

/// The fields of one object, in order. Readers take them out one by one; what is left over is
/// unknown.
pub(super) struct Object<'d, 'p> {
    path: &'p Path<'p>,
    fields: Vec<(Cow<'d, str>, &'d RawValue)>,
}

impl<'d, 'p> Object<'d, 'p> {
    /// The object at `path`.
    pub(super) fn read(raw: &'d RawValue, path: &'p Path<'p>) -> Result<Self, Failure> {
        match serde_json::from_str::<Fields<'d>>(raw.get()) {
            Ok(Fields(fields)) => Ok(Self { path, fields }),
            Err(_) => Err(refuse::wrong_type(path, "an object", raw)),
        }
    }

    /// Where the object is.
    pub(super) fn path(&self) -> &'p Path<'p> {
        self.path
    }

    /// Whether a field is there and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(key, raw)| key == name && !is_null(raw))
    }

    /// Whether the field is there, not null, and alone.
    pub(super) fn has_nothing_but(&self, name: &str) -> bool {
        let mut there = self.fields.iter().filter(|(_, raw)| !is_null(raw)).map(|(key, _)| key);
        there.next().is_some_and(|key| key == name) && there.next().is_none()
    }

    /// Whether the field `type` is this word.
    pub(super) fn is_type(&self, word: &str) -> bool {
        let kind = self.fields.iter().find(|(key, _)| key == "type");
        kind.is_some_and(|(_, raw)| raw.get().trim_matches('"') == word)
    }

    /// Takes a field, null included.
    pub(super) fn given(&mut self, name: &str) -> Option<&'d RawValue> {
        let at = self.fields.iter().position(|(key, _)| key == name)?;
        Some(self.fields.remove(at).1)
    }

    /// Takes a field.
    pub(super) fn take(&mut self, name: &str) -> Option<&'d RawValue> {
        self.given(name).filter(|raw| !is_null(raw))
    }

    /// Takes a field that has to be there.
    pub(super) fn require(&mut self, name: &str) -> Result<&'d RawValue, Failure> {
        self.take(name).ok_or_else(|| refuse::missing(&self.path.field(name)))
    }

    /// Takes a string.
    pub(super) fn string(&mut self, name: &str) -> Result<Option<String>, Failure> {
        self.take(name).map(|raw| string(raw, &self.path.field(name))).transpose()
    }

    /// Takes a string that has to be there.
    pub(super) fn require_string(&mut self, name: &str) -> Result<String, Failure> {
        string(self.require(name)?, &self.path.field(name))
    }

    /// Takes a string that is one of `words`.
    pub(super) fn word(
        &mut self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Failure> {
        self.take(name).map(|raw| word(raw, &self.path.field(name), words)).transpose()
    }

    /// Takes a boolean.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        match raw.get() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(refuse::wrong_type(&self.path.field(name), "a boolean", raw)),
        }
    }

    /// Takes an integer within `range`.
    pub(super) fn integer(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Failure> {
        self.take(name).map(|raw| integer(raw, &self.path.field(name), &range)).transpose()
    }

    /// Takes a number within `range`.
    pub(super) fn decimal(
        &mut self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, Failure> {
        self.take(name).map(|raw| decimal(raw, &self.path.field(name), &range)).transpose()
    }

    /// Takes an array.
    pub(super) fn array(&mut self, name: &str) -> Result<Option<Vec<&'d RawValue>>, Failure> {
        self.take(name).map(|raw| array(raw, &self.path.field(name))).transpose()
    }

    /// Takes an object that is carried without being read.
    pub(super) fn opaque_object(&mut self, name: &str) -> Result<Option<Json>, Failure> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        if !raw.get().starts_with('{') {
            return Err(refuse::wrong_type(&self.path.field(name), "an object", raw));
        }
        Ok(Some(raw.to_owned()))
    }

    /// Refuses whatever nobody has taken.
    pub(super) fn refuse_rest(self) -> Result<(), Failure> {
        match self.fields.first() {
            None => Ok(()),
            Some((name, _)) => Err(refuse::unknown_parameter(&self.path.field(name), "")),
        }
    }

    /// Whatever nobody has taken, in order.
    pub(super) fn into_rest(self) -> Vec<(Cow<'d, str>, &'d RawValue)> {
        self.fields
    }
}

/// Reads a string.
pub(super) fn string(raw: &RawValue, path: &Path<'_>) -> Result<String, Failure> {
    match serde_json::from_str(raw.get()) {
        Ok(text) => Ok(text),
        Err(_) if raw.get().starts_with('"') => {
            Err(refuse::wrong_value(path, "the string is not valid Unicode."))
        }
        Err(_) => Err(refuse::wrong_type(path, "a string", raw)),
    }
}

/// Reads a string that is one of `words`.
pub(super) fn word(
    raw: &RawValue,
    path: &Path<'_>,
    words: &[&'static str],
) -> Result<&'static str, Failure> {
    let text = string(raw, path)?;
    words
        .iter()
        .find(|word| **word == text)
        .copied()
        .ok_or_else(|| refuse::wrong_word(path, &text, words))
}

/// Reads an array.
pub(super) fn array<'d>(raw: &'d RawValue, path: &Path<'_>) -> Result<Vec<&'d RawValue>, Failure> {
    serde_json::from_str(raw.get()).map_err(|_| refuse::wrong_type(path, "an array", raw))
}

fn integer(raw: &RawValue, path: &Path<'_>, range: &RangeInclusive<u32>) -> Result<u32, Failure> {
    let text = raw.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse::wrong_type(path, "an integer", raw));
    }
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        Ok(number) if number < *range.start() => Err(below_integer(raw, path, range)),
        Err(_) if text.starts_with('-') => Err(below_integer(raw, path, range)),
        _ => {
            let bound = format!("<= {}", range.end());
            Err(refuse::out_of_range(path, "integer_above_max_value", &bound, raw))
        }
    }
}

fn below_integer(raw: &RawValue, path: &Path<'_>, range: &RangeInclusive<u32>) -> Failure {
    let bound = format!(">= {}", range.start());
    refuse::out_of_range(path, "integer_below_min_value", &bound, raw)
}

fn decimal(raw: &RawValue, path: &Path<'_>, range: &RangeInclusive<f64>) -> Result<f64, Failure> {
    let number: f64 =
        serde_json::from_str(raw.get()).map_err(|_| refuse::wrong_type(path, "a number", raw))?;
    if number < *range.start() {
        let bound = format!(">= {}", range.start());
        return Err(refuse::out_of_range(path, "decimal_below_min_value", &bound, raw));
    }
    if number > *range.end() {
        let bound = format!("<= {}", range.end());
        return Err(refuse::out_of_range(path, "decimal_above_max_value", &bound, raw));
    }
    Ok(number)
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

struct Fields<'d>(Vec<(Cow<'d, str>, &'d RawValue)>);

#[derive(Deserialize)]
struct Key<'d>(#[serde(borrow)] Cow<'d, str>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            fields.push((key, map.next_value()?));
        }
        Ok(Fields(fields))
    }
}
