//! Requests that are sent again with the same `Idempotency-Key`.

mod gateways;
mod routes;

use transom_testkit::Client;
use transom_testkit::raw::Response;

use crate::support::{RESPONSES, body};

/// POST with a key.
async fn post(client: &Client, path: &str, body: &str, key: &str) -> Response {
    client.request("POST", path, &[("Idempotency-Key", key)], Some(body)).await
}

/// A response with these fields beside the model, once for a key.
async fn respond(client: &Client, fields: &str, key: &str) -> Response {
    post(client, RESPONSES, &body(fields), key).await
}

/// The same answer as before, and what says so.
fn assert_again(again: &Response, first: &Response) {
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    let header = |response: &Response, name: &str| response.headers.get(name).map(str::to_owned);
    assert_eq!(header(again, "content-type"), header(first, "content-type"));
    assert_eq!(header(again, "idempotency-replayed").as_deref(), Some("true"));
    assert_eq!(header(again, "x-transom-original-request"), header(first, "x-request-id"));
    assert_ne!(header(again, "x-request-id"), header(first, "x-request-id"));
    for name in ["idempotency-replayed", "x-transom-original-request"] {
        assert_eq!(header(first, name), None, "{name}");
    }
}
