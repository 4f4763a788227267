//! When two answers are alike: same route, same status, same fields with values of the same sort.
//!
//! What a schema can tell apart stays apart: words (types, statuses, codes), the order of kinds in a
//! list, whether a text is long. What it cannot tell apart, such as ids, prose and counts, is one.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Number, Value};

use super::Form;

/// Longest text that is looked at as a word.
const WORD: usize = 40;

/// OpenAI's longest bound of a text that a short one stays below (`safety_identifier`, keys of metadata).
const LONG: usize = 64;

/// The same number for answers that are alike, in every process.
pub(super) fn of(method: &str, path: &str, status: u16, form: Form, json: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    (method, status, form).hash(&mut hasher);
    for segment in path.split('/') {
        text(segment, &mut hasher);
    }
    value(json, &mut hasher);
    hasher.finish()
}

fn value(json: &Value, hasher: &mut DefaultHasher) {
    std::mem::discriminant(json).hash(hasher);
    match json {
        Value::Null => {}
        Value::Bool(truth) => truth.hash(hasher),
        Value::Number(amount) => number(amount, hasher),
        Value::String(string) => text(string, hasher),
        Value::Array(elements) => list(elements, hasher),
        Value::Object(fields) => {
            for (name, field) in fields.iter().collect::<BTreeMap<_, _>>() {
                name.hash(hasher);
                value(field, hasher);
            }
            fields.len().hash(hasher);
        }
    }
}

/// Runs of elements that are alike count once.
fn list(elements: &[Value], hasher: &mut DefaultHasher) {
    let mut last = None;
    for element in elements {
        let mut own = DefaultHasher::new();
        value(element, &mut own);
        let shape = own.finish();
        if last.replace(shape) != Some(shape) {
            shape.hash(hasher);
        }
    }
    last.is_some().hash(hasher);
}

/// Whether it is whole, and between which of the bounds that OpenAI's schema has.
fn number(amount: &Number, hasher: &mut DefaultHasher) {
    let bounds = [0.0, 1.0, 2.0, 20.0];
    let size = amount.as_f64().unwrap_or(f64::MAX);
    let place = bounds.iter().filter(|bound| size > **bound).count();
    (amount.is_f64(), size < 0.0, place).hash(hasher);
}

/// A word is itself with its digits made one; other text is short or long, a name or prose.
fn text(string: &str, hasher: &mut DefaultHasher) {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    let name = string.bytes().all(is_name);
    let word =
        name && string.len() <= WORD && !string.bytes().any(|byte| byte.is_ascii_uppercase());
    let digits = string.bytes().filter(u8::is_ascii_digit).count();
    if word && digits <= 2 {
        string.replace(|c: char| c.is_ascii_digit(), "0").hash(hasher);
    } else {
        (name, string.is_empty(), string.len() > LONG).hash(hasher);
    }
}
