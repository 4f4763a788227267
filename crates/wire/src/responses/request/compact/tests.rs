use transom_core::failure::Failure;

use super::*;
use crate::responses::request::Work;

fn refused(fields: &str) -> (String, Option<String>) {
    let body = format!(r#"{{"model":"m",{fields}}}"#);
    let public = parse_compact(body.as_bytes()).unwrap_err().public();
    (public.code, public.param)
}

#[test]
fn a_compaction_is_a_turn_without_tools_that_nobody_keeps() {
    let body = r#"{"model":"m","input":"x","instructions":"i","previous_response_id":"resp_1",
        "prompt_cache_key":"k","reasoning":{"effort":"low"},"service_tier":"auto","stream":false,
        "tools":[{"type":"anything"}],"parallel_tool_calls":true,"text":{"verbosity":"low"},
        "store":false,"background":false,"chat_template_kwargs":{"a":1}}"#;
    let request = parse_compact(body.as_bytes()).unwrap();
    assert_eq!(request.work, Work::Compact);
    assert!(!request.store && request.tools.is_some_and(|tools| tools.is_empty()));
    assert_eq!(request.settings.instructions.as_deref(), Some("i"));
    assert_eq!(request.settings.reasoning_effort, Some("low"));
    assert_eq!(request.labels.prompt_cache_key.as_deref(), Some("k"));
    let extra: Vec<_> = request.extra.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(extra, ["chat_template_kwargs"]);
}

#[test]
fn every_refusal_names_its_field() {
    let named = |code: &str, param: &str| (code.to_owned(), Some(param.to_owned()));
    for (fields, expected) in [
        (r#""input":[]"#, named("invalid_value", "input")),
        (r#""input":[],"instructions":"i""#, named("invalid_value", "input")),
        (r#""instructions":"i""#, named("missing_required_parameter", "input")),
        (r#""input":"x","stream":true"#, named("unsupported_value", "stream")),
        (r#""input":"x","store":true"#, named("unsupported_value", "store")),
        (r#""input":"x","background":true"#, named("unsupported_value", "background")),
        (r#""input":"x","tools":{}"#, named("invalid_type", "tools")),
        (r#""input":"x","text":1"#, named("invalid_type", "text")),
        (r#""input":"x","conversation":"conv_1""#, named("unsupported_parameter", "conversation")),
        (r#""input":"x","temperature":1"#, named("unsupported_parameter", "temperature")),
        (r#""input":"x","max_tokens":1"#, named("unknown_parameter", "max_tokens")),
        (r#""input":[{"role":"user"}]"#, named("missing_required_parameter", "input[0].content")),
    ] {
        assert_eq!(refused(fields), expected, "{fields}");
    }
    let no_object = parse_compact(b"[]").unwrap_err();
    assert!(matches!(no_object, Failure::Invalid(invalid) if invalid.code == "invalid_json"));
    let nameless = parse_compact(br#"{"input":"x"}"#).unwrap_err().public();
    assert_eq!(nameless.param.as_deref(), Some("model"));
}
