//! The adapter against a real socket.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use transom_core::port::upstream::{Route, Upstream as _, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;
use transom_testkit::FakeBackend;
use transom_testkit::answer::{Step, chat_text, event_stream};
use transom_upstream::backend::{Backend, Settings};
use transom_upstream::base::Base;
use transom_upstream::body::Patience;
use transom_upstream::connector::Connector;

const LIMIT: Duration = Duration::from_secs(5);

const ASK: &str = r#"{"model":"tiny","messages":[{"role":"user","content":"hi"}]}"#;

fn adapter(backend: &FakeBackend) -> Backend {
    let settings = Settings {
        base: Base::parse(&format!("{}/v1", backend.url())).expect("a URL"),
        key: None,
        connector: Connector::new(LIMIT, None).expect("system roots"),
        connect_timeout: LIMIT,
        first_byte_timeout: LIMIT,
        patience: Patience { first_byte: LIMIT, idle: LIMIT, total: LIMIT },
    };
    Backend::new(settings).expect("no key")
}

async fn ask(adapter: &Backend) -> Result<Bytes, UpstreamError> {
    let request = UpstreamRequest { route: Route::ChatCompletions, body: Bytes::from(ASK) };
    Ok(adapter.call(request).await?.body.collect().await?.to_bytes())
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_nobody_an_error() {
    let backend = FakeBackend::start().await;
    let adapter = adapter(&backend);
    for _ in 0..20 {
        backend.answer(chat_text("hello"));
        ask(&adapter).await.unwrap();
        // The server closes as the next request is written: no byte of an answer comes.
        backend.answer(event_stream("").first(Step::Reset));
        backend.answer(chat_text("again"));
        let answer = ask(&adapter).await.unwrap();
        assert!(answer.windows(5).any(|bytes| bytes == b"again"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_fresh_connection_that_dies_is_an_error_and_no_second_request() {
    let backend = FakeBackend::start().await;
    let adapter = adapter(&backend);
    backend.answer(event_stream("").first(Step::Reset));
    let ended = ask(&adapter).await;
    assert!(matches!(ended, Err(UpstreamError::Truncated { .. })), "{ended:?}");
    assert_eq!(backend.requests().len(), 1);
}
