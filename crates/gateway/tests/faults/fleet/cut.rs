//! Answers that are cut or framed wrongly (A7 to A9): another server answers, and what the client
//! gets is never half of anything.

use std::fmt::Write as _;

use transom_testkit::answer::{Framing, Step, chat_text, json, raw_bytes};
use transom_testkit::{Answer, FakeBackend, Gate};

use crate::support::fleet::{Fleet, in_order, node, refusal, text};
use crate::support::{count, eventually, is_soak};

/// A short answer of a server that is cut.
const BODY: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"inner-7b","choices":[{"index":0,"message":{"role":"assistant","content":"first"},"finish_reason":"stop"}]}"#;

/// Retries without a bound and no breaker: every answer in these tests is wrong.
const ROUTING: &str = "routing: {breaker: false, retry_budget: 1}\n";

async fn fleet(first: &FakeBackend, second: &FakeBackend) -> Fleet {
    second.default_answer(chat_text("second"));
    Fleet::start(&format!("{}{ROUTING}", in_order(&[first.url(), second.url()]))).await
}

/// The bytes of the answer, head and framing included, and where its body begins.
fn framed(chunked: bool) -> (Vec<u8>, usize) {
    let mut wire = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n".to_owned();
    if chunked {
        wire.push_str("transfer-encoding: chunked\r\n\r\n");
    } else {
        write!(wire, "content-length: {}\r\n\r\n", BODY.len()).expect("writing to a string");
    }
    let head = wire.len();
    if chunked {
        let (one, two) = BODY.split_at(BODY.len() / 2);
        for part in [one, two, ""] {
            write!(wire, "{:x}\r\n{part}\r\n", part.len()).expect("writing to a string");
        }
    } else {
        wire.push_str(BODY);
    }
    (wire.into_bytes(), head)
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_comes_whole_from_another_server() {
    let (first, second) = (node().await, node().await);
    let fleet = fleet(&first, &second).await;
    fleet.insist_on(0).await;
    let mut cuts = 0;
    for chunked in [false, true] {
        let (wire, head) = framed(chunked);
        for at in 0..wire.len() {
            // Within the head every seventh place tells as much.
            if at < head && at % 7 != 0 && !is_soak() {
                continue;
            }
            for end in [Step::Reset, Step::Close] {
                first.default_answer(raw_bytes(wire.clone()).cut_at(at, end.clone()));
                let (answer, _) = fleet.ask(&format!("{chunked} {at} {end:?}")).await;
                let seen = (answer.status, text(&answer));
                assert_eq!(seen, (200, "second".to_owned()), "{chunked}, {at}, {end:?}");
                cuts += 1;
            }
        }
        first.default_answer(raw_bytes(wire));
        assert_eq!(text(&fleet.ask(&format!("{chunked} whole")).await.0), "first");
    }
    println!("{cuts} cuts");
}

#[tokio::test]
async fn an_answer_that_every_server_cuts_is_an_error_and_never_half_an_answer() {
    let (first, second) = (node().await, node().await);
    let fleet = fleet(&first, &second).await;
    for chunked in [false, true] {
        let (wire, head) = framed(chunked);
        let step = if is_soak() { 1 } else { 23 };
        for at in (head..wire.len()).step_by(step) {
            for end in [Step::Reset, Step::Close] {
                let cut = raw_bytes(wire.clone()).cut_at(at, end);
                first.default_answer(cut.clone());
                second.default_answer(cut);
                let (answer, _) = fleet.ask(&format!("nobody {chunked} {at}")).await;
                let code = "upstream_disconnected".to_owned();
                assert_eq!(refusal(&answer), (502, code), "{}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn an_answer_whose_length_is_wrong_is_none_and_its_connection_is_not_used_again() {
    let (first, second) = (node().await, node().await);
    let fleet = fleet(&first, &second).await;
    fleet.insist_on(0).await;
    let length = BODY.len() as u64;
    let claims = |length| json(200, BODY).framed(Framing::ClaimedLength(length));
    let wrong: [(&str, Answer); 4] = [
        ("longer than its body", claims(length + 5)),
        ("shorter than its body", claims(length - 5)),
        ("nothing of its body", claims(0)),
        ("without a length, cut", json(200, &BODY[..40]).framed(Framing::UntilClose)),
    ];
    for (what, answer) in wrong {
        first.default_answer(answer);
        assert_eq!(text(&fleet.ask(what).await.0), "second", "{what}");
        let of_wrong = first.last_request().connection;
        first.default_answer(chat_text("first"));
        assert_eq!(text(&fleet.ask(&format!("after {what}")).await.0), "first");
        assert_ne!(first.last_request().connection, of_wrong, "{what}");
    }
}

#[tokio::test]
async fn bytes_behind_an_answer_never_become_the_next_answer() {
    let (first, second) = (node().await, node().await);
    let fleet = fleet(&first, &second).await;
    let forged = BODY.replace("first", "forged");
    let forged = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{forged}",
        forged.len()
    );
    let forged = forged.into_bytes();
    let whole = framed(false).0;
    for round in 0..count(20, 500) {
        // In one piece with the answer before it, and a moment later, while the connection rests.
        let gate = Gate::new("the forged answer");
        let late = if round % 2 == 0 { None } else { Some(Step::Wait(gate.clone())) };
        let mut stray =
            raw_bytes(if late.is_some() { whole.clone() } else { [&whole[..], &forged].concat() });
        if let Some(wait) = late {
            stray = stray.step(wait).step(Step::Send(forged.clone().into()));
        }
        first.answer(stray.step(Step::Hang)).default_answer(chat_text("true"));
        assert_eq!(text(&fleet.ask(&format!("{round} smuggled")).await.0), "first");
        let smuggler = first.last_request();
        gate.open();
        let all = (whole.len() + forged.len()) as u64;
        eventually("all bytes", async || first.bytes_written(&smuggler) == all).await;
        for next in 0..3 {
            let (answer, _) = fleet.ask(&format!("{round} next {next}")).await;
            assert_eq!(text(&answer), "true", "round {round}");
        }
    }
}
