use transom_testkit::recordings::{self, Recorded};
use transom_testkit::{shared, sse};

#[test]
fn every_recording_loads_and_streams_parse() {
    let vllm = recordings::vllm_names().into_iter().map(|name| recordings::vllm(&name));
    let llama = recordings::llama_server_names().into_iter();
    let all: Vec<_> = vllm.chain(llama.map(|name| recordings::llama_server(&name))).collect();
    assert!(all.len() > 50);
    for recording in &all {
        if let Recorded::Stream(bytes) = &recording.answer {
            let events = sse::parse(bytes);
            let done = events.last().is_some_and(|event| event.data == "[DONE]");
            // vLLM's own Responses and Messages streams end without it.
            let says_done = recording.request.path.ends_with("completions");
            assert_eq!(done, says_done, "{}", recording.name);
        }
    }
    let chat = recordings::vllm("chat");
    let length = chat.header("content-length").and_then(|length| length.parse().ok());
    assert_eq!(Some(chat.bytes().len()), length, "JSON bodies are byte-exact");
}

#[test]
fn every_cassette_beside_the_repository_loads() {
    let groups = ["chat_completion", "responses", "responses/errors", "upstream_responses"];
    let cassettes: Vec<_> = groups.into_iter().flat_map(shared::cassettes).collect();
    for cassette in &cassettes {
        serde_json::from_slice::<serde_json::Value>(&cassette.request).expect("a JSON request");
        match &cassette.answer {
            Recorded::Stream(bytes) => assert!(sse::parse(bytes).len() > 2, "{}", cassette.name),
            Recorded::Body(bytes) => assert!(bytes.starts_with(b"{"), "{}", cassette.name),
        }
    }
    let one = shared::cassette("chat_completion/text-single-stream");
    assert_eq!(one.is_some(), !cassettes.is_empty());
    if let Some(Recorded::Stream(bytes)) = one.map(|cassette| cassette.answer) {
        assert_eq!(sse::parse(&bytes).len(), 5);
    }
    if let Some(original) = shared::recording("vllm-0.32.0-scripted/chat_stream") {
        assert_eq!(original.bytes(), recordings::vllm("chat_stream").bytes());
    }
}
