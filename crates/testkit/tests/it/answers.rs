use std::collections::BTreeMap;

use transom_testkit::answer::{
    self, Finish, ReasoningKey, Usage, chat, chat_text, from_recording, tool_calls,
};
use transom_testkit::sse::Event;
use transom_testkit::{Client, FakeBackend, Gate, recordings};

const CHAT: &str = "/v1/chat/completions";

fn request(extra: &str) -> String {
    format!(r#"{{"model":"tiny","messages":[{{"role":"user","content":"Hi"}}]{extra}}}"#)
}

/// What a client would make of a stream: `field=text` per delta, finish and usage by name.
fn story(events: &[Event]) -> Vec<String> {
    let mut story = Vec::new();
    for event in events {
        if event.data == "[DONE]" {
            story.push("[DONE]".to_owned());
            continue;
        }
        let chunk = event.json();
        let choice = &chunk["choices"][0];
        // In the order of their names: whether a map keeps the order of its text is up to whoever
        // else is built.
        let delta: BTreeMap<_, _> = choice["delta"].as_object().into_iter().flatten().collect();
        for (field, value) in delta {
            match value.as_str() {
                Some(text) => story.push(format!("{field}={text}")),
                None if value.is_array() => {
                    let function = &value[0]["function"];
                    story.push(format!("call {}{}", value[0]["index"], function));
                }
                None => {}
            }
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            story.push(format!("finish={reason}"));
        }
        if chunk["usage"].is_object() {
            story.push(format!("usage={}", chunk["usage"]["total_tokens"]));
        }
    }
    story
}

#[tokio::test]
async fn one_chat_script_answers_both_forms_as_the_request_asks() {
    let backend = FakeBackend::start().await;
    let usage = Usage { prompt: 10, completion: 7, cached: 4, reasoning: 3 };
    let script = chat()
        .reasoning("Let me")
        .reasoning_key(ReasoningKey::Both)
        .text("Sunny and warm")
        .tool_call("call_a", "look", r#"{"at": 1}"#)
        .usage(usage)
        .script();
    backend.default_answer(script);
    let client = Client::new(&backend.url());

    let plain = client.post(CHAT, request("")).await.json();
    let message = &plain["choices"][0]["message"];
    assert_eq!(message["content"], "Sunny and warm");
    assert_eq!(message["reasoning"], "Let me");
    assert_eq!(message["reasoning_content"], "Let me");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"at": 1}"#);
    assert_eq!(plain["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(plain["usage"]["total_tokens"], 17);

    let body = request(r#","stream":true,"stream_options":{"include_usage":true}"#);
    let mut stream = client.stream(CHAT, body).await;
    let with_usage = story(&stream.collect().await);
    let expected = [
        "content=",
        "role=assistant",
        "reasoning=Let ",
        "reasoning_content=Let ",
        "reasoning=me",
        "reasoning_content=me",
        "content=Sunny ",
        "content=and ",
        "content=warm",
        r#"call 0{"name":"look"}"#,
        r#"call 0{"arguments":"{\"at\": "}"#,
        r#"call 0{"arguments":"1}"}"#,
        "finish=tool_calls",
        "usage=17",
        "[DONE]",
    ];
    assert_eq!(with_usage, expected);

    // Without `include_usage` the same stream has no usage chunk.
    let mut stream = client.stream(CHAT, request(r#","stream":true"#)).await;
    let without = story(&stream.collect().await);
    assert_eq!(without, expected.into_iter().filter(|s| *s != "usage=17").collect::<Vec<_>>());
    backend.finish();
}

#[tokio::test]
async fn odd_endings_logprobs_and_errors_in_streams_are_sent_as_scripted() {
    let backend = FakeBackend::start().await;
    let stream = request(r#","stream":true,"stream_options":{"include_usage":true}"#);
    let client = Client::new(&backend.url());

    backend.answer(chat_text("a").finish(Finish::Missing).without_usage().without_done());
    assert_eq!(
        story(&client.stream(CHAT, &stream).await.collect().await),
        ["content=", "role=assistant", "content=a"]
    );
    backend.answer(chat().refusal("no").finish(Finish::ContentFilter).without_usage());
    assert_eq!(
        story(&client.stream(CHAT, &stream).await.collect().await)[2..],
        ["refusal=no", "finish=content_filter", "[DONE]"]
    );
    let error = answer::errors::object(500, "engine died", "InternalServerError", None);
    backend.answer(chat_text("a").error(&error).text("never"));
    let events = client.stream(CHAT, &stream).await.collect().await;
    let data: Vec<_> = events.iter().skip(2).map(|event| event.data.as_str()).collect();
    assert_eq!(data, [error.as_str(), "[DONE]"]);

    backend.answer(chat_text("a b"));
    let logprobs = request(r#","logprobs":true,"top_logprobs":2"#);
    let body = client.post(CHAT, logprobs).await.json();
    let tokens = body["choices"][0]["logprobs"]["content"].as_array().expect("tokens");
    assert_eq!((tokens.len(), &tokens[0]["token"]), (2, &"a ".into()));
    assert_eq!(tokens[0]["top_logprobs"].as_array().map(Vec::len), Some(2));

    let calls = tool_calls([("a", "{}"), ("b", "not json")]);
    backend.answer(calls.finish(Finish::Stop));
    let choice = client.post(CHAT, request("")).await.json()["choices"][0].clone();
    assert_eq!(choice["message"]["tool_calls"][1]["id"], "call_1");
    assert_eq!(choice["finish_reason"], "stop");
    backend.finish();
}

#[tokio::test]
async fn a_recorded_stream_is_replayed_byte_for_byte_however_it_is_cut_into_pieces() {
    let backend = FakeBackend::start().await;
    let recording = recordings::vllm("s_tool_auto_stream");
    let body = String::from_utf8_lossy(&recording.request.body).into_owned();
    let whole = from_recording(&recording);
    let client = Client::new(&backend.url());
    let pieces = [
        whole.clone(),
        whole.clone().in_pieces_of(7),
        whole.clone().byte_by_byte(),
        whole.every_split().nth(99).expect("a stream longer than 100 bytes"),
    ];
    for answer in pieces {
        backend.answer(answer);
        let mut stream = client.stream(CHAT, &body).await;
        let events = stream.collect().await;
        assert_eq!(stream.bytes, recording.bytes().as_ref());
        assert_eq!(events, transom_testkit::sse::parse(recording.bytes()));
        assert_eq!(events.last().map(|event| event.data.as_str()), Some("[DONE]"));
    }
    assert_eq!(whole.every_split().count(), recording.bytes().len() - 1);
    backend.finish();
}

#[tokio::test]
async fn an_answer_waits_at_its_gate_and_every_request_is_on_record() {
    let backend = FakeBackend::start().await;
    let gate = Gate::new("between two words");
    backend.answer(chat_text("one").wait(&gate).text("two"));
    let client = Client::new(&backend.url()).header("X-Test", "7");
    let mut stream = client.stream(CHAT, request(r#","stream":true"#)).await;
    stream.next().await.expect("the role");
    let one = stream.next().await.expect("the first word");
    gate.arrived(1).await;
    let released = std::time::Instant::now();
    gate.open();
    let two = stream.next().await.expect("the second word");
    assert!(one.at < released && released < two.at);
    stream.collect().await;

    let request = backend.next_request().await;
    assert_eq!(request.number, backend.last_request().number);
    assert_eq!((request.method.as_str(), request.path()), ("POST", CHAT));
    assert_eq!(request.headers.get("x-test"), Some("7"));
    assert_eq!(request.headers.iter().nth(1), Some(("X-Test", "7")));
    assert!(request.wants_stream() && request.arrived < one.at);
    assert_eq!(backend.concurrent(), 1);
    backend.finish();
}

#[tokio::test]
async fn it_behaves_as_vllm_beside_inference() {
    let backend = FakeBackend::builder().models(["a", "b"]).expect_key("sesame").start().await;
    let url = backend.url();
    let open = Client::new(&url);
    assert_eq!((open.get("/health").await.status, open.get("/v1/models").await.status), (200, 401));
    let client = Client::new(&url).header("authorization", "Bearer sesame");
    let models = client.get("/v1/models").await.json();
    assert_eq!((&models["data"][0]["id"], &models["data"][1]["id"]), (&"a".into(), &"b".into()));
    let unknown = client.post(CHAT, request("")).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(
        unknown.json()["error"]["message"],
        "The model `tiny` does not exist. Valid aliases: a, b."
    );
    assert_eq!(client.get(CHAT).await.status, 405);
    assert_eq!(client.get("/nope").await.json()["detail"], "Not Found");
    let vectors = client.post("/v1/embeddings", r#"{"model":"a","input":["x","yz"]}"#).await.json();
    assert_eq!(vectors["data"][1]["embedding"][1], 2);
    let text = client.post("/v1/completions", r#"{"model":"a","prompt":"x"}"#).await.json();
    assert_eq!(text["choices"][0]["text"], "Hello from the fake backend.");
    backend.route("/health", answer::json(503, "{}"));
    assert_eq!(client.get("/health").await.status, 503);
    backend.finish();
}
