//! The part of a failure that the caller may read.
//!
//! Statuses and codes follow design decision 13. What becomes of a model server's own errors is in
//! `upstream`.

use http::StatusCode;

use super::{Failure, Missing, Repeated};
use crate::id::ConversationId;
use crate::port::store::StoreError;

mod upstream;

/// A failure as a protocol renders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// The HTTP status.
    pub status: StatusCode,
    /// OpenAI's error `type`.
    pub kind: Kind,
    /// A stable word for programs.
    pub code: String,
    /// The field it is about.
    pub param: Option<String>,
    /// For people.
    pub message: String,
}

/// OpenAI's error types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong.
    InvalidRequest,
    /// The key is wrong.
    Authentication,
    /// Too many requests.
    RateLimit,
    /// The server is at fault.
    Server,
}

impl Kind {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::RateLimit => "rate_limit_error",
            Self::Server => "server_error",
        }
    }
}

/// The longest message, in bytes. Messages quote what the client or a model server wrote, and an
/// answer must not be as large as the request it refuses.
const MAX_MESSAGE: usize = 1024;

/// The longest path of a field, in bytes.
const MAX_PARAM: usize = 256;

pub(super) fn of(failure: &Failure) -> Public {
    let whole = unbounded(failure);
    Public {
        message: cut(whole.message, MAX_MESSAGE),
        param: whole.param.map(|param| cut(param, MAX_PARAM)),
        ..whole
    }
}

/// At most `limit` bytes of a text, with a sign where the rest was.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit - '…'.len_utf8()));
        text.push('…');
    }
    text
}

