use http::StatusCode;
use transom_core::failure::Kind;

use super::*;

fn report(message: &str, rest: [Option<&str>; 3]) -> Report {
    let [kind, param, code] = rest.map(|text| text.map(str::to_owned));
    Report { message: message.to_owned(), kind, param, code }
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
            report("Loading model", [Some("unavailable_error"), None, Some("503")]),
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
