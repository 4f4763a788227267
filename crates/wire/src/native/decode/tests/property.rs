//! What holds of every stream, however the network cuts it.

use bytes::Bytes;
use proptest::prelude::*;
use transom_core::event::Finish;
use transom_core::item::{Item, ItemStatus};
use transom_testkit::recordings::{self, Recorded};

use super::*;
use crate::answer::sample::{Segment, segment};
use crate::native::Watch;
use crate::sse::Splitter;

/// The bytes of every recorded response stream.
fn recorded() -> Vec<Bytes> {
    let vllm = recordings::vllm_names().into_iter().map(|name| recordings::vllm(&name));
    let llama = recordings::llama_server_names().into_iter();
    let all = vllm.chain(llama.map(|name| recordings::llama_server(&name)));
    let streams = all.filter(|recording| recording.request.path == "/v1/responses");
    let bytes = streams.filter_map(|recording| match recording.answer {
        Recorded::Stream(bytes) => Some(bytes),
        Recorded::Body(_) => None,
    });
    bytes.collect()
}

/// Decodes a stream in pieces of these sizes.
fn in_pieces(stream: &Bytes, sizes: &[usize]) -> String {
    let (mut splitter, mut decoder) = (Splitter::new(1 << 20), Decoder::new(ids()));
    let mut watch = Watch::new(1 << 20);
    let (mut rest, mut events) = (stream.clone(), Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let piece = rest.split_to((*size).min(rest.len()));
        watch.feed(piece.clone()).unwrap();
        splitter.push(piece);
        while let Some(frame) = splitter.next_frame().unwrap() {
            decoder.feed(&frame.data, &mut events).unwrap();
        }
        let begun = events.iter().any(|event| matches!(event, Event::ItemBegan { .. }));
        assert!(!begun || watch.has_content(), "an item is content");
    }
    decoder.finish().unwrap();
    watch.finish().unwrap();
    listing(&events, |text| format!("{text:?}"))
}

/// The stream, with or without the events that end items.
fn events_of(segments: &[Segment], dones: bool) -> Vec<String> {
    let mut events = vec![CREATED.to_owned()];
    for (index, segment) in (0..).zip(segments) {
        let (begin, of, pieces) = match segment {
            Segment::Thoughts(pieces) => (added(index, REASONING), "reasoning_text", pieces),
            Segment::Text(pieces) => (added(index, MESSAGE), "output_text", pieces),
            Segment::Call(pieces) => {
                (call(index, &format!("c{index}"), "f"), "function_call_arguments", pieces)
            }
        };
        events.push(begin);
        events.extend(pieces.iter().map(|piece| delta(index, of, piece)));
        let said = quoted(&pieces.concat());
        let item = match segment {
            Segment::Thoughts(_) => {
                format!(
                    r#""type":"reasoning","content":[{{"type":"reasoning_text","text":{said}}}]"#
                )
            }
            Segment::Text(_) => {
                format!(r#""type":"message","content":[{{"type":"output_text","text":{said}}}]"#)
            }
            Segment::Call(_) => {
                format!(
                    r#""type":"function_call","call_id":"c{index}","name":"f","arguments":{said}"#
                )
            }
        };
        events.extend(dones.then(|| done(index, &item)));
    }
    events
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn recordings_mean_the_same_however_they_are_cut(
        sizes in prop::collection::vec(1_usize..4000, 1..6),
    ) {
        for stream in recorded() {
            let whole = in_pieces(&stream, &[stream.len()]);
            prop_assert_eq!(in_pieces(&stream, &sizes), whole);
        }
    }

    #[test]
    fn nothing_the_model_says_is_lost_or_invented(
        segments in prop::collection::vec(segment(), 0..6),
        dones in any::<bool>(),
        length in any::<bool>(),
    ) {
        let mut stream = events_of(&segments, dones);
        stream.push(if length { cut("max_output_tokens") } else { whole() });
        let (_, transcript, result) = run(&stream);
        prop_assert_eq!(result, Ok(()));
        let (mut thoughts, mut text, mut calls) = (String::new(), String::new(), Vec::new());
        for entry in transcript.entries() {
            match &entry.item {
                Item::Reasoning(reasoning) => thoughts.push_str(&reasoning.content.concat()),
                Item::Message(message) => {
                    for part in &message.content {
                        let transom_core::content::Part::Text(part) = part else { panic!("no text") };
                        text.push_str(&solid(&part.text));
                    }
                }
                Item::FunctionCall(call) => calls.push(call.arguments.clone()),
                other => panic!("no model says {other:?}"),
            }
        }
        let mut wanted = (String::new(), String::new(), Vec::new());
        for segment in &segments {
            match segment {
                Segment::Thoughts(pieces) => wanted.0.push_str(&pieces.concat()),
                Segment::Text(pieces) => wanted.1.push_str(&solid(&pieces.concat())),
                Segment::Call(pieces) => wanted.2.push(pieces.concat()),
            }
        }
        let filled = |arguments: &String| if arguments.is_empty() { "{}".to_owned() } else { arguments.clone() };
        prop_assert_eq!((thoughts, text), (wanted.0, wanted.1));
        prop_assert_eq!(
            calls.iter().map(filled).collect::<Vec<_>>(),
            wanted.2.iter().map(filled).collect::<Vec<_>>()
        );
        let finish = match (length, wanted.2.is_empty()) {
            (true, _) => Finish::Length,
            (false, true) => Finish::Stop,
            (false, false) => Finish::ToolCalls,
        };
        prop_assert_eq!(transcript.finish(), Some(finish));
    }

    #[test]
    fn any_order_of_events_ends_in_events_the_transcript_takes(
        order in prop::collection::vec(0_usize..14, 0..24),
    ) {
        let all = [
            CREATED.to_owned(),
            added(0, MESSAGE),
            added(1, REASONING),
            call(2, "a", "f"),
            call(3, "a", "g"),
            text(0, "text"),
            text(1, "\n\n"),
            delta(1, "reasoning_text", "hm"),
            delta(2, "function_call_arguments", "{"),
            delta(0, "refusal", "no"),
            done(0, r#""type":"message","content":[{"type":"output_text","text":"whole"}]"#),
            done(2, r#""type":"function_call","call_id":"a","name":"f","arguments":"{}""#),
            cut("max_output_tokens"),
            whole(),
        ];
        let stream: Vec<_> = order.iter().map(|which| &all[*which]).collect();
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
        let mut watch = Watch::new(64);
        let _ = data.into_iter().try_for_each(|piece| watch.feed(Bytes::from(piece)));
    }
}
