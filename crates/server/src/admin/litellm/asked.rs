//! What the routes that change models read. The rest of a declaration is read where `LiteLLM`'s
//! words are known.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use transom_core::failure::Failure;

use crate::admin::body;
use crate::litellm::entry::provided;
use crate::shape::{Definitions, Schema, Shape, object, shape};

/// The part of a declaration that tells what it is about.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) model_name: Option<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) model_info: Info,
}

/// `null` says nothing.
fn or_nothing<'de, D: Deserializer<'de>>(reader: D) -> Result<Info, D::Error> {
    Option::deserialize(reader).map(Option::unwrap_or_default)
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

    /// Refuses another id than the one in the path.
    pub(super) fn must_be(self, id: &str) -> Result<(), Failure> {
        if self.model_info.id.is_none_or(|named| named == id) {
            return Ok(());
        }
        let message =
            "`model_info.id` must be the id of the path: it cannot be changed.".to_owned();
        Err(Failure::invalid("model_info.id", "invalid_value", message))
    }

    /// Refuses another model than the one that the deployment serves.
    pub(super) fn must_stay_in(self, name: &str) -> Result<(), Failure> {
        if self.model_name.is_none_or(|named| named == name) {
            return Ok(());
        }
        let message = format!(
            "The deployment serves '{name}', which cannot be changed: add one to the other model \
             and take this one out."
        );
        Err(Failure::invalid("model_name", "invalid_value", message))
    }

    /// The id, without which nothing can be changed.
    pub(super) fn required_id(self) -> Result<String, Failure> {
        self.model_info.id.filter(|id| !id.is_empty()).ok_or_else(|| {
            let message = "`model_info.id` must name the deployment to change.".to_owned();
            Failure::invalid("model_info.id", "missing_required_parameter", message)
        })
    }
}

type Fields = BTreeMap<String, Box<RawValue>>;

/// What a deployment is known by.
pub(super) struct Known<'a> {
    /// Its id.
    pub(super) id: &'a str,
    /// The name of its model.
    pub(super) name: &'a str,
    /// The model's name at its server.
    pub(super) upstream: &'a str,
    /// Where its server is.
    pub(super) address: Option<&'a str>,
}

/// The declaration with what it is known by, where it does not say: an update holds only what
/// changes. As in `LiteLLM`, `null` says nothing.
pub(super) fn completed(json: &str, known: &Known<'_>) -> Result<String, Failure> {
    let mut fields: Fields = body::parse(json)?;
    let said = |fields: &Fields, key: &str| fields.get(key).is_some_and(|it| it.get() != "null");
    let mut params = within(&fields, "litellm_params")?;
    if !said(&params, "model") {
        // With a provider of its own, the name is all of it.
        let own = said(&params, "custom_llm_provider");
        let model = if own { known.upstream.to_owned() } else { provided(known.upstream) };
        params.insert("model".to_owned(), raw(&model)?);
    }
    let address =
        known.address.filter(|_| !said(&params, "api_base") && !said(&params, "base_url"));
    if let Some(address) = address {
        params.insert("api_base".to_owned(), raw(address)?);
    }
    let mut info = within(&fields, "model_info")?;
    info.insert("id".to_owned(), raw(known.id)?);
    if !said(&fields, "model_name") {
        fields.insert("model_name".to_owned(), raw(known.name)?);
    }
    fields.insert("litellm_params".to_owned(), raw(&params)?);
    fields.insert("model_info".to_owned(), raw(&info)?);
    serde_json::to_string(&fields).map_err(internal)
}

/// The fields of a field; none where it is not there.
fn within(fields: &Fields, key: &str) -> Result<Fields, Failure> {
    match fields.get(key) {
        None => Ok(Fields::new()),
        Some(value) => {
            let read: Option<Fields> = serde_json::from_str(value.get()).map_err(|_| {
                let message = format!("`{key}` must be an object.");
                Failure::invalid(key, "invalid_value", message)
            })?;
            Ok(read.unwrap_or_default())
        }
    }
}

fn raw(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>, Failure> {
    to_raw_value(value).map_err(internal)
}

fn internal(error: serde_json::Error) -> Failure {
    Failure::Internal(error.into())
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
