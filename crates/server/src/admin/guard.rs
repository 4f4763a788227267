//! Keeps web pages out.
//!
//! An operator's browser reaches the listener, so a page of any site could send requests through
//! it. What such a page cannot do is make the browser leave out the `Origin` of a write, or lie
//! about the fetch's site. And a page that has rebound its own name to a loopback address (DNS
//! rebinding) is of the same origin, but its requests carry its name as `Host`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{AsHeaderName, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue};
use transom_engine::settings::Access;

use super::refusal::Refusal;
use crate::app::App;

/// How the page that sends a request is related to this listener (Fetch Metadata, section 2.4).
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request pass unless a page of another site sent it.
pub(super) async fn keep_pages_out(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    match check(&request, &app.gateway.snapshot().settings.access) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(request: &Request, access: &Access) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = only(headers, HOST)?.and_then(|value| Authority::try_from(value.as_bytes()).ok());
    let named = [host.as_ref(), request.uri().authority()];
    let local = host.is_some() && named.into_iter().flatten().all(is_loopback);
    // A key is more than a page can have; without one the name is all there is.
    if !matches!(access, Access::Key(_)) && !local {
        return Err(Refusal::ForeignHost);
    }
    if let Some(origin) = only(headers, ORIGIN)? {
        let ours = host.as_ref().is_some_and(|host| is_of(origin, host));
        if !ours {
            return Err(Refusal::ForeignOrigin);
        }
    }
    match only(headers, SITE)?.map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Refusal::ForeignOrigin),
    }
}

/// The value of a header that may be there once.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Result<Option<&HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(Refusal::ForeignOrigin) } else { Ok(first) }
}

fn is_loopback(name: &Authority) -> bool {
    if name.as_str().contains('@') {
        return false;
    }
    let host = name.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
        || bare.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback())
}

/// Whether an `Origin` is that of a page which this listener itself served.
fn is_of(origin: &HeaderValue, host: &Authority) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let name = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    name.is_some_and(|name| name.eq_ignore_ascii_case(host.as_str()))
}
