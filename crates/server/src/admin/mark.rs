//! Marking a backend: an operator's word about it counts more than what probes see.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::{Deserialize, Deserializer};
use transom_core::backend::BackendId;
use transom_core::failure::Failure;
use transom_engine::control::{Mark, Marking};

use super::body;
use super::operation::Operation;
use super::operator::{MAX_ACTOR, Operator};
use super::refusal::Refusal;
use super::shown::backend::{Backend, backend};
use crate::app::App;
use crate::name::Name;
use crate::reply;
use crate::shape::{Definitions, Schema, Shape, shape};

/// The longest reason, in bytes.
const MAX_REASON: usize = 512;

/// The longest time that a mark holds unless it holds until it is changed: a year.
const MAX_SECONDS: u64 = 366 * 24 * 60 * 60;

shape! {
    /// An operator's word about a backend.
    request struct BackendMark {
        /// `healthy`: it gets requests whatever probes say. `unhealthy`: it gets none. `draining`:
        /// it gets no new ones. `auto`: what the gateway sees decides.
        state: Word,
        /// Why; at most 512 bytes.
        reason: Option<String>,
        /// For how long, in seconds; absent: until it is changed.
        ttl_seconds: Option<u64>,
        /// Who says so, for the log and for those who read it later; at most 128 bytes. Absent: the
        /// header `x-transom-actor`, or the name of the key.
        actor: Option<String>,
    }
}

/// A mark as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word(Mark);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        let mark = Mark::ALL.into_iter().find(|mark| mark.word() == word);
        mark.map(Self).ok_or_else(|| {
            let known = Mark::ALL.map(Mark::word).join(", ");
            serde::de::Error::custom(format!("`state` must be one of {known}"))
        })
    }
}

impl Shape for Word {
    fn schema(_: &mut Definitions) -> Schema {
        Schema::words(Mark::ALL.map(Mark::word).to_vec())
    }
}

pub(super) fn operations() -> [Operation; 1] {
    let path = "/admin/v1/backends/{id}/state";
    [Operation::put(path, "Mark a backend", set)
        .reads::<BackendMark>()
        .answers::<Backend>(200)
        .fails(&[404])]
}

async fn set(
    State(app): State<Arc<App>>,
    operator: Operator,
    Name(id): Name,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: BackendMark = body::read(&app, request).await?;
    let actor = asked.actor.clone().unwrap_or_else(|| operator.actor.clone());
    let operator = Operator { actor: actor.clone(), ..operator };
    let action = format!("mark {}", asked.state.0.word());
    let result = mark(&app, &id, asked, actor);
    operator.log(&action, &id, &result);
    result
}

fn mark(app: &App, id: &str, asked: BackendMark, actor: String) -> Result<Response, Refusal> {
    let marking = Marking {
        mark: asked.state.0,
        reason: text("reason", asked.reason.unwrap_or_default(), MAX_REASON)?,
        actor: text("actor", actor, MAX_ACTOR)?,
        ttl: time(asked.state.0, asked.ttl_seconds)?,
    };
    let view = app.control.mark(&BackendId(Arc::from(id)), marking)?;
    Ok(reply::encode(&backend(&view))?)
}

fn text(field: &str, text: String, limit: usize) -> Result<String, Failure> {
    if text.len() <= limit && !text.contains(char::is_control) {
        return Ok(text);
    }
    let message = format!("`{field}` must be one line of at most {limit} bytes.");
    Err(Failure::invalid(field, "invalid_value", message))
}

fn time(mark: Mark, seconds: Option<u64>) -> Result<Option<Duration>, Failure> {
    let wrong = |message: String| Err(Failure::invalid("ttl_seconds", "invalid_value", message));
    match seconds {
        None => Ok(None),
        Some(_) if mark == Mark::Auto => {
            wrong("`auto` ends a mark and has no end itself: leave `ttl_seconds` out.".to_owned())
        }
        Some(seconds) if !(1..=MAX_SECONDS).contains(&seconds) => {
            wrong(format!("`ttl_seconds` must be from 1 to {MAX_SECONDS}."))
        }
        Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
    }
}
