use transom_core::tool::{NamedTool, Tool, ToolChoice};

use super::{choice_from_json, choice_to_json, from_json, to_json};
use crate::responses::request::Past;
use crate::responses::sample::resolve;

const TOOLS: &str = r#"[{"type":"function","name":"get","description":"d",
    "parameters":{"type":"object", "b":1,"a":2},"strict":false},{"type":"function","name":"put"}]"#;

const KINDS: &str = r#"[{"type":"namespace","name":"agents","description":"d","tools":[
    {"type":"function","name":"spawn","description":null,"parameters":{"type":"object"},"strict":false},
    {"type":"custom","name":"note","format":{"type":"text"}}]},
    {"type":"web_search","external_web_access":false},
    {"type":"custom","name":"patch","description":"p","format":{"type":"grammar","syntax":"lark","definition":"start: /a+/"}}]"#;

#[test]
fn every_kind_of_tool_survives_a_stored_turn() {
    for choice in [
        r#"{"type":"custom","name":"patch"}"#,
        r#"{"type":"function","name":"agents__spawn"}"#,
        r#"{"type":"allowed_tools","mode":"auto","tools":[{"type":"custom","name":"agents__note"}]}"#,
    ] {
        let body = format!(r#"{{"model":"m","input":"x","tools":{KINDS},"tool_choice":{choice}}}"#);
        let first = resolve(&body, Past::default()).unwrap();
        let declared: serde_json::Value = serde_json::from_str(KINDS).unwrap();
        let shown: serde_json::Value = serde_json::from_str(first.head.tools.get()).unwrap();
        assert_eq!(shown, declared);
        let read = from_json(&first.head.tools).unwrap();
        assert_eq!(to_json(&read).get(), first.head.tools.get());
        assert_eq!(first.head.tool_choice.get(), choice);
        assert_eq!(
            choice_from_json(&first.head.tool_choice).unwrap(),
            first.generation.tool_choice
        );
    }
}

#[test]
fn tools_and_choices_survive_a_stored_turn() {
    let body = format!(
        r#"{{"model":"m","input":"x","tools":{TOOLS},"tool_choice":{{"type":"allowed_tools",
        "mode":"required","tools":[{{"type":"function","name":"put"}}]}}}}"#
    );
    let first = resolve(&body, Past::default()).unwrap();
    let read = from_json(&first.head.tools).unwrap();
    assert_eq!(to_json(&read).get(), first.head.tools.get());
    assert!(first.head.tools.get().contains(r#""parameters":{"type":"object", "b":1,"a":2}"#));
    let choice = choice_from_json(&first.head.tool_choice).unwrap();
    assert_eq!(choice, first.generation.tool_choice);
    assert_eq!(choice_to_json(&choice).get(), first.head.tool_choice.get());
}

#[test]
fn a_continuation_inherits_what_it_does_not_mention() {
    let cases = [
        // the continuation's fields, the names of its tools, its choice
        ("", "get put", r#"{"type":"function","name":"get"}"#),
        (r#","tools":null"#, "", r#""auto""#),
        (r#","tools":[]"#, "", r#""auto""#),
        (r#","tool_choice":null"#, "get put", r#""auto""#),
        (r#","tool_choice":"none""#, "get put", r#""none""#),
        (r#","tools":[{"type":"function","name":"new"}]"#, "new", r#""auto""#),
        (
            r#","tool_choice":{"type":"function","name":"put"}"#,
            "get put",
            r#"{"type":"function","name":"put"}"#,
        ),
    ];
    for (fields, names, choice) in cases {
        let past = Past {
            tools: Some(from_json(&serde_json::from_str(TOOLS).unwrap()).unwrap()),
            tool_choice: Some(ToolChoice::Tool(NamedTool::Function("get".to_owned()))),
            ..Past::default()
        };
        let body =
            format!(r#"{{"model":"m","input":"x","previous_response_id":"resp_1"{fields}}}"#);
        let turn = resolve(&body, past).unwrap();
        let got: Vec<_> = turn
            .generation
            .tools
            .iter()
            .flat_map(Tool::callable)
            .map(|(_, tool)| tool.name())
            .collect();
        assert_eq!(
            (got.join(" ").as_str(), turn.head.tool_choice.get()),
            (names, choice),
            "{fields}"
        );
    }
}

#[test]
fn a_choice_must_fit_the_tools_in_force() {
    for choice in [
        r#"{"type":"function","name":"absent"}"#,
        r#""required""#,
        r#"{"type":"custom","name":"absent"}"#,
        r#"{"type":"web_search"}"#,
        r#"{"type":"web_search_preview"}"#,
        r#"{"type":"file_search"}"#,
        r#"{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"absent"}]}"#,
        r#"{"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search_preview"}]}"#,
        r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"web_search"}]}"#,
    ] {
        let search = r#"[{"type":"web_search","external_web_access":false}]"#;
        let body =
            format!(r#"{{"model":"m","input":"x","tools":{search},"tool_choice":{choice}}}"#);
        let param = resolve(&body, Past::default()).unwrap_err().public().param.unwrap();
        assert!(param == "tool_choice" || param == "tool_choice.type", "{choice}: {param}");
    }
}

/// A search that may not reach the web is left out under each of its names, and may be among the
/// tools that are allowed.
#[test]
fn an_offline_search_is_accepted_under_every_name() {
    for kind in super::SEARCHES {
        let search = format!(r#"{{"type":"{kind}","external_web_access":false}}"#);
        let choice = format!(
            r#"{{"type":"allowed_tools","mode":"required","tools":[{{"type":"{kind}"}},{{"type":"function","name":"f"}}]}}"#
        );
        let body = format!(
            r#"{{"model":"m","input":"x","tools":[{search},{{"type":"function","name":"f"}}],"tool_choice":{choice}}}"#
        );
        let turn = resolve(&body, Past::default()).unwrap();
        assert!(turn.head.tools.get().contains(&search), "{}", turn.head.tools);
        assert_eq!(turn.head.tool_choice.get(), choice);
        let names: Vec<_> = turn.generation.tools.iter().flat_map(Tool::callable).collect();
        assert_eq!(names.len(), 1, "{kind}");
    }
}

#[test]
fn what_is_said_of_a_tool_is_shown() {
    let tools = r#"[{"type":"function","name":"f","description":null,"parameters":null,"strict":null,"defer_loading":true},{"type":"custom","name":"c","format":{"type":"text"},"defer_loading":false}]"#;
    let body = format!(r#"{{"model":"m","input":"x","tools":{tools}}}"#);
    assert_eq!(resolve(&body, Past::default()).unwrap().head.tools.get(), tools);
}
