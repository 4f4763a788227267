//! The response object.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::event::Finish;
use transom_core::failure::{Failure, Kind};
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::store::TurnStatus;
use transom_core::transcript::Entry;
use transom_core::usage::Usage;

use super::request::{Ground, Labels, Settings};
use crate::chat::Dropped;

mod amended;
mod shown;

pub(super) use amended::amended;
pub(super) use shown::{Shown, ShownUsage};

/// What the response object says about the request. It is made once and does not change while the
/// answer grows.
#[derive(Clone, Debug)]
pub struct Head {
    /// The response's id.
    pub id: ResponseId,
    /// When it began.
    pub created_at: Timestamp,
    /// The response it continues.
    pub previous_response_id: Option<String>,
    /// The conversation it belongs to.
    pub conversation: Option<ConversationId>,
    /// The model's name as the client wrote it.
    pub model: String,
    /// Whether it is kept.
    pub store: bool,
    /// Who waits for it.
    pub ground: Ground,
    /// The tools in force, inherited ones included: a JSON array, fit for a stored turn.
    pub tools: Json,
    /// The tool choice in force, likewise.
    pub tool_choice: Json,
    /// How it is generated.
    pub settings: Settings,
    /// The client's own marks.
    pub labels: Labels,
    /// What the model was not shown, because the conversation is too long.
    pub dropped: Dropped,
}

/// How far a response has got.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It waits in the background for a model.
    Queued,
    /// It is being written.
    InProgress,
    /// The model stopped.
    Ended {
        /// Why.
        finish: Finish,
        /// When.
        at: Timestamp,
    },
    /// Something broke.
    Failed(PublicError),
    /// The client left, or cancelled it.
    Cancelled,
}

/// The status in a stored object; `None` in what is none.
pub fn status_of(object: &RawValue) -> Option<TurnStatus> {
    #[derive(Deserialize)]
    struct Status<'a> {
        #[serde(borrow)]
        status: Cow<'a, str>,
    }
    let found: Status<'_> = serde_json::from_str(object.get()).ok()?;
    TurnStatus::from_word(&found.status)
}

/// The `error` of a failed response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicError {
    /// One of OpenAI's codes.
    pub code: &'static str,
    /// For people, with the gateway's own code at its end: OpenAI's list has few.
    pub message: String,
}

impl PublicError {
    /// What a failed response says about `failure`.
    pub fn of(failure: &Failure) -> Self {
        let public = failure.public();
        let code = match public.kind {
            Kind::InvalidRequest => "invalid_prompt",
            Kind::RateLimit => "rate_limit_exceeded",
            Kind::Authentication | Kind::Server => "server_error",
        };
        Self { code, message: format!("{} ({})", public.message, public.code) }
    }
}

impl Outcome {
    /// The status a response is kept with.
    pub fn status(&self) -> TurnStatus {
        match self {
            Self::Queued => TurnStatus::Queued,
            Self::InProgress => TurnStatus::InProgress,
            Self::Ended { finish: Finish::Stop | Finish::ToolCalls, .. } => TurnStatus::Completed,
            Self::Ended { finish: Finish::Length | Finish::ContentFilter, .. } => {
                TurnStatus::Incomplete
            }
            Self::Failed(_) => TurnStatus::Failed,
            Self::Cancelled => TurnStatus::Cancelled,
        }
    }
}

/// A response as far as it has come, for writing.
#[derive(Clone, Copy)]
pub(super) struct Response<'a> {
    /// About the request.
    pub(super) head: &'a Head,
    /// The items so far.
    pub(super) entries: &'a [Entry],
    /// What it cost, if known.
    pub(super) usage: Option<Usage>,
    /// How far it has got.
    pub(super) outcome: &'a Outcome,
}

#[cfg(test)]
mod tests;
