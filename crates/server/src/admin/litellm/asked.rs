//! What the routes that change models read. The rest of a declaration is read where `LiteLLM`'s
//! words are known.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use transom_core::failure::Failure;

use crate::admin::body;
use crate::shape::{Definitions, Schema, Shape, object, shape};

/// The part of a declaration that tells what it is about.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) model_name: Option<String>,
    #[serde(default)]
    pub(super) model_info: Info,
}

/// What a declaration says about itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Info {
    pub(super) id: Option<String>,
}

impl Asked {
    pub(super) fn read(json: &str) -> Result<Self, Failure> {
        body::parse(json)
    }

    /// The id, without which nothing can be changed.
    pub(super) fn required_id(self) -> Result<String, Failure> {
        self.model_info.id.filter(|id| !id.is_empty()).ok_or_else(|| {
            let message = "`model_info.id` must name the deployment to change.".to_owned();
            Failure::invalid("model_info.id", "missing_required_parameter", message)
        })
    }
}

/// The declaration with the name of its model, where it lacks one: an update may name only the id.
pub(super) fn with_name(json: &str, name: &str) -> Result<String, Failure> {
    let mut fields: BTreeMap<String, Box<RawValue>> = body::parse(json)?;
    let internal = |error: serde_json::Error| Failure::Internal(error.into());
    if !fields.contains_key("model_name") {
        fields.insert("model_name".to_owned(), to_raw_value(name).map_err(internal)?);
    }
    serde_json::to_string(&fields).map_err(internal)
}

shape! {
    /// The deployment to take out.
    request struct DeletedId {
        /// Its id, as `/model/info` shows it.
        id: String,
    }
}

/// A declaration in `LiteLLM`'s words, described as far as this API itself looks at it.
pub(super) enum LiteLlmDeclaration {}

/// A field that is an object in `LiteLLM`'s words.
enum Opaque {}

impl Shape for Opaque {
    const OPTIONAL: bool = true;

    fn schema(_: &mut Definitions) -> Schema {
        Schema::plain("object")
    }
}

impl Shape for LiteLlmDeclaration {
    fn schema(all: &mut Definitions) -> Schema {
        all.named("LiteLlmDeclaration", |all| {
            let mut object = object("An entry of `model_list`, as in LiteLLM's `config.yaml`.");
            object.add::<Option<String>>("model_name", "The name that clients ask for.", all);
            object.add::<Opaque>(
                "litellm_params",
                "Where it is served: `model`, `api_base`, …",
                all,
            );
            object.add::<Opaque>("model_info", "What is known about it: `id`, `mode`, …", all);
            object
        })
    }
}
