//! The keys that seal what clients carry. Their names can be read, and never the keys.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use transom_core::clock::Timestamp;
use transom_engine::control::{KeySource, SealingKeyView};

use super::operation::Operation;
use super::operator::Operator;
use super::refusal::Refusal;
use crate::app::App;
use crate::name::Name;
use crate::reply;
use crate::shape::{shape, words};

words! {
    /// Where a key comes from.
    KeySourceWord of ["configuration", "store"]
}

shape! {
    /// A sealing key.
    answer struct SealingKey {
        /// Its name, which says nothing about it.
        id: String,
        /// `sealing_key`
        object: &'static str,
        /// Where it comes from.
        source: KeySourceWord,
        /// When it was made, in seconds since the Unix epoch; absent for one of the configuration.
        created_at: Option<i64>,
        /// Whether it seals at this moment. All keys open what they have sealed.
        seals: bool,
    }
}

shape! {
    /// Every sealing key: those of the configuration in their order, then those of the store, newest
    /// first.
    answer struct SealingKeys {
        /// `list`
        object: &'static str,
        /// The keys.
        data: Vec<SealingKey>,
    }
}

shape! {
    /// A sealing key that has been taken out.
    answer struct DeletedSealingKey {
        /// Its name.
        id: String,
        /// `sealing_key`
        object: &'static str,
        /// `true`
        deleted: bool,
    }
}

const ALL: &str = "/admin/v1/sealing-keys";

pub(super) fn operations() -> [Operation; 3] {
    [
        Operation::get(ALL, "Every sealing key", list).answers::<SealingKeys>(200),
        Operation::post(
            ALL,
            "Make a new key in the store: it seals after five seconds, on every gateway",
            create,
        )
        .answers::<SealingKey>(201)
        .fails(&[409, 503]),
        Operation::delete(
            "/admin/v1/sealing-keys/{id}",
            "Take a key out of the store: what it has sealed cannot be read any more",
            delete,
        )
        .answers::<DeletedSealingKey>(200)
        .fails(&[404, 409, 503]),
    ]
}

async fn list(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let data = app.control.sealing_keys().into_iter().map(shown).collect();
    Ok(reply::encode(&SealingKeys { object: "list", data })?)
}

async fn create(State(app): State<Arc<App>>, operator: Operator) -> Result<Response, Refusal> {
    let made = app.control.add_sealing_key(&operator.caller).await.map_err(Refusal::from);
    let name = made.as_ref().map_or("a new one", |key| key.id.as_str()).to_owned();
    operator.log("add sealing key", &name, &made);
    Ok((StatusCode::CREATED, reply::encode(&shown(made?))?).into_response())
}

async fn delete(
    State(app): State<Arc<App>>,
    operator: Operator,
    Name(id): Name,
) -> Result<Response, Refusal> {
    let removed = app.control.remove_sealing_key(&id).await.map_err(Refusal::from);
    operator.log("take sealing key out", &id, &removed);
    removed?;
    Ok(reply::encode(&DeletedSealingKey { id, object: "sealing_key", deleted: true })?)
}

fn shown(key: SealingKeyView) -> SealingKey {
    SealingKey {
        id: key.id,
        object: "sealing_key",
        source: KeySourceWord(match key.source {
            KeySource::Configuration => "configuration",
            KeySource::Store => "store",
        }),
        created_at: key.made.map(Timestamp::seconds),
        seals: key.seals,
    }
}
