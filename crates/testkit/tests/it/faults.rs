use std::time::{Duration, Instant};

use transom_testkit::answer::{self, Framing, Step, chat_text};
use transom_testkit::raw::End;
use transom_testkit::{Answer, Client, FakeBackend, Gate, PATIENCE, RawClient};

const CHAT: &str = "/v1/chat/completions";
const PLAIN: &str = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}"#;
const STREAM: &str =
    r#"{"model":"tiny","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;

async fn posted(backend: &FakeBackend, body: &str) -> RawClient {
    let raw = RawClient::connect(backend.address()).await.expect("connecting");
    raw.post(&backend.address().to_string(), CHAT, body).await.expect("sending");
    raw
}

#[tokio::test]
async fn a_scripted_end_is_what_the_peer_sees() {
    let backend = FakeBackend::start().await;
    let cut = |at, end| answer::json(200, r#"{"whole":true}"#).cut_at(at, end);
    let cases = [
        (cut(4, Step::Reset).into(), "{\"wh", End::Reset),
        (cut(4, Step::Close).into(), "{\"wh", End::Fin),
        (cut(4, Step::Close).framed(Framing::Chunked).into(), "4\r\n{\"wh\r\n", End::Fin),
        (answer::json(200, "{}").framed(Framing::ClaimedLength(9)).into(), "{}", End::Fin),
        (answer::json(200, "{}").framed(Framing::UntilClose).into(), "{}", End::Fin),
        (answer::raw_bytes("HTP/9 oops\n\n").into(), "HTP/9 oops\n\n", End::Fin),
        (chat_text("x").script().map(|a| a.first(Step::Reset)), "", End::Reset),
    ];
    for (script, body, end) in cases {
        let script: transom_testkit::Script = script;
        // The peer reads what came before the reset only if it does so before the reset comes.
        let gate = Gate::new("before the end");
        let at_gate = gate.clone();
        backend.answer(script.map(move |mut answer: Answer| {
            let ends = |step: &Step| matches!(step, Step::Reset | Step::Close);
            let last = answer.steps.iter().position(ends).unwrap_or(answer.steps.len() - 1);
            answer.steps.insert(last, Step::Wait(at_gate.clone()));
            answer
        }));
        let mut raw = posted(&backend, PLAIN).await;
        gate.arrived(1).await;
        let (before, _) = raw.read_to_end(Duration::from_millis(20)).await;
        gate.open();
        let (after, seen) = raw.read_to_end(PATIENCE).await;
        let text = String::from_utf8_lossy(&[before, after].concat()).into_owned();
        let text = text.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned();
        assert_eq!((text.as_str(), seen), (body, end));
    }
    assert_eq!(backend.queued(), 0);
    backend.finish();
}

#[tokio::test]
async fn a_peer_that_leaves_is_seen_at_once_however_it_leaves() {
    let backend = FakeBackend::start().await;
    for way in ["fin", "reset", "half-close", "before the head"] {
        let hang = if way == "before the head" {
            chat_text("x").script().map(|answer| answer.first(Step::Hang))
        } else {
            chat_text("one two").step(Step::Hang).script()
        };
        backend.answer(hang);
        let mut raw = posted(&backend, STREAM).await;
        let request = backend.next_request().await;
        if way != "before the head" {
            raw.read_some().await.expect("the head");
        }
        let left = Instant::now();
        match way {
            "reset" => raw.reset(),
            "half-close" => raw.half_close(),
            _ => drop(raw),
        }
        let seen = backend.await_disconnect().await;
        assert_eq!(seen.request, request.number);
        assert!(seen.at >= left && seen.at - left < Duration::from_secs(1), "{way}");
        assert_eq!(seen.bytes_written > 0, way != "before the head");
    }
    backend.await_idle().await;
    backend.finish();
}

#[tokio::test]
async fn a_reader_that_stops_reading_stops_the_writer() {
    let backend = FakeBackend::start().await;
    let huge = 64 << 20;
    backend.answer(answer::event_stream(vec![b'x'; huge]).in_pieces_of(1 << 16));
    let raw = RawClient::connect_slow(backend.address(), 4096).await.expect("connecting");
    raw.post(&backend.address().to_string(), CHAT, STREAM).await.expect("sending");
    let request = backend.next_request().await;
    drop(raw);
    let seen = backend.await_disconnect().await;
    assert_eq!(backend.bytes_written(&request), seen.bytes_written);
    assert!(seen.bytes_written < huge as u64);
    backend.finish();
}

#[tokio::test]
async fn keep_alive_connections_are_reused_and_can_be_closed_unannounced() {
    let backend = FakeBackend::start().await;
    let client = Client::new(&backend.url());
    for _ in 0..3 {
        assert_eq!(client.post(CHAT, PLAIN).await.status, 200);
    }
    assert_eq!((backend.accepted_connections(), backend.open_connections()), (1, 1));
    backend.answer(answer::json(200, "{}").close_after(Duration::ZERO));
    assert_eq!(client.post(CHAT, PLAIN).await.status, 200);
    backend.await_no_connections().await;
    assert_eq!(client.post(CHAT, PLAIN).await.status, 200);
    assert_eq!(backend.accepted_connections(), 2);
    assert_eq!(
        backend.requests().iter().map(|r| r.connection).collect::<Vec<_>>(),
        [0, 0, 0, 0, 1]
    );
    backend.finish();
}

#[tokio::test]
async fn it_refuses_while_loading_dies_and_comes_back_on_its_port() {
    let backend = FakeBackend::builder().loading().start().await;
    let refused = async || {
        let error = RawClient::connect(backend.address()).await.expect_err("a refused connection");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    };
    refused().await;
    backend.listen().await;
    backend.answer(chat_text("one").step(Step::Hang));
    let mut raw = posted(&backend, STREAM).await;
    raw.read_some().await.expect("the beginning");
    backend.kill().await;
    let (_, end) = raw.read_to_end(PATIENCE).await;
    assert_eq!(end, End::Reset);
    refused().await;
    backend.listen().await;
    assert_eq!(Client::new(&backend.url()).get("/health").await.status, 200);
    backend.finish();
}
