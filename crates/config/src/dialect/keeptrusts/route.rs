//! What a target is asked for: its provider string, and the keys that qualify it.

use transom_core::model::Mode;

use super::{
    provider::{Provider, Vendor},
    reader::{Field, Mapping, Reader},
};
use crate::{Origin, Problem, Treatment};

/// How a target is asked for, and what is asked of it.
pub(super) struct Route {
    pub(super) at: Origin,
    /// The provider string, when it names a model.
    pub(super) provider: Option<String>,
    /// The model; `None`: whatever the server has.
    pub(super) model: Option<String>,
    /// The model's name at the server.
    pub(super) upstream: Option<String>,
    pub(super) mode: Mode,
    pub(super) vendor: Vendor,
}

/// Reads `provider`, `model`, `format` and `provider_type`; `None` when the target is not served.
pub(super) fn read<'a>(reader: &mut Reader<'a>, mapping: &Mapping<'a>) -> Option<Route> {
    let Some(field) = mapping.get("provider") else {
        let at = reader.at(mapping.line, &mapping.path);
        reader.problem(at, "has no `provider`", "write vllm:chat:<model>");
        return None;
    };
    let text = reader.value::<String>(&field)?;
    let at = reader.place(&field);
    let provider = match Provider::parse(&text) {
        Ok(provider) => provider,
        Err(invalid) => {
            reader.found.problem(Problem::invalid(at, invalid));
            return None;
        }
    };
    let format = format(reader, mapping)?;
    served(reader, mapping, &field, provider.vendor, format)?;
    if let Some(field) = mapping.get("provider_type") {
        let word = reader.value::<String>(&field)?;
        let (treatment, message) = if text.split(':').next() == Some(word.as_str()) {
            (Treatment::Exact, "is what `provider` says")
        } else {
            (Treatment::NoEffect, "`provider` says something else")
        };
        reader.say(&field, treatment, message);
    }
    let written = reader.text(mapping, "model");
    if let (Some(model), Some(field)) = (&written, mapping.get("model")) {
        match provider.model {
            Some(named) if named != model => reader.say(
                &field,
                Treatment::Approximated,
                format!("`{model}` is sent to the server; clients ask for `{text}`"),
            ),
            _ => reader.say(&field, Treatment::Exact, "is the name that the server knows"),
        }
    }
    let model = provider.model.map(str::to_owned).or_else(|| written.clone());
    if model.is_none() {
        let message = "names no model: every name that no other target has is sent there as it is";
        reader.advise(&field, Treatment::Approximated, message, "write `model`");
    }
    Some(Route {
        at,
        provider: provider.model.is_some().then(|| text.clone()),
        upstream: written.or_else(|| model.clone()),
        model,
        mode: provider.mode,
        vendor: provider.vendor,
    })
}

/// Whether `format` was written; `None` when it asks for a translation.
fn format<'a>(reader: &mut Reader<'a>, mapping: &Mapping<'a>) -> Option<Format> {
    let Some(field) = mapping.get("format") else { return Some(Format::Unsaid) };
    let word = reader.value::<String>(&field)?;
    if word == "openai" {
        reader.say(&field, Treatment::Exact, "is the only one: nothing is translated");
        return Some(Format::OpenAi);
    }
    let message = format!("`{word}` is not spoken: the target is left out");
    reader.advise(&field, Treatment::Unsupported, message, "only `openai` is");
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    OpenAi,
    Unsaid,
}

/// Says whether a vendor's server can be used; `None` when it cannot.
fn served<'a>(
    reader: &mut Reader<'a>,
    mapping: &Mapping<'a>,
    field: &Field<'a>,
    vendor: Vendor,
    format: Format,
) -> Option<()> {
    let hint = "a server that speaks the API of OpenAI needs `format: openai` and a `base_url`";
    let compatible = vendor == Vendor::Compatible || format == Format::OpenAi;
    if vendor == Vendor::Vllm {
        reader.say(field, Treatment::Exact, "names the model and what it is for");
    } else if compatible && mapping.get("base_url").is_some() {
        let message = "is taken for a server that speaks the API of OpenAI";
        reader.say(field, Treatment::Approximated, message);
    } else if compatible {
        let message = "has no `base_url`, and only vLLM has a default: the target is left out";
        reader.advise(field, Treatment::Unsupported, message, hint);
        return None;
    } else {
        let message = "is not a kind of server that is known: the target is left out";
        reader.advise(field, Treatment::Unsupported, message, hint);
        return None;
    }
    Some(())
}
