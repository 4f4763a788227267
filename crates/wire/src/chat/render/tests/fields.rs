//! Everything beside the messages.

use insta::assert_snapshot;
use transom_core::request::{Generation, JsonSchema, OutputFormat, Sampling};
use transom_core::tool::{AllowedMode, FunctionTool, NamedTool, OwnTool, Tool, ToolChoice};

use super::super::RenderOptions;
use super::{body, generation, json, user};

fn weather() -> FunctionTool {
    FunctionTool {
        name: "get_weather".to_owned(),
        description: Some("Weather".to_owned()),
        parameters: Some(json(r#"{ "type": "object" }"#)),
        strict: Some(true),
        defer_loading: None,
    }
}

fn clock() -> FunctionTool {
    FunctionTool {
        name: "now".to_owned(),
        description: None,
        parameters: None,
        strict: None,
        defer_loading: None,
    }
}

fn own(tool: FunctionTool) -> Tool {
    Tool::Own(OwnTool::Function(tool))
}

/// What follows the fields that are always there.
fn rest(generation: &Generation) -> String {
    let body = body(generation, RenderOptions::default());
    let always = concat!(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"#,
        r#""stream":true,"stream_options":{"include_usage":true}"#
    );
    body.strip_prefix(always).unwrap().replace(",\"", "\n\"").trim_start().to_owned()
}

#[test]
fn what_is_not_asked_for_is_left_to_the_model_server() {
    assert_eq!(rest(&generation(vec![user("hi")])), "}");
}

#[test]
fn what_is_asked_for_goes_out_under_its_chat_name() {
    let mut full = generation(vec![user("hi")]);
    full.sampling = Sampling {
        temperature: Some(0.0),
        top_p: Some(0.9),
        presence_penalty: Some(-2.0),
        frequency_penalty: Some(0.5),
        top_logprobs: Some(0),
    };
    full.output_format = OutputFormat::JsonSchema(JsonSchema {
        name: "answer".to_owned(),
        description: None,
        schema: json(r#"{"type":"object"}"#),
        strict: Some(true),
    });
    full.max_output_tokens = Some(64);
    full.reasoning_effort = Some("low".to_owned());
    full.verbosity = Some("high".to_owned());
    full.parallel_tool_calls = Some(false);
    full.extra = vec![
        ("top_k".to_owned(), json("40")),
        ("stream".to_owned(), json("false")),
        ("temperature".to_owned(), json("2")),
        ("chat_template_kwargs".to_owned(), json(r#"{ "enable_thinking":false }"#)),
    ];
    assert_snapshot!(rest(&full), @r#"
    "response_format":{"type":"json_schema"
    "json_schema":{"name":"answer"
    "schema":{"type":"object"}
    "strict":true}}
    "temperature":0.0
    "top_p":0.9
    "presence_penalty":-2.0
    "frequency_penalty":0.5
    "max_completion_tokens":64
    "logprobs":true
    "top_logprobs":0
    "reasoning_effort":"low"
    "verbosity":"high"
    "top_k":40
    "chat_template_kwargs":{ "enable_thinking":false }}
    "#);
}

#[test]
fn tools_go_out_natively_with_their_choice() {
    let with = |tool_choice| {
        let mut offering = generation(vec![user("hi")]);
        offering.tools = vec![own(weather()), own(clock())];
        offering.parallel_tool_calls = Some(true);
        offering.tool_choice = tool_choice;
        rest(&offering)
    };
    let allowed = |mode, name: &str| {
        let tools = vec![NamedTool::Function(name.to_owned())];
        ToolChoice::Allowed { mode, tools }
    };
    assert_snapshot!(with(ToolChoice::Auto), @r#"
    "tools":[{"type":"function"
    "function":{"name":"get_weather"
    "description":"Weather"
    "parameters":{ "type": "object" }
    "strict":true}},{"type":"function"
    "function":{"name":"now"}}]
    "tool_choice":"auto"
    "parallel_tool_calls":true}
    "#);
    assert_snapshot!(with(ToolChoice::Tool(NamedTool::Function("now".to_owned()))), @r#"
    "tools":[{"type":"function"
    "function":{"name":"get_weather"
    "description":"Weather"
    "parameters":{ "type": "object" }
    "strict":true}},{"type":"function"
    "function":{"name":"now"}}]
    "tool_choice":{"type":"function"
    "function":{"name":"now"}}
    "parallel_tool_calls":true}
    "#);
    assert_snapshot!(with(allowed(AllowedMode::Required, "now")), @r#"
    "tools":[{"type":"function"
    "function":{"name":"now"}}]
    "tool_choice":"required"
    "parallel_tool_calls":true}
    "#);
    let last_word = |choice| with(choice).lines().nth_back(1).unwrap().to_owned();
    assert_eq!(last_word(ToolChoice::None), r#""tool_choice":"none""#);
    assert_eq!(last_word(ToolChoice::Required), r#""tool_choice":"required""#);
    assert_eq!(last_word(allowed(AllowedMode::Auto, "now")), r#""tool_choice":"auto""#);
    assert_eq!(with(allowed(AllowedMode::Required, "unknown")), "}");
}
