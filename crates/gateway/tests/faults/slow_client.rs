//! Clients that do not read (B4): the model server waits, memory stays flat, and they are cut.

use std::time::{Duration, Instant};

use bytes::Bytes;
use transom_testkit::RawClient;
use transom_testkit::answer::{Answer, Step, chat_text, event_stream};
use transom_testkit::raw::End;

use crate::support::chunks::{DONE, finish, piece, stream};
use crate::support::exchange::{Road, body};
use crate::support::{CHAT, RESPONSES, Rig, count, eventually};

/// Most memory that a stalled chat may take in the gateway.
const PER_CHAT_KIB: u64 = 128;

/// Most that a stalled response may take: what has been said so far is kept for its record.
const PER_RESPONSE_KIB: u64 = 1024;

/// What the first streams cost once, however many follow: stacks and arenas of the allocator.
const ONCE_KIB: u64 = 4096;

/// Far more than all buffers on the way hold.
const ANSWER: usize = 64 << 20;

/// An answer of 64 MiB, in writes of about 4 KiB that share their bytes.
fn endless(text: &str) -> Answer {
    let event = stream([piece(text)]);
    let block = Bytes::from(event.repeat((4096 / event.len()).max(1)));
    let mut answer = event_stream("");
    answer.steps = vec![Step::Send(block.clone()); ANSWER / block.len()];
    answer.step(Step::Send(stream([finish("stop"), DONE.to_owned()]).into()))
}

async fn stalled(rig: &Rig, road: Road, number: usize) -> Vec<RawClient> {
    let path = if road == Road::Chat { CHAT } else { RESPONSES };
    let mut clients = Vec::new();
    for _ in 0..number {
        let client = RawClient::connect_slow(rig.address(), 4096).await.expect("connecting");
        client.post(rig.host(), path, &body(road, "")).await.expect("sending");
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn clients_that_do_not_read_hold_their_model_server_back_and_are_cut() {
    // Long enough for all to have begun.
    let seconds = count(2, 15) as u64;
    let stall = Duration::from_secs(seconds);
    let rig = Rig::start(&format!("limits: {{client_stall: {seconds}s}}")).await;
    rig.client.get("/health").await;
    let number = count(50, 1000);
    rig.backend.default_answer(endless(&"x".repeat(4000)));
    let chats = held_back(&rig, Road::Chat, number, PER_CHAT_KIB).await;
    rig.backend.default_answer(endless("word "));
    let responses = held_back(&rig, Road::Stream, number / 25, PER_RESPONSE_KIB).await;
    // Others are served meanwhile.
    rig.backend.answer(chat_text("alive"));
    assert_eq!(rig.exchange(Road::Stream).await.brief(), (200, "alive", None));

    let mut last = Duration::ZERO;
    for _ in 0..number + number / 25 {
        rig.backend.await_disconnect().await;
        last = responses.0.elapsed();
    }
    println!("all cut {last:.1?} after the last of them had begun");
    assert!(chats.0.elapsed() >= stall && last < stall + Duration::from_secs(6));
    for mut client in chats.1.into_iter().chain(responses.1) {
        let (read, end) = client.read_to_end(Duration::from_secs(1)).await;
        assert_ne!(end, End::StillOpen);
        assert!(!read.ends_with(b"0\r\n\r\n"), "a cut stream does not look whole");
    }
    eventually("all streams closed", async || {
        rig.metric("vllm_responses_sse_connections_in_flight").await.to_string() == "0"
    })
    .await;
}

/// So many clients that do not read. When it returns, nothing moves any more: the model server is
/// held back, and memory is within the bound for each.
async fn held_back(
    rig: &Rig,
    road: Road,
    number: usize,
    bound_kib: u64,
) -> (Instant, Vec<RawClient>) {
    let (base, before) = (rig.memory(), rig.backend.requests_to(CHAT).len());
    let started = Instant::now();
    let clients = stalled(rig, road, number).await;
    let most = settled(rig, before, number).await;
    let grown = rig.memory().saturating_sub(base);
    println!(
        "{number} stalled on {road:?}: at most {} KiB written for one; {grown} KiB above {base} KiB, \
         {} each; after {:.1?}",
        most >> 10,
        grown / number as u64,
        started.elapsed(),
    );
    assert!(most < ANSWER as u64 / 4, "{most} bytes written: nobody is held back");
    let bound = number as u64 * bound_kib + ONCE_KIB;
    assert!(grown <= bound, "{road:?}: {grown} KiB, at most {bound}");
    (started, clients)
}

/// Waits until no more is written for any of the last answers; the most that was written for one.
async fn settled(rig: &Rig, before: usize, number: usize) -> u64 {
    let mut last = (0, 0);
    eventually("the model server is held back", async || {
        let requests = rig.backend.requests_to(CHAT);
        let written = requests[before..].iter().map(|request| rig.backend.bytes_written(request));
        let now = written.fold((0, 0), |(sum, most), bytes| (sum + bytes, most.max(bytes)));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let begun = requests.len() - before == number && now.0 > 0;
        std::mem::replace(&mut last, now) == now && begun
    })
    .await;
    last.1
}

#[tokio::test]
async fn a_client_that_reads_slowly_but_reads_is_not_cut() {
    let rig = Rig::start("limits: {client_stall: 400ms, idle_timeout: 400ms}").await;
    let words = "word ".repeat(300);
    for road in [Road::Chat, Road::Stream] {
        rig.backend.answer(chat_text(words.clone()));
        let mut client = RawClient::connect_slow(rig.address(), 4096).await.expect("connecting");
        let path = if road == Road::Chat { CHAT } else { RESPONSES };
        client.post(rig.host(), path, &body(road, "")).await.expect("sending");
        let mut read = Vec::new();
        while !read.ends_with(b"0\r\n\r\n") {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let more = client.read_some().await.expect("the stream goes on");
            assert!(!more.is_empty(), "{road:?}: cut after {} bytes", read.len());
            read.extend_from_slice(&more);
        }
        let text = String::from_utf8(read).expect("UTF-8");
        assert_eq!(text.matches("data: [DONE]").count(), 1, "{road:?}");
    }
}
