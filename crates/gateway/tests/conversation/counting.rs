//! How many tokens a request has: `POST /v1/responses/input_tokens`, by whatever the server offers.

use serde_json::Value;
use sqlx::Row as _;
use transom_testkit::answer::chat_text;
use transom_testkit::answer::errors::{internal, no_route};
use transom_testkit::backend::Tokenizer;
use transom_testkit::{FakeBackend, Gate, TestGateway};

use crate::support::{RESPONSES, Refusal, Talk, body, json, refusal, tool};

const COUNT: &str = "/v1/responses/input_tokens";

async fn talk(tokenizer: Tokenizer) -> Talk {
    Talk::with(FakeBackend::builder().tokenizer(tokenizer).start().await, "").await
}

async fn count(talk: &Talk, fields: &str) -> u64 {
    let response = talk.client.post(COUNT, body(fields)).await;
    assert_eq!(response.status, 200, "{fields}: {}", response.text());
    let counted = response.json();
    assert_eq!(counted["object"], "response.input_tokens");
    assert_eq!(counted.as_object().map(serde_json::Map::len), Some(2), "{counted}");
    counted["input_tokens"].as_u64().expect("a number")
}

async fn refused(talk: &Talk, fields: &str) -> Refusal {
    refusal(&talk.client.post(COUNT, body(fields)).await)
}

/// The paths of every request for an answer or a count, in order.
fn asked(talk: &Talk) -> Vec<String> {
    let asked = talk.backend.requests().into_iter().filter(|request| request.method == "POST");
    asked.map(|request| request.path().to_owned()).collect()
}

