//! What goes wrong in the admin API.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use transom_core::failure::{Blame, Failure, Kind, Public};
use transom_engine::control::ControlError;

use crate::error::{Logged, Rejection, answer};

/// The longest message, in bytes. It lists every problem of a configuration.
const MAX_MESSAGE: usize = 16 << 10;

/// Why a request of an operator is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// As on the routes for clients.
    Failure(Failure),
    /// There is no such backend.
    NoBackend(String),
    /// There is no such thing, in the words of whoever looked for it.
    NotFound(String),
    /// It exists, or has been changed meanwhile.
    Conflict(String),
    /// It is declared in a file.
    ReadOnly(String),
    /// What is to be written is wrong: every problem with its place.
    Invalid(Vec<String>),
    /// The files or the store are wrong, and the configuration in effect stays: every problem.
    Rejected(Vec<String>),
    /// The request does not name the listener by a loopback name.
    ForeignHost,
    /// A page of another site sent the request.
    ForeignOrigin,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotFound(what) => Self::NotFound(what),
            ControlError::Conflict(what) => Self::Conflict(what),
            ControlError::ReadOnly(what) => Self::ReadOnly(what),
            ControlError::Invalid(problems) => Self::Invalid(problems),
            ControlError::Store(error) => Self::Failure(Failure::Store(error)),
        }
    }
}

impl Refusal {
    /// What the operator reads.
    pub(super) fn public(&self) -> Public {
        let refused = |status, code: &str, message: &str| Public {
            status,
            kind: Kind::InvalidRequest,
            code: code.to_owned(),
            param: None,
            message: bounded(message.to_owned()),
        };
        match self {
            Self::Failure(failure) => failure.public(),
            Self::NoBackend(id) => {
                let message = format!("No backend is called '{id}'.");
                let public = refused(StatusCode::NOT_FOUND, "backend_not_found", &message);
                Public { param: Some("id".to_owned()), ..public }
            }
            Self::NotFound(what) => refused(StatusCode::NOT_FOUND, "not_found", what),
            Self::Conflict(what) => refused(StatusCode::CONFLICT, "conflict", what),
            Self::ReadOnly(what) => refused(StatusCode::CONFLICT, "read_only", what),
            Self::Invalid(problems) => {
                let message = problems.join("\n");
                let public = refused(StatusCode::BAD_REQUEST, "invalid_configuration", &message);
                Public { param: problems.first().and_then(|problem| place(problem)), ..public }
            }
            Self::Rejected(problems) => refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "configuration_rejected",
                &format!("The configuration in effect stays.\n{}", problems.join("\n")),
            ),
            Self::ForeignHost => refused(
                StatusCode::FORBIDDEN,
                "foreign_host",
                "Without a master key the admin API answers only to loopback names: localhost, \
                 127.0.0.1 or [::1]. Configure a key to use it by another name.",
            ),
            Self::ForeignOrigin => refused(
                StatusCode::FORBIDDEN,
                "foreign_origin",
                "The admin API does not answer to pages of other sites.",
            ),
        }
    }
}

/// The field that a problem is about, where it begins with one: `transom.yaml:7 models[0].name: …`.
fn place(problem: &str) -> Option<String> {
    let (place, _) = problem.split_once(": ")?;
    let field = place.rsplit(' ').next().unwrap_or(place);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    (!field.is_empty() && field.chars().all(plain)).then(|| field.to_owned())
}

fn bounded(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE - '…'.len_utf8()));
        message.push('…');
    }
    message
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Failure(failure) => Rejection(failure).into_response(),
            refusal => {
                let public = refusal.public();
                let why = public.message.as_str().into();
                answer(&public, Logged { blame: Blame::Client, why })
            }
        }
    }
}
