//! The request that asks for a WebSocket (RFC 6455 section 4).

use axum::extract::Request;
use http::header::{ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderValue, Method};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use transom_core::failure::{Failure, Invalid};

/// Whether a request asks for a WebSocket.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    let named = request.headers().get(UPGRADE).and_then(|value| value.to_str().ok());
    let named = named.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"));
    named && request.method() == Method::GET
}

/// Browsers let every page open a WebSocket to everywhere and only say which page it is. What
/// CORS does for requests has to be done here.
pub(crate) fn check_origin(headers: &HeaderMap, allowed: &[HeaderValue]) -> Result<(), Failure> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    if allowed.iter().any(|allowed| allowed == "*" || allowed == origin) {
        return Ok(());
    }
    let message = "Pages of this origin may not call this gateway.".to_owned();
    Err(Failure::invalid("origin", "origin_not_allowed", message))
}

/// The answer that makes a WebSocket of the connection. Extensions such as `permessage-deflate` are
/// declined by not naming them: tokens are small, and each compressed connection would hold a
/// window of memory.
pub(crate) fn accept(request: &Request) -> Result<http::Response<()>, Failure> {
    create_response_with_body(request, || ()).map_err(|error| {
        Failure::Invalid(Invalid {
            param: None,
            code: "invalid_handshake",
            message: format!("This is no WebSocket handshake: {error}."),
        })
    })
}
