//! Keys and names of requests: what is asked for, and what never goes on to the upstream.

use transom_testkit::{Client, FakeBackend, RawClient, TestGateway};

use crate::support::{CHAT, RESPONSES, chat, gateway, refusal, response};

const KEY: &str = "sk-test-1";

async fn guarded() -> (FakeBackend, TestGateway) {
    let backend = FakeBackend::builder().expect_key("upstream-key").start().await;
    let guarded = gateway().upstream(&backend.url()).env("VR_API_KEY", KEY);
    let gateway = guarded.env("VR_OPENAI_API_KEY", "upstream-key").start().await;
    (backend, gateway)
}

fn with_key(gateway: &TestGateway, value: &str) -> Client {
    gateway.client().header("authorization", value)
}

#[tokio::test]
async fn with_a_key_only_health_and_readiness_are_open() {
    let (_backend, gateway) = guarded().await;
    let client = gateway.client();
    for (path, status) in [("/health", 200), ("/readyz", 200)] {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
    let wrong = [
        client,
        with_key(&gateway, "Bearer sk-test-2"),
        with_key(&gateway, "Bearer "),
        with_key(&gateway, KEY),
        with_key(&gateway, &format!("Basic {KEY}")),
        with_key(&gateway, &format!("Bearer {KEY}")).header("authorization", "Bearer x"),
    ];
    for client in wrong {
        let mut answers = Vec::new();
        for path in ["/metrics", "/v1/models", "/v1/models/tiny", "/v1/responses/resp_1"] {
            answers.push(client.get(path).await);
        }
        answers.push(client.post(CHAT, chat("hi")).await);
        answers.push(client.post(RESPONSES, response("hi")).await);
        answers.push(client.delete("/v1/responses/resp_1").await);
        for answer in answers {
            let error = &answer.json()["error"];
            assert_eq!(refusal(&answer), (401, "invalid_api_key".to_owned()));
            assert_eq!(
                (&error["type"], error["param"].is_null()),
                (&"authentication_error".into(), true)
            );
            assert!(answer.headers.has("x-request-id"));
            assert!(!answer.text().contains("sk-test"), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn the_keys_of_both_sides_stay_apart() {
    let (backend, gateway) = guarded().await;
    let client = with_key(&gateway, &format!("bearer {KEY}"));
    for (path, body) in [(CHAT, chat("hi")), (RESPONSES, response("hi"))] {
        assert_eq!(client.post(path, body).await.status, 200, "{path}");
        let sent = backend.next_request().await;
        let keys: Vec<&str> = sent.headers.all("authorization").collect();
        assert_eq!(keys, ["Bearer upstream-key"], "{path}");
    }
    assert_eq!(client.get("/metrics").await.status, 200);
    assert!(!gateway.logs().contains(KEY) && !gateway.logs().contains("upstream-key"));
}

#[tokio::test]
async fn without_keys_a_clients_authorization_ends_here() {
    let backend = FakeBackend::start().await;
    let gateway = gateway().upstream(&backend.url()).start().await;
    assert!(gateway.url().starts_with("http://127.0.0.1:"), "{}", gateway.url());
    let client = with_key(&gateway, "Bearer what-the-sdk-demands");
    for (path, body) in [(CHAT, chat("hi")), (RESPONSES, response("hi"))] {
        let cookie = [("cookie", "a=b"), ("x-custom", "c"), ("x-forwarded-for", "1.2.3.4")];
        assert_eq!(client.request("POST", path, &cookie, Some(&body)).await.status, 200);
        let sent = backend.next_request().await;
        for name in ["authorization", "cookie", "x-custom", "x-forwarded-for", "x-request-id"] {
            assert!(!sent.headers.has(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn a_request_has_the_name_its_client_gave_within_bounds() {
    let backend = FakeBackend::start().await;
    let gateway = gateway().upstream(&backend.url()).start().await;
    let client = gateway.client();
    let longest = "n".repeat(128);
    for path in ["/health", "/v1/models", "/no/such/route", "/v1/responses/resp_1"] {
        let own = client.request("GET", path, &[("x-request-id", &longest)], None).await;
        assert_eq!(own.headers.get("x-request-id"), Some(longest.as_str()), "{path}");
        let too_long = longest.clone() + "n";
        for unfit in [too_long.as_str(), "two words", ""] {
            let answer = client.request("GET", path, &[("x-request-id", unfit)], None).await;
            let given = answer.headers.get("x-request-id").expect("an id").to_owned();
            assert!(!given.is_empty() && given != unfit, "{path} {given}");
            let again = client.get(path).await;
            assert_ne!(again.headers.get("x-request-id"), Some(given.as_str()), "{path}");
        }
    }
    let name = [("x-request-id", "mine")];
    for (path, body) in [(CHAT, chat("hi")), (RESPONSES, response("hi"))] {
        let answer = client.request("POST", path, &name, Some(&body)).await;
        assert_eq!(answer.headers.get("x-request-id"), Some("mine"));
        let sent = backend.next_request().await;
        assert!(!sent.headers.iter().any(|(_, value)| value == "mine"), "{:?}", sent.headers);
    }
}

#[tokio::test]
async fn it_is_bound_everywhere_with_a_key_or_on_demand_only() {
    let backend = FakeBackend::start().await;
    let line = |end: &'static [&str]| {
        let start = ["serve", "--gateway-port", "0", "--upstream"].map(str::to_owned);
        let line = start.into_iter().chain([backend.url()]);
        let line: Vec<String> = line.chain(end.iter().map(|&text| text.to_owned())).collect();
        gateway().command_line(line.iter().map(String::as_str))
    };
    let asked = line(&["--gateway-host", "0.0.0.0", "--insecure-no-auth"]);
    for (builder, everywhere) in
        [(asked, true), (line(&[]).env("VR_API_KEY", KEY), true), (line(&[]), false)]
    {
        let gateway = builder.start().await;
        assert!(gateway.url().starts_with("http://127.0.0.1:"), "a wildcard is shown as loopback");
        let port = gateway.url().rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        // A loopback address that is not the usual one.
        let other = ([127, 0, 0, 2], port.expect("a port")).into();
        assert_eq!(RawClient::connect(other).await.is_ok(), everywhere);
    }
}
