//! Connections and answers that go wrong (rows A3, A4, A6 to A10, A25, A26, A30).

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use transom_core::backend::BackendSpec;
use transom_core::port::upstream::{Route, Upstream as _, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;
use transom_testkit::answer::{
    Answer, Framing, Script, Step, chat_text, event_stream, json, raw_bytes, script,
};
use transom_testkit::chaos::{Direction, Fault, Rule};
use transom_testkit::{FakeBackend, Gate, TcpChaos};
use transom_upstream::backend::Backend;

use crate::support::{LIMIT, adapter, ask, ask_with, key, request, settings, soon, spec};

fn has(body: &[u8], word: &str) -> bool {
    String::from_utf8_lossy(body).contains(word)
}

#[tokio::test]
async fn every_route_has_its_method_and_path() {
    let server = FakeBackend::builder().lenient().start().await;
    let adapter = adapter(&server.url());
    for route in Route::ALL {
        let request = UpstreamRequest { route, ..request(LIMIT, LIMIT, LIMIT) };
        let body = if route == Route::Models { bytes::Bytes::new() } else { request.body };
        adapter.call(UpstreamRequest { body, ..request }).await.unwrap();
    }
    let seen = server.requests();
    let seen: Vec<_> = seen.iter().map(|seen| (seen.method.as_str(), seen.path())).collect();
    let expected = [
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/responses"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/rerank"),
        ("POST", "/v1/score"),
        ("GET", "/v1/models"),
        ("POST", "/tokenize"),
        ("POST", "/apply-template"),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_nobody_an_error() {
    let server = FakeBackend::start().await;
    let adapter = adapter(&server.url());
    for _ in 0..20 {
        server.answer(chat_text("hello"));
        ask(&adapter).await.unwrap();
        // The server closes as the next request is written: no byte of an answer comes.
        server.answer(event_stream("").first(Step::Reset));
        server.answer(chat_text("again"));
        let (_, answer) = ask(&adapter).await.unwrap();
        assert!(has(&answer, "again"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_costs_nobody_an_error() {
    let server = FakeBackend::start().await;
    let adapter = adapter(&server.url());
    for round in 0..500 {
        let pause = Duration::from_micros(round * 7919 % 500);
        server
            .answer(Script::from(chat_text("hello")).map(move |answer| answer.close_after(pause)));
        let answer = ask(&adapter).await;
        assert!(answer.is_ok(), "round {round}: {answer:?}");
    }
}

#[tokio::test]
async fn a_fresh_connection_that_dies_is_an_error_and_no_second_request() {
    let server = FakeBackend::start().await;
    let adapter = adapter(&server.url());
    server.answer(event_stream("").first(Step::Reset));
    let ended = ask(&adapter).await;
    assert!(matches!(ended, Err(UpstreamError::Truncated { .. })), "{ended:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_request_whose_answer_has_begun_is_not_sent_again() {
    let server = FakeBackend::start().await;
    let adapter = adapter(&server.url());
    ask(&adapter).await.unwrap();
    // The same connection, half of a status line, and the end.
    server.answer(raw_bytes("HTTP/1.1 20"));
    let ended = ask(&adapter).await;
    assert!(matches!(ended, Err(UpstreamError::Truncated { .. })), "{ended:?}");
    assert_eq!((server.requests().len(), server.accepted_connections()), (2, 1));
}

#[tokio::test]
async fn a_refused_connection_says_so_and_at_once() {
    let server = FakeBackend::builder().loading().start().await;
    let begun = Instant::now();
    let error = ask(&adapter(&server.url())).await.unwrap_err();
    assert_eq!(error, UpstreamError::Connect { detail: "connection refused".to_owned() });
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_connection_that_is_not_accepted_ends_at_the_connect_limit() {
    // A full queue of unaccepted connections: the kernel drops what else comes.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut filling = Vec::new();
    for _ in 0..4 {
        let connecting = TcpStream::connect(address);
        filling.push(tokio::time::timeout(Duration::from_millis(100), connecting).await);
    }
    let limit = Duration::from_millis(200);
    let mut spec = spec(&format!("http://{address}"));
    spec.connect_timeout = limit;
    let adapter = Backend::new(&spec, &settings(), None).unwrap();
    assert_eq!(ask(&adapter).await.unwrap_err(), UpstreamError::ConnectTimeout { limit });
}

#[tokio::test]
async fn silence_ends_at_the_request_s_own_limits() {
    let server = FakeBackend::start().await;
    let adapter = adapter(&server.url());
    let short = Duration::from_millis(100);
    for (script, request, error) in [
        (
            event_stream("").first(Step::Hang),
            request(short, LIMIT, LIMIT),
            UpstreamError::FirstByteTimeout { limit: short },
        ),
        (
            event_stream("").first(Step::Hang),
            request(LIMIT, LIMIT, short),
            UpstreamError::TotalTimeout { limit: short },
        ),
        (
            event_stream("data: {}\n\n").step(Step::Hang),
            request(LIMIT, short, LIMIT),
            UpstreamError::Stalled { limit: short },
        ),
    ] {
        server.answer(script);
        assert_eq!(ask_with(&adapter, request).await.unwrap_err(), error);
        server.await_disconnect().await;
    }
}

#[tokio::test]
async fn a_drip_resets_the_idle_limit_and_ends_at_the_total_one() {
    let server = FakeBackend::start().await;
    let chaos = TcpChaos::start(server.address()).await;
    server.expect_host(chaos.address().to_string());
    chaos.set(Direction::ToCaller, Rule::drip(50));
    let total = Duration::from_millis(400);
    let ended = ask_with(&adapter(&chaos.url()), request(LIMIT, total / 2, total)).await;
    assert_eq!(ended.unwrap_err(), UpstreamError::TotalTimeout { limit: total });
}

#[tokio::test]
async fn an_event_that_drips_is_silence_and_a_body_that_does_is_not() {
    let server = FakeBackend::start().await;
    let adapter = adapter(&server.url());
    let idle = Duration::from_millis(200);
    let drip = "data: drop by drop";
    let dripping = |answer: Answer| answer.byte_by_byte().drip(Duration::from_millis(40));
    server.answer(dripping(event_stream(drip)));
    let started = Instant::now();
    let ended = ask_with(&adapter, request(LIMIT, idle, LIMIT)).await.unwrap_err();
    assert_eq!(ended, UpstreamError::Stalled { limit: idle });
    assert!((idle..idle * 3).contains(&started.elapsed()), "{:?}", started.elapsed());
    server.answer(dripping(event_stream(drip.replace(' ', "\n\n"))));
    assert!(ask_with(&adapter, request(LIMIT, idle * 2, LIMIT)).await.is_ok());
    server.answer(dripping(json(200, drip)));
    assert_eq!(ask_with(&adapter, request(LIMIT, idle, LIMIT)).await.unwrap().1, drip);
}

#[tokio::test]
async fn no_cut_of_an_answer_passes_for_a_whole_one() {
    let server = FakeBackend::start().await;
    let chaos = TcpChaos::start(server.address()).await;
    server.expect_host(chaos.address().to_string());
    server.default_answer(json(200, "0123456789"));
    let whole = {
        chaos.set(Direction::ToCaller, Rule::default());
        ask(&adapter(&chaos.url())).await.unwrap();
        chaos.forwarded(Direction::ToCaller)
    };
    for fault in [Fault::Reset, Fault::Fin] {
        for bytes in 1..whole {
            chaos.set(Direction::ToCaller, Rule::after(bytes, fault));
            let ended = ask(&adapter(&chaos.url())).await;
            assert!(matches!(ended, Err(UpstreamError::Truncated { .. })), "{bytes}: {ended:?}");
        }
    }
}

#[tokio::test]
async fn an_unfinished_chunked_answer_is_a_failure_however_complete_it_looks() {
    let server = FakeBackend::start().await;
    server.answer(json(200, r#"{"whole":true}"#).framed(Framing::Chunked).step(Step::Close));
    let ended = ask(&adapter(&server.url())).await;
    assert!(matches!(ended, Err(UpstreamError::Truncated { .. })), "{ended:?}");
}

#[tokio::test]
async fn lies_about_the_length_never_reach_the_next_answer() {
    let server = FakeBackend::start().await;
    let adapter = adapter(&server.url());
    let forged = "canaryHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    for round in 0..20 {
        // Shorter than the body: the rest looks like an answer to somebody else's request.
        server.answer(json(200, forged).framed(Framing::ClaimedLength(6)));
        let (_, first) = ask(&adapter).await.unwrap();
        assert_eq!(first, "canary");
        let own = format!("own-{round}");
        server.answer(json(200, own.clone()));
        assert_eq!(ask(&adapter).await.unwrap().1, own);
    }
    // An answer to nothing, which has come by the time at which something is asked.
    for round in 0..20 {
        let gate = Gate::new("the forged answer");
        let stray = Step::Send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged".into());
        let true_one = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue";
        server.answer(
            raw_bytes(true_one).step(Step::Wait(gate.clone())).step(stray).step(Step::Hang),
        );
        assert_eq!(ask(&adapter).await.unwrap().1, "true");
        gate.let_one_pass();
        let wrong = server.last_request();
        soon("the forged answer", async {
            while server.bytes_written(&wrong) == true_one.len() as u64 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let own = format!("own-{round}");
        server.answer(json(200, own.clone()));
        assert_eq!(ask(&adapter).await.unwrap().1, own);
    }
    server.answer(json(200, "short").framed(Framing::ClaimedLength(600)).step(Step::Close));
    let ended = ask(&adapter).await;
    assert!(matches!(ended, Err(UpstreamError::Truncated { .. })), "{ended:?}");
}

#[tokio::test]
async fn answers_are_never_exchanged_between_requests() {
    let server = FakeBackend::builder().lenient().start().await;
    server.default_answer(script(|request| json(200, String::from_utf8_lossy(&request.body))));
    let adapter = Arc::new(adapter(&server.url()));
    let mut asking = JoinSet::new();
    for number in 0..64 {
        let adapter = Arc::clone(&adapter);
        asking.spawn(async move {
            let body = format!(r#"{{"model":"tiny","canary":{number}}}"#);
            let request = request(LIMIT, LIMIT, LIMIT);
            let sent = UpstreamRequest { body: body.clone().into(), ..request };
            assert_eq!(ask_with(&adapter, sent).await.unwrap().1, body);
        });
    }
    asking.join_all().await;
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_another_and_nobody_else_sees_the_key() {
    let server = FakeBackend::builder().expect_key("sk-own").start().await;
    let other = FakeBackend::builder().lenient().start().await;
    let spec = BackendSpec { key: key("sk-own"), ..spec(&server.url()) };
    let adapter = Backend::new(&spec, &settings(), None).unwrap();
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = format!("{}/v1/chat/completions", other.url());
        server.answer(json(status, "{}").header("location", &elsewhere));
        let (answered, _) = ask(&adapter).await.unwrap();
        assert_eq!(answered, StatusCode::from_u16(status).unwrap());
    }
    assert_eq!(other.accepted_connections(), 0);
}
