//! The environment: the process's variables over those of `.env`.

use std::collections::BTreeMap;

use crate::{Origin, problem::Findings};

/// Name and value of the process's variables. A parameter of [`crate::load`]: nothing else in the
/// program reads the environment.
pub type Environment = BTreeMap<String, String>;

/// The environment of this process. Bytes that are not UTF-8 are replaced.
pub fn process_environment() -> Environment {
    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// Every variable that is set. A blank one counts as unset (`vllm-responses.md` section 1.1).
#[derive(Default)]
pub(crate) struct Variables {
    set: BTreeMap<String, (String, Origin)>,
}

impl Variables {
    /// The process's variables win over the file's, value by value.
    pub(crate) fn new(process: &Environment, dotenv: Option<&str>, found: &mut Findings) -> Self {
        let mut set = BTreeMap::new();
        for (line, name, value) in dotenv.map(|text| parse_dotenv(text, found)).unwrap_or_default()
        {
            let origin = Origin::DotEnv { variable: name.clone(), line };
            set.insert(name, (value, origin));
        }
        let process = process.iter().filter(|(_, value)| !value.trim().is_empty());
        for (name, value) in process {
            set.insert(name.clone(), (value.clone(), Origin::Variable(name.clone())));
        }
        set.retain(|_, (value, _)| !value.trim().is_empty());
        Self { set }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.set.get(name).map(|(value, _)| value.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, &Origin)> {
        self.set.iter().map(|(name, (value, origin))| (name.as_str(), value.as_str(), origin))
    }
}

/// `KEY=VALUE` lines with their numbers. Blank lines, lines that start with `#` and what follows a
/// blank and a `#` behind a value are skipped (guide 004 has such comments); one pair of single
/// quotes, then one pair of double quotes is taken off; there is no `export` and no expansion. Of
/// two lines for one key the last counts.
fn parse_dotenv(text: &str, found: &mut Findings) -> Vec<(usize, String, String)> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (line, number) = (line.trim(), index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=') {
            Some((key, value)) if is_name(key.trim()) => {
                let value = unquote(unquote(without_comment(value), '\''), '"');
                lines.push((number, key.trim().to_owned(), value.to_owned()));
            }
            // The line is not repeated: it may hold a credential.
            _ => found.notice(
                Origin::File { file: ".env".into(), line: number as u64, key: String::new() },
                "ignored: the line is not KEY=VALUE (`export` is not understood)",
            ),
        }
    }
    lines
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && !key.contains(char::is_whitespace)
}

/// A `#` within quotes, or without a blank before it, is part of the value.
fn without_comment(value: &str) -> &str {
    let text = value.trim();
    let quoted = text.chars().next().filter(|first| ['\'', '"'].contains(first));
    let close = quoted.and_then(|quote| text[1..].find(quote)).map(|at| at + 2);
    if let Some(close) = close.filter(|close| text[*close..].trim_start().starts_with('#')) {
        return &text[..close];
    }
    let begins = |(at, _): &(usize, &str)| value[..*at].ends_with(char::is_whitespace);
    match value.match_indices('#').find(begins) {
        Some((at, _)) if close.is_none() => value[..at].trim(),
        _ => text,
    }
}

fn unquote(text: &str, quote: char) -> &str {
    text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
