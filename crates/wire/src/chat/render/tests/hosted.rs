//! What the model is told of tools that ran elsewhere, and of custom tools.

use insta::assert_snapshot;
use transom_core::id::ItemId;
use transom_core::item::{Conformity, CustomToolCall, FunctionCallOutput, FunctionOutput, Item};
use transom_core::tool::{
    CustomTool, FunctionTool, InputFormat, NamedTool, Namespace, OwnTool, Tool, ToolChoice,
    ToolName,
};

use super::super::RenderOptions;
use super::{STATUS, assistant, body, call, generation, lines, result, thought, user};
use crate::chat::check_pairing;
use crate::responses::item::from_stored;

/// One item of each kind, as the reader's own tests have them.
const ITEMS: &str = include_str!("../../../responses/item/tests/hosted.jsonl");

fn items() -> Vec<Item> {
    let read = |line: &str| from_stored(&super::json(line)).unwrap();
    ITEMS.lines().map(read).collect()
}

fn done(id: &str) -> Item {
    let Item::Hosted(mut item) = items().remove(0) else { panic!("a hosted item") };
    item.id = Some(ItemId::given(id.to_owned()));
    Item::Hosted(item)
}

fn patch(format: InputFormat) -> OwnTool {
    let description = Some("Patches files".to_owned());
    OwnTool::Custom(CustomTool {
        name: "patch".to_owned(),
        description,
        format,
        defer_loading: None,
    })
}

#[test]
fn hosted_items_are_calls_and_results() {
    let mut input = vec![user("Go")];
    input.extend(items());
    input.push(assistant("Done"));
    assert_eq!(check_pairing(&input), Ok(()));
    assert_snapshot!(lines(&generation(input), RenderOptions::default()));
}

/// A result does not come between a call of the client and its own.
#[test]
fn hosted_calls_stand_beside_calls_of_the_client() {
    let input = vec![
        user("Go"),
        thought("first search"),
        done("ws_1"),
        assistant("Found."),
        call("call_1", "{}"),
        done("ws_2"),
        result("call_1", "sun"),
        user("And?"),
    ];
    assert_eq!(check_pairing(&input), Ok(()));
    assert_snapshot!(lines(&generation(input), RenderOptions::default()));
}

#[test]
fn custom_tools_and_namespaces_are_functions_to_the_model_server() {
    let spawn = FunctionTool {
        name: "spawn".to_owned(),
        description: None,
        parameters: None,
        strict: Some(false),
        defer_loading: Some(true),
    };
    let tool = ToolName { namespace: Some("agents".to_owned()), name: "patch".to_owned() };
    let output = FunctionOutput::Text("ok".to_owned());
    let input = "a \"b\"\n".to_owned();
    let call_id = "call_1".to_owned();
    let mut all = generation(vec![
        user("Go"),
        Item::CustomToolCall(CustomToolCall {
            id: None,
            call_id: call_id.clone(),
            tool,
            input,
            status: STATUS,
            conformity: Conformity::Unasked,
        }),
        Item::CustomToolCallOutput(FunctionCallOutput {
            id: None,
            call_id,
            output,
            status: STATUS,
        }),
    ]);
    all.tools = vec![
        Tool::OfflineSearch {
            kind: "web_search".to_owned(),
            json: super::json(r#"{"type":"web_search","external_web_access":false}"#),
        },
        Tool::Namespace(Namespace {
            name: "agents".to_owned(),
            description: "d".to_owned(),
            tools: vec![OwnTool::Function(spawn), patch(InputFormat::Text)],
        }),
        Tool::Own(patch(InputFormat::Regex("a+".to_owned()))),
    ];
    all.tool_choice = ToolChoice::Tool(NamedTool::Custom("patch".to_owned()));
    assert_snapshot!(body(&all, RenderOptions::default()).replace(",\"", "\n\""));
    all.tools.truncate(1);
    all.tool_choice = ToolChoice::Auto;
    assert!(!body(&all, RenderOptions::default()).contains("\"tools\""));
}

/// The grammar is on the whole answer, which becomes the call.
#[test]
fn a_forced_grammar_is_on_the_answer_itself() {
    let mut forced = generation(vec![user("Go")]);
    forced.instructions = Some("Be brief.".to_owned());
    forced.parallel_tool_calls = Some(true);
    forced.tools = vec![Tool::Own(patch(InputFormat::Lark("start: /a+/".to_owned())))];
    forced.tool_choice = ToolChoice::Tool(NamedTool::Custom("patch".to_owned()));
    assert_snapshot!(body(&forced, RenderOptions::default()).replace(",\"", "\n\""));
}
