use transom_core::Json;
use transom_core::content::{Part, Text};
use transom_core::item::{Item, ItemStatus, Message, Role};
use transom_core::request::{Generation, OutputFormat, Sampling};
use transom_core::tool::{FunctionTool, OwnTool, Tool, ToolChoice};

use super::*;

fn json(text: &str) -> Json {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// A request that says something in every field.
fn generation() -> Generation {
    let said = vec![Part::Text(Text::from("Hi".to_owned()))];
    let status = ItemStatus::Completed;
    let tool = FunctionTool {
        name: "f".to_owned(),
        description: None,
        parameters: None,
        strict: None,
        defer_loading: None,
    };
    Generation {
        model: "m".to_owned(),
        instructions: Some("Be brief.".to_owned()),
        input: vec![Item::Message(Message {
            id: None,
            role: Role::User,
            content: said,
            phase: None,
            status,
        })],
        tools: vec![Tool::Own(OwnTool::Function(tool))],
        tool_choice: ToolChoice::Required,
        parallel_tool_calls: Some(true),
        sampling: Sampling { temperature: Some(0.5), top_logprobs: Some(3), ..Sampling::default() },
        output_format: OutputFormat::JsonObject,
        verbosity: Some("low".to_owned()),
        reasoning_effort: Some("high".to_owned()),
        max_output_tokens: Some(500),
        extra: vec![
            ("min_tokens".to_owned(), json("20")),
            ("chat_template_kwargs".to_owned(), json(r#"{"enable_thinking":false}"#)),
            ("add_generation_prompt".to_owned(), json("true")),
        ],
    }
}

fn asked(question: Question) -> String {
    let body = ask(&generation(), &RenderOptions::default(), question);
    String::from_utf8(body.to_vec()).unwrap()
}

const PROMPT: &str = concat!(
    r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},"#,
    r#"{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"#,
);

#[test]
fn vllm_s_tokenizer_gets_what_its_template_would_get() {
    let arguments = r#""chat_template_kwargs":{"enable_thinking":false,"reasoning_effort":"high"}"#;
    let expected = format!(r#"{PROMPT}{arguments},"add_generation_prompt":true}}"#);
    assert_eq!(asked(Question::Tokenize), expected);
}

#[test]
fn others_get_a_chat_without_what_only_concerns_the_answer() {
    let fields = concat!(
        r#""tool_choice":"auto","reasoning_effort":"high","#,
        r#""chat_template_kwargs":{"enable_thinking":false}"#,
    );
    let expected = format!(r#"{PROMPT}{fields},"add_generation_prompt":true}}"#);
    assert_eq!(asked(Question::Template), expected);
    let limit = r#""max_completion_tokens":1"#;
    let expected = format!(r#"{PROMPT}{fields},{limit},"add_generation_prompt":true}}"#);
    assert_eq!(asked(Question::OneToken), expected);
}

#[test]
fn nothing_more_is_asked_than_there_is() {
    let plain = Generation {
        instructions: None,
        tools: Vec::new(),
        reasoning_effort: None,
        extra: vec![("chat_template_kwargs".to_owned(), json("null"))],
        ..generation()
    };
    let body = ask(&plain, &RenderOptions::default(), Question::Tokenize);
    assert_eq!(body, r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#);
}
