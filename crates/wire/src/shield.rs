//! What a request may ask of a model server: one request must not kill or corrupt an engine that
//! serves many.
//!
//! The rules are those of the security review of vLLM's published defects: fields that reach deep
//! into the engine are refused by name, and sizes that cost it dearly are capped. A field that the
//! gateway owns (`cache_salt`, `request_id`) is not refused but taken out.
//!
//! # Layout
//!
//! - `rules`: which field has which rule, and the values that rules are about.
//! - `known`: the fields of [`Mode::Strict`].
//! - `inspection`: schemas, regular expressions and tool names of one request.
//! - `schema`, `outline`, `references`: JSON Schemas.
//! - `regex`: regular expressions.
//! - `media`: content parts that are not text; `inputs`: such parts outside of chat messages.
//! - `arguments`: calls that come back.

use std::collections::BTreeSet;

use transom_core::failure::Invalid;

use crate::scan::Head;

mod arguments;
mod inputs;
mod inspection;
mod known;
mod media;
mod outline;
mod references;
mod regex;
mod rules;
mod schema;
mod structured;

pub use inspection::Inspection;

/// Top-level fields that go to no model server as the client wrote them: a salt shared with
/// somebody else's prefix cache, and the engine's own request key.
const OWNED: &[&str] = &["cache_salt", "request_id"];

/// How much is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only what is not JSON.
    Off,
    /// Dangerous fields, and values over the caps.
    #[default]
    On,
    /// As `On`, and fields nobody knows, and media that the engine would have to fetch.
    Strict,
}

/// What a body is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Completions,
    /// `/v1/embeddings`
    Embeddings,
    /// `/v1/rerank`
    Rerank,
    /// `/v1/score`
    Score,
    /// `/v1/responses`; its parser looks at tools and formats itself, with [`Inspection`].
    Responses,
}

/// The largest values of fields that cost an engine dearly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Most choices per request.
    pub n: u32,
    /// Most candidates per choice.
    pub best_of: u32,
    /// Most alternatives per token.
    pub logprobs: u32,
    /// Most stop sequences.
    pub stop: usize,
    /// Longest stop sequence, in bytes.
    pub stop_bytes: usize,
    /// Most biased tokens.
    pub logit_bias: usize,
    /// Most tools.
    pub tools: usize,
    /// Largest JSON Schema or grammar, in bytes.
    pub schema_bytes: usize,
    /// Deepest JSON Schema, in subschemas. A subschema lies at most two JSON levels below the one
    /// it belongs to.
    pub schema_depth: u32,
    /// Most objects and arrays in a JSON Schema.
    pub schema_nodes: usize,
    /// Longest regular expression, in bytes.
    pub regex_bytes: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            n: 8,
            best_of: 8,
            logprobs: 20,
            stop: 4,
            stop_bytes: 64,
            logit_bias: 300,
            tools: 128,
            schema_bytes: 64 << 10,
            schema_depth: 16,
            schema_nodes: 1000,
            regex_bytes: 1 << 10,
        }
    }
}

/// What becomes of a field that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// It is sent on.
    Keep,
    /// It is left out: the gateway owns it.
    Drop,
}

/// The rules of one gateway.
#[derive(Clone, Debug, Default)]
pub struct Shield {
    mode: Mode,
    caps: Caps,
    lifted: BTreeSet<String>,
}

impl Shield {
    /// A shield; `lifted` are fields that pass although they are refused, or unknown. Caps hold
    /// for them all the same.
    pub fn new(mode: Mode, caps: Caps, lifted: BTreeSet<String>) -> Self {
        Self { mode, caps, lifted }
    }

