//! Same protocol on both sides: the bytes go through (design decision 4).

use transom_testkit::FakeBackend;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{chat_text, errors, event_stream, json as json_answer};
use transom_testkit::recordings;

use crate::support::{Talk, json, keys, refusal};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_body_goes_out_as_it_came() {
    let talk = Talk::with(FakeBackend::builder().lenient().any_model().start().await, "").await;
    // Spelling that no serializer would give back: spaces, escapes, number forms, vLLM's extras.
    let odd = concat!(
        "{ \"messages\" : [{\"role\":\"user\",\"content\":\"\\u00e9\\/\"}],\n  \"model\":\"org/a-model:7b\" ,",
        "\"temperature\":1.50e0,\"top_k\":20,\"min_p\":0.05,\"repetition_penalty\":1.1,",
        "\"guided_choice\":[\"a\"],\"structured_outputs\":{\"choice\":[\"a\",\"b\"]},",
        "\"chat_template_kwargs\":{\"enable_thinking\":false},\"frobnicate\":null }",
    );
    talk.client.post(CHAT, odd).await;
    assert_eq!(talk.backend.last_request().body, odd);
    for (path, body) in [
        ("/v1/completions", r#"{"model":"m","prompt":["a","b"],"echo":true,"logprobs":2 }"#),
        ("/v1/embeddings", r#"{"model":"m","input":[[1,2],[3]],"encoding_format":"base64"}"#),
    ] {
        talk.client.post(path, body).await;
        assert_eq!(talk.backend.last_request().body, body, "{path}");
        assert_eq!(talk.backend.last_request().path(), path);
    }
    // A stream has to tell its usage; the gateway's own fields never arrive.
    talk.client.stream(CHAT, r#"{"model":"m","messages":[],"stream":true}"#).await.collect().await;
    let expected =
        r#"{"model":"m","stream_options":{"include_usage":true},"messages":[],"stream":true}"#;
    assert_eq!(talk.backend.last_request().body, expected);
    let own = r#"{"model":"m","request_id":"x","messages":[],"cache_salt":"theirs","n":2}"#;
    talk.client.post(CHAT, own).await;
    assert_eq!(talk.backend.last_request().body, r#"{"model":"m","messages":[],"n":2}"#);
}

#[tokio::test]
async fn a_recorded_answer_comes_back_byte_for_byte() {
    let talk = Talk::with(FakeBackend::builder().lenient().any_model().start().await, "").await;
    let mut compared = 0;
    let usual = |name: &&String| name.starts_with("chat") && !name.contains("err");
    for name in recordings::vllm_names().iter().filter(usual) {
        let recording = recordings::vllm(name);
        if recording.status != 200 || recording.request.path != CHAT {
            continue;
        }
        let request = String::from_utf8(recording.request.body.to_vec()).expect("UTF-8");
        let streams = json(&request)["stream"] == true;
        if streams && json(&request)["stream_options"]["include_usage"] != true {
            continue;
        }
        talk.backend.default_answer(transom_testkit::answer::from_recording(&recording));
        let answer = talk.client.post(CHAT, &request).await;
        if answer.status == 400 {
            // What the shield refuses is tested where the shield is.
            assert_eq!(refusal(&answer).status, 400, "{name}");
            continue;
        }
        assert_eq!(answer.text(), String::from_utf8_lossy(recording.bytes()), "{name}");
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} recordings were compared");
}

#[tokio::test]
async fn the_usage_chunk_is_shown_to_those_who_asked_for_it() {
    let talk = Talk::start().await;
    let ask = |more: &str| {
        format!(
            r#"{{"model":"tiny","messages":[{{"role":"user","content":"Hi"}}],"stream":true{more}}}"#
        )
    };
    for (more, shown) in [
        ("", false),
        (r#","stream_options":{"include_usage":false}"#, false),
        (r#","stream_options":null"#, false),
        (r#","stream_options":{"include_usage":true}"#, true),
    ] {
        let events = talk.client.stream(CHAT, ask(more)).await.collect().await;
        let usage = events.iter().any(|event| event.data.contains(r#""choices":[]"#));
        assert_eq!(usage, shown, "{more}");
        assert_eq!(events.last().map(|event| event.data.as_str()), Some("[DONE]"), "{more}");
        assert!(talk.backend.last_request().wants_usage(), "{more}");
    }
}

#[tokio::test]
async fn several_choices_and_log_probabilities_pass() {
    let talk = Talk::start().await;
    let choice = |index: u8, delta: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"c\",\"model\":\"tiny\",\"choices\":[{{\"index\":{index},\"delta\":{delta},\
             \"logprobs\":{{\"content\":[{{\"token\":\"a\",\"logprob\":-0.5}}]}},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let mut stream = String::new();
    for index in [0, 1, 0, 1] {
        stream += &choice(index, r#"{"content":"a"}"#, "null");
    }
    let whole = stream.clone()
        + &choice(1, "{}", "\"stop\"")
        + &choice(0, "{}", "\"stop\"")
        + "data: [DONE]\n\n";
    let ask = r#"{"model":"tiny","n":2,"logprobs":true,"stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
    talk.backend.answer(event_stream(whole.clone()));
    let answer = talk.client.post(CHAT, ask).await;
    assert_eq!(answer.text(), whole);
    // One of two choices has ended: the answer is not whole.
    talk.backend.answer(event_stream(stream + &choice(1, "{}", "\"stop\"")));
    let events = talk.client.stream(CHAT, ask).await.collect().await;
    let last = events.last().expect("an event").json();
    assert_eq!(last["error"]["code"], "upstream_disconnected");
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_one_error_and_no_done() {
    let talk = Talk::start().await;
    let secret = errors::object(500, "secret words", "InternalServerError", None);
    talk.backend.answer(chat_text("One two").error(secret));
    let ask = r#"{"model":"tiny","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
    let events = talk.client.stream(CHAT, ask).await.collect().await;
    let errors = events.iter().filter(|event| event.data.contains("\"error\"")).count();
    assert_eq!(errors, 1);
    let last = events.last().expect("an event").json();
    assert_eq!(keys(&last["error"]), ["code", "message", "param", "type"]);
    assert!(events.iter().all(|event| event.data != "[DONE]" && !event.data.contains("secret")));
    // `[DONE]` that the server forgot is made up for.
    talk.backend.answer(chat_text("One two").without_done());
    let events = talk.client.stream(CHAT, ask).await.collect().await;
    assert_eq!(events.last().map(|event| event.data.as_str()), Some("[DONE]"));
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_no_answer() {
    let talk = Talk::start().await;
    let ask = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}"#;
    for broken in ["", "[]", r#"{"choices":["#, "null"] {
        talk.backend.answer(json_answer(200, broken));
        let found = refusal(&talk.client.post(CHAT, ask).await);
        assert_eq!(found.brief(), (502, "bad_upstream_response", None), "{broken:?}");
    }
}

#[tokio::test]
async fn completions_and_embeddings_have_their_answers() {
    let talk = Talk::start().await;
    let answer = talk.client.post("/v1/completions", r#"{"model":"tiny","prompt":"Hi"}"#).await;
    assert_eq!(answer.json()["choices"][0]["text"], "Hello from the fake backend.");
    let ask = r#"{"model":"tiny","prompt":"Hi","stream":true}"#;
    let events = talk.client.stream("/v1/completions", ask).await.collect().await;
    let text: String = events
        .iter()
        .filter(|event| event.data != "[DONE]")
        .map(|event| event.json()["choices"][0]["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(text, "Hello from the fake backend.");
    let ask = r#"{"model":"tiny","input":["a","bcd"]}"#;
    let answer = talk.client.post("/v1/embeddings", ask).await.json();
    assert_eq!(answer["data"][1]["embedding"], json("[1,3]"));
}

#[tokio::test]
async fn models_are_listed_and_found_by_names_with_slashes() {
    let backend = FakeBackend::builder().models(["tiny", "org/model:7b"]).start().await;
    let talk = Talk::with(backend, "").await;
    let list = talk.client.get("/v1/models").await.json();
    assert_eq!(list["object"], "list");
    let ids: Vec<_> =
        list["data"].as_array().expect("data").iter().map(|m| m["id"].clone()).collect();
    assert_eq!(ids, ["tiny", "org/model:7b"]);
    for path in ["/v1/models/org/model:7b", "/v1/models/org%2Fmodel%3A7b"] {
        assert_eq!(talk.client.get(path).await.json(), list["data"][1], "{path}");
    }
}

#[tokio::test]
async fn fields_of_vllm_pass_through_responses_too() {
    let talk = Talk::start().await;
    talk.backend.default_answer(chat().text("Hi"));
    let extras = r#""input":"Hi","top_k":20,"seed":7,"min_p":0.05,"cache_salt":"theirs","request_id":"x","stop":["END"]"#;
    talk.respond(extras).await;
    let sent = talk.sent();
    for (name, value) in [("top_k", "20"), ("seed", "7"), ("min_p", "0.05"), ("stop", "[\"END\"]")]
    {
        assert_eq!(sent[name].to_string(), value, "{name}");
    }
    assert!(sent.get("cache_salt").is_none() && sent.get("request_id").is_none());
}