/// A request with something of everything, whose prompt has these tokens when it is answered.
async fn counts_like_an_answer(talk: &Talk) {
    let first = talk.respond(r#""input":"What is the weather like?""#).await;
    let everything = format!(
        r#""previous_response_id":{},"instructions":"Be very brief.","tools":[{}],
           "input":[{{"role":"user","content":[{{"type":"input_text","text":"And in Oslo?"}}]}}]"#,
        first["id"],
        tool("weather")
    );
    let counted = count(talk, &everything).await;
    let answered = talk.respond(&everything).await;
    assert_eq!(answered["usage"]["input_tokens"], counted);
}

#[tokio::test]
async fn a_count_is_what_an_answer_costs_whatever_the_server_offers() {
    for tokenizer in [Tokenizer::Messages, Tokenizer::Prompts, Tokenizer::UsageOnly] {
        counts_like_an_answer(&talk(tokenizer).await).await;
    }
}

#[tokio::test]
async fn what_a_server_offers_is_found_out_once() {
    let chats = "/v1/chat/completions";
    for (tokenizer, first, next) in [
        (Tokenizer::Messages, vec!["/tokenize"], vec!["/tokenize"]),
        (
            Tokenizer::Prompts,
            // It answers vLLM's question, too, but with no count.
            vec!["/tokenize", "/apply-template", "/tokenize"],
            vec!["/apply-template", "/tokenize"],
        ),
        (Tokenizer::UsageOnly, vec!["/tokenize", "/apply-template", chats], vec![chats]),
    ] {
        let talk = talk(tokenizer).await;
        count(&talk, r#""input":"Hi""#).await;
        assert_eq!(asked(&talk), first);
        count(&talk, r#""input":"Hi""#).await;
        assert_eq!(asked(&talk)[first.len()..], next);
    }
}

#[tokio::test]
async fn a_server_that_came_back_is_asked_anew() {
    let talk = talk(Tokenizer::Messages).await;
    talk.backend.route("/tokenize", no_route());
    count(&talk, r#""input":"Hi""#).await;
    talk.backend.reset_route("/tokenize");
    count(&talk, r#""input":"Hi""#).await;
    assert_eq!(asked(&talk).last().map(String::as_str), Some("/v1/chat/completions"));

    talk.backend.kill().await;
    let gone = async || talk.client.get("/readyz").await.status == 503;
    eventually("the server to be missed", gone).await;
    // It is waited for while it is gone.
    let waiting = talk.client.post(COUNT, body(r#""input":"Hi""#));
    let comes_back = async {
        talk.gateway.client().get("/readyz").await;
        talk.backend.listen().await;
    };
    let (answered, ()) = tokio::join!(waiting, comes_back);
    assert_eq!(answered.status, 200, "{}", answered.text());
    assert_eq!(asked(&talk).last().map(String::as_str), Some("/tokenize"));
}

async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(transom_testkit::PATIENCE, waiting).await;
    assert!(waited.is_ok(), "waited in vain for {what}");
}

#[tokio::test]
async fn a_call_of_one_token_asks_for_nothing_that_costs() {
    let talk = talk(Tokenizer::UsageOnly).await;
    let dear = format!(
        r#""input":"Hi","max_output_tokens":500,"tool_choice":"required","tools":[{}],
           "text":{{"format":{{"type":"json_object"}}}},"min_tokens":100"#,
        tool("weather")
    );
    count(&talk, &dear).await;
    let mut sent = talk.sent();
    assert_eq!(sent["tools"][0]["function"]["name"], "weather");
    sent["tools"] = Value::Null;
    let expected = json(
        r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"tools":null,
            "tool_choice":"auto","max_completion_tokens":1}"#,
    );
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn servers_that_do_not_tell_are_told_of() {
    let talk = Talk::start().await;
    talk.backend.answer(chat_text("Hi").without_usage());
    let refusal = refused(&talk, r#""input":"Hi""#).await;
    assert_eq!(refusal.brief(), (501, "token_counting_unavailable", None));
    assert_eq!(refusal.kind, "server_error");
}

#[tokio::test]
async fn nothing_is_kept_and_a_conversation_is_read_while_a_turn_works_on_it() {
    let talk = talk(Tokenizer::Messages).await;
    let made = r#"{"items":[{"role":"user","content":"Count to ten."}]}"#;
    let made = talk.client.post("/v1/conversations", made).await.json();
    let items = format!("/v1/conversations/{}/items", made["id"].as_str().expect("an id"));
    let before = talk.client.get(&items).await.text();
    let in_it = format!(r#""conversation":{}"#, made["id"]);

    let gate = Gate::new("the turn");
    talk.backend.answer(chat_text("One").wait(&gate));
    let client = talk.gateway.client();
    let turn = client.post(RESPONSES, body(&in_it));
    let meanwhile = async {
        talk.backend.next_request().await;
        let counted = count(&talk, &in_it).await;
        assert_eq!(talk.client.get(&items).await.text(), before);
        gate.open();
        counted
    };
    let (answered, counted) = tokio::join!(turn, meanwhile);
    assert_eq!(answered.json()["usage"]["input_tokens"], counted);

    let mut database = talk.database().await;
    let rows = sqlx::query("SELECT count(*) FROM responses").fetch_one(&mut database);
    assert_eq!(rows.await.expect("a count").get::<i64, _>(0), 1);
}

#[tokio::test]
async fn what_cannot_be_asked_cannot_be_counted() {
    let talk = talk(Tokenizer::Messages).await;
    for (fields, status, code, param) in [
        (r#""input":"Hi","background":true"#, 400, "unsupported_value", Some("background")),
        (r#""input":"Hi","stream":true"#, 400, "unsupported_value", Some("stream")),
        (r#""input":5"#, 400, "invalid_type", Some("input")),
        (r#""instructions":null"#, 400, "missing_required_parameter", Some("input")),
        (
            r#""input":"Hi","previous_response_id":"resp_0""#,
            400,
            "previous_response_not_found",
            Some("previous_response_id"),
        ),
        (
            r#""input":"Hi","conversation":"conv_0""#,
            404,
            "conversation_not_found",
            Some("conversation"),
        ),
        (
            r#""input":[{"type":"function_call_output","call_id":"c","output":"x"}]"#,
            400,
            "invalid_value",
            Some("input[0]"),
        ),
    ] {
        assert_eq!(refused(&talk, fields).await.brief(), (status, code, param), "{fields}");
    }
    // The shield stands before this route, too.
    let dangerous = refused(&talk, r#""input":"Hi","chat_template":"{{ x }}""#).await;
    assert_eq!((dangerous.status, dangerous.param.as_deref()), (400, Some("chat_template")));
    assert_eq!(talk.client.get(COUNT).await.status, 405);
    assert!(asked(&talk).is_empty());
    // A model that the server does not know is not taken for a tokenizer that is not there.
    let unknown = talk.client.post(COUNT, r#"{"model":"nope","input":"Hi"}"#).await;
    assert_eq!(refusal(&unknown).brief(), (404, "model_not_found", Some("model")));
    assert_eq!(asked(&talk), ["/tokenize"]);
}

#[tokio::test]
async fn only_who_may_ask_may_count() {
    let backend = FakeBackend::builder().tokenizer(Tokenizer::Messages).start().await;
    let gateway = TestGateway::builder(env!("CARGO_BIN_EXE_transom"))
        .upstream(&backend.url())
        .env("VR_API_KEY", "sk-master")
        .start()
        .await;
    let client = gateway.client();
    let refused = client.post(COUNT, body(r#""input":"Hi""#)).await;
    assert_eq!(refusal(&refused).brief(), (401, "invalid_api_key", None));
    let client = client.header("authorization", "Bearer sk-master");
    assert_eq!(client.post(COUNT, body(r#""input":"Hi""#)).await.status, 200);
}

/// Two servers of one model, the second only where the first has failed.
fn in_order(nodes: &[FakeBackend; 2]) -> String {
    let [first, second] = nodes.each_ref().map(FakeBackend::url);
    format!(
        "backends:\n  - {{name: a, url: \"{first}/v1\"}}\n  - {{name: b, url: \"{second}/v1\"}}\n\
         models:\n  - name: tiny\n    deployments:\n      - {{backend: a}}\n      \
         - {{backend: b, order: 2}}\n"
    )
}

#[tokio::test]
async fn another_server_counts_where_the_first_one_fails() {
    let node = || FakeBackend::builder().tokenizer(Tokenizer::Messages).start();
    let nodes = [node().await, node().await];
    let gateway = TestGateway::builder(env!("CARGO_BIN_EXE_transom"));
    let gateway = gateway.config_yaml(in_order(&nodes)).start().await;
    nodes[0].route("/tokenize", internal());
    let counted = gateway.client().post(COUNT, body(r#""input":"Hi""#)).await;
    assert_eq!(counted.status, 200, "{}", counted.text());
    assert_eq!(nodes.each_ref().map(|node| node.requests_to("/tokenize").len()), [1, 1]);
}

#[tokio::test]
async fn a_limit_of_tokens_holds_for_the_turn_however_often_a_model_is_called() {
    let node = || FakeBackend::builder().tokenizer(Tokenizer::Messages).start();
    let nodes = [node().await, node().await];
    let gateway = TestGateway::builder(env!("CARGO_BIN_EXE_transom"));
    let gateway = gateway.config_yaml(in_order(&nodes)).start().await;
    for stream in ["false", "true"] {
        // The first server fails before it has said anything: nothing of it counts.
        nodes[0].answer(internal());
        nodes[1].answer(chat_text("One two three four five six seven"));
        let asked = format!(r#""input":"Count.","max_output_tokens":7,"stream":{stream}"#);
        let answered = gateway.client().post(RESPONSES, body(&asked)).await.text();
        for node in &nodes {
            assert_eq!(node.last_request().json()["max_completion_tokens"], 7);
        }
        assert!(answered.contains(r#""max_output_tokens":7"#), "{answered}");
        assert!(answered.contains(r#""output_tokens":7"#), "{answered}");
    }
}
