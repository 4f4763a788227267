//! What the reference does wrong, the other way round: one test for each point of the list that its
//! own words do not give to another file.
//!
//! - Interpreters and remote tool servers do not exist yet: they are refused (here).
//! - CORS, restarts, draining, readiness apart from liveness: `tests/cli`.
//! - Upstream time limits, slow clients, full disks, kill -9: `tests/faults`.
//! - Upstream errors keep their status, unknown settings are refused: `conditions`.
//! - Argument deltas, the order of output, cut and empty answers, a missing end, log probabilities:
//!   `events`.
//! - Tool results are remembered; deleting and listing: `state`.
//! - Leaving clients: `cancellation`.
//! - A store that fails: the engine's own tests.

use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{chat_text, errors};
use transom_testkit::{FakeBackend, Gate, TestGateway};

use crate::fields::OFFICIAL;
use crate::support::{RESPONSES, Talk, body, json, names, refusal, terminal, tool};

#[tokio::test]
async fn an_id_tells_nothing_and_grants_nothing() {
    let backend = FakeBackend::start().await;
    let builder = TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url());
    let gateway = builder.env("VR_API_KEY", "sk-right").start().await;
    let holder = gateway.client().header("authorization", "Bearer sk-right");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let response = holder.post(RESPONSES, body(r#""input":"Hi""#)).await.json();
        let id = response["id"].as_str().expect("an id").to_owned();
        let random = id.strip_prefix("resp_").expect("its prefix");
        assert!(random.len() == 32 && random.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        ids.push(id);
    }
    // No time and no counter: two ids made at one time have no beginning in common.
    assert_ne!(ids[0][..13], ids[1][..13]);
    let path = format!("{RESPONSES}/{}", ids[0]);
    assert_eq!(holder.get(&path).await.status, 200);
    for client in [gateway.client(), gateway.client().header("authorization", "Bearer sk-wrong")] {
        let found = refusal(&client.get(&path).await);
        assert_eq!(found.brief(), (401, "invalid_api_key", None));
        let fields = format!(r#""input":"On","previous_response_id":"{}""#, ids[0]);
        assert_eq!(refusal(&client.post(RESPONSES, body(&fields)).await).status, 401);
    }
}

#[tokio::test]
async fn tools_that_nobody_runs_are_refused_and_their_secrets_are_not_kept() {
    let talk = Talk::start().await;
    for tool in [
        r#"{"type":"mcp","server_label":"x","server_url":"https://example.com","authorization":"hush"}"#,
        r#"{"type":"code_interpreter","container":{"type":"auto"}}"#,
        r#"{"type":"web_search"}"#,
    ] {
        let found = talk.refused(&format!(r#""input":"Hi","tools":[{tool}]"#)).await;
        assert_eq!(found.brief(), (400, "unsupported_value", Some("tools[0].type")), "{tool}");
        assert!(!found.message.contains("hush"));
    }
    assert!(!talk.gateway.logs().contains("hush"));
}

#[tokio::test]
async fn no_key_is_ever_shown() {
    let backend = FakeBackend::builder().expect_key("sk-upstream-secret").start().await;
    let builder = TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url());
    let gateway = builder.env("VR_OPENAI_API_KEY", "sk-upstream-secret").start().await;
    let client = gateway.client().header("authorization", "Bearer sk-client-secret");
    let ask = body(r#""input":"Hi""#);
    assert_eq!(client.post(RESPONSES, &ask).await.status, 200);
    let quoted = "no access with sk-upstream-secret at /srv/model.py";
    for status in [401, 403, 500] {
        backend.answer(errors::error(status, quoted, "Error", None));
        let text = client.post(RESPONSES, &ask).await.text();
        assert!(!text.contains("secret") && !text.contains("/srv"), "{text}");
    }
    let refused = client.post(RESPONSES, "{").await.text();
    assert!(!refused.contains("secret"), "{refused}");
    assert!(!gateway.logs().contains("sk-client-secret"));
}

#[tokio::test]
async fn answers_with_a_schema_can_be_read_and_continued() {
    let talk = Talk::start().await;
    let format = r#"{"type":"json_schema","name":"city","strict":true,"schema":{"type":"object","properties":{"city":{"type":"string"}}}}"#;
    talk.backend.answer(chat_text(r#"{"city": "Paris"}"#));
    let first = talk.respond(&format!(r#""input":"Go","text":{{"format":{format}}}"#)).await;
    assert_eq!(first["text"]["format"], json(format));
    assert_eq!(talk.stored(&first["id"]).await, first);
    let schema = talk.sent()["response_format"]["json_schema"].clone();
    assert_eq!([&schema["name"], &schema["strict"]], [&json("\"city\""), &json("true")]);
    let next = talk.proceed(&first, r#""input":"On""#).await;
    assert_eq!(next["text"]["format"], json(r#"{"type":"text"}"#));
    assert!(talk.sent().get("response_format").is_none());
    assert_eq!(talk.sent()["messages"][1]["content"], r#"{"city": "Paris"}"#);
}

#[tokio::test]
async fn what_official_clients_send_is_taken() {
    let talk = Talk::start().await;
    for fields in [
        r#""input":"Hi","temperature":0"#,
        r#""input":"Hi","temperature":2"#,
        r#""input":"Hi","tools":[]"#,
        r#""input":"Hi","max_output_tokens":1"#,
        r#""input":"","user":"""#,
        r#""input":[{"role":"system","content":[{"type":"input_text","text":"Be brief."}]},{"role":"user","content":"Hi"}]"#,
        r#""input":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":"On"}]"#,
        r#""input":[{"role":"user","content":"Hi"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]},{"role":"user","content":"On"}]"#,
        r#""input":[{"type":"reasoning","summary":[],"content":null,"id":null},{"role":"user","content":"Hi"}]"#,
    ] {
        talk.respond(fields).await;
    }
    // The penalties are the gateway's own.
    let penalties = ["frequency_penalty", "presence_penalty"];
    let required = ["input", "model"];
    let official = OFFICIAL.iter().filter(|name| !required.contains(name));
    let nullable = official.chain(&penalties);
    let nulls: Vec<_> = nullable.map(|name| format!(r#""{name}":null"#)).collect();
    let told = talk.respond(&format!(r#""input":"Hi",{}"#, nulls.join(","))).await;
    assert_eq!(told["store"], true);
    let sent = talk.sent();
    assert_eq!(crate::support::keys(&sent), ["messages", "model", "stream", "stream_options"]);
}

#[tokio::test]
async fn thoughts_are_told_within_their_item_and_later_ones_have_their_own() {
    let talk = Talk::start().await;
    let answer = chat()
        .reasoning("First this")
        .text("So far ok. ")
        .reasoning("Then that")
        .text("Yes it is.");
    talk.backend.answer(answer);
    let events = talk.stream(r#""input":"Go""#).await;
    let thoughts = "output_item.added content_part.added reasoning_text.delta* reasoning_text.done \
        content_part.done output_item.done";
    let text = "output_item.added content_part.added output_text.delta* output_text.done \
        content_part.done output_item.done";
    let expected =
        format!("created in_progress {thoughts} {text} {thoughts} {text} completed [DONE]");
    assert_eq!(names(&events), expected);
    let output = terminal(&events)["response"]["output"].clone();
    let texts: Vec<_> = (0..4).map(|at| output[at]["content"][0]["text"].clone()).collect();
    assert_eq!(texts, ["First this", "So far ok. ", "Then that", "Yes it is."]);
}

#[tokio::test]
async fn a_lone_model_server_is_asked_again_only_when_it_has_asked_for_a_pause() {
    let chats = |talk: &Talk| talk.backend.requests_to("/v1/chat/completions").len();
    let busy = || errors::rate_limited(std::time::Duration::ZERO);
    let talk = Talk::start().await;
    for answer in [errors::overloaded(), errors::internal()] {
        let before = chats(&talk);
        talk.backend.answer(answer);
        talk.refused(r#""input":"Hi""#).await;
        assert_eq!(chats(&talk), before + 1);
    }
    talk.backend.answer(chat());
    talk.respond(r#""input":"Hi""#).await;
    assert_eq!(chats(&talk), 3, "also for an empty answer");
    talk.backend.answer(busy());
    talk.respond(r#""input":"Hi""#).await;
    assert_eq!(chats(&talk), 5);

    let strict = Talk::with(FakeBackend::start().await, "routing: {retries: 0}\n").await;
    strict.backend.answer(busy());
    assert_eq!(strict.refused(r#""input":"Hi""#).await.status, 429);
    assert_eq!(chats(&strict), 1);
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive_between_its_events() {
    let backend = FakeBackend::start().await;
    let talk = Talk::with(backend, "limits:\n  keepalive_interval: 50ms\n").await;
    let ask = body(r#""input":"Go","stream":true"#);
    let chat_ask = r#"{"model":"tiny","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
    for (path, ask) in [(RESPONSES, ask.as_str()), ("/v1/chat/completions", chat_ask)] {
        let gate = Gate::new("in the middle");
        talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
        let mut stream = talk.client.stream(path, ask).await;
        let opening = async {
            gate.arrived(1).await;
            while stream.comments() < 2 {
                // Comments are no events: reading on is how to see them.
                let reading =
                    tokio::time::timeout(std::time::Duration::from_millis(20), stream.next());
                drop(reading.await);
            }
        };
        opening.await;
        gate.open();
        stream.collect().await;
        let text = String::from_utf8(stream.bytes.clone()).expect("UTF-8");
        assert!(text.contains("\n\n: keep-alive\n\n"), "{path}");
        let whole = text.replace(": keep-alive\n\n", "");
        assert!(!whole.contains("keep-alive"), "a comment within an event: {text}");
    }
}

#[tokio::test]
async fn requests_in_flight_are_capped_and_every_place_is_given_back() {
    let talk = Talk::with(FakeBackend::start().await, "limits:\n  max_concurrency: 1\n").await;
    let gate = Gate::new("the only place");
    talk.backend.answer(chat().text("One ").wait(&gate));
    let mut stream = talk.client.stream(RESPONSES, body(r#""input":"Go","stream":true"#)).await;
    stream.until("response.output_text.delta").await;
    let refused = talk.gateway.client().post(RESPONSES, body(r#""input":"Hi""#)).await;
    assert_eq!(refusal(&refused).brief(), (429, "too_many_requests", None));
    assert_eq!(refused.headers.get("retry-after"), Some("1"));
    // What is stored can still be read.
    assert_eq!(talk.gateway.client().get("/v1/models").await.status, 200);
    gate.open();
    stream.collect().await;
    let refused = talk.refused(&format!(r#""input":"Hi","tools":{}"#, tool("x"))).await;
    assert_eq!(refused.code, "invalid_type", "a refused request takes no place for good");
    talk.backend.answer(errors::internal());
    talk.refused(r#""input":"Hi""#).await;
    talk.respond(r#""input":"Hi""#).await;
}
