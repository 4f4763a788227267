//! How connections begin and end.

use transom_testkit::answer::{Step, chat_text, event_stream};
use transom_testkit::gateway::Exit;
use transom_testkit::{FakeBackend, Gate, TestGateway};

use super::client::{Client, connect};
use crate::support::{Talk, text_of};

const KEY: &str = "sk-master-0123456789";

#[tokio::test]
async fn who_may_not_call_is_refused_before_the_upgrade() {
    let backend = FakeBackend::start().await;
    let builder = TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url());
    let gateway = builder.env("VR_API_KEY", KEY).start().await;
    let right = format!("Bearer {KEY}");
    for (headers, status) in [
        (vec![], 401),
        (vec![("authorization", "Bearer sk-wrong")], 401),
        (vec![("authorization", right.as_str()), ("origin", "http://evil.example")], 400),
        (vec![("authorization", right.as_str()), ("x-transom-priority", "first")], 400),
    ] {
        assert_eq!(connect(&gateway, &headers).await.err(), Some(status), "{headers:?}");
    }
    let mut client = connect(&gateway, &[("authorization", &right)]).await.expect("a connection");
    client.respond(r#""input":"Hi""#).await;
}

#[tokio::test]
async fn a_message_that_is_too_large_or_not_text_ends_the_connection() {
    let talk = Talk::with(FakeBackend::start().await, "limits: {body_bytes: 64KiB}").await;
    // Little more, and far more than all buffers on the way hold.
    for size in [(64 << 10) + 1, 16 << 20] {
        let mut client = Client::open(&talk.gateway).await;
        client.flood(size).await;
        let told = client.next().await;
        assert_eq!(
            (&told["status"], &told["error"]["code"]),
            (&413.into(), &"body_too_large".into())
        );
        assert_eq!(client.closed().await.0, 1009);
    }
    let mut client = Client::open(&talk.gateway).await;
    client.send_binary().await;
    assert_eq!(client.closed().await.0, 1003);
}

#[tokio::test]
async fn connections_end_when_nothing_happens_and_when_they_are_old() {
    let yaml = "limits: {socket_idle_timeout: 300ms}";
    let talk = Talk::with(FakeBackend::start().await, yaml).await;
    talk.backend.answer(
        chat_text("One ").step(Step::Pause(std::time::Duration::from_millis(600))).text("two"),
    );
    let mut client = Client::open(&talk.gateway).await;
    // A response that runs is not idle.
    assert_eq!(text_of(&client.respond(r#""input":"Hi""#).await), "One two");
    assert_eq!(client.closed().await, (1000, "idle for too long".to_owned()));

    let yaml = "limits: {socket_lifetime: 300ms}";
    let talk = Talk::with(FakeBackend::start().await, yaml).await;
    let mut client = Client::open(&talk.gateway).await;
    let told = client.next().await;
    assert_eq!(told["error"]["code"], "websocket_connection_limit_reached", "{told}");
    assert_eq!(client.closed().await, (1000, "open for too long".to_owned()));
}

#[tokio::test]
async fn a_gateway_that_stops_closes_idle_connections_and_finishes_what_runs() {
    let talk = Talk::start().await;
    let gate = Gate::new("the middle of the answer");
    talk.backend.answer(chat_text("One ").wait(&gate).text("two"));
    let (mut idle, mut busy) =
        (Client::open(&talk.gateway).await, Client::open(&talk.gateway).await);
    busy.create(r#""input":"Hi""#).await;
    busy.until("response.output_text.delta").await;
    talk.gateway.terminate();
    assert_eq!(idle.closed().await.0, 1001);
    gate.open();
    let ended = busy.until("response.completed").await;
    assert_eq!(text_of(&ended["response"]), "One two");
    assert_eq!(busy.closed().await.0, 1001);
    assert_eq!(talk.gateway.wait_exit().await, Exit::Code(0));
}

#[tokio::test]
async fn a_response_that_outlasts_the_drain_is_told_that_it_was_cut() {
    let talk = Talk::with(FakeBackend::start().await, "limits: {shutdown_timeout: 200ms}").await;
    let gate = Gate::new("never opened");
    talk.backend.answer(chat_text("One ").wait(&gate));
    let mut client = Client::open(&talk.gateway).await;
    client.create(r#""input":"Hi""#).await;
    client.until("response.output_text.delta").await;
    talk.gateway.terminate();
    assert_eq!(client.until("error").await["code"], "server_shutdown");
    client.until("response.failed").await;
    assert_eq!(client.closed().await.0, 1001);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let talk = Talk::with(FakeBackend::start().await, "limits: {client_stall: 500ms}").await;
    let mut endless = event_stream("");
    let chunk = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"tiny","choices":[{"index":0,"delta":{"content":"WORDS"},"finish_reason":null}]}"#;
    let event = format!("data: {}\n\n", chunk.replace("WORDS", &"word ".repeat(10_000)));
    endless.steps = vec![Step::Send(event.into()); 1000];
    talk.backend.answer(endless);
    let mut client = Client::open(&talk.gateway).await;
    client.create(r#""input":"Hi","store":false"#).await;
    talk.backend.await_disconnect().await;
}

#[tokio::test]
async fn two_hundred_connections_are_open_at_once() {
    let talk = Talk::start().await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(Client::open(&talk.gateway).await);
    }
    let asking = clients.iter_mut().map(|client| client.respond(r#""input":"Hi","store":false"#));
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(|answer| !text_of(answer).is_empty()));
    let metrics = talk.client.get("/metrics").await.text();
    for line in [
        "transom_websockets_open 200",
        r#"{method="WEBSOCKET",route="/v1/responses",status="200"} 200"#,
        r#"{method="GET",route="/v1/responses",status="101"} 200"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}
