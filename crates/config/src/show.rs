//! A configuration as a `transom.yaml` that gives the same configuration again.

mod text;

use std::fmt::Write as _;

use self::text::render;
use crate::{
    Origin,
    fleet::MERGE_ORDER,
    resolve::{Authority, Effective, Shown},
    section,
    setting::{Meta, Status},
};

const EFFECTIVE: &str = "Effective configuration of Transom; after each value, where it came from.";
const CONVERTED: &str = "Configuration of Transom: what was written, in its own words. What is not here has its default.";
/// Longest line of a comment that is broken into lines.
const WIDTH: usize = 96;

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Every value in effect, each with its origin.
    Effective,
    /// What a source decided, without origins.
    Written,
}

/// Writes every value in effect in the order of the reference. A credential that only this run
/// knows becomes a comment; one from a variable or a file is named.
pub(crate) fn effective(shown: &Shown, origins: &[(String, Origin)]) -> String {
    let mut text = String::new();
    comment(&mut text, EFFECTIVE);
    comment(&mut text, MERGE_ORDER);
    for (model, origin) in origins {
        line(&mut text, 0, format_args!("# model {model}: {origin}"));
    }
    Writer::new(Extent::Effective).mapping(&mut text, 0, "", shown);
    text
}

/// Writes what sources decided, as a file to go on with.
pub(crate) fn converted(shown: &Shown) -> String {
    let mut text = String::new();
    comment(&mut text, CONVERTED);
    Writer::new(Extent::Written).mapping(&mut text, 0, "", shown);
    text
}

struct Writer {
    declared: Vec<Meta>,
    extent: Extent,
}

impl Writer {
    fn new(extent: Extent) -> Self {
        let declared = section::all().into_iter().flat_map(|section| section.declarations);
        Self { declared: declared.map(|declaration| declaration.meta).collect(), extent }
    }

    /// The settings below `prefix`, then its lists.
    fn mapping(&self, text: &mut String, depth: usize, prefix: &str, shown: &Shown) {
        let mut open: Vec<&str> = Vec::new();
        let mut lists: Vec<&str> = Vec::new();
        for meta in &self.declared {
            let Some(below) = meta.path.strip_prefix(prefix) else { continue };
            if let Some((list, _)) = below.split_once("[]") {
                lists.extend((lists.last() != Some(&list)).then_some(list));
                continue;
            }
            let value = shown.values.iter().find(|value| value.path == meta.path);
            let Some(value) = value.filter(|value| self.is_shown(meta, value, prefix)) else {
                continue;
            };
            let mut keys: Vec<&str> = below.split('.').collect();
            let Some(leaf) = keys.pop() else { continue };
            let common = open.iter().zip(&keys).take_while(|(open, key)| open == key).count();
            for (level, key) in keys.iter().enumerate().skip(common) {
                line(text, depth + level, format_args!("{key}:"));
            }
            setting(text, depth + keys.len(), leaf, value, self.extent);
            open = keys;
        }
        for list in lists {
            self.entries(text, depth, prefix, list, shown);
        }
    }

    fn entries(&self, text: &mut String, depth: usize, prefix: &str, key: &str, shown: &Shown) {
        let list = format!("{prefix}{key}[]");
        let mut entries = shown.entries.iter().filter(|entry| entry.list == list).peekable();
        if entries.peek().is_some() {
            line(text, depth, format_args!("{key}:"));
        }
        for entry in entries {
            let mut item = String::new();
            self.mapping(&mut item, depth + 2, &format!("{list}."), &entry.shown);
            // The first line of an entry carries its dash.
            let indent = "  ".repeat(depth + 1);
            let _infallible = write!(text, "{indent}- {}", item.trim_start());
        }
    }

    /// A setting without effect is shown only when somebody wrote it; in an entry, so is a plain
    /// default.
    fn is_shown(&self, meta: &Meta, value: &Effective, prefix: &str) -> bool {
        match self.extent {
            Extent::Written => value.authority == Authority::Source,
            Extent::Effective => {
                let usual = matches!(value.origin, Origin::Default(None));
                !(usual && (meta.status == Status::Later || !prefix.is_empty()))
            }
        }
    }
}

fn setting(text: &mut String, depth: usize, key: &str, value: &Effective, extent: Extent) {
    let origin = &value.origin;
    match (&value.raw, extent) {
        (Some(raw), Extent::Effective) => {
            line(text, depth, format_args!("{key}: {}  # {origin}", render(raw)));
        }
        (Some(raw), Extent::Written) => line(text, depth, format_args!("{key}: {}", render(raw))),
        (None, Extent::Effective) => {
            line(text, depth, format_args!("# {key}: set, not shown  # {origin}"));
        }
        (None, Extent::Written) => {
            let place = origin.place();
            line(
                text,
                depth,
                format_args!(
                    "# {key}: \"env:NAME\"  # stands in {place} itself: put it into a variable"
                ),
            );
        }
    }
}

fn comment(text: &mut String, words: &str) {
    let mut length = 0;
    for word in words.split(' ') {
        if length == 0 || length + word.len() > WIDTH {
            let start = if text.is_empty() { "#" } else { "\n#" };
            let start = if text.ends_with('\n') { "#" } else { start };
            text.push_str(start);
            length = 1;
        }
        text.push(' ');
        text.push_str(word);
        length += word.len() + 1;
    }
    text.push('\n');
}

fn line(text: &mut String, depth: usize, content: std::fmt::Arguments<'_>) {
    let indent = "  ".repeat(depth);
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "{indent}{content}");
}
