//! Events that are right and look odd: the answer is the same, however the network cuts it.

use std::time::Duration;

use transom_testkit::answer::{Answer, event_stream};
use transom_testkit::sse::{self, Event};

use crate::support::chunks::{DONE, chunk, finish, piece, stream, usage};
use crate::support::exchange::{ROADS, Road, body};
use crate::support::{CHAT, Rig, is_soak};

const TEXT: &str = "Héllo wörld 👋🏽 \u{202e}fin";

fn usual() -> Vec<String> {
    let (first, rest) = TEXT.split_at(7);
    vec![piece(first), piece(rest), finish("stop"), DONE.to_owned()]
}

/// The same stream in every spelling that the standard allows.
fn spellings() -> Vec<(&'static str, String)> {
    let data = usual();
    let with = |before: &str, between: &str, after: &str| -> String {
        let events = data.iter().map(|data| format!("{before}data:{between}{data}{after}"));
        events.collect::<Vec<_>>().concat()
    };
    let lines = |json: &String| format!("data: {}\n\n", json.replace("\",\"", "\",\ndata: \""));
    vec![
        ("plain", with("", " ", "\n\n")),
        ("CRLF", with("", " ", "\r\n\r\n")),
        ("CR", with("", " ", "\r\r")),
        ("mixed line ends", with("", " ", "\r\n\n")),
        ("no space", with("", "", "\n\n")),
        ("a byte order mark", format!("\u{feff}{}", with("", " ", "\n\n"))),
        ("comments between", with(": ping\n\n", " ", "\n\n")),
        ("comments within", with(":\n", " ", "\n: pong\n\n")),
        ("other fields", with("id: 7\nretry: 10\nevent: message\nnonsense\nx: y\n", " ", "\n\n")),
        ("runs of blanks", with("\n\n\n", " ", "\n\n\n\n")),
        ("several lines", data.iter().map(lines).collect()),
        ("no blank at the end", with("", " ", "\n\n").trim_end().to_owned()),
        ("no end of the last line", format!("{}data: [DONE]", stream(&data[..3]))),
        ("no [DONE]", stream(&data[..3])),
        ("[DONE] twice", stream(data.iter().chain([&data[3]]))),
        ("words after [DONE]", format!("{}{}", stream(&data), stream([piece("late")]))),
        ("nonsense after [DONE]", format!("{}data: {{\n\n\u{1}", stream(&data))),
    ]
}

/// What a chat client must read: the events as the standard reads them, up to one `[DONE]`.
fn as_read(bytes: &[u8]) -> Vec<Event> {
    let mut events = sse::parse(bytes);
    if let Some(done) = events.iter().position(|event| event.data == DONE) {
        events.truncate(done);
    }
    events.push(Event { event: "message".to_owned(), data: DONE.to_owned() });
    events
}

async fn assert_same(rig: &Rig, what: &str, answer: Answer, body: &[u8], road: Road) {
    rig.backend.answer(answer);
    let ended = rig.exchange(road).await;
    assert_eq!(ended.brief(), (200, TEXT, None), "{what} on {road:?}");
    if road == Road::Chat {
        assert_eq!(sse::parse(ended.bytes.as_bytes()), as_read(body), "{what}");
    }
}

