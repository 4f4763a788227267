use transom_core::clock::Timestamp;
use transom_core::id::ConversationId;

use super::*;

#[test]
fn bodies_are_read_and_the_object_shows_what_was_sent() {
    let body = br#"{"items":[{"role":"user","content":"Hi"}],"metadata":{"b":"1","a":"2"}}"#;
    let created = parse_create(body).unwrap();
    assert_eq!(created.items.len(), 1);
    let record = ConversationRecord {
        id: ConversationId::parse("conv_1").unwrap(),
        created_at: Timestamp::from_millis(1_767_225_600_999),
        metadata: created.metadata,
    };
    let shown = r#"{"id":"conv_1","object":"conversation","created_at":1767225600,"metadata":{"b":"1","a":"2"}}"#;
    assert_eq!(to_json(&record).get(), shown);
    for nothing in ["{}", r#"{"items":null,"metadata":null}"#] {
        let created = parse_create(nothing.as_bytes()).unwrap();
        assert_eq!((created.items.len(), created.metadata.get()), (0, "{}"), "{nothing}");
    }
    assert_eq!(parse_update(br#"{"metadata":null}"#).unwrap().get(), "{}");
    assert_eq!(parse_update(br#"{"metadata":{"k":"v"}}"#).unwrap().get(), r#"{"k":"v"}"#);
}

type Parse = fn(&[u8]) -> Result<(), Failure>;

#[test]
fn what_is_wrong_is_named() {
    let many =
        format!(r#"{{"items":[{}]}}"#, vec![r#"{"role":"user","content":""}"#; 21].join(","));
    let twice = r#"{"items":[{"id":"a","role":"user","content":""},{"id":"a","role":"user","content":""}]}"#;
    let create: Parse = |body| parse_create(body).map(drop);
    let update: Parse = |body| parse_update(body).map(drop);
    let items: Parse = |body| parse_items(body).map(drop);
    for (parse, body, param, code) in [
        (create, "[]", None, "invalid_json"),
        (create, many.as_str(), Some("items"), "invalid_value"),
        (create, twice, Some("items[1].id"), "invalid_value"),
        (create, r#"{"items":"Hi"}"#, Some("items"), "invalid_type"),
        (
            create,
            r#"{"items":[{"role":"user"}]}"#,
            Some("items[0].content"),
            "missing_required_parameter",
        ),
        (create, r#"{"metadata":{"a":1}}"#, Some("metadata.a"), "invalid_type"),
        (create, r#"{"name":"x"}"#, Some("name"), "unknown_parameter"),
        (update, "{}", Some("metadata"), "missing_required_parameter"),
        (update, r#"{"metadata":[]}"#, Some("metadata"), "invalid_type"),
        (items, "{}", Some("items"), "missing_required_parameter"),
        (items, r#"{"items":[]}"#, Some("items"), "invalid_value"),
        (items, many.as_str(), Some("items"), "invalid_value"),
    ] {
        let public = parse(body.as_bytes()).unwrap_err().public();
        assert_eq!((public.param.as_deref(), public.code.as_str()), (param, code), "{body}");
    }
}
