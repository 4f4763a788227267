//! Fits JSON that is kept as it came into the shape in which it has to be shown.
//!
//! One principle holds for all of it. A value of the wrong type is refused, and the refusal names
//! its place. What the model has to be told must be there. What only the server that made an item
//! could have filled in, and clients leave out when they send it back, is filled in here, so that
//! everything that is accepted can be shown in OpenAI's schema. What fits stays as it is spelled.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::Failure;

use crate::responses::path::Path;
use crate::responses::read::{self, Object};
use crate::responses::{json, refuse};

/// What a value has to be.
#[derive(Clone, Copy, Debug)]
pub(in crate::responses) enum Shape {
    /// Any text.
    Text,
    /// Text that is not empty.
    Filled,
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Flag,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// A list of such values.
    List(&'static Shape),
    /// An object with any names and such values.
    Map(&'static Shape),
    /// An object with these fields, and any others.
    Object(&'static [Rule]),
    /// An object whose `type` says which fields it has.
    Tagged(&'static [(&'static str, &'static [Rule])]),
    /// Anything.
    Any,
}

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub(in crate::responses) struct Rule {
    /// Its name.
    pub(in crate::responses) name: &'static str,
    /// What its value has to be, unless it is null.
    pub(in crate::responses) shape: Shape,
    /// What it is when it is null or not there.
    pub(in crate::responses) absent: Absent,
}

/// What becomes of a field that is null or not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::responses) enum Absent {
    /// The object is refused.
    Refused,
    /// It becomes this.
    Is(Default),
    /// It is left out.
    Left,
    /// It stays as it is, null or not there.
    Kept,
}

/// What a field becomes that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::responses) enum Default {
    /// `null`
    Null,
    /// `[]`
    NoList,
    /// `{}`
    NoObject,
    /// A string.
    Word(&'static str),
}

impl Default {
    fn raw(self) -> Json {
        match self {
            Self::Null => json::raw(&()),
            Self::NoList => json::raw::<[(); 0]>(&[]),
            Self::NoObject => json::raw(&Pairs(&[])),
            Self::Word(word) => json::raw(word),
        }
    }
}

/// Takes the fields of `object` that are left, in order. Each follows its rule.
pub(super) fn fields(
    object: Object<'_, '_>,
    rules: &'static [Rule],
) -> Result<Vec<(String, Json)>, Failure> {
    let path = object.path();
    fit(object.into_rest(), rules, path).map(|fitted| fitted.fields)
}

/// The fields of an object, and whether they are those that came.
struct Fitted {
    fields: Vec<(String, Json)>,
    same: bool,
}

fn fit(
    given: Vec<(Cow<'_, str>, &RawValue)>,
    rules: &'static [Rule],
    path: &Path<'_>,
) -> Result<Fitted, Failure> {
    let mut fitted = Fitted { fields: Vec::with_capacity(given.len()), same: true };
    for (name, raw) in given {
        let rule = rules.iter().find(|rule| rule.name == name);
        if raw.get() == "null" && rule.is_some_and(|rule| rule.absent != Absent::Kept) {
            fitted.same = false;
            continue;
        }
        let changed = match rule {
            Some(rule) if raw.get() != "null" => value(raw, &rule.shape, &path.field(rule.name))?,
            Some(_) | None => None,
        };
        fitted.same &= changed.is_none();
        fitted.fields.push((name.into_owned(), changed.unwrap_or_else(|| raw.to_owned())));
    }
    for rule in rules {
        let there = fitted.fields.iter().any(|(name, _)| name == rule.name);
        match rule.absent {
            Absent::Refused if !there => return Err(refuse::missing(&path.field(rule.name))),
            Absent::Is(json) if !there => {
                fitted.same = false;
                fitted.fields.push((rule.name.to_owned(), json.raw()));
            }
            _ => {}
        }
    }
    Ok(fitted)
}

/// Fits one value: `None` where it stays as it is.
pub(super) fn value(
    raw: &RawValue,
    shape: &Shape,
    path: &Path<'_>,
) -> Result<Option<Json>, Failure> {
    match shape {
        Shape::Any => Ok(None),
        Shape::Text => read::string(raw, path).map(|_| None),
        Shape::Filled => filled(raw, path).map(|()| None),
        Shape::Word(words) => read::word(raw, path, words).map(|_| None),
        Shape::Flag if matches!(raw.get(), "true" | "false") => Ok(None),
        Shape::Flag => Err(refuse::wrong_type(path, "a boolean", raw)),
        Shape::Integer if is_integer(raw.get()) => Ok(None),
        Shape::Integer => Err(refuse::wrong_type(path, "an integer", raw)),
        Shape::Number if is_number(raw.get()) => Ok(None),
        Shape::Number => Err(refuse::wrong_type(path, "a number", raw)),
        Shape::List(shape) => list(raw, shape, path),
        Shape::Map(shape) => {
            for (name, raw) in Object::read(raw, path)?.into_rest() {
                value(raw, shape, &path.field(&name))?;
            }
            Ok(None)
        }
        Shape::Object(rules) => object(raw, rules, path),
        Shape::Tagged(kinds) => {
            let words: Vec<_> = kinds.iter().map(|(word, _)| *word).collect();
            let Some(word) = Object::read(raw, path)?.word("type", &words)? else {
                return Err(refuse::missing(&path.field("type")));
            };
            let rules = kinds.iter().find(|(kind, _)| *kind == word).map_or(&[][..], |kind| kind.1);
            object(raw, rules, path)
        }
    }
}

fn filled(raw: &RawValue, path: &Path<'_>) -> Result<(), Failure> {
    if read::string(raw, path)?.is_empty() {
        return Err(refuse::wrong_value(path, "it may not be empty."));
    }
    Ok(())
}

fn list(raw: &RawValue, shape: &Shape, path: &Path<'_>) -> Result<Option<Json>, Failure> {
    let elements = read::array(raw, path)?;
    let mut fitted = Vec::with_capacity(elements.len());
    let mut same = true;
    for (index, element) in elements.into_iter().enumerate() {
        let changed = value(element, shape, &path.element(index))?;
        same &= changed.is_none();
        fitted.push(changed.unwrap_or_else(|| element.to_owned()));
    }
    Ok((!same).then(|| json::raw(&fitted)))
}

fn object(
    raw: &RawValue,
    rules: &'static [Rule],
    path: &Path<'_>,
) -> Result<Option<Json>, Failure> {
    let fitted = fit(Object::read(raw, path)?.into_rest(), rules, path)?;
    Ok((!fitted.same).then(|| json::raw(&Pairs(&fitted.fields))))
}

/// An object of fields in order.
struct Pairs<'a>(&'a [(String, Json)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, json) in self.0 {
            map.serialize_entry(name, json)?;
        }
        map.end()
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// JSON's numbers are all that begin so: the text is known to be JSON.
fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}
