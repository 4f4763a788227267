use std::path::Path;

use http::StatusCode;
use transom_core::failure::Kind;
use transom_core::upstream_error::Symptom;
use transom_testkit::recordings::{self, Recording};

use super::*;

fn report(message: &str, rest: [Option<&str>; 3]) -> Report {
    let [kind, param, code] = rest.map(|text| text.map(str::to_owned));
    let boxed = |text: Option<String>| text.map(String::into_boxed_str);
    let (kind, code) = (boxed(kind), boxed(code));
    Report { message: message.to_owned(), kind, param, code, symptom: None }
}

#[test]
fn an_error_is_openais_object_with_its_nulls() {
    let public = Public {
        status: StatusCode::BAD_REQUEST,
        kind: Kind::InvalidRequest,
        code: "invalid_json".to_owned(),
        param: None,
        message: "It says \"no\".".to_owned(),
    };
    let body = r#"{"error":{"message":"It says \"no\".","type":"invalid_request_error","param":null,"code":"invalid_json"}}"#;
    assert_eq!(openai_body(&public), body);
    let mut out = BytesMut::new();
    chat_stream_error(&public, &mut out);
    assert_eq!(out, format!("data: {body}\n\n"));
}

#[test]
fn every_known_shape_is_understood() {
    for (body, expected) in [
        (
            r#"{"error":{"message":"m","type":"BadRequestError","param":"x","code":400}}"#,
            report("m", [Some("BadRequestError"), Some("x"), Some("400")]),
        ),
        (
            r#"{"object":"error","message":"m","type":"NotFoundError","param":null,"code":404}"#,
            report("m", [Some("NotFoundError"), None, Some("404")]),
        ),
        (
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            Report {
                symptom: Some(Symptom::Loading),
                ..report("Loading model", [Some("unavailable_error"), None, Some("503")])
            },
        ),
        (r#"{"detail":"Not Found"}"#, report("Not Found", [None; 3])),
        (r#"{"detail":[{"loc":["body"]}]}"#, report(r#"[{"loc":["body"]}]"#, [None; 3])),
        (r#"{"error":"Unauthorized"}"#, report("Unauthorized", [None; 3])),
        (r#"{"error":null,"message":{"a":1}}"#, report(r#"{"a":1}"#, [None; 3])),
        (" Internal Server Error\n", report("Internal Server Error", [None; 3])),
        ("", Report::default()),
    ] {
        assert_eq!(parse_report(body.as_bytes()), expected, "{body}");
    }
    let page = format!("<html>{}", "é".repeat(10_000));
    assert_eq!(parse_report(page.as_bytes()).message.chars().count(), 512);
}

#[test]
fn recorded_errors_keep_their_words() {
    let recorded = transom_testkit::recordings::vllm("err_too_long");
    let report = parse_report(recorded.bytes());
    assert!(report.message.starts_with("This model's maximum context length is"), "{report:?}");
    assert_eq!(report.param.as_deref(), Some("input_tokens"));
    assert_eq!(report.code.as_deref(), Some("400"));
}

fn of(recording: &Recording) -> Report {
    status_report(StatusCode::from_u16(recording.status).unwrap(), recording.bytes())
}

#[test]
fn recorded_errors_tell_what_ails_the_server() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (name, symptom) in [
        ("llama-server/err_too_long", Symptom::ContextTooLong),
        ("llama-server/err_template", Symptom::Template),
        ("llama-server/err_tool_parser", Symptom::ToolParser),
        ("llama-server/err_tools_without_jinja", Symptom::ToolParser),
        ("llama-server/err_loading", Symptom::Loading),
        ("llama-server/err_out_of_kv_cache", Symptom::OutOfMemory),
        ("vllm/err_engine_dead", Symptom::EngineDead),
    ] {
        let recording = recordings::read(&folder.join(name).with_extension("json")).unwrap();
        assert_eq!(of(&recording).symptom, Some(symptom), "{name}");
        // In a stream there is no status, and the code takes its place.
        assert_eq!(parse_report(recording.bytes()).symptom, Some(symptom), "{name}");
    }
    for name in recordings::vllm_names().iter().filter(|name| name.starts_with("err_")) {
        let expected = match name.as_str() {
            "err_too_long" | "err_stream_too_long" | "err_max_tokens_too_big" => {
                Some(Symptom::ContextTooLong)
            }
            "err_empty_messages" => Some(Symptom::Template),
            _ => None,
        };
        assert_eq!(of(&recordings::vllm(name)).symptom, expected, "{name}");
    }
}

#[test]
fn a_symptom_needs_an_answer_that_can_have_it() {
    let told = |status: u16, message: &str, code: Option<&str>| {
        let report = report(message, [None, None, code]);
        symptom(StatusCode::from_u16(status).unwrap(), &report)
    };
    assert_eq!(told(500, "CUDA out of memory.", None), Some(Symptom::OutOfMemory));
    assert_eq!(told(400, "The story 'Out of memory' is too odd", None), None);
    assert_eq!(told(500, "the maximum context length", None), None);
    assert_eq!(told(400, "", Some("context_length_exceeded")), Some(Symptom::ContextTooLong));
    assert_eq!(told(400, "", Some("content_filter")), Some(Symptom::ContentPolicy));
    assert_eq!(told(500, "", Some("content_filter")), None);
}

#[test]
fn clients_do_not_read_the_model_servers_names() {
    let shown = |message: &str, upstream: &str| {
        let mut report = report(message, [None; 3]);
        show_model(&mut report, upstream, "alias");
        report.message
    };
    let unknown =
        std::str::from_utf8(recordings::vllm("err_bad_model").bytes()).unwrap().to_owned();
    assert_eq!(
        shown(&parse_report(unknown.as_bytes()).message, "nope"),
        "The model `alias` does not exist."
    );
    let image = of(&recordings::vllm("chat_image")).message;
    assert_eq!(shown(&image, "tiny"), "alias is not a multimodal model");
    for (message, expected) in [
        ("Model 'tiny' is unwell, tiny.", "Model 'alias' is unwell, alias."),
        ("tiny: no (model=tiny)", "alias: no (model=alias)"),
        (
            "tinytiny tiny-2 a/tiny tiny.v2 tiny:8b étiny my_tiny",
            "tinytiny tiny-2 a/tiny tiny.v2 tiny:8b étiny my_tiny",
        ),
        ("v1.tiny is not tiny", "v1.tiny is not alias"),
        ("tiny", "alias"),
    ] {
        assert_eq!(shown(message, "tiny"), expected);
    }
    assert_eq!(shown("org/a-b.c gone", "org/a-b.c"), "alias gone");
    assert_eq!(shown("nothing to see", ""), "nothing to see");
}
