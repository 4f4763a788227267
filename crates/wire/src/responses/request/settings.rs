//! What the model server is told, and the response object shows.

use transom_core::failure::Failure;
use transom_core::request::{JsonSchema, OutputFormat, Sampling};

use super::include;
use crate::responses::path::Path;
use crate::responses::read::{self, Object};
use crate::responses::{refuse, tools};

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh"];
const SUMMARIES: &[&str] = &["auto", "concise", "detailed"];
const VERBOSITIES: &[&str] = &["low", "medium", "high"];

/// How to generate. None of it is inherited by a continuation.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The application's instructions.
    pub instructions: Option<String>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Whether the client wants thoughts sealed, to send them back itself.
    pub seal_thoughts: bool,
    /// The number of alternatives the client asked for by `top_logprobs`; log probabilities can
    /// also be on without it.
    pub top_logprobs: u8,
    /// At least 1.
    pub max_output_tokens: Option<u32>,
    /// Whether several calls may come at once.
    pub parallel_tool_calls: Option<bool>,
    /// How much to think: one of OpenAI's words.
    pub reasoning_effort: Option<&'static str>,
    /// How to sum thoughts up, which nobody does.
    pub reasoning_summary: Option<&'static str>,
    /// What the answer must look like.
    pub output_format: OutputFormat,
    /// `low`, `medium` or `high`.
    pub verbosity: Option<&'static str>,
    /// What becomes of a conversation that is too long.
    pub truncation: Truncation,
}

/// What becomes of a conversation that is longer than the model's context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truncation {
    /// It is refused.
    #[default]
    Disabled,
    /// Its oldest turns are left out.
    Auto,
}

impl Truncation {
    /// OpenAI's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Auto => "auto",
        }
    }
}

impl Settings {
    pub(super) fn read(fields: &mut Object<'_, '_>) -> Result<Self, Failure> {
        let mut settings = Self {
            instructions: read_instructions(fields)?,
            max_output_tokens: fields.integer("max_output_tokens", 1..=u32::MAX)?,
            parallel_tool_calls: fields.flag("parallel_tool_calls")?,
            truncation: read_truncation(fields)?,
            ..Self::default()
        };
        settings.read_sampling(fields)?;
        settings.read_reasoning(fields)?;
        settings.read_text(fields)?;
        Ok(settings)
    }

    fn read_sampling(&mut self, fields: &mut Object<'_, '_>) -> Result<(), Failure> {
        let top_logprobs = fields.integer("top_logprobs", 0..=20)?.unwrap_or(0);
        self.top_logprobs = u8::try_from(top_logprobs).unwrap_or(u8::MAX);
        let included = include::read(fields)?;
        let logprobs = included.logprobs || self.top_logprobs > 0;
        self.seal_thoughts = included.sealed_thoughts;
        self.sampling = Sampling {
            temperature: fields.decimal("temperature", 0.0..=2.0)?,
            top_p: fields.decimal("top_p", 0.0..=1.0)?,
            presence_penalty: fields.decimal("presence_penalty", -2.0..=2.0)?,
            frequency_penalty: fields.decimal("frequency_penalty", -2.0..=2.0)?,
            top_logprobs: logprobs.then_some(self.top_logprobs),
        };
        Ok(())
    }

    pub(super) fn read_reasoning(&mut self, fields: &mut Object<'_, '_>) -> Result<(), Failure> {
        let Some(raw) = fields.take("reasoning") else { return Ok(()) };
        let path = Path::Root.field("reasoning");
        let mut reasoning = Object::read(raw, &path)?;
        self.reasoning_effort = reasoning.word("effort", EFFORTS)?;
        let older = reasoning.word("generate_summary", SUMMARIES)?;
        self.reasoning_summary = reasoning.word("summary", SUMMARIES)?.or(older);
        reasoning.refuse_rest()
    }

    fn read_text(&mut self, fields: &mut Object<'_, '_>) -> Result<(), Failure> {
        let Some(raw) = fields.take("text") else { return Ok(()) };
        let path = Path::Root.field("text");
        let mut text = Object::read(raw, &path)?;
        self.verbosity = text.word("verbosity", VERBOSITIES)?;
        if let Some(raw) = text.take("format") {
            self.output_format = read_format(Object::read(raw, &path.field("format"))?)?;
        }
        text.refuse_rest()
    }
}

fn read_truncation(fields: &mut Object<'_, '_>) -> Result<Truncation, Failure> {
    Ok(match fields.word("truncation", &["auto", "disabled"])? {
        Some("auto") => Truncation::Auto,
        _ => Truncation::Disabled,
    })
}

pub(super) fn read_instructions(fields: &mut Object<'_, '_>) -> Result<Option<String>, Failure> {
    let path = Path::Root.field("instructions");
    match fields.take("instructions") {
        None => Ok(None),
        Some(raw) if raw.get().starts_with('[') => {
            let why = "a list is not available here: send a string, or put the items into 'input'.";
            Err(refuse::unsupported_value(&path, why))
        }
        Some(raw) => read::string(raw, &path).map(Some),
    }
}

fn read_format(mut format: Object<'_, '_>) -> Result<OutputFormat, Failure> {
    let path = format.path();
    let found = match format.word("type", &["text", "json_object", "json_schema"])? {
        None => return Err(refuse::missing(&path.field("type"))),
        Some("json_object") => OutputFormat::JsonObject,
        Some("json_schema") => OutputFormat::JsonSchema(read_schema(&mut format)?),
        Some(_) => OutputFormat::Text,
    };
    format.refuse_rest()?;
    Ok(found)
}

fn read_schema(format: &mut Object<'_, '_>) -> Result<JsonSchema, Failure> {
    let path = format.path();
    if format.has("json_schema") {
        let hint = "This is the form of the chat API: here 'name', 'schema' and 'strict' stand \
                    beside 'type'.";
        return Err(refuse::unknown_parameter(&path.field("json_schema"), hint));
    }
    let name = format.require_string("name")?;
    tools::check_name(&name, &path.field("name"))?;
    let Some(schema) = format.opaque_object("schema")? else {
        return Err(refuse::missing(&path.field("schema")));
    };
    let description = format.string("description")?;
    Ok(JsonSchema { name, description, schema, strict: format.flag("strict")? })
}
