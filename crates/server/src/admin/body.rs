//! Reads what operators send: JSON, and not much of it.

use axum::extract::Request;
use serde::de::DeserializeOwned;
use transom_core::failure::{Failure, Invalid};

use crate::app::App;
use crate::body::{Limits, read_json};

/// The largest body, unpacked, in bytes.
const MAX_BODY: usize = 64 << 10;

/// Reads a body as text.
pub(super) async fn text(app: &App, request: Request) -> Result<String, Failure> {
    let (head, body) = request.into_parts();
    let limits = Limits { bytes: MAX_BODY, idle: app.edge.limits().body.idle };
    let bytes = read_json(head.headers, body, limits).await?;
    String::from_utf8(bytes.into()).map_err(|_| invalid("The body is not UTF-8."))
}

/// Reads a body of a known shape.
pub(super) async fn read<T: DeserializeOwned>(app: &App, request: Request) -> Result<T, Failure> {
    parse(&text(app, request).await?)
}

/// Reads a known shape. The failure names the field that is not known, is missing or is wrong.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let field = || message.split('`').nth(1).map(str::to_owned);
        let (code, param) = if error.is_syntax() || error.is_eof() {
            ("invalid_json", None)
        } else if message.starts_with("unknown field") {
            ("unknown_parameter", field())
        } else if message.starts_with("missing field") {
            ("missing_required_parameter", field())
        } else {
            ("invalid_value", None)
        };
        Failure::Invalid(Invalid { param, code, message })
    })
}

fn invalid(message: &str) -> Failure {
    Failure::Invalid(Invalid { param: None, code: "invalid_json", message: message.to_owned() })
}
