use std::time::{Duration, Instant};

use transom_testkit::answer::{Framing, chat_text};
use transom_testkit::chaos::{Direction, Fault, Rule};
use transom_testkit::raw::End;
use transom_testkit::{Blackhole, Client, FakeBackend, PATIENCE, RawClient, TcpChaos};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}"#;
const SOON: Duration = Duration::from_millis(100);

async fn pair() -> (FakeBackend, TcpChaos) {
    let backend = FakeBackend::start().await;
    let chaos = TcpChaos::start(backend.address()).await;
    backend.expect_host(chaos.address().to_string());
    (backend, chaos)
}

async fn posted(chaos: &TcpChaos) -> RawClient {
    let raw = RawClient::connect(chaos.address()).await.expect("connecting");
    raw.post(&chaos.address().to_string(), CHAT, BODY).await.expect("sending");
    raw
}

#[tokio::test]
async fn without_a_rule_and_in_any_pieces_it_changes_nothing() {
    let (backend, chaos) = pair().await;
    backend.default_answer(chat_text("All is well."));
    let client = Client::new(&chaos.url());
    let direct = Client::new(&backend.url()).post(CHAT, BODY).await.json()["choices"].clone();
    let rules = [Rule::default(), Rule::pieces_of(1), Rule::pieces_of(5), Rule::drip(5000)];
    for rule in rules {
        chaos.set(Direction::ToTarget, rule);
        chaos.set(Direction::ToCaller, rule);
        assert_eq!(client.post(CHAT, BODY).await.json()["choices"], direct);
    }
    assert_eq!(chaos.accepted_connections(), 1);
    let sent: usize = backend.requests_to(CHAT)[1..].iter().map(|r| r.body.len()).sum();
    assert!(chaos.forwarded(Direction::ToTarget) > sent as u64);
    backend.finish();
}

#[tokio::test]
async fn answers_are_cut_at_the_byte_the_rule_names() {
    let (backend, chaos) = pair().await;
    for (fault, end) in [(Fault::Fin, End::Fin), (Fault::Stall, End::StillOpen)] {
        chaos.set(Direction::ToCaller, Rule::after(20, fault));
        let mut raw = posted(&chaos).await;
        let (bytes, seen) = raw.read_to_end(SOON).await;
        assert_eq!((bytes.len(), seen), (20, end));
    }
    // A reset may overtake the bytes before it, so only the end is certain.
    chaos.set(Direction::ToCaller, Rule::after(20, Fault::Reset));
    let mut raw = posted(&chaos).await;
    assert_eq!(raw.read_to_end(PATIENCE).await.1, End::Reset);

    // A request cut within its body never becomes a request.
    chaos.heal().await;
    let before = backend.requests().len();
    chaos.set(Direction::ToTarget, Rule::after(150, Fault::Fin));
    let mut raw = posted(&chaos).await;
    assert_eq!(raw.read_to_end(PATIENCE).await.1, End::Fin);
    chaos.await_no_connections().await;
    backend.await_no_connections().await;
    assert_eq!(backend.requests().len(), before);
    backend.finish();
}

#[tokio::test]
async fn a_stall_ends_when_the_proxy_is_healed() {
    let (backend, chaos) = pair().await;
    chaos.set(Direction::ToCaller, Rule::after(10, Fault::Stall));
    let mut raw = posted(&chaos).await;
    chaos.await_forwarded(Direction::ToCaller, 10).await;
    let (start, end) = raw.read_to_end(SOON).await;
    assert_eq!((start.as_ref(), end), (&b"HTTP/1.1 2"[..], End::StillOpen));
    chaos.heal().await;
    assert!(raw.read_some().await.expect("the rest").starts_with(b"00 Fake"));
    chaos.reset_connections();
    assert_eq!(raw.read_to_end(PATIENCE).await.1, End::Reset);
    backend.finish();
}

#[tokio::test]
async fn delay_refusal_and_black_hole_can_be_switched_while_it_runs() {
    let (backend, chaos) = pair().await;
    let client = Client::new(&chaos.url());
    chaos.set(Direction::ToTarget, Rule::delay(SOON));
    let start = Instant::now();
    assert_eq!(client.get("/health").await.status, 200);
    assert!(start.elapsed() >= SOON);
    chaos.refuse().await;
    let error = RawClient::connect(chaos.address()).await.expect_err("a refused connection");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    // The connection that was open goes on.
    assert_eq!(client.get("/health").await.status, 200);
    chaos.heal().await;
    chaos.blackhole();
    let mut raw = posted(&chaos).await;
    assert_eq!(raw.read_to_end(SOON).await, (bytes::Bytes::new(), End::StillOpen));
    chaos.heal().await;
    assert_eq!(raw.read_response().await.expect("an answer").status, 200);
    drop((raw, client));
    chaos.await_no_connections().await;
    backend.finish();
}

#[tokio::test]
async fn a_half_closed_side_still_receives() {
    let (backend, chaos) = pair().await;
    backend.route("/health", transom_testkit::answer::json(200, "{}").framed(Framing::UntilClose));
    let mut raw = RawClient::connect(chaos.address()).await.expect("connecting");
    let host = chaos.address();
    raw.send(format!("GET /health HTTP/1.1\r\nhost: {host}\r\n\r\n")).await.expect("sending");
    let response = raw.read_response().await.expect("a response that ends with the connection");
    assert_eq!(response.body.as_ref(), b"{}");
    backend.finish();
}

#[tokio::test]
async fn a_black_hole_lets_no_connection_come_about_and_none_fail() {
    let hole = Blackhole::start().await;
    let connecting = RawClient::connect(hole.address());
    let tried = tokio::time::timeout(Duration::from_millis(200), connecting).await;
    assert!(tried.is_err(), "{tried:?}");
}