    /// The fields that [`crate::splice`] must take out of a body that passes through.
    pub fn removed(&self) -> &'static [&'static str] {
        match self.mode {
            Mode::Off => &[],
            Mode::On | Mode::Strict => OWNED,
        }
    }

    /// A look at the schemas, expressions and names of one request.
    pub fn inspect(&self) -> Inspection<'_> {
        Inspection::new(self)
    }

    /// Judges a body by its fields. `head` must come from a scan of this very body.
    pub fn check_fields(&self, body: &[u8], head: &Head, route: Route) -> Result<(), Invalid> {
        let Ok(text) = std::str::from_utf8(body) else {
            return Err(wrong_type("body", "UTF-8"));
        };
        let mut inspection = self.inspect();
        for field in &head.fields {
            let raw = &text[field.value.clone()];
            self.judge(&field.name, raw, route, &mut inspection)?;
            if self.mode != Mode::Off && inputs::are_in(&field.name, route) {
                inputs::check(&field.name, raw, self.mode)?;
            }
        }
        if self.mode != Mode::Off {
            for part in &head.parts {
                let param = format!("messages[{}].content[{}]", part.message, part.index);
                media::check(&param, &text[part.span.clone()], self.mode)?;
            }
        }
        Ok(())
    }

    /// Judges one field that a parser does not know and would send on. `raw` is its value.
    pub fn check_extra(&self, name: &str, raw: &str) -> Result<Extra, Invalid> {
        self.judge(name, raw, Route::Responses, &mut self.inspect())?;
        Ok(if self.removed().contains(&name) { Extra::Drop } else { Extra::Keep })
    }

    /// Judges the address of a picture or another medium in a typed request.
    pub fn check_media_url(&self, url: &str, param: &str) -> Result<(), Invalid> {
        match self.mode {
            Mode::Off => Ok(()),
            mode => media::check_url(param, url, mode),
        }
    }

    /// Judges the arguments of a call that a client sends back.
    pub fn check_arguments(&self, arguments: &str, param: &str) -> Result<(), Invalid> {
        match self.mode {
            Mode::Off => Ok(()),
            Mode::On | Mode::Strict => arguments::check(arguments, param),
        }
    }

    fn judge(
        &self,
        name: &str,
        raw: &str,
        route: Route,
        inspection: &mut Inspection<'_>,
    ) -> Result<(), Invalid> {
        if self.mode == Mode::Off || raw == "null" || OWNED.contains(&name) {
            return Ok(());
        }
        let lifted = self.lifted.contains(name);
        let rule = rules::of(name);
        if rule == Some(rules::Rule::Denied) {
            return if lifted { Ok(()) } else { Err(denied(name)) };
        }
        if self.mode == Mode::Strict && !lifted && rule.is_none() && !known::is_known(name, route) {
            return Err(Invalid {
                param: Some(name.to_owned()),
                code: "unknown_parameter",
                message: format!("Unknown parameter: '{name}'."),
            });
        }
        match rule {
            Some(rules::Rule::Tools | rules::Rule::ResponseFormat) if route == Route::Responses => {
                Ok(())
            }
            Some(rules::Rule::TemplateKwargs) if lifted => Ok(()),
            Some(rule) => rules::check(rule, name, raw, &self.caps, inspection),
            None => Ok(()),
        }
    }
}

fn denied(param: &str) -> Invalid {
    Invalid {
        param: Some(param.to_owned()),
        code: "field_denied",
        message: format!("The field '{param}' is not allowed by this gateway."),
    }
}

fn wrong_type(param: &str, expected: &str) -> Invalid {
    Invalid {
        param: Some(param.to_owned()),
        code: "invalid_type",
        message: format!("The field '{param}' must be {expected}."),
    }
}

fn invalid(param: &str, problem: &str) -> Invalid {
    Invalid {
        param: Some(param.to_owned()),
        code: "invalid_value",
        message: format!("The field '{param}' {problem}."),
    }
}

fn too_large(param: &str, limit: impl std::fmt::Display, unit: &str) -> Invalid {
    Invalid {
        param: Some(param.to_owned()),
        code: "value_too_large",
        message: format!("The field '{param}' may have at most {limit}{unit}."),
    }
}

#[cfg(test)]
mod tests;
