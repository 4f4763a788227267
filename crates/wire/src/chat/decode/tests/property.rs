//! What holds of every stream.

use proptest::prelude::*;
use transom_core::content::Part;
use transom_core::event::Event;
use transom_core::item::{Item, ItemStatus};

use super::{DONE, USAGE, call, delta, finish, run};
use crate::answer::sample::{Segment, segment};

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn chunks(segments: &[Segment]) -> Vec<String> {
    let mut chunks = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let said = |key: &str, piece: &String| delta(&format!(r#""{key}":{}"#, quoted(piece)));
        match segment {
            Segment::Thoughts(pieces) => {
                chunks.extend(pieces.iter().map(|p| said("reasoning", p)));
            }
            Segment::Text(pieces) => chunks.extend(pieces.iter().map(|p| said("content", p))),
            Segment::Call(pieces) => {
                let head = r#""id":"c","type":"function","function":{"name":"f"}"#;
                chunks.push(call(&format!(r#"{{"index":{index},{head}}}"#)));
                chunks.extend(pieces.iter().map(|piece| {
                    let function = format!(r#"{{"arguments":{}}}"#, quoted(piece));
                    call(&format!(r#"{{"index":{index},"function":{function}}}"#))
                }));
            }
        }
    }
    chunks
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

/// What the answer's items say: thoughts, text without its whitespace, arguments call by call.
fn said(items: impl Iterator<Item = Item>) -> (String, String, Vec<String>) {
    let (mut thoughts, mut text, mut calls) = (String::new(), String::new(), Vec::new());
    for item in items {
        match item {
            Item::Reasoning(reasoning) => thoughts.extend(reasoning.content),
            Item::Message(message) => {
                for part in message.content {
                    let Part::Text(part) = part else { panic!("only text was sent") };
                    text.push_str(&solid(&part.text));
                }
            }
            Item::FunctionCall(call) => calls.push(call.arguments),
            Item::FunctionCallOutput(_)
            | Item::CustomToolCall(_)
            | Item::CustomToolCallOutput(_)
            | Item::Compaction(_)
            | Item::Hosted(_) => panic!("no model says this"),
        }
    }
    (thoughts, text, calls)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_the_model_says_is_lost_or_invented(
        segments in prop::collection::vec(segment(), 0..6),
        word in prop::sample::select(vec!["stop", "tool_calls", "length", "content_filter"]),
    ) {
        let mut stream = chunks(&segments);
        stream.extend([finish(word), USAGE.to_owned(), DONE.to_owned()]);
        let (events, transcript, result) = run(&stream);
        prop_assert_eq!(result, Ok(()));
        let mut wanted = (String::new(), String::new(), Vec::new());
        for segment in &segments {
            match segment {
                Segment::Thoughts(pieces) => wanted.0.push_str(&pieces.concat()),
                Segment::Text(pieces) => wanted.1.push_str(&solid(&pieces.concat())),
                Segment::Call(pieces) => wanted.2.push(pieces.concat()),
            }
        }
        let cut = matches!(word, "length" | "content_filter");
        let last = wanted.2.len();
        for (place, arguments) in wanted.2.iter_mut().enumerate() {
            let maybe_cut = cut && place + 1 == last;
            if arguments.is_empty() && !maybe_cut {
                arguments.push_str("{}");
            }
        }
        let mut got = said(transcript.entries().iter().map(|entry| entry.item.clone()));
        if let (true, Some(arguments)) = (cut, got.2.last_mut())
            && arguments == "{}" && wanted.2.last().is_some_and(String::is_empty) {
                // Text after the call shows that the call itself was whole.
                arguments.clear();
        }
        prop_assert_eq!(got, wanted);
        prop_assert!(transcript.usage().is_some() && transcript.finish().is_some());
        let incomplete = events.iter().filter(|event| {
            matches!(event, Event::ItemDone { status: ItemStatus::Incomplete, .. })
        });
        let said_something = transcript.entries().iter().any(|_| true);
        prop_assert_eq!(incomplete.count(), usize::from(cut && said_something));
    }

    #[test]
    fn any_order_of_chunks_ends_in_events_the_transcript_takes(
        order in prop::collection::vec(0_usize..12, 0..24),
    ) {
        let chunks = [
            delta(r#""role":"assistant","content":null"#),
            delta(r#""content":"text""#),
            delta(r#""content":"\n\n""#),
            delta(r#""refusal":"no""#),
            delta(r#""reasoning":"hm","content":"both""#),
            call(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#),
            call(r#"{"index":1,"function":{"name":"g"}},{"index":2,"function":{"name":"h"}}"#),
            call(r#"{"function":{"arguments":"}"}}"#),
            finish("length"),
            finish("tool_calls"),
            USAGE.to_owned(),
            DONE.to_owned(),
        ];
        let stream: Vec<_> = order.iter().map(|which| &chunks[*which]).collect();
        let (events, transcript, result) = run(&stream);
        if result.is_ok() {
            let open = |item: &Item| matches!(item, Item::Message(m) if m.status == ItemStatus::InProgress);
            prop_assert!(matches!(events.last(), Some(Event::Finished(_))));
            prop_assert!(!transcript.entries().iter().any(|entry| open(&entry.item)));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(data in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..4)) {
        let _ = run(&data);
    }
}
