//! Model servers that are asked at their own `/v1/responses` (`--upstream-api-kind responses`): clients
//! see no difference, and everything that is kept is kept here.

use transom_testkit::answer::{
    Finish, Step, chat, chat_text, errors, from_recording, json as answer,
};
use transom_testkit::recordings::{llama_server, vllm};
use transom_testkit::{FakeBackend, TestGateway};

use crate::events::{cut_rows, whole_rows, without_ids};
use crate::support::{RESPONSES, Talk, body, json, keys, names, refusal, terminal, text_of, tool};

const CHAT: &str = "/v1/chat/completions";

const KIND: &str = "upstream: {api_kind: responses}\n";

/// A failure is told as it is, and not tried again.
const ONCE: &str = "routing: {retries: 0, breaker: false}\n";

async fn native() -> Talk {
    Talk::with(FakeBackend::start().await, &format!("{KIND}{ONCE}")).await
}

#[tokio::test]
async fn clients_get_the_same_events_and_objects_whichever_way_the_server_is_asked() {
    let (native, usual) = (native().await, Talk::start().await);
    let tools = tool("weather");
    let fields = format!(
        r#""input":"Go","instructions":"Be terse.","temperature":0.5,"max_output_tokens":100,"tools":[{tools}]"#
    );
    for row in whole_rows().into_iter().chain(cut_rows()) {
        for talk in [&native, &usual] {
            talk.backend.answer(row.answer.clone()).answer(row.answer.clone());
        }
        let streams = [native.stream(&fields).await, usual.stream(&fields).await];
        assert_eq!(names(&streams[0]), names(&streams[1]), "{}", row.what);
        let [one, other] = streams.map(|events| terminal(&events)["response"].clone());
        assert_eq!(without_ids(&one), without_ids(&other), "{}", row.what);
        assert_eq!(native.stored(&one["id"]).await, one, "{}", row.what);
        let (one, other) = (native.respond(&fields).await, usual.respond(&fields).await);
        assert_eq!(without_ids(&one), without_ids(&other), "{}", row.what);
    }
    assert_eq!(native.backend.count(CHAT) + usual.backend.count(RESPONSES), 0);
}

#[tokio::test]
async fn log_probabilities_are_the_same_too() {
    let (native, usual) = (native().await, Talk::start().await);
    let fields = r#""input":"Go","top_logprobs":0,"include":["message.output_text.logprobs"]"#;
    let one = native.respond(fields).await;
    assert_eq!(without_ids(&one), without_ids(&usual.respond(fields).await));
    let tokens = &one["output"][0]["content"][0]["logprobs"];
    assert_eq!(keys(&tokens[0]), ["bytes", "logprob", "token", "top_logprobs"]);
}

