use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::content::{Image, Part, Text};
use transom_core::item::{
    FunctionCall, FunctionCallOutput, FunctionOutput, Item, ItemStatus, Message, Reasoning, Role,
};
use transom_core::request::{Generation, OutputFormat, Sampling};
use transom_core::tool::{ToolChoice, ToolName};

use super::{RenderOptions, render};

mod conversation;
mod fields;
mod growing;
mod hosted;

const STATUS: ItemStatus = ItemStatus::Completed;

/// A generation with nothing but this input.
fn generation(input: Vec<Item>) -> Generation {
    Generation {
        model: "m".to_owned(),
        instructions: None,
        input,
        tools: Vec::new(),
        tool_choice: ToolChoice::Auto,
        parallel_tool_calls: None,
        sampling: Sampling::default(),
        output_format: OutputFormat::Text,
        verbosity: None,
        reasoning_effort: None,
        max_output_tokens: None,
        extra: Vec::new(),
    }
}

fn json(text: &str) -> Json {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn text(text: &str) -> Part {
    Part::Text(Text::from(text.to_owned()))
}

fn image(url: &str, detail: Option<&str>) -> Part {
    Part::Image(Image { url: url.to_owned(), detail: detail.map(str::to_owned) })
}

fn message(role: Role, content: Vec<Part>) -> Item {
    Item::Message(Message { id: None, role, content, phase: None, status: STATUS })
}

fn user(said: &str) -> Item {
    message(Role::User, vec![text(said)])
}

fn assistant(said: &str) -> Item {
    message(Role::Assistant, vec![text(said)])
}

fn thought(thought: &str) -> Item {
    Item::Reasoning(Reasoning {
        id: None,
        summary: vec!["in short".to_owned()],
        content: vec![thought.to_owned()],
        encrypted_content: None,
        status: STATUS,
    })
}

fn call(id: &str, arguments: &str) -> Item {
    Item::FunctionCall(FunctionCall {
        id: None,
        call_id: id.to_owned(),
        tool: ToolName::plain("get_weather"),
        arguments: arguments.to_owned(),
        status: STATUS,
    })
}

fn output(id: &str, output: FunctionOutput) -> Item {
    let call_id = id.to_owned();
    Item::FunctionCallOutput(FunctionCallOutput { id: None, call_id, output, status: STATUS })
}

fn result(id: &str, text: &str) -> Item {
    output(id, FunctionOutput::Text(text.to_owned()))
}

fn body(generation: &Generation, options: RenderOptions) -> String {
    String::from_utf8(render(generation, &options).to_vec()).unwrap()
}

/// The inside of the `messages` array.
fn messages(generation: &Generation, options: RenderOptions) -> String {
    let body = body(generation, options);
    let (_, rest) = body.split_once(r#""messages":["#).unwrap();
    let (messages, _) = rest.rsplit_once(r#"],"stream":true"#).unwrap();
    messages.to_owned()
}

/// The messages, one a line.
fn lines(generation: &Generation, options: RenderOptions) -> String {
    messages(generation, options).replace(r#"},{"role""#, "}\n{\"role\"")
}
