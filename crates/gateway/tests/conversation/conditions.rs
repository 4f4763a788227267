//! What is wrong with a request or a model server, and the answer to it (design decision 13).

use std::time::Duration;

use transom_testkit::FakeBackend;
use transom_testkit::answer::{body_of, errors, json as json_answer};

use crate::support::{RESPONSES, Refusal, Talk, body, json, names, refusal};

/// Fields beside the model, and what programs read of the refusal.
type Row = (&'static str, u16, &'static str, Option<&'static str>);

const HI: &str = r#""input":"Hi""#;

const FIELDS: &[Row] = &[
    (r#""input":7"#, 400, "invalid_type", Some("input")),
    (r#""input":{"role":"user"}"#, 400, "invalid_type", Some("input")),
    (r#""stream":false"#, 400, "missing_required_parameter", Some("input")),
    (r#""input":null"#, 400, "missing_required_parameter", Some("input")),
    (r#""input":[]"#, 400, "invalid_value", Some("input")),
    (r#""input":[7]"#, 400, "invalid_type", Some("input[0]")),
    (r#""input":[{"role":"user"}]"#, 400, "missing_required_parameter", Some("input[0].content")),
    (r#""input":[{"role":"boss","content":"x"}]"#, 400, "invalid_value", Some("input[0].role")),
    (r#""input":[{"type":"item_reference","id":"c"}]"#, 404, "item_not_found", Some("input[0].id")),
    (
        r#""input":[{"type":"item_reference"}]"#,
        400,
        "missing_required_parameter",
        Some("input[0].id"),
    ),
    (r#""input":[{"type":"nonsense"}]"#, 400, "unsupported_value", Some("input[0].type")),
    (
        r#""input":[{"role":"user","content":[{"type":"input_smell"}]}]"#,
        400,
        "unsupported_value",
        Some("input[0].content[0].type"),
    ),
    (
        r#""input":[{"type":"function_call_output","call_id":"nowhere","output":"x"}]"#,
        400,
        "invalid_value",
        Some("input[0]"),
    ),
    (r#""input":"Hi","stream":"yes""#, 400, "invalid_type", Some("stream")),
    (r#""input":"Hi","store":1"#, 400, "invalid_type", Some("store")),
    (r#""input":"Hi","tools":{}"#, 400, "invalid_type", Some("tools")),
    (r#""input":"Hi","tools":[{"type":"teleport"}]"#, 400, "invalid_value", Some("tools[0].type")),
    (
        r#""input":"Hi","tools":[{"type":"web_search"}]"#,
        400,
        "unsupported_value",
        Some("tools[0].type"),
    ),
    (
        r#""input":"Hi","tools":[{"type":"function"}]"#,
        400,
        "missing_required_parameter",
        Some("tools[0].name"),
    ),
    (
        r#""input":"Hi","tool_choice":{"type":"function","name":"absent"}"#,
        400,
        "invalid_value",
        Some("tool_choice"),
    ),
    (r#""input":"Hi","temperature":2.1"#, 400, "decimal_above_max_value", Some("temperature")),
    (r#""input":"Hi","temperature":"warm""#, 400, "invalid_type", Some("temperature")),
    (r#""input":"Hi","max_output_tokens":0"#, 400, "invalid_value", Some("max_output_tokens")),
    (r#""input":"Hi","max_output_tokens":-1"#, 400, "invalid_value", Some("max_output_tokens")),
    (r#""input":"Hi","metadata":{"a":1}"#, 400, "invalid_type", Some("metadata.a")),
    (r#""input":"Hi","include":["everything"]"#, 400, "invalid_value", Some("include[0]")),
    (
        r#""input":"Hi","text":{"format":{"type":"xml"}}"#,
        400,
        "invalid_value",
        Some("text.format.type"),
    ),
    (r#""input":"Hi","background":true,"store":false"#, 400, "invalid_value", Some("store")),
    (
        r#""input":"Hi","conversation":"conv_1""#,
        404,
        "conversation_not_found",
        Some("conversation"),
    ),
    (r#""input":"Hi","kv_transfer_params":{}"#, 400, "field_denied", Some("kv_transfer_params")),
    (
        r#""input":"Hi","previous_response_id":"resp_0000000000000000000000000000000a""#,
        400,
        "previous_response_not_found",
        Some("previous_response_id"),
    ),
    (
        r#""input":"Hi","previous_response_id":"not an id""#,
        400,
        "previous_response_not_found",
        Some("previous_response_id"),
    ),
    (r#""input":"Hi","previous_response_id":7"#, 400, "invalid_type", Some("previous_response_id")),
];

#[tokio::test]
async fn every_wrong_field_is_named_in_both_forms_and_never_reaches_the_model() {
    let talk = Talk::start().await;
    let mut wrong = Vec::new();
    for (fields, status, code, param) in FIELDS {
        let whole = talk.refused(fields).await;
        if whole.brief() != (*status, *code, *param) || whole.kind != "invalid_request_error" {
            wrong.push(format!("{fields}: {whole:?}"));
        }
        if !fields.contains("stream") {
            let streamed = talk.refused(&format!(r#"{fields},"stream":true"#)).await;
            assert_eq!(streamed, whole, "{fields}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(talk.backend.requests_to("/v1/chat/completions").is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let talk = Talk::start().await;
    let rows: [(&str, &str, Option<&str>); 7] = [
        ("", "invalid_json", None),
        (r#"{"model":"#, "invalid_json", None),
        ("[]", "invalid_json", None),
        ("\u{feff}{}", "invalid_json", None),
        (r#"{"model":"tiny","input":"a","input":"b"}"#, "duplicate_key", Some("input")),
        (r#"{"input":"Hi"}"#, "missing_required_parameter", Some("model")),
        (r#"{"model":7,"input":"Hi"}"#, "invalid_type", Some("model")),
    ];
    for (body, code, param) in rows {
        for path in [RESPONSES, "/v1/chat/completions"] {
            let found = refusal(&talk.client.post(path, body).await);
            assert_eq!(found.brief(), (400, code, param), "{path} {body}: {}", found.message);
        }
    }
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
    {
        let headers = [("content-type", content_type)];
        let sent = talk.client.request("POST", RESPONSES, &headers, Some(&body(HI))).await;
        assert_eq!(refusal(&sent).brief(), (415, "unsupported_media_type", None), "{content_type}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    type Brief = (u16, &'static str, Option<&'static str>);
    let talk = Talk::start().await;
    let absent = "/v1/responses/resp_0000000000000000000000000000000a";
    let rows: [(&str, &str, Brief); 15] = [
        ("GET", absent, (404, "response_not_found", Some("response_id"))),
        ("DELETE", absent, (404, "response_not_found", Some("response_id"))),
        ("GET", "/v1/responses/nonsense", (404, "response_not_found", Some("response_id"))),
        ("GET", "/v1/responses/%FF", (404, "route_not_found", None)),
        ("GET", "/v1/models/%FF", (404, "route_not_found", None)),
        ("GET", "/v1/responses/resp_%20", (404, "response_not_found", Some("response_id"))),
        (
            "GET",
            "/v1/responses/resp_0000000000000000000000000000000a/input_items",
            (404, "response_not_found", Some("response_id")),
        ),
        ("GET", "/v1/models/absent/model", (404, "model_not_found", Some("model"))),
        ("GET", "/", (404, "route_not_found", None)),
        ("GET", "/v1/nothing", (404, "route_not_found", None)),
        ("POST", "/v1/responses/", (404, "route_not_found", None)),
        ("GET", RESPONSES, (405, "method_not_allowed", None)),
        ("PUT", RESPONSES, (405, "method_not_allowed", None)),
        ("POST", absent, (405, "method_not_allowed", None)),
        ("GET", "/v1/chat/completions", (405, "method_not_allowed", None)),
    ];
    for (method, path, expected) in rows {
        let found = refusal(&talk.client.request(method, path, &[], None).await);
        assert_eq!(found.brief(), expected, "{method} {path}: {}", found.message);
    }
}

#[tokio::test]
async fn every_error_of_the_model_server_has_its_status_before_a_stream_begins() {
    // One after the other, these failures would take the server out.
    let routing = "routing: {retries: 0, breaker: false}\n";
    let talk = Talk::with(FakeBackend::start().await, routing).await;
    let told = "You said something wrong";
    let rows: Vec<(_, Refusal)> = vec![
        (errors::bad_request(told, Some("x")), expected(400, "upstream_rejected", Some("x"), told)),
        (
            errors::context_too_long(8, 9),
            expected(
                400,
                "context_length_exceeded",
                Some("input_tokens"),
                "maximum context length is 8",
            ),
        ),
        (errors::unauthorized(), expected(502, "upstream_authentication", None, "key")),
        (
            errors::error(403, told, "Forbidden", None),
            expected(502, "upstream_authentication", None, "key"),
        ),
        (
            errors::model_not_found("tiny", &[]),
            expected(404, "model_not_found", Some("model"), "does not exist"),
        ),
        (
            errors::error(422, told, "BadRequestError", None),
            expected(422, "upstream_rejected", None, told),
        ),
        (
            errors::rate_limited(Duration::from_secs(1)),
            expected(429, "upstream_rate_limited", None, "too many requests"),
        ),
        (
            errors::error(500, told, "InternalServerError", None),
            expected(502, "upstream_error", None, "failed"),
        ),
        (errors::internal(), expected(503, "upstream_engine_dead", None, "engine")),
        (
            // It speaks about the request: no other try would be answered.
            errors::error(501, "only auto is supported", "NotImplementedError", None),
            expected(400, "upstream_rejected", None, "only auto is supported"),
        ),
        (errors::overloaded(), expected(503, "upstream_unavailable", None, "not available")),
        (
            body_of(504, "text/html", "<h1>late</h1>"),
            expected(504, "upstream_timeout", None, "in time"),
        ),
        (
            body_of(400, "text/plain", "Long words. ".repeat(9000)),
            expected(400, "upstream_rejected", None, "Long words."),
        ),
        (json_answer(400, ""), expected(400, "upstream_rejected", None, "status 400")),
        (
            body_of(200, "text/html", "<h1>login</h1>"),
            expected(502, "bad_upstream_response", None, "not understood"),
        ),
    ];
    let chat = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]"#;
    for (answer, expected) in rows {
        for (path, request) in [
            (RESPONSES, body(HI)),
            (RESPONSES, body(r#""input":"Hi","stream":true"#)),
            ("/v1/chat/completions", format!("{chat}}}")),
            ("/v1/chat/completions", format!(r#"{chat},"stream":true}}"#)),
        ] {
            talk.backend.answer(answer.clone());
            let response = talk.client.post(path, &request).await;
            let found = refusal(&response);
            assert_eq!(found.brief(), expected.brief(), "{path} {request}");
            assert!(found.message.contains(&expected.message), "{path}: {}", found.message);
            // What the server asks for is passed on; our own word is spread.
            let waits: &[&str] = match (found.status, found.code.as_str()) {
                (_, "upstream_rate_limited") => &["1"],
                (503, _) => &["5", "6"],
                _ => &[],
            };
            let wait = response.headers.get("retry-after");
            assert_eq!(wait.is_some(), !waits.is_empty(), "{path}: {found:?}");
            assert!(wait.is_none_or(|wait| waits.contains(&wait)), "{path}: {wait:?}");
        }
    }
}

fn expected(status: u16, code: &str, param: Option<&str>, message: &str) -> Refusal {
    let (code, message) = (code.to_owned(), message.to_owned());
    Refusal { status, kind: String::new(), code, param: param.map(str::to_owned), message }
}

#[tokio::test]
async fn an_empty_input_is_fine_where_something_else_is_said() {
    let talk = Talk::start().await;
    talk.respond(r#""input":[],"instructions":"Say hello.""#).await;
    assert_eq!(talk.sent()["messages"], json(r#"[{"role":"system","content":"Say hello."}]"#));
    let first = talk.respond(r#""input":"Hi""#).await;
    talk.proceed(&first, r#""input":[]"#).await;
    assert_eq!(talk.sent()["messages"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_not_a_silence() {
    let talk = Talk::start().await;
    let first = talk.respond(HI).await;
    let mut database = talk.database().await;
    for damage in
        ["UPDATE items SET json = '{\"type\":'", "UPDATE items SET json = '{\"type\":\"x\"}'"]
    {
        sqlx::query(damage).execute(&mut database).await.expect("damaging the items");
        let fields = format!(r#""input":"And?","previous_response_id":{}"#, first["id"]);
        let found = talk.refused(&fields).await;
        assert_eq!(found.brief(), (500, "stored_data_damaged", None));
        assert_eq!(talk.refused(&format!(r#"{fields},"stream":true"#)).await, found);
    }
    sqlx::query("UPDATE responses SET response = '{'")
        .execute(&mut database)
        .await
        .expect("damage");
    let path = format!("{RESPONSES}/{}", first["id"].as_str().expect("an id"));
    let found = refusal(&talk.client.get(&path).await);
    assert_eq!(found.brief(), (500, "stored_data_damaged", None));
    // Nobody else is harmed.
    assert_eq!(names(&talk.stream(HI).await), crate::events::TEXT);
}