fn unbounded(failure: &Failure) -> Public {
    match failure {
        Failure::Unauthenticated => Public {
            status: StatusCode::UNAUTHORIZED,
            kind: Kind::Authentication,
            code: "invalid_api_key".to_owned(),
            param: None,
            message: "No valid API key was given. Send it as `Authorization: Bearer …`.".to_owned(),
        },
        Failure::Invalid(invalid) => Public {
            param: invalid.param.clone(),
            ..client(StatusCode::BAD_REQUEST, invalid.code, invalid.message.clone())
        },
        Failure::NotFound(missing) => not_found(missing),
        Failure::InProgress(id) => conflict(
            "response_in_progress",
            "previous_response_id",
            format!("Response '{id}' is still in progress."),
        ),
        Failure::ConversationLocked(id) => locked(id),
        Failure::Repeated(why) => repeated(*why),
        Failure::MethodNotAllowed => client(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This route does not know this method.".to_owned(),
        ),
        Failure::BodyTooLarge { limit } => client(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("The request body is larger than the limit of {limit} bytes."),
        ),
        Failure::UnsupportedMediaType(what) => {
            client(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", (*what).to_owned())
        }
        Failure::BodyTimeout => client(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "The request body did not arrive in time.".to_owned(),
        ),
        Failure::Overloaded { .. } => {
            limited("too_many_requests", "Too many requests are in flight. Try again later.")
        }
        Failure::NotReady { state, .. } => server(
            StatusCode::SERVICE_UNAVAILABLE,
            if *state == "loading" { "model_loading" } else { "model_unavailable" },
            &format!("The model is not ready ({state}). Try again later."),
        ),
        Failure::QueueTimeout { .. } => server(
            StatusCode::SERVICE_UNAVAILABLE,
            "model_overloaded",
            "The model has more requests than it can take. Try again later.",
        ),
        Failure::RateLimited { .. } => limited(
            "rate_limit_exceeded",
            "The rate limit of the model is used up. Try again later.",
        ),
        Failure::Misconfigured { model, served } => misconfigured(model, served.as_deref()),
        Failure::CountingUnavailable => server(
            StatusCode::NOT_IMPLEMENTED,
            "token_counting_unavailable",
            "The servers of this model do not tell how many tokens a prompt has.",
        ),
        Failure::Poisoned => client(
            StatusCode::UNPROCESSABLE_ENTITY,
            "request_poisoned",
            "Model servers died while they worked on this very request. It is not sent again."
                .to_owned(),
        ),
        Failure::Upstream(error) => upstream::of(error),
        Failure::Store(error) => store(error),
        Failure::ShuttingDown
        | Failure::Cancelled
        | Failure::Interrupted
        | Failure::Internal(_) => ended_early(failure),
    }
}

/// What ended before it was done, and not for what was asked.
fn ended_early(failure: &Failure) -> Public {
    match failure {
        Failure::ShuttingDown => server(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_shutdown",
            "The gateway is shutting down.",
        ),
        Failure::Cancelled => client(
            // Nobody reads this answer; the status is the one that logs and metrics show
            // (nginx's "client closed request").
            StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            "cancelled",
            "The response was cancelled, or its client left.".to_owned(),
        ),
        Failure::Interrupted => server(
            StatusCode::INTERNAL_SERVER_ERROR,
            "interrupted",
            "The response was interrupted: the gateway that ran it stopped. Ask again.",
        ),
        _ => internal(),
    }
}

fn store(error: &StoreError) -> Public {
    match error {
        StoreError::Unavailable(_) => server(
            StatusCode::SERVICE_UNAVAILABLE,
            "storage_unavailable",
            "The store is not available. Try again later.",
        ),
        StoreError::Damaged(_) => server(
            StatusCode::INTERNAL_SERVER_ERROR,
            "stored_data_damaged",
            "The stored data cannot be read.",
        ),
        StoreError::Duplicate | StoreError::Conflict => internal(),
    }
}

fn internal() -> Public {
    server(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "The gateway failed. The request id helps its operators to find out why.",
    )
}

fn not_found(missing: &Missing) -> Public {
    let (code, param, message) = match missing {
        Missing::Reference { id, param } => (
            "item_not_found",
            Some(param.as_str()),
            format!(
                "Item with id '{id}' not found. Items of responses with 'store: false' are not \
                 kept: send the item itself."
            ),
        ),
        Missing::Response(id) => {
            ("response_not_found", Some("response_id"), format!("No response with id '{id}'."))
        }
        Missing::Conversation { id, param } => (
            "conversation_not_found",
            Some(*param),
            format!("Conversation with id '{id}' not found."),
        ),
        Missing::Item(id) => {
            ("item_not_found", Some("item_id"), format!("No item with id '{id}'."))
        }
        Missing::Model(id) => {
            ("model_not_found", Some("model"), format!("The model '{id}' does not exist."))
        }
        Missing::Route => ("route_not_found", None, "There is no such route.".to_owned()),
    };
    Public { param: param.map(str::to_owned), ..client(StatusCode::NOT_FOUND, code, message) }
}

fn locked(id: &ConversationId) -> Public {
    let message = format!(
        "Another request works on conversation '{}', or has changed it meanwhile. Try again later.",
        id.as_str()
    );
    conflict("conversation_locked", "conversation", message)
}

fn repeated(why: Repeated) -> Public {
    let (status, code, message) = match why {
        Repeated::InFlight => (
            StatusCode::CONFLICT,
            "idempotency_key_in_use",
            "A request with the same Idempotency-Key is being answered. Try again later.",
        ),
        Repeated::OtherBody => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "A request with the same Idempotency-Key had another body. Use a new key.",
        ),
        Repeated::TooLarge => (
            StatusCode::CONFLICT,
            "idempotent_answer_too_large",
            "A request with the same Idempotency-Key has been answered, and the answer was too \
             large to be kept. Use a new key to have it made again.",
        ),
    };
    let param = Some("Idempotency-Key".to_owned());
    Public { param, ..client(status, code, message.to_owned()) }
}

fn conflict(code: &str, param: &str, message: String) -> Public {
    Public { param: Some(param.to_owned()), ..client(StatusCode::CONFLICT, code, message) }
}

fn misconfigured(model: &str, served: Option<&[String]>) -> Public {
    let served = served.map_or_else(String::new, |names| {
        let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        format!(" Its servers serve: {names}.")
    });
    server(
        StatusCode::SERVICE_UNAVAILABLE,
        "model_misconfigured",
        &format!(
            "The model '{model}' is not configured correctly at the gateway. Its operators can \
             see why.{served}"
        ),
    )
}

fn limited(code: &str, message: &str) -> Public {
    Public {
        kind: Kind::RateLimit,
        ..client(StatusCode::TOO_MANY_REQUESTS, code, message.to_owned())
    }
}

fn client(status: StatusCode, code: &str, message: String) -> Public {
    Public { status, kind: Kind::InvalidRequest, code: code.to_owned(), param: None, message }
}

fn server(status: StatusCode, code: &str, message: &str) -> Public {
    Public {
        status,
        kind: Kind::Server,
        code: code.to_owned(),
        param: None,
        message: message.to_owned(),
    }
}
