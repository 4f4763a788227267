//! The description of the admin API, made of its routes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::response::Response;
use bytes::Bytes;

use super::document::{
    Body, Components, Document, Info, MasterKey, Media, Parameter, Route, SecurityScheme,
};
use super::operation::{Answer, Door, Operation};
use super::operator::ACTOR;
use crate::error::Rejection;
use crate::reply;
use crate::shape::{Definitions, Schema, Shape, object};

/// An error, in the shape of the OpenAI API.
enum Error {}

/// What went wrong.
enum ErrorBody {}

/// A text, or `null`.
enum TextOrNull {}

impl Shape for Error {
    fn schema(all: &mut Definitions) -> Schema {
        all.named("Error", |all| {
            let mut object = object("An error, in the shape of the OpenAI API.");
            object.add::<ErrorBody>("error", "What went wrong.", all);
            object
        })
    }
}

impl Shape for ErrorBody {
    fn schema(all: &mut Definitions) -> Schema {
        all.named("ErrorBody", |all| {
            let mut object = object("What went wrong.");
            object.add::<String>("message", "For people: what is wrong, what would be right.", all);
            object.add::<String>("type", "The kind of error.", all);
            object.add::<TextOrNull>("param", "The field it is about.", all);
            object.add::<String>("code", "The word for programs.", all);
            object
        })
    }
}

impl Shape for TextOrNull {
    fn schema(_: &mut Definitions) -> Schema {
        Schema::Either { kinds: ["string", "null"] }
    }
}

const JSON: &str = "application/json";

/// The name of the one way to show a key.
const KEY: &str = "masterKey";

const ABOUT: &str = "For the operators of a gateway, on a listener of its own (`--admin-listen`). \
    Errors have the shape of the OpenAI API. Times are seconds since the Unix epoch. Keys of model \
    servers are never shown. Names in paths may contain slashes, as they are or as `%2F`; those of \
    backends only as `%2F`.";

/// `GET /admin/v1/openapi.json`
pub(super) async fn show() -> Result<Response, Rejection> {
    static DOCUMENT: LazyLock<serde_json::Result<Bytes>> =
        LazyLock::new(|| serde_json::to_vec(&document(&super::operations())).map(Bytes::from));
    match &*DOCUMENT {
        Ok(document) => Ok(reply::json(document.clone())),
        Err(error) => {
            Err(transom_core::failure::Failure::Internal(error.to_string().into()).into())
        }
    }
}

fn document(operations: &[Operation]) -> Document {
    let mut schemas = Definitions::default();
    let mut paths: BTreeMap<String, BTreeMap<_, _>> = BTreeMap::new();
    for operation in operations {
        let routes = paths.entry(operation.path.replace("{*", "{")).or_default();
        routes.insert(operation.method, route(operation, &mut schemas));
    }
    let scheme = SecurityScheme {
        kind: "http",
        scheme: "bearer",
        description: "The master key, where one is configured.",
    };
    Document {
        openapi: "3.1.0",
        info: Info {
            title: "Transom admin API",
            version: env!("CARGO_PKG_VERSION"),
            description: ABOUT,
        },
        paths,
        components: Components { schemas, security_schemes: BTreeMap::from([(KEY, scheme)]) },
    }
}

fn route(operation: &Operation, all: &mut Definitions) -> Route {
    let mut responses = BTreeMap::new();
    for status in &operation.statuses {
        let (kind, schema) = match operation.answer {
            Answer::Json(describe) => (JSON, describe(all)),
            Answer::Text => ("application/openmetrics-text", Schema::plain("string")),
        };
        responses.insert(status.to_string(), body("The answer.", None, kind, schema));
    }
    for status in refusals(operation) {
        let described = body("It failed.", None, JSON, Error::schema(all));
        responses.entry(status.to_string()).or_insert(described);
    }
    let request_body =
        operation.body.map(|describe| body("What is asked for.", Some(true), JSON, describe(all)));
    let security = match operation.door {
        Door::Key => vec![MasterKey { master_key: [] }],
        Door::Open => Vec::new(),
    };
    Route {
        operation_id: operation_id(operation),
        summary: operation.summary,
        parameters: parameters(operation),
        request_body,
        responses,
        security,
    }
}

/// Every status with an error: of its own, of its body, of its door.
fn refusals(operation: &Operation) -> impl Iterator<Item = u16> {
    let of_body: &[u16] = if operation.body.is_some() { &[408, 413, 415] } else { &[] };
    let of_door: &[u16] = if operation.door == Door::Key { &[400, 401, 403] } else { &[403] };
    operation.refusals.iter().chain(of_body).chain(of_door).copied()
}

fn body(
    description: &'static str,
    required: Option<bool>,
    kind: &'static str,
    schema: Schema,
) -> Body {
    Body { description, required, content: BTreeMap::from([(kind, Media { schema })]) }
}

/// A name for generated clients: `get_admin_v1_backends_id`.
fn operation_id(operation: &Operation) -> String {
    let words = operation.path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    std::iter::once(operation.method).chain(words).collect::<Vec<_>>().join("_")
}

fn parameters(operation: &Operation) -> Vec<Parameter> {
    let parameter = |name: &str, place, required, description| Parameter {
        name: name.to_owned(),
        place,
        required,
        description,
        schema: Schema::plain("string"),
    };
    let names = operation.path.split('/').filter_map(|segment| segment.strip_prefix('{'));
    let names = names.map(|name| name.trim_start_matches('*').trim_end_matches('}'));
    let path = names.map(|name| parameter(name, "path", true, "Its name."));
    let query = operation.query.iter().map(|(name, text)| parameter(name, "query", false, *text));
    let writes = operation.door == Door::Key && operation.method != "get";
    let actor = writes.then(|| parameter(ACTOR, "header", false, "Who acts, for the log."));
    path.chain(query).chain(actor).collect()
}
