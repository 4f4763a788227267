//! The effective configuration as a `transom.yaml` that gives the same configuration again.

use std::fmt::Write as _;

use crate::{
    Origin,
    resolve::Effective,
    section,
    setting::{Meta, Status},
    value::Raw,
};

const HEAD: &str = "# Effective configuration of Transom; after each value, where it came from.\n";

/// Writes every value in effect in the order of the reference. A credential that only this run
/// knows becomes a comment; one from a variable or a file is named.
pub(crate) fn yaml(effective: &[Effective]) -> String {
    let mut text = HEAD.to_owned();
    let mut open: Vec<&str> = Vec::new();
    let declared = section::all().into_iter().flat_map(|section| section.declarations);
    for meta in declared.map(|declaration| declaration.meta) {
        let Some(value) = effective.iter().find(|value| value.path == meta.path) else { continue };
        if is_idle(&meta, value) {
            continue;
        }
        let mut keys: Vec<&str> = meta.path.split('.').collect();
        let Some(leaf) = keys.pop() else { continue };
        let common = open.iter().zip(&keys).take_while(|(open, key)| open == key).count();
        for (depth, key) in keys.iter().enumerate().skip(common) {
            line(&mut text, depth, format_args!("{key}:"));
        }
        let origin = &value.origin;
        match &value.raw {
            Some(raw) => {
                let raw = render(raw);
                line(&mut text, keys.len(), format_args!("{leaf}: {raw}  # {origin}"));
            }
            None => {
                line(&mut text, keys.len(), format_args!("# {leaf}: set, not shown  # {origin}"));
            }
        }
        open = keys;
    }
    text
}

/// A setting without effect is shown only when somebody wrote it.
fn is_idle(meta: &Meta, value: &Effective) -> bool {
    meta.status == Status::Later && matches!(value.origin, Origin::Default(_))
}

fn line(text: &mut String, depth: usize, content: std::fmt::Arguments<'_>) {
    let indent = "  ".repeat(depth);
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "{indent}{content}");
}

fn render(raw: &Raw) -> String {
    match raw {
        Raw::Scalar(text) => scalar(text),
        Raw::List(items) => {
            let items: Vec<_> = items.iter().map(|item| scalar(item)).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

/// Plain where every YAML reader agrees that it is this text, else double-quoted. JSON's escapes
/// are YAML's.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-+".contains(c);
    let safe = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(plain)
        && !text.eq_ignore_ascii_case("null");
    if safe { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // At most four hexadecimal digits: all of these are in the basic plane.
                let _infallible = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
