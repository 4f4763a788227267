//! What a model server did wrong.

use std::time::Duration;

use http::StatusCode;

mod symptom;

pub use symptom::Symptom;

/// A failed call of a model server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No connection: refused, reset, or no such host.
    #[error("cannot connect to the model server: {detail}")]
    Connect {
        /// For the log.
        detail: String,
    },
    /// No connection within the limit.
    #[error("no connection to the model server within {limit:?}")]
    ConnectTimeout {
        /// The limit.
        limit: Duration,
    },
    /// TLS failed: an expired or foreign certificate, an unknown authority.
    #[error("TLS with the model server failed: {detail}")]
    Tls {
        /// For the log.
        detail: String,
    },
    /// Connected, but no answer within the limit.
    #[error("the model server did not begin to answer within {limit:?}")]
    FirstByteTimeout {
        /// The limit.
        limit: Duration,
    },
    /// The answer began and then fell silent.
    #[error("the model server fell silent for {limit:?}")]
    Stalled {
        /// The limit.
        limit: Duration,
    },
    /// The answer took longer than a whole answer may.
    #[error("the answer took longer than {limit:?}")]
    TotalTimeout {
        /// The limit.
        limit: Duration,
    },
    /// The answer ended before it was whole.
    #[error("the model server's answer ended early: {detail}")]
    Truncated {
        /// For the log.
        detail: String,
    },
    /// The bytes are not what the protocol says.
    #[error("the model server's answer is not understood: {detail}")]
    Protocol {
        /// For the log: never shown to the client, it may quote the answer.
        detail: String,
    },
    /// One event of a stream, or a whole answer, is larger than the limit.
    #[error("the model server sent more than {limit} bytes at once")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The server answered with an error status.
    #[error("the model server answered {status}: {}", report.message)]
    Status {
        /// The status.
        status: StatusCode,
        /// What it said.
        report: Report,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// The server reported an error in the middle of a stream that began well.
    #[error("the model server reported an error in its stream: {}", .0.message)]
    Reported(Report),
}

/// A model server's own words about an error, in OpenAI's shape. Missing parts are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// For people.
    pub message: String,
    /// Its class, such as `BadRequestError`.
    pub kind: Option<Box<str>>,
    /// The field it is about.
    pub param: Option<String>,
    /// Its code; vLLM repeats the HTTP status here.
    pub code: Option<Box<str>>,
    /// What ails the server, where its words tell.
    pub symptom: Option<Symptom>,
}

impl UpstreamError {
    /// What ails the server, where it said so.
    pub fn symptom(&self) -> Option<Symptom> {
        match self {
            Self::Status { report, .. } | Self::Reported(report) => report.symptom,
            _ => None,
        }
    }
}
