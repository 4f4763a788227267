//! Events that are wrong: what came before them arrives, then the one agreed end.

use transom_testkit::answer::{Answer, Step, event_stream};

use super::ONE_CALL;
use crate::support::chunks::{DONE, chunk, finish, piece, stream};
use crate::support::exchange::{ROADS, Road};
use crate::support::{Rig, count};

/// The largest event that is taken, by default.
const LIMIT_KIB: usize = 8 << 10;

/// A stream that begins with the text `Good ` and then goes wrong like this.
fn after_good(bytes: impl AsRef<[u8]>) -> Answer {
    let mut whole = stream([piece("Good ")]).into_bytes();
    whole.extend_from_slice(bytes.as_ref());
    whole.extend_from_slice(stream([piece("late"), finish("stop"), DONE.to_owned()]).as_bytes());
    event_stream(whole)
}

async fn assert_fails(rig: &Rig, what: &str, answer: Answer, road: Road, code: &str) {
    // However the bytes are cut: at once, by the event, and in small pieces.
    for cut in [answer.clone(), answer.clone().by_event(), answer.in_pieces_of(7)] {
        rig.backend.answer(cut);
        let ended = rig.exchange(road).await;
        let expected = match road {
            Road::Whole => (expected_status(code), "", Some(code)),
            _ => (200, "Good ", Some(code)),
        };
        assert_eq!(ended.brief(), expected, "{what} on {road:?}: {}", ended.bytes);
        assert!(!ended.bytes.contains("CANARY"), "{what} on {road:?}: {}", ended.bytes);
    }
}

fn expected_status(code: &str) -> u16 {
    match code {
        "upstream_rejected" | "context_length_exceeded" => 400,
        "upstream_rate_limited" => 429,
        "upstream_unavailable" => 503,
        _ => 502,
    }
}

#[tokio::test]
async fn an_event_that_is_not_json_or_not_utf8_ends_the_stream_and_is_never_shown() {
    let rig = Rig::start(ONE_CALL).await;
    let rows: [(&str, &[u8]); 12] = [
        ("cut JSON", b"data: {\"CANARY\":\n\n"),
        ("no JSON", b"data: CANARY\n\n"),
        ("two values", b"data: {} CANARY\n\n"),
        ("an array", b"data: [\"CANARY\"]\n\n"),
        ("a number", b"data: 17\n\n"),
        ("a bare word", b"data: NaN\n\n"),
        ("a control character", b"data: {\"a\":\"CANARY\x01\"}\n\n"),
        ("a wrong escape", b"data: {\"a\":\"CANARY\\x\"}\n\n"),
        ("deep nesting", &[b"data: ".as_slice(), &vec![b'['; 100_000], b"\n\n"].concat()),
        ("a lone continuation byte", b"data: {\"a\":\"CANARY\x80\"}\n\n"),
        ("an overlong slash", b"data: {\"a\":\"CANARY\xc0\xaf\"}\n\n"),
        ("a cut character", b"data: {\"a\":\"CANARY\xe2\x82\"}\n\n"),
    ];
    for (what, bytes) in rows {
        for road in ROADS {
            assert_fails(&rig, what, after_good(bytes), road, "bad_upstream_response").await;
        }
    }
    rig.backend.answer(event_stream(stream([piece("fine"), finish("stop"), DONE.to_owned()])));
    assert_eq!(rig.exchange(Road::Chat).await.brief(), (200, "fine", None));
}

#[tokio::test]
async fn an_error_object_in_a_stream_is_told_with_the_code_it_means() {
    let rig = Rig::start(ONE_CALL).await;
    let error = |code: &str| {
        stream([format!(
            r#"{{"error":{{"message":"CANARY","type":"x","param":null,"code":{code}}}}}"#
        )])
    };
    let too_long =
        r#"{"error":{"message":"This model's maximum context length is 8 tokens.","code":400}}"#;
    let rows = [
        ("500", error("500"), "upstream_error"),
        ("no code", error("null"), "upstream_error"),
        ("a word", error("\"oops\""), "upstream_error"),
        ("503", error("503"), "upstream_unavailable"),
        ("401", error("401"), "upstream_authentication"),
        ("a text", stream([r#"{"error":"CANARY"}"#]), "upstream_error"),
        ("an event of its own", format!("event: error\n{}", error("500")), "upstream_error"),
        ("too long", stream([too_long]), "context_length_exceeded"),
    ];
    for (what, bytes, code) in rows {
        for road in ROADS {
            assert_fails(&rig, what, after_good(&bytes), road, code).await;
        }
    }
    // A server that has too many requests is left alone for a second each time: once is enough.
    rig.backend.answer(after_good(error("429")));
    let limited = Some("upstream_rate_limited");
    assert_eq!(rig.exchange(Road::Stream).await.brief(), (200, "Good ", limited));
}

#[tokio::test]
async fn an_answer_without_an_end_or_against_the_rules_fails() {
    let rig = Rig::start(ONE_CALL).await;
    for road in ROADS {
        let cut = event_stream(stream([piece("Good ")]));
        assert_fails(&rig, "no finish and no [DONE]", cut, road, "upstream_disconnected").await;
        let done = after_good(stream([DONE]));
        assert_fails(&rig, "[DONE] before the end", done, road, "upstream_disconnected").await;
    }
    let fragment = |index: u32, name: &str| {
        let function = format!(r#"{{"name":{name},"arguments":"{{"}}"#);
        chunk(&format!(
            r#"[{{"index":0,"delta":{{"tool_calls":[{{"index":{index},"function":{function}}}]}},"finish_reason":null}}]"#
        ))
    };
    let call = |index| fragment(index, "\"look\"");
    let rows = [
        ("a call without a name", stream([fragment(0, "null")]), "bad_upstream_response"),
        ("an earlier call", stream([call(0), call(1), call(0)]), "bad_upstream_response"),
        ("too many calls", stream((0..200).map(call)), "bad_upstream_response"),
        ("given up", stream([finish("abort")]), "upstream_error"),
    ];
    for (what, bytes, code) in rows {
        // A chat passes through: what its calls mean is its client's business.
        for road in [Road::Stream, Road::Whole] {
            assert_fails(&rig, what, after_good(bytes.as_bytes()), road, code).await;
        }
    }
}

#[tokio::test]
async fn an_event_without_an_end_fails_at_the_limit_and_memory_stays_bounded() {
    for road in ROADS {
        let rig = Rig::start(ONE_CALL).await;
        rig.exchange(road).await;
        for round in 0..count(1, 20) {
            let base = rig.memory();
            rig.backend.answer(endless());
            let ended = rig.exchange(road).await;
            let whole = (502, "", Some("bad_upstream_response"));
            let streamed = (200, "Good ", Some("bad_upstream_response"));
            assert_eq!(ended.brief(), if road == Road::Whole { whole } else { streamed });
            let grown = rig.most_memory() - base;
            println!("{road:?}, round {round}: at most {grown} KiB above {base} KiB");
            assert!(grown <= 2 * LIMIT_KIB as u64, "{road:?} took {grown} KiB");
        }
    }
}

/// A good event, and then one that does not end within the limit.
fn endless() -> Answer {
    let more = "x".repeat(1024).repeat(LIMIT_KIB + 2048).into_bytes();
    let endless = [b"data: {\"a\":\"".as_slice(), &more].concat();
    let good = event_stream(stream([piece("Good ")]));
    good.step(Step::Send(endless.into())).in_pieces_of(64 << 10)
}
