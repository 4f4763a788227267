//! `OpenAPI` 3.1, as far as the admin API needs it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::shape::{Definitions, Schema};

/// The document.
#[derive(Serialize)]
pub(super) struct Document {
    pub(super) openapi: &'static str,
    pub(super) info: Info,
    /// By path, then by method.
    pub(super) paths: BTreeMap<String, BTreeMap<&'static str, Route>>,
    pub(super) components: Components,
}

#[derive(Serialize)]
pub(super) struct Info {
    pub(super) title: &'static str,
    pub(super) version: &'static str,
    pub(super) description: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) schemas: Definitions,
    pub(super) security_schemes: BTreeMap<&'static str, SecurityScheme>,
}

#[derive(Serialize)]
pub(super) struct SecurityScheme {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) scheme: &'static str,
    pub(super) description: &'static str,
}

/// One method of one path.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Route {
    pub(super) operation_id: String,
    pub(super) summary: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_body: Option<Body>,
    /// By status.
    pub(super) responses: BTreeMap<String, Body>,
    /// What is needed; empty: nothing.
    pub(super) security: Vec<MasterKey>,
}

/// The need of the one scheme there is, which knows no scopes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MasterKey {
    pub(super) master_key: [&'static str; 0],
}

#[derive(Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: &'static str,
    pub(super) required: bool,
    pub(super) description: &'static str,
    pub(super) schema: Schema,
}

/// A body, of a request or of an answer.
#[derive(Serialize)]
pub(super) struct Body {
    pub(super) description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) required: Option<bool>,
    /// By media type.
    pub(super) content: BTreeMap<&'static str, Media>,
}

#[derive(Serialize)]
pub(super) struct Media {
    pub(super) schema: Schema,
}
