//! The outline of a JSON Schema: its containers, where keywords stand and what they lead to.

use crate::scan::{Error, Member, View, view};

/// What a container is in the language of JSON Schema. Only keywords of a schema mean something:
/// a property may well be called `pattern`, and examples are data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A schema.
    Schema,
    /// An object whose members are schemas, such as `properties`.
    Map,
    /// A list of schemas, such as `anyOf`.
    List,
    /// `patternProperties`: a map whose keys are regular expressions.
    Patterns,
    /// Data: `enum`, `const`, `default`, `examples`, `required`, ….
    Data,
    /// An object with schemas somewhere in it, such as a structural tag.
    Wrapper,
}

/// A container of the schema.
#[derive(Debug)]
pub(super) struct Node {
    /// The container around it.
    pub(super) parent: Option<usize>,
    /// Its key or place in the parent.
    pub(super) name: String,
    /// Whether it constrains the very value that its parent constrains (`anyOf`, `not`, …).
    pub(super) same_value: bool,
    /// The target of its `$ref`.
    pub(super) reference: Option<String>,
}

/// What the outline found.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The root is the first.
    pub(super) nodes: Vec<Node>,
    /// Regular expressions.
    pub(super) patterns: Vec<String>,
}

/// Why a schema does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("is not JSON: {0}")]
    Json(#[from] Error),
    #[error("must be an object or a boolean")]
    NotASchema,
    #[error("has more than {0} levels of subschemas")]
    Deep(u32),
    #[error("has more than {0} objects and lists")]
    ManyNodes(usize),
    #[error("has a '{0}' that is not a string")]
    NotAString(&'static str),
    #[error("has a 'type' that JSON Schema does not know")]
    UnknownType,
    #[error("has a $ref that leads back to itself")]
    Circular,
}

/// The types of JSON Schema (2020-12, validation, section 6.1.1).
const TYPES: &[&str] = &["string", "number", "integer", "boolean", "object", "array", "null"];

/// A container that waits to be looked at.
struct Waiting<'a> {
    raw: &'a str,
    place: Place,
    level: u32,
    node: Node,
}

/// Reads the outline. `max_depth` counts subschemas, `max_nodes` containers.
pub(super) fn outline(
    text: &str,
    root: Place,
    max_depth: u32,
    max_nodes: usize,
) -> Result<Outline, Unfit> {
    let mut outline = Outline::default();
    let node = Node { parent: None, name: String::new(), same_value: false, reference: None };
    let mut waiting = vec![Waiting { raw: text, place: root, level: 1, node }];
    while let Some(mut next) = waiting.pop() {
        if next.level > max_depth.saturating_mul(2) {
            return Err(Unfit::Deep(max_depth));
        }
        let index = outline.nodes.len();
        match view(next.raw)? {
            View::Object(members) => {
                for member in &members {
                    keyword(member, next.place, &mut next.node, &mut outline.patterns)?;
                    waiting.extend(child(member, &next, index));
                }
            }
            View::Array(elements) => {
                for (at, raw) in elements.into_iter().enumerate() {
                    let member = Member { name: at.to_string().into(), value: raw, at: 0 };
                    waiting.extend(child(&member, &next, index));
                }
            }
            View::Bool(_) => {}
            _ => return Err(Unfit::NotASchema),
        }
        outline.nodes.push(next.node);
        if outline.nodes.len() + waiting.len() > max_nodes {
            return Err(Unfit::ManyNodes(max_nodes));
        }
    }
    Ok(outline)
}

/// What a keyword with a plain value says.
fn keyword(
    member: &Member<'_>,
    place: Place,
    node: &mut Node,
    patterns: &mut Vec<String>,
) -> Result<(), Unfit> {
    match (place, &*member.name) {
        (Place::Schema, "pattern") => patterns.push(string(member.value, "pattern")?),
        (Place::Schema, "$ref") => node.reference = Some(string(member.value, "$ref")?),
        (Place::Schema, "type") => check_type(member.value)?,
        (Place::Patterns, pattern) => patterns.push(pattern.to_owned()),
        (Place::Wrapper, "pattern" | "regex") => {
            if let View::String(pattern) = view(member.value)? {
                patterns.push(pattern.into_owned());
            }
        }
        _ => {}
    }
    Ok(())
}

fn string(raw: &str, keyword: &'static str) -> Result<String, Unfit> {
    match view(raw)? {
        View::String(text) => Ok(text.into_owned()),
        _ => Err(Unfit::NotAString(keyword)),
    }
}

fn check_type(raw: &str) -> Result<(), Unfit> {
    let is_type = |view: &View<'_>| matches!(view, View::String(name) if TYPES.contains(&&**name));
    match view(raw)? {
        View::Array(names) => {
            for name in names {
                if !is_type(&view(name)?) {
                    return Err(Unfit::UnknownType);
                }
            }
            Ok(())
        }
        one if is_type(&one) => Ok(()),
        _ => Err(Unfit::UnknownType),
    }
}

/// A member or element that is a container itself.
fn child<'a>(member: &Member<'a>, parent: &Waiting<'a>, index: usize) -> Option<Waiting<'a>> {
    if !member.value.starts_with(['{', '[']) {
        return None;
    }
    let list = member.value.starts_with('[');
    let (place, same_value) = match (parent.place, &*member.name) {
        (Place::Schema, key) => below(key, list),
        (Place::List, _) => (Place::Schema, parent.node.same_value),
        (Place::Map | Place::Patterns, _) | (Place::Wrapper, "schema") => (Place::Schema, false),
        (Place::Data, _) => (Place::Data, false),
        (Place::Wrapper, _) => (Place::Wrapper, false),
    };
    let name = member.name.as_ref().to_owned();
    Some(Waiting {
        raw: member.value,
        place,
        level: parent.level + 1,
        node: Node { parent: Some(index), name, same_value, reference: None },
    })
}

/// Where a keyword of a schema leads, and whether to the same value.
fn below(keyword: &str, list: bool) -> (Place, bool) {
    match keyword {
        "properties" | "$defs" | "definitions" | "dependentSchemas" => (Place::Map, false),
        "patternProperties" => (Place::Patterns, false),
        "anyOf" | "allOf" | "oneOf" if list => (Place::List, true),
        "prefixItems" | "items" if list => (Place::List, false),
        "not" | "if" | "then" | "else" => (Place::Schema, true),
        "items"
        | "additionalItems"
        | "additionalProperties"
        | "contains"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties" => (Place::Schema, false),
        _ => (Place::Data, false),
    }
}
