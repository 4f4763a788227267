use proptest::prelude::*;
use serde_json::Value;
use transom_core::failure::{Failure, Invalid};

use super::*;

fn read(body: &str) -> Result<Head, Error> {
    scan(body.as_bytes(), &Limits::default())
}

fn fault(body: &[u8]) -> Fault {
    match scan(body, &Limits::default()) {
        Err(Error::Json { fault, .. }) => fault,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(body)),
    }
}

#[test]
fn finds_the_fields_and_their_places() {
    let body = r#" {"model": "tiny", "mess\u0061ges":[{"role":"user","content":[
        {"type":"text","text":"a \"b\" \u00e9"},
        {"type":"image_url","image_url":{"url":"data:,"}}]}],
        "stream":true,"stream_options":{"include_usage":false},"n":1} "#;
    let head = read(body).unwrap();
    assert_eq!((head.model.as_str(), head.stream, head.wants_usage()), ("tiny", true, false));
    let fields: Vec<_> = head.fields.iter().map(|f| (&*f.name, &body[f.value.clone()])).collect();
    assert_eq!(fields[0], ("model", "\"tiny\""));
    assert_eq!(fields[1].0, "messages");
    assert!(fields[1].1.starts_with("[{") && fields[1].1.ends_with("}]"));
    assert_eq!(fields[3..], [("stream_options", r#"{"include_usage":false}"#), ("n", "1")]);
    let StreamOptions::Present { include_usage: Some((false, span)), .. } = &head.stream_options
    else {
        panic!("{:?}", head.stream_options)
    };
    assert_eq!(&body[span.clone()], "false");
    let [part] = head.parts.as_slice() else { panic!("{:?}", head.parts) };
    assert_eq!((part.message, part.index), (0, 1));
    assert_eq!(&body[part.span.clone()], r#"{"type":"image_url","image_url":{"url":"data:,"}}"#);
}

#[test]
fn a_content_part_is_plain_only_as_text() {
    let parts = |part: &str| {
        let body = format!(r#"{{"model":"m","messages":[{{"content":[{part}]}}]}}"#);
        read(&body).unwrap().parts.len()
    };
    assert_eq!(parts(r#"{"type":"text","text":"x"}"#), 0);
    for special in [
        r#"{"type":"file","text":"x"}"#,
        r#"{"type":"image\u005fembeds"}"#,
        r#"{"type":{"a":1}}"#,
        r#"{"text":"x","image_url":"y"}"#,
        r#"{"image_embeds":"y"}"#,
    ] {
        assert_eq!(parts(special), 1, "{special}");
    }
}

#[test]
fn refuses_what_readers_understand_differently() {
    assert_eq!(fault(b""), Fault::Empty);
    assert_eq!(fault(b"\xef\xbb\xbf{}"), Fault::ByteOrderMark);
    assert_eq!(fault(b"{\"model\":\"\xc0\xaf\"}"), Fault::NotUtf8);
    assert_eq!(fault(b"{\"model\":\"\xed\xa0\x80\"}"), Fault::NotUtf8);
    assert_eq!(fault(b"[]"), Fault::NotAnObject);
    assert_eq!(fault(b"\"model\""), Fault::NotAnObject);
    assert_eq!(fault(br#"{"a":"\ud83d"}"#), Fault::LoneSurrogate);
    assert_eq!(fault(br#"{"a":"\ude00\ud83d"}"#), Fault::LoneSurrogate);
    assert_eq!(fault(br#"{"\u0000":1}"#), Fault::Nul);
    assert_eq!(fault(br#"{"a":"x\u0000"}"#), Fault::Nul);
    assert_eq!(fault(b"{\"a\":\"x\0\"}"), Fault::Control);
    assert_eq!(fault(b"{\"a\":\"long enough a line\n\"}"), Fault::Control);
    assert_eq!(fault(br#"{"a":"\x41"}"#), Fault::Escape);
    assert_eq!(fault(br#"{"a":1}{}"#), Fault::Trailing);
    assert_eq!(fault(br#"{"a":1,}"#), Fault::Expected("a key in double quotes"));
    assert_eq!(fault(br#"{"a":[1 2]}"#), Fault::Expected("',' or ']'"));
    assert_eq!(fault(br#"{"a":"#), Fault::Expected("a value"));
    assert_eq!(fault(br#"{"a":"x"#), Fault::Expected("the end of a string"));
}

#[test]
fn numbers_fit_a_double_or_are_refused() {
    for good in ["-0", "9223372036854775808", "1e308", "0.1", "-1.5E-7", "1e-400"] {
        assert!(read(&format!(r#"{{"model":"m","x":{good}}}"#)).is_ok(), "{good}");
    }
    let number = |text: &str| fault(format!(r#"{{"x":{text}}}"#).as_bytes());
    assert_eq!(number("1e400"), Fault::HugeNumber);
    assert_eq!(number(&"9".repeat(10 << 20)), Fault::LongNumber);
    assert_eq!(number("NaN"), Fault::NotANumber);
    assert_eq!(number("-Infinity"), Fault::NotANumber);
    for bad in ["01", "+1", ".5", "1.", "1e", "--1", "0x1"] {
        assert!(read(&format!(r#"{{"model":"m","x":{bad}}}"#)).is_err(), "{bad}");
    }
}

#[test]
fn nesting_of_any_depth_ends_at_the_limit() {
    for brackets in ["[", "{\"a\":", "[{\"b\":"] {
        let body = format!("{{\"a\":{}", brackets.repeat(100_000));
        assert_eq!(fault(body.as_bytes()), Fault::Deep { limit: 64 });
    }
    let fits = format!(r#"{{"model":"m","a":{}{}}}"#, "[".repeat(63), "]".repeat(63));
    assert!(read(&fits).is_ok());
}

#[test]
fn a_key_appears_once_however_it_is_spelled() {
    for (body, key) in [
        (r#"{"model":"a","model":"b"}"#.to_owned(), "model"),
        (r#"{"model":"a","mo\u0064el":"b"}"#.to_owned(), "model"),
        (r#"{"a":[{"x":{"k":1},"y":{"k":2,"k":3}}]}"#.to_owned(), "k"),
        (format!(r#"{{{},"\u006b7":0}}"#, numbered_keys(100)), "k7"),
    ] {
        let error = read(&body).unwrap_err();
        let Failure::Invalid(Invalid { param, code, .. }) = error.into() else { panic!() };
        assert_eq!((param.as_deref(), code), (Some(key), "duplicate_key"));
    }
    let siblings = format!(
        r#"{{"model":"m","x":{{{}}},"y":{{{}}},{}}}"#,
        numbered_keys(40),
        numbered_keys(40),
        numbered_keys(40)
    );
    assert!(read(&siblings).is_ok());
    let many = format!("{{{}}}", numbered_keys(5000));
    assert_eq!(fault(many.as_bytes()), Fault::ManyKeys { limit: 4096 });
}

fn numbered_keys(count: usize) -> String {
    (0..count).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",")
}

#[test]
fn the_fields_the_gateway_reads_have_their_types() {
    let param = |body: &str| match Failure::from(read(body).unwrap_err()) {
        Failure::Invalid(invalid) => (invalid.param.unwrap(), invalid.code),
        other => panic!("{other:?}"),
    };
    assert_eq!(param("{}"), ("model".to_owned(), "missing_required_parameter"));
    assert_eq!(param(r#"{"model":null}"#), ("model".to_owned(), "invalid_type"));
    assert_eq!(param(r#"{"model":"m","stream":"true"}"#), ("stream".to_owned(), "invalid_type"));
    assert_eq!(param(r#"{"model":"m","stream_options":1}"#).0, "stream_options");
    assert_eq!(
        param(r#"{"model":"m","stream_options":{"include_usage":1}}"#).0,
        "stream_options.include_usage"
    );
}

#[test]
fn tells_what_routing_wants_to_know() {
    let facts = |fields: &str| {
        let body = format!(r#"{{"model":"m",{fields}}}"#);
        let head = read(&body).unwrap();
        let bytes = body.as_bytes();
        let prompt = head.prompt().map(|span| body[span].to_owned());
        let text = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
        let (user, key) = (text(head.user(bytes)), text(head.prompt_cache_key(bytes)));
        (prompt, user, key, text(head.conversation(bytes)), head.max_tokens(bytes))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        facts(r#""messages":[1],"user":"\u0061","prompt_cache_key":"k","max_tokens":5"#),
        (some("[1]"), some("a"), some("k"), None, Some(5))
    );
    assert_eq!(
        facts(r#""prompt":{"id":"p"},"input":"x","conversation":{"id":"conv_1"},"user":"""#),
        (some("\"x\""), None, None, some("conv_1"), None)
    );
    assert_eq!(
        facts(r#""prompt":"p","conversation":"conv_2","max_completion_tokens":7,"max_tokens":5"#),
        (some("\"p\""), None, None, some("conv_2"), Some(7))
    );
    assert_eq!(facts(r#""max_tokens":-1,"user":7"#), (None, None, None, None, None));
    assert_eq!(facts(r#""query":"q","documents":[]"#).0, some("\"q\""));
}

/// Random JSON text: valid, and then with one byte changed.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| format!("{f:e}")),
        "[^\u{0}]{0,20}".prop_map(|s| serde_json::to_string(&s).unwrap()),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| format!("[{}]", v.join(" ,"))),
            prop::collection::btree_map("[a-z\"é]{0,9}", inner, 0..5).prop_map(|members| {
                let members: Vec<_> = members
                    .into_iter()
                    .map(|(k, v)| format!("{}:\n{v}", serde_json::to_string(&k).unwrap()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_another_parser(value in json(), at in any::<prop::sample::Index>(), byte: u8) {
        let body = format!(r#"{{"model":"m","value":{value}}}"#);
        let head = read(&body).unwrap();
        prop_assert_eq!(&body[head.field("value").unwrap().value.clone()], value.trim());
        let mut broken = body.into_bytes();
        let at = at.index(broken.len());
        broken[at] = byte;
        if scan(&broken, &Limits::default()).is_ok() {
            prop_assert!(serde_json::from_slice::<Value>(&broken).is_ok());
        }
    }
}
