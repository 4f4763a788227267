//! What real servers sent.

use insta::assert_snapshot;
use transom_core::tool::{NamedTool, ToolChoice};
use transom_testkit::recordings::{self, Recorded, Recording};
use transom_testkit::shared;

use super::*;
use crate::answer::sample::datas;

/// Every recorded response stream of a server, decoded.
fn decoded(names: &[String], load: fn(&str) -> Recording) -> String {
    let mut all = String::new();
    for recording in names.iter().map(|name| load(name)) {
        let Recorded::Stream(stream) = &recording.answer else { continue };
        if recording.request.path != "/v1/responses" {
            continue;
        }
        let asked: serde_json::Value = serde_json::from_slice(&recording.request.body).unwrap();
        let most = asked["max_output_tokens"].as_u64().and_then(|most| most.try_into().ok());
        let asked = Generation { max_output_tokens: most, ..generation(ToolChoice::Auto) };
        let (events, _, result) = run_with(Decoder::new(ids()).answering(&asked), &datas(stream));
        assert_eq!(result, Ok(()), "{}", recording.name);
        let told = listing(&events, |text| format!("{text:?}"));
        let _ = writeln!(all, "# {}\n{told}", recording.name);
    }
    all
}

#[test]
fn vllm_streams_become_items() {
    assert_snapshot!(decoded(&recordings::vllm_names(), recordings::vllm));
}

#[test]
fn llama_server_streams_become_items() {
    assert_snapshot!(decoded(&recordings::llama_server_names(), recordings::llama_server));
}

/// What real vLLM answered to one question in both protocols gives the same items.
#[test]
fn the_same_answer_in_either_protocol_gives_the_same_items() {
    let pairs = [
        ("s_tool_auto_stream", "s_responses_tool_auto_stream"),
        ("s_tool_parallel_stream", "s_responses_tool_parallel_stream"),
    ];
    for (chat, native) in pairs {
        let [chat, native] = [chat, native].map(|name| {
            let Recorded::Stream(stream) = recordings::vllm(name).answer else { panic!("{name}") };
            datas(&stream)
        });
        let mut decoder = crate::chat::Decoder::new(ids());
        let mut events = Vec::new();
        chat.iter().try_for_each(|data| decoder.feed(data.as_bytes(), &mut events)).unwrap();
        decoder.finish(&mut events).unwrap();
        let items = |events: &[Event]| {
            let mut transcript = Transcript::new(ids());
            for event in events {
                transcript.apply(event).unwrap();
            }
            let shown = |entry: &transom_core::transcript::Entry| format!("{:?}", entry.item);
            let all: Vec<_> = transcript.entries().iter().map(shown).collect();
            let calls = all.join("\n");
            // The calls have ids of their own in each exchange.
            calls
                .split("chatcmpl-tool-")
                .map(|piece| piece.get(16..).unwrap_or(piece).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(items(&events)[1..], items(&run(&native).0)[1..]);
    }
}

/// Others' streams: what is kept of them are kinds, counts and hashes.
#[test]
fn cassettes_become_items() {
    let mut all = String::new();
    for cassette in shared::cassettes("upstream_responses") {
        let Recorded::Stream(stream) = &cassette.answer else { continue };
        let choice = match &cassette.name {
            name if name.contains("named-choice") => {
                ToolChoice::Tool(NamedTool::Function("f".to_owned()))
            }
            name if name.contains("required") => ToolChoice::Required,
            _ => ToolChoice::Auto,
        };
        let decoder = Decoder::new(ids()).answering(&generation(choice));
        let (events, _, result) = run_with(decoder, &datas(stream));
        assert_eq!(result, Ok(()), "{}", cassette.name);
        let told = listing(&events, |text| format!("{:016x}", fnv1a(text)));
        let _ = writeln!(all, "# {}\n{told}", cassette.name);
    }
    if !all.is_empty() {
        assert_snapshot!(all);
    }
}

/// FNV-1a: a hash that no release of anything changes.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
