//! Schemas, regular expressions and tool names of one request.

use std::collections::HashSet;

use transom_core::failure::Invalid;

use super::outline::Place;
use super::{Caps, Mode, Shield, invalid, regex, rules, schema, too_large};
use crate::scan::View;

/// The longest name of a tool (OpenAI API reference, `tools[].function.name`).
const MAX_TOOL_NAME: usize = 64;

/// The most work that the expressions of one request may make, as bytes of compiled automata
/// (the time to compile them grows with it): about 20 ms.
const REGEX_BUDGET: usize = 4 << 20;

/// A look at one request. It remembers names, which must differ, and adds up the work that the
/// request's regular expressions make.
#[derive(Debug)]
pub struct Inspection<'a> {
    mode: Mode,
    caps: &'a Caps,
    names: HashSet<String>,
    regex_budget: usize,
}

impl<'a> Inspection<'a> {
    pub(super) fn new(shield: &'a Shield) -> Self {
        let (mode, caps) = (shield.mode, &shield.caps);
        Self { mode, caps, names: HashSet::new(), regex_budget: REGEX_BUDGET }
    }

    pub(super) fn caps(&self) -> &'a Caps {
        self.caps
    }

    /// Checks a JSON Schema: its size, depth and nodes, the types it names, its regular expressions
    /// and references that lead back to themselves. A schema may also come in a string.
    pub fn schema(&mut self, raw: &str, param: &str) -> Result<(), Invalid> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        if raw.len() > self.caps.schema_bytes {
            return Err(too_large(param, self.caps.schema_bytes, " bytes"));
        }
        match rules::look(param, raw)? {
            View::String(inner) => schema::check(&inner, param, Place::Schema, self),
            _ => schema::check(raw, param, Place::Schema, self),
        }
    }

    /// Checks an object that has schemas somewhere in it.
    pub(super) fn wrapper(&mut self, raw: &str, param: &str) -> Result<(), Invalid> {
        if raw.len() > self.caps.schema_bytes {
            return Err(too_large(param, self.caps.schema_bytes, " bytes"));
        }
        schema::check(raw, param, Place::Wrapper, self)
    }

    /// Checks a regular expression: its length, and that it compiles within bounds. Look-around,
    /// which generated schemas use, counts as a plain group.
    pub fn regex(&mut self, pattern: &str, param: &str) -> Result<(), Invalid> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        if pattern.len() > self.caps.regex_bytes {
            return Err(too_large(param, self.caps.regex_bytes, " bytes"));
        }
        let size = regex::compiled_size(pattern, self.regex_budget)
            .map_err(|error| invalid(param, &error.to_string()))?;
        self.regex_budget = self.regex_budget.saturating_sub(size);
        Ok(())
    }

    /// Checks a grammar: its length, which bounds the time to compile it.
    pub fn grammar(&mut self, grammar: &str, param: &str) -> Result<(), Invalid> {
        if self.mode != Mode::Off && grammar.len() > self.caps.schema_bytes {
            return Err(too_large(param, self.caps.schema_bytes, " bytes"));
        }
        Ok(())
    }

    /// Checks the name of a tool: `^[A-Za-z0-9_-]{1,64}$`, and not twice.
    pub fn tool_name(&mut self, name: &str, param: &str) -> Result<(), Invalid> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !plain || name.is_empty() || name.len() > MAX_TOOL_NAME {
            return Err(invalid(param, "must match ^[A-Za-z0-9_-]{1,64}$"));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(invalid(param, &format!("repeats the name '{name}'")));
        }
        Ok(())
    }
}