#[tokio::test]
async fn every_spelling_of_a_stream_says_the_same() {
    let rig = Rig::start("store: {durability: fast}").await;
    for (what, body) in spellings() {
        for road in ROADS {
            let answer = event_stream(body.clone());
            for cut in [answer.clone(), answer.clone().in_pieces_of(3), answer.byte_by_byte()] {
                assert_same(&rig, what, cut, body.as_bytes(), road).await;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_says_the_same_wherever_the_network_cuts_it() {
    let rig = Rig::start("store: {durability: fast}").await;
    let mut cuts = 0;
    // A soak tries every place; otherwise those around the characters of several bytes, and some.
    for (spelling, (what, body)) in spellings().into_iter().enumerate() {
        if !is_soak() && spelling > 2 {
            break;
        }
        for at in 1..body.len() {
            let mid_character = !body.is_char_boundary(at);
            let blank = body.as_bytes()[at - 1..=at].iter().all(|byte| b"\r\n".contains(byte));
            if !(is_soak() || mid_character || blank || at % 97 == 0) {
                continue;
            }
            for road in ROADS {
                let answer = event_stream(body.clone()).split_at(at);
                // Two segments, not one: the pause is what makes them so.
                let answer = answer.drip(Duration::from_micros(200));
                assert_same(&rig, what, answer, body.as_bytes(), road).await;
                cuts += 1;
            }
        }
    }
    println!("{cuts} cuts");
}

#[tokio::test]
async fn odd_choices_and_ends_have_one_meaning() {
    let rig = Rig::start("").await;
    let choice = |index: u32, text: &str, reason: &str| {
        chunk(&format!(
            r#"[{{"index":{index},"delta":{{"content":"{text}"}},"finish_reason":{reason}}}]"#
        ))
    };
    let rows: Vec<(&str, Vec<String>)> = vec![
        ("two ends", vec![piece("Text"), finish("stop"), finish("length"), DONE.into()]),
        ("no choices", vec![chunk("[]"), piece("Text"), chunk("[]"), finish("stop"), DONE.into()]),
        ("null choices", vec![piece("Text"), chunk("null"), finish("stop"), DONE.into()]),
        ("an end of its own word", vec![piece("Text"), finish("repetition"), DONE.into()]),
        ("the end within a delta", vec![choice(0, "Text", "\"stop\""), DONE.into()]),
        ("an empty delta", vec![piece(""), piece("Text"), finish("stop"), DONE.into()]),
        ("no [DONE]", vec![piece("Text"), finish("stop")]),
    ];
    for (what, data) in rows {
        for road in ROADS {
            rig.backend.answer(event_stream(stream(&data)).by_event());
            let ended = rig.exchange(road).await;
            assert_eq!(ended.brief(), (200, "Text", None), "{what} on {road:?}");
            if road != Road::Chat {
                assert_eq!(ended.response["status"], "completed", "{what}");
            }
        }
    }
    // Others' choices are not ours, and nothing that follows the end belongs to the answer.
    let foreign = [choice(7, "foreign", "\"stop\""), piece("Text"), finish("stop"), piece("late")];
    for road in [Road::Stream, Road::Whole] {
        rig.backend.answer(event_stream(stream(&foreign)));
        assert_eq!(rig.exchange(road).await.brief(), (200, "Text", None), "{road:?}");
    }
}

#[tokio::test]
async fn usage_that_is_missing_or_cannot_be_true_is_null_and_counts_nothing() {
    let rig = Rig::start("").await;
    let rows = [
        "null",
        "{}",
        "[]",
        "7",
        r#""many""#,
        r#"{"prompt_tokens":-1,"completion_tokens":5,"total_tokens":4}"#,
        r#"{"prompt_tokens":1,"completion_tokens":-5,"total_tokens":4}"#,
        r#"{"prompt_tokens":1.5,"completion_tokens":5,"total_tokens":6}"#,
        r#"{"prompt_tokens":"1","completion_tokens":5}"#,
        r#"{"prompt_tokens":99999999999999999999,"completion_tokens":5}"#,
        r#"{"prompt_tokens":1e300,"completion_tokens":5}"#,
        r#"{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}"#,
    ];
    let answers =
        rows.iter().map(|row| vec![piece("Text"), finish("stop"), usage(row), DONE.into()]);
    let absent = vec![piece("Text"), finish("stop"), DONE.into()];
    for data in answers.chain([absent]) {
        for road in ROADS {
            rig.backend.answer(event_stream(stream(&data)));
            let ended = rig.exchange(road).await;
            assert_eq!(ended.brief(), (200, "Text", None), "{data:?} on {road:?}");
            assert!(ended.response["usage"].is_null(), "{data:?}: {}", ended.bytes);
        }
    }
    for kind in ["input", "output", "cached", "reasoning"] {
        let line = format!("transom_tokens_total{{kind=\"{kind}\"}}");
        assert_eq!(rig.metric(&line).await.to_string(), "0", "{kind}");
    }
    let missing = rig.metric("transom_usage_missing_total").await;
    assert_eq!(missing.to_string(), (3 * (rows.len() + 1)).to_string());
    // Truth still counts, and comes back to a chat as it was sent.
    let good = usage(r#"{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}"#);
    let data = [piece("Text"), finish("stop"), good, DONE.to_owned()];
    rig.backend.answer(event_stream(stream(&data))).answer(event_stream(stream(&data)));
    let ended = rig.exchange(Road::Whole).await;
    assert_eq!(ended.response["usage"]["total_tokens"], 7);
    let asked = body(Road::Chat, r#","stream_options":{"include_usage":true}"#);
    let events = rig.client.stream(CHAT, asked).await.collect().await;
    assert_eq!(events.iter().map(|event| event.data.as_str()).collect::<Vec<_>>(), data);
    assert_eq!(rig.metric("transom_tokens_total{kind=\"output\"}").await.to_string(), "8");
}
