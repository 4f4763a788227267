use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::scan::{Limits, scan};

fn judge(shield: &Shield, route: Route, fields: &str) -> Result<(), (String, &'static str)> {
    let body = format!(r#"{{"model":"m",{fields}}}"#);
    let head = scan(body.as_bytes(), &Limits::default()).unwrap();
    shield
        .check_fields(body.as_bytes(), &head, route)
        .map_err(|invalid| (invalid.param.unwrap(), invalid.code))
}

const ROUTES: [Route; 6] = [
    Route::Chat,
    Route::Completions,
    Route::Embeddings,
    Route::Rerank,
    Route::Score,
    Route::Responses,
];

fn chat(fields: &str) -> Result<(), (String, &'static str)> {
    judge(&Shield::default(), Route::Chat, fields)
}

fn refused(param: &str, code: &'static str) -> Result<(), (String, &'static str)> {
    Err((param.to_owned(), code))
}

fn of_mode(mode: Mode) -> Shield {
    Shield::new(mode, Caps::default(), BTreeSet::new())
}

#[test]
fn what_reaches_into_the_engine_is_refused_by_name() {
    for name in [
        "prompt_embeds",
        "image_embeds",
        "chat_template",
        "mm_processor_kwargs",
        "media_io_kwargs",
        "kv_transfer_params",
        "ec_transfer_params",
        "allowed_token_ids",
        "logprob_token_ids",
        "prompt_logprobs",
        "priority",
        "vllm_xargs",
        "guided_decoding_backend",
    ] {
        let field = format!(r#""{name}":{{}}"#);
        for route in ROUTES {
            let judged = judge(&Shield::default(), route, &field);
            assert_eq!(judged, refused(name, "field_denied"));
        }
        assert_eq!(chat(&format!(r#""{name}":null"#)), Ok(()), "null means absent");
        let lifted = Shield::new(Mode::Strict, Caps::default(), BTreeSet::from([name.to_owned()]));
        assert_eq!(judge(&lifted, Route::Chat, &field), Ok(()));
        assert_eq!(judge(&of_mode(Mode::Off), Route::Chat, &field), Ok(()));
    }
    assert_eq!(chat(r#""prior\u0069ty":1"#), refused("priority", "field_denied"));
}

#[test]
fn template_arguments_are_scalars_and_not_the_template_engines_own() {
    assert_eq!(chat(r#""chat_template_kwargs":{"enable_thinking":false,"x":"y"}"#), Ok(()));
    for (kwargs, key) in [
        (r#"{"x":[1]}"#, "x"),
        (r#"{"x":{}}"#, "x"),
        (r#"{"chat_template":"t"}"#, "chat_template"),
        (r#"{"tokenize":true}"#, "tokenize"),
        (r#"{"return_dict":true}"#, "return_dict"),
    ] {
        let judged = chat(&format!(r#""chat_template_kwargs":{kwargs}"#));
        assert_eq!(judged, refused(&format!("chat_template_kwargs.{key}"), "field_denied"));
    }
}

#[test]
fn sizes_have_caps_and_values_have_types() {
    let stops = format!(r#""stop":[{}]"#, vec!["\"x\""; 100_000].join(","));
    let long_stop = format!(r#""stop":["a","{}"]"#, "x".repeat(65));
    let bias: Vec<_> = (0..301).map(|n| format!("\"{n}\":1")).collect();
    let bias = format!(r#""logit_bias":{{{}}}"#, bias.join(","));
    let tools = format!(r#""tools":[{}]"#, vec![r#"{"type":"x"}"#; 129].join(","));
    for (fields, param, code) in [
        (r#""n":1000000000"#, "n", "value_too_large"),
        (r#""n":0"#, "n", "invalid_value"),
        (r#""n":"1000""#, "n", "invalid_type"),
        (r#""n":1.5"#, "n", "invalid_type"),
        (r#""best_of":9"#, "best_of", "value_too_large"),
        (r#""logprobs":1000000"#, "logprobs", "value_too_large"),
        (r#""top_logprobs":21"#, "top_logprobs", "value_too_large"),
        (r#""top_logprobs":-1"#, "top_logprobs", "invalid_value"),
        (r#""max_tokens":2147483648"#, "max_tokens", "value_too_large"),
        (r#""max_tokens":99999999999999999999"#, "max_tokens", "value_too_large"),
        (r#""max_completion_tokens":0"#, "max_completion_tokens", "invalid_value"),
        (r#""max_tokens":1e3"#, "max_tokens", "invalid_type"),
        (r#""temperature":"hot""#, "temperature", "invalid_type"),
        (r#""seed":9223372036854775808"#, "seed", "value_too_large"),
        (stops.as_str(), "stop", "value_too_large"),
        (long_stop.as_str(), "stop[1]", "value_too_large"),
        (r#""stop":[1]"#, "stop[0]", "invalid_type"),
        (bias.as_str(), "logit_bias", "value_too_large"),
        (r#""logit_bias":{"1":"x"}"#, "logit_bias.1", "invalid_type"),
        (tools.as_str(), "tools", "value_too_large"),
    ] {
        let shown = &fields[..fields.len().min(40)];
        assert_eq!(chat(fields), refused(param, code), "{shown}");
    }
    let fine = r#""n":8,"logprobs":true,"top_logprobs":20,"max_tokens":2147483647,"seed":-1,"top_k":-1,
        "stop":["a","b"],"logit_bias":{"5":-100},"temperature":0,"stop_token_ids":[1],"frobnicate":1"#;
    assert_eq!(chat(fine), Ok(()));
}

#[test]
fn tools_have_plain_names_of_their_own_and_bounded_schemas() {
    let tools = |functions: &[&str]| {
        let tools: Vec<_> = functions
            .iter()
            .map(|function| format!(r#"{{"type":"function","function":{function}}}"#))
            .collect();
        chat(&format!(r#""tools":[{}]"#, tools.join(",")))
    };
    assert_eq!(tools(&[r#"{"name":"a_B-9","parameters":{"type":"object"}}"#]), Ok(()));
    for name in ["a\\nb", "../x", "é", "", "\\u001b[31m", &"x".repeat(65)] {
        let judged = tools(&[r#"{"name":"ok"}"#, &format!(r#"{{"name":"{name}"}}"#)]);
        assert_eq!(judged, refused("tools[1].function.name", "invalid_value"), "{name}");
    }
    let twice = tools(&[r#"{"name":"a"}"#, r#"{"name":"a"}"#]);
    assert_eq!(twice, refused("tools[1].function.name", "invalid_value"));
    let branches = format!(r#"{{"anyOf":[{}]}}"#, vec!["{}"; 10_000].join(","));
    let deep = format!("{}{{}}{}", r#"{"not":"#.repeat(40), "}".repeat(40));
    let param = "tools[0].function.parameters";
    for (schema, code) in [
        (format!(r#"{{"description":"{}"}}"#, "x".repeat(70_000)), "value_too_large"),
        (branches, "invalid_value"),
        (deep, "invalid_value"),
        (r#"{"type":"objekt"}"#.to_owned(), "invalid_value"),
        (r#"{"properties":{"a":{"type":5}}}"#.to_owned(), "invalid_value"),
        (r#"{"properties":{"a":{"pattern":{}}}}"#.to_owned(), "invalid_value"),
        (r#"{"items":{"pattern":"(a+)+b"}}"#.to_owned(), "invalid_value"),
        (r#"{"patternProperties":{"[":{}}}"#.to_owned(), "invalid_value"),
        (r##"{"$ref":"#"}"##.to_owned(), "invalid_value"),
        (r##"{"anyOf":[{"type":"null"},{"$ref":"#"}]}"##.to_owned(), "invalid_value"),
        (
            r##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}"##
                .to_owned(),
            "invalid_value",
        ),
        ("7".to_owned(), "invalid_value"),
    ] {
        let judged = tools(&[&format!(r#"{{"name":"a","parameters":{schema}}}"#)]);
        let shown = &schema[..schema.len().min(60)];
        assert_eq!(judged, refused(param, code), "{shown}");
    }
}

#[test]
fn ordinary_schemas_pass() {
    for schema in [
        // A tree: recursive, but every step goes into the value.
        r##"{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}}}}"##,
        // Properties may be called like keywords, and data may look like them.
        r#"{"properties":{"pattern":{"type":"string"},"type":{"enum":[{"type":1}]},"$ref":{}}}"#,
        r#"{"type":["string","null"],"default":{"pattern":7},"pattern":"^[a-z0-9]+(-[a-z0-9]+)*$"}"#,
        // An e-mail address as validation libraries write it.
        r#"{"pattern":"^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$"}"#,
        r#"{"pattern":"^\\w{1,64}$","additionalProperties":false}"#,
        r#"{"pattern":"^[À-ÿ]{0,99}\\p{L}$"}"#,
    ] {
        let shield = Shield::default();
        let mut inspection = shield.inspect();
        assert_eq!(inspection.schema(schema, "s"), Ok(()), "{schema}");
        let quoted = serde_json::to_string(schema).unwrap();
        assert_eq!(inspection.schema(&quoted, "s"), Ok(()), "in a string: {schema}");
        let format = format!(
            r#""response_format":{{"type":"json_schema","json_schema":{{"name":"n","schema":{schema}}}}}"#
        );
        assert_eq!(chat(&format), Ok(()));
    }
}

#[test]
fn answer_formats_are_bounded_wherever_they_hide() {
    let bad = r#"{"pattern":"(x*)*"}"#;
    for (fields, param) in [
        (
            format!(
                r#""response_format":{{"type":"json_schema","json_schema":{{"schema":{bad}}}}}"#
            ),
            "response_format.json_schema.schema",
        ),
        (
            format!(
                r#""response_format":{{"type":"structural_tag","structures":[{{"schema":{bad}}}]}}"#
            ),
            "response_format",
        ),
        (format!(r#""structured_outputs":{{"json":{bad}}}"#), "structured_outputs.json"),
        (
            r#""structured_outputs":{"json":"{\"pattern\":\"(x*)*\"}"}"#.to_owned(),
            "structured_outputs.json",
        ),
        (r#""structured_outputs":{"regex":"(a|b+)+"}"#.to_owned(), "structured_outputs.regex"),
        (
            r#""structured_outputs":{"regex":"(\\pL{100}){100}"}"#.to_owned(),
            "structured_outputs.regex",
        ),
        (format!(r#""guided_json":{bad}"#), "guided_json"),
        (r#""guided_regex":"((((a{99}){99}){99}){99})""#.to_owned(), "guided_regex"),
        (r#""guided_regex":"(a""#.to_owned(), "guided_regex"),
    ] {
        assert_eq!(chat(&fields), refused(param, "invalid_value"), "{fields}");
    }
    let long = format!(r#""guided_regex":"{}""#, "a".repeat(1025));
    assert_eq!(chat(&long), refused("guided_regex", "value_too_large"));
    let backend = chat(r#""structured_outputs":{"choice":["a"],"_backend":"outlines"}"#);
    assert_eq!(backend, refused("structured_outputs._backend", "field_denied"));
    assert_eq!(chat(r#""structured_outputs":{"choice":["a"],"regex":null}"#), Ok(()));
}

#[test]
fn the_expressions_of_one_request_share_one_budget() {
    let shield = Shield::default();
    let mut inspection = shield.inspect();
    let heavy = r"\p{L}{40}";
    let passed = (0..100).take_while(|_| inspection.regex(heavy, "p").is_ok()).count();
    assert!((1..50).contains(&passed), "{passed} heavy expressions passed");
    assert_eq!(shield.inspect().regex(heavy, "p"), Ok(()), "the next request has its own");
}

#[test]
fn media_are_not_tensors_and_come_from_plain_addresses() {
    let part = |shield: &Shield, part: &str| {
        judge(shield, Route::Chat, &format!(r#""messages":[{{"content":[{part}]}}]"#))
    };
    let (on, strict) = (of_mode(Mode::On), of_mode(Mode::Strict));
    let image = |url: &str| format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
    let url = "messages[0].content[0].image_url.url";
    for good in ["data:image/png;base64,AA==", "https://a.example/x.png", "HTTP://a.example"] {
        assert_eq!(part(&on, &image(good)), Ok(()), "{good}");
    }
    for bad in ["file:///etc/passwd", " https://a.example", "https://a.example\\\\@b", "x", ""] {
        assert_eq!(part(&on, &image(bad)), refused(url, "media_url_denied"), "{bad}");
    }
    assert_eq!(part(&strict, &image("data:,")), Ok(()));
    assert_eq!(part(&strict, &image("https://a.example")), refused(url, "media_url_denied"));
    for (tensor, member) in [
        (r#"{"type":"image_embeds","image_embeds":"AA"}"#, "type"),
        (r#"{"type":"prompt_\u0065mbeds","data":"AA"}"#, "type"),
        (r#"{"image_embeds":{"a":"AA"}}"#, "image_embeds"),
    ] {
        let param = format!("messages[0].content[0].{member}");
        assert_eq!(part(&on, tensor), refused(&param, "field_denied"));
    }
    assert_eq!(
        part(&on, r#"{"image_url":"file:///x"}"#),
        refused("messages[0].content[0].image_url", "media_url_denied")
    );
}

#[test]
fn strict_knows_every_harmless_field_and_no_other() {
    let strict = of_mode(Mode::Strict);
    assert_eq!(
        judge(&strict, Route::Chat, r#""frobnicate":1"#),
        refused("frobnicate", "unknown_parameter")
    );
    let chat = r#""messages":[],"tools":[],"tool_choice":"auto","user":"u","n":1,"min_p":0.1,"reasoning_effort":"low",
        "store":true,"metadata":{},"cache_salt":"x","skip_special_tokens":true,"bad_words":[]"#;
    assert_eq!(judge(&strict, Route::Chat, chat), Ok(()));
    assert_eq!(judge(&strict, Route::Completions, r#""prompt":"x","suffix":"y""#), Ok(()));
    assert_eq!(judge(&strict, Route::Embeddings, r#""input":"x","dimensions":5"#), Ok(()));
    let lifted = Shield::new(Mode::Strict, Caps::default(), BTreeSet::from(["x".to_owned()]));
    assert_eq!(judge(&lifted, Route::Chat, r#""x":1"#), Ok(()));
}

#[test]
fn rerank_and_score_requests_pass_with_their_own_fields() {
    let (on, strict) = (of_mode(Mode::On), of_mode(Mode::Strict));
    for (route, fields) in [
        (Route::Rerank, r#""query":"a","documents":["b",{"text":"c"}],"top_n":1,"user":"u""#),
        (Route::Rerank, r#""query":"a","documents":[],"max_tokens_per_doc":9,"cache_salt":"s""#),
        (Route::Score, r#""text_1":"a","text_2":["b"],"truncate_prompt_tokens":-1"#),
        (Route::Score, r#""queries":"a","items":["b"],"instruction":"i","use_activation":true"#),
        (Route::Score, r#""data_1":"a","data_2":["b"],"chat_template_kwargs":{"instruction":"i"}"#),
    ] {
        for shield in [&on, &strict] {
            assert_eq!(judge(shield, route, fields), Ok(()), "{fields}");
        }
    }
    assert_eq!(judge(&on, Route::Rerank, r#""top_n":-1"#), refused("top_n", "invalid_value"));
    let foreign = judge(&strict, Route::Rerank, r#""text_1":"a""#);
    assert_eq!(foreign, refused("text_1", "unknown_parameter"));
    assert_eq!(judge(&on, Route::Rerank, r#""text_1":"a""#), Ok(()));
}

#[test]
fn media_are_judged_wherever_vllm_takes_them() {
    let (on, strict) = (of_mode(Mode::On), of_mode(Mode::Strict));
    let part = |url: &str| format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
    let (file, web) = (part("file:///etc/passwd"), part("https://a.example/x.png"));
    for (route, field, place) in [
        (Route::Rerank, r#""query":{"content":[PART]}"#, "query.content[0]"),
        (Route::Rerank, r#""documents":["a",{"content":["b",PART]}]"#, "documents[1].content[1]"),
        (Route::Score, r#""text_2":{"content":[PART]}"#, "text_2.content[0]"),
        (Route::Score, r#""items":[PART]"#, "items[0]"),
        (
            Route::Embeddings,
            r#""input":[[{"role":"user","content":[PART]}]]"#,
            "input[0][0].content[0]",
        ),
    ] {
        let url = format!("{place}.image_url.url");
        let with = |part: &str| field.replace("PART", part);
        assert_eq!(judge(&on, route, &with(&file)), refused(&url, "media_url_denied"));
        assert_eq!(judge(&on, route, &with(&web)), Ok(()));
        assert_eq!(judge(&strict, route, &with(&web)), refused(&url, "media_url_denied"));
        let tensor = with(r#"{"type":"image_embeds","image_embeds":"AA"}"#);
        let param = format!("{place}.type");
        assert_eq!(judge(&on, route, &tensor), refused(&param, "field_denied"));
        assert_eq!(judge(&of_mode(Mode::Off), route, &with(&file)), Ok(()));
    }
    assert_eq!(judge(&strict, Route::Embeddings, r#""input":[[1,2],[3]]"#), Ok(()));
}

#[test]
fn extras_of_typed_requests_follow_the_same_rules() {
    let shield = Shield::default();
    assert_eq!(shield.check_extra("min_p", "0.5"), Ok(Extra::Keep));
    assert_eq!(shield.check_extra("cache_salt", "\"x\""), Ok(Extra::Drop));
    assert_eq!(shield.check_extra("request_id", "\"x\""), Ok(Extra::Drop));
    assert_eq!(shield.check_extra("priority", "1").unwrap_err().code, "field_denied");
    assert_eq!(shield.removed(), ["cache_salt", "request_id"]);
}

/// The field names are those that vLLM 0.32.0 documents: at `/openapi.json`, or, for the routes of
/// pooling models, in its request classes.
#[test]
fn every_field_of_vllm_has_been_thought_about() {
    let fields = include_str!("../../tests/data/vllm-0.32.0-fields.json");
    let fields: BTreeMap<&str, Vec<&str>> = serde_json::from_str(fields).unwrap();
    // These shape the answer of vLLM's render routes only, which the gateway does not have.
    let render = ["mm_payload", "return_mm_kwargs"].as_slice();
    for (name, route, least, undecided) in [
        ("chat", Route::Chat, 40, render),
        ("completions", Route::Completions, 40, render),
        ("embeddings", Route::Embeddings, 20, &[]),
        ("rerank", Route::Rerank, 16, &[]),
        ("score", Route::Score, 20, &[]),
    ] {
        let decided = |field: &str| {
            rules::of(field).is_some() || known::is_known(field, route) || OWNED.contains(&field)
        };
        let mut left = fields[name].clone();
        assert!(left.len() > least);
        left.retain(|field| !decided(field));
        assert_eq!(left, undecided, "{name}");
    }
}