#[tokio::test]
async fn a_conversation_with_tools_is_sent_whole_and_kept_here() {
    let talk = native().await;
    let answer = chat().reasoning("So it is").tool_call("call_0", "weather", r#"{"city": "Oslo"}"#);
    talk.backend.answer(answer).answer(chat_text("It is sunny."));
    let tools = format!(r#""tools":[{}]"#, tool("weather"));
    let first = talk.respond(&format!(r#""input":"How is Oslo?",{tools}"#)).await;
    assert_eq!(first["output"][1]["call_id"], "call_0");
    let output = r#"{"type":"function_call_output","call_id":"call_0","output":"sunny"}"#;
    let second = talk.proceed(&first, &format!(r#""input":[{output}],{tools}"#)).await;
    assert_eq!(text_of(&second), "It is sunny.");
    let sent = talk.sent();
    assert_eq!(talk.backend.last_request().path(), RESPONSES);
    let items = sent["input"].as_array().expect("items");
    let kinds: Vec<_> =
        items.iter().map(|item| item["type"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["message", "reasoning", "function_call", "function_call_output"]);
    // No default of the gateway takes the place of the model's own.
    let fields = ["input", "model", "store", "stream", "tool_choice", "tools"];
    assert_eq!(keys(&sent), fields);
    assert_eq!(sent["tool_choice"], "auto");
    assert_eq!(sent["store"], false);
}

#[tokio::test]
async fn recorded_streams_of_real_servers_become_responses() {
    let talk = native().await;
    let tools = format!(r#""input":"Go","tools":[{}]"#, tool("get_weather"));
    talk.backend.answer(from_recording(&vllm("s_responses_tool_parallel_stream")));
    let parallel = talk.respond(&tools).await;
    let shown = |response: &serde_json::Value| {
        let items = response["output"].as_array().expect("output").iter();
        items.map(|item| item["type"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown(&parallel), ["reasoning", "function_call", "function_call"]);
    assert_eq!(parallel["output"][2]["arguments"], r#"{"city": "Oslo"}"#);
    assert_eq!(parallel["usage"]["output_tokens_details"]["reasoning_tokens"], 7);

    talk.backend.answer(from_recording(&llama_server("responses_tool_stream")));
    let one = talk.respond(&tools).await;
    assert_eq!(shown(&one), ["reasoning", "function_call"]);
    assert_eq!(one["output"][1]["status"], "completed");

    talk.backend.answer(from_recording(&vllm("responses_tool_stream")));
    let cut = talk.respond(&tools).await;
    assert_eq!(cut["status"], "incomplete");
    assert_eq!(cut["output"][1]["status"], "incomplete", "vLLM calls the half call completed");

    talk.backend.answer(from_recording(&llama_server("responses_length_stream")));
    let short = talk.respond(r#""input":"Go","max_output_tokens":4"#).await;
    assert_eq!(short["incomplete_details"]["reason"], "max_output_tokens");
}

#[tokio::test]
async fn failures_have_their_codes_before_and_within_a_stream() {
    let talk = native().await;
    let long = "This model's maximum context length is 2048 tokens.";
    let never = "Only 'auto' tool_choice is supported in response API with Harmony";
    let statuses = [
        (400, long, "BadRequestError", (400, "context_length_exceeded")),
        (501, never, "NotImplementedError", (400, "upstream_rejected")),
        (500, "secret", "InternalServerError", (502, "upstream_error")),
    ];
    for (status, message, kind, expected) in statuses {
        talk.backend.answer(answer(status, errors::object(status, message, kind, None)));
        let refused = talk.refused(r#""input":"Hi""#).await;
        assert_eq!((refused.status, refused.code.as_str()), expected, "{}", refused.message);
        assert!(!refused.message.contains("secret"));
    }
    let failed = r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"secret"}}}"#;
    let event = r#"{"type":"error","code":"server_error","message":"secret","param":null}"#;
    let half = || chat_text("One two");
    let streams = [
        ("no last event", half().finish(Finish::Missing), "upstream_disconnected"),
        ("a reset", half().step(Step::Reset), "upstream_disconnected"),
        ("not JSON", half().event("{oops"), "bad_upstream_response"),
        ("no event of a response", half().event("{}"), "bad_upstream_response"),
        ("a failed response", half().event(failed), "upstream_error"),
        ("an error event", half().event(event), "upstream_error"),
    ];
    for (what, answer, code) in streams {
        talk.backend.answer(answer.clone());
        let events = talk.stream(r#""input":"Hi""#).await;
        let expected = "created in_progress output_item.added content_part.added \
                        output_text.delta* error failed";
        assert_eq!(names(&events), expected, "{what}");
        let told = events.iter().map(|event| event.data.clone()).collect::<String>();
        assert!(told.contains(code) && !told.contains("secret"), "{what}: {told}");
        talk.backend.answer(answer);
        assert_eq!(talk.refused(r#""input":"Hi""#).await.code, code, "{what}");
    }
}

/// Two servers with one model: `native` is asked first.
fn two(first: &FakeBackend, second: &FakeBackend, kinds: [&str; 2]) -> String {
    let backend = |name: &str, server: &FakeBackend, kind: &str| {
        format!("  - {{name: {name}, url: {}, api_kind: {kind}}}\n", server.url())
    };
    format!(
        "backends:\n{}{}models:\n  - name: tiny\n    deployments:\n      \
         - {{backend: first}}\n      - {{backend: second, order: 1}}\n",
        backend("first", first, kinds[0]),
        backend("second", second, kinds[1]),
    )
}

async fn gateway(yaml: &str) -> TestGateway {
    TestGateway::builder(env!("CARGO_BIN_EXE_transom")).config_yaml(yaml).start().await
}

#[tokio::test]
async fn a_model_fails_over_between_servers_of_both_kinds() {
    for kinds in [["responses", "chat-completions"], ["chat_completions", "Responses"]] {
        let (first, second) = (FakeBackend::start().await, FakeBackend::start().await);
        let gateway = gateway(&two(&first, &second, kinds)).await;
        let client = gateway.client();
        let hi = body(r#""input":"Hi","max_output_tokens":50"#);
        // One stream ends before anything is said; the other call is refused.
        first.answer(chat().finish(Finish::Missing).without_done()).answer(errors::internal());
        for _ in 0..2 {
            let answer = client.post(RESPONSES, &hi).await;
            assert_eq!(answer.status, 200, "{kinds:?}: {}", answer.text());
            assert_eq!(text_of(&answer.json()), "Hello from the fake backend.");
        }
        let paths = |kind: &str| match kind.to_ascii_lowercase().as_str() {
            "responses" => RESPONSES,
            _ => CHAT,
        };
        assert_eq!(first.count(paths(kinds[0])), 2, "{kinds:?}");
        assert_eq!(second.count(paths(kinds[1])), 2, "{kinds:?}");
        // Other protocols go through as they are, whichever way turns are sent.
        let chat = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}"#;
        assert_eq!(client.post(CHAT, chat).await.status, 200);
        assert_eq!(first.last_request().path(), CHAT);
    }
}

const SOUND: &str = r#""input":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]"#;

#[tokio::test]
async fn what_cannot_be_said_there_is_said_elsewhere_or_refused_by_its_name() {
    let (first, second) = (FakeBackend::start().await, FakeBackend::start().await);
    let gateway = gateway(&two(&first, &second, ["responses", "chat_completions"])).await;
    let client = gateway.client();
    assert_eq!(client.post(RESPONSES, body(SOUND)).await.status, 200);
    assert_eq!(client.post(RESPONSES, body(r#""input":"Hi","min_tokens":2"#)).await.status, 200);
    assert_eq!((first.count(RESPONSES), second.count(CHAT)), (0, 2));

    let talk = native().await;
    let refused = talk.refused(SOUND).await;
    assert_eq!(refused.brief(), (400, "unsupported_value", Some("input")));
    let refused = talk.refused(r#""input":"Hi","min_tokens":2"#).await;
    assert_eq!(refused.brief(), (400, "unsupported_value", Some("min_tokens")));
    assert!(refused.message.contains("/v1/responses"), "{}", refused.message);
    assert_eq!(talk.backend.count(RESPONSES), 0);
}

#[tokio::test]
async fn a_server_that_has_only_responses_is_asked_for_nothing_else() {
    let backend = FakeBackend::builder().without_route(CHAT).start().await;
    let talk = Talk::with(backend, KIND).await;
    let chat = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}"#;
    let refused = refusal(&talk.client.post(CHAT, chat).await);
    assert_eq!(refused.brief(), (400, "unsupported_model", Some("model")));
    assert!(refused.message.contains("have no /v1/chat/completions"), "{}", refused.message);
    assert_eq!(text_of(&talk.respond(r#""input":"Hi""#).await), "Hello from the fake backend.");
    assert_eq!(talk.backend.count(CHAT), 0);
}

#[tokio::test]
async fn what_a_server_offers_is_found_out_and_said() {
    let backend = FakeBackend::builder().without_route(RESPONSES).start().await;
    let yaml = format!(
        "backends: [{{name: node, url: {}, api_kind: responses}}]\n\
         models: [{{name: tiny, deployments: [{{backend: node}}]}}]\n",
        backend.url()
    );
    let builder = TestGateway::builder(env!("CARGO_BIN_EXE_transom")).config_yaml(&yaml);
    let check = builder.clone().command_line(["check", "--online", "--config", "transom.yaml"]);
    let ended = check.run().await;
    assert!(ended.has_code(1), "{ended:?}");
    let routes = "  routes: /v1/chat/completions yes, /v1/responses no\n";
    assert!(ended.stdout.contains(routes) && ended.stdout.contains("routes: failed"), "{ended:?}");
    assert!(ended.stdout.contains("leave out `api_kind`"), "{ended:?}");

    let gateway = builder.admin().wait_listening().start().await;
    let line = gateway.await_log("the routes of the model server are known").await;
    assert!(line.contains("responses=\"no\"") || line.contains("responses=no"), "{line}");
    gateway.await_log("the model server is misconfigured").await;
    let admin = gateway.admin().await;
    let seen = admin.get("/admin/v1/backends/node").await.json();
    assert_eq!(seen["api_kind"], "responses", "{seen}");
    assert_eq!(seen["offer"], json(r#"{"chat_completions":"yes","responses":"no"}"#));
    assert_eq!(seen["state"], "misconfigured");
    let refused = refusal(&gateway.client().post(RESPONSES, body(r#""input":"Hi""#)).await);
    assert_eq!((refused.status, refused.code.as_str()), (503, "model_misconfigured"));
    assert!(!refused.message.contains("127.0.0.1"), "{}", refused.message);
}
