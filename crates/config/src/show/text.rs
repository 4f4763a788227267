//! YAML of single values.

use std::fmt::Write as _;

use crate::value::Raw;

/// A value as it stands behind its key.
pub(super) fn render(raw: &Raw) -> String {
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
