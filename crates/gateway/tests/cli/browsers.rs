//! CORS: off unless configured.

use transom_testkit::{Client, FakeBackend};

use crate::support::{CHAT, gateway};

const PAGE: &str = "https://app.example";

async fn preflight(client: &Client, origin: &str) -> (Option<String>, Option<String>) {
    let asks = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    let answer = client.request("OPTIONS", CHAT, &asks, None).await;
    let header = |name| answer.headers.get(name).map(str::to_owned);
    (header("access-control-allow-origin"), header("access-control-allow-headers"))
}

#[tokio::test]
async fn browsers_may_call_only_from_the_origins_that_are_configured() {
    let backend = FakeBackend::start().await;
    let closed = gateway().upstream(&backend.url()).start().await;
    assert_eq!(preflight(&closed.client(), PAGE).await, (None, None));
    let answer = closed.client().request("GET", "/v1/models", &[("origin", PAGE)], None).await;
    assert!(!answer.headers.has("access-control-allow-origin"));

    let open = gateway().upstream(&backend.url()).env("VR_API_KEY", "k").arg("--cors-origin");
    let open = open.arg(PAGE).start().await;
    let client = open.client();
    let (origin, headers) = preflight(&client, PAGE).await;
    assert_eq!(origin.as_deref(), Some(PAGE), "the question itself needs no key");
    assert!(headers.is_some_and(|list| list.contains("authorization")));
    assert_eq!(preflight(&client, "https://evil.example").await.0, None);
    let refused = client.request("GET", "/v1/models", &[("origin", PAGE)], None).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.headers.get("access-control-allow-origin"), Some(PAGE));
    assert!(!refused.headers.has("access-control-allow-credentials"));
}
