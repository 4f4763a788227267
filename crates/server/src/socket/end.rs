//! Why a connection ends, and what its client is told.

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use transom_core::failure::{Failure, Invalid};

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client has left, or closed it.
    Gone,
    /// The program is to stop.
    GoingAway,
    /// Nothing has happened for too long.
    Idle,
    /// It has been open for this long, which is all it may.
    TooOld(Duration),
    /// A message larger than this many bytes.
    TooLarge { limit: usize },
    /// A message that is not text.
    NotText,
    /// What came is no WebSocket.
    Broken,
}

impl End {
    /// In one word, for the log.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::GoingAway => "going_away",
            Self::Idle => "idle",
            Self::TooOld(_) => "too_old",
            Self::TooLarge { .. } => "too_large",
            Self::NotText => "not_text",
            Self::Broken => "broken",
        }
    }

    /// The close code (RFC 6455 section 7.4.1) and its reason; `None` where nobody is there to
    /// read it.
    pub(super) fn close(&self) -> Option<(CloseCode, &'static str)> {
        Some(match self {
            Self::Gone => return None,
            Self::GoingAway => (CloseCode::Away, "the gateway is shutting down"),
            Self::Idle => (CloseCode::Normal, "idle for too long"),
            Self::TooOld(_) => (CloseCode::Normal, "open for too long"),
            Self::TooLarge { .. } => (CloseCode::Size, "the message is too large"),
            Self::NotText => (CloseCode::Unsupported, "messages are JSON text"),
            Self::Broken => (CloseCode::Protocol, "protocol error"),
        })
    }

    /// The error that is told before the close, where clients act on one.
    pub(super) fn failure(&self) -> Option<Failure> {
        match self {
            // OpenAI's code, on which clients open the next connection.
            Self::TooOld(lifetime) => Some(Failure::Invalid(Invalid {
                param: None,
                code: "websocket_connection_limit_reached",
                message: format!(
                    "This WebSocket has been open for {} s, which is the limit. Open a new one to go on.",
                    lifetime.as_secs()
                ),
            })),
            Self::TooLarge { limit } => Some(Failure::BodyTooLarge { limit: *limit }),
            _ => None,
        }
    }
}
