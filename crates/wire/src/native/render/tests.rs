use insta::assert_snapshot;
use transom_core::request::Generation;

use super::render;
use crate::chat::render::{ReasoningHistory, RenderOptions};
use crate::responses::request::Past;
use crate::responses::sample::resolve;

/// The generation of a client's request.
fn generation(fields: &str) -> Generation {
    resolve(&format!(r#"{{"model":"m",{fields}}}"#), Past::default()).unwrap().generation
}

fn body(fields: &str) -> String {
    let options = RenderOptions::default();
    String::from_utf8(render(&generation(fields), &options).unwrap().to_vec()).unwrap()
}

/// One field or item a line.
fn lines(body: &str) -> String {
    body.replace(",\"", "\n\"").replace(",{", "\n{")
}

/// The inside of the `input` array, one item a line.
fn items(body: &str) -> String {
    let (_, rest) = body.split_once(r#""input":["#).unwrap();
    let (items, _) = rest.split_once(r#"],"stream":true"#).unwrap();
    items
        .replace(r#"},{"type":"message"#, "}\n{\"type\":\"message")
        .replace(r#"},{"type":"function"#, "}\n{\"type\":\"function")
}

#[test]
fn what_is_not_asked_for_is_left_to_the_model_server() {
    assert_eq!(
        body(r#""input":"hi""#),
        r#"{"model":"m","input":[{"type":"message","role":"user","content":"hi"}],"stream":true,"store":false}"#
    );
}

#[test]
fn what_is_all_that_is_said_is_the_input() {
    assert_eq!(
        items(&body(r#""input":[{"role":"system","content":"Speak."}]"#)),
        r#"{"type":"message","role":"system","content":"Speak."}"#
    );
}

#[test]
fn what_is_asked_for_goes_out_under_its_own_name() {
    let all = body(
        r#""input":"hi","instructions":"Be terse.","temperature":0,"top_p":0.9,
        "max_output_tokens":64,"top_logprobs":2,"parallel_tool_calls":false,"store":true,
        "reasoning":{"effort":"low"},"metadata":{"a":"b"},
        "text":{"verbosity":"high","format":{"type":"json_schema","name":"answer","strict":true,
        "schema":{"type":"object"}}},
        "tools":[{"type":"function","name":"now","parameters":null,"strict":null}],
        "tool_choice":{"type":"function","name":"now"},
        "top_k":40,"stream":false,"chat_template_kwargs":{"enable_thinking":false}"#,
    );
    assert_snapshot!(lines(&all));
}

#[test]
fn a_conversation_goes_out_whole_and_as_items_that_servers_read() {
    let conversation = r#""instructions":"Be terse.","input":[
        {"role":"developer","content":"You are a clock."},
        {"role":"user","content":[{"type":"input_text","text":"What is this?"},
          {"type":"input_image","image_url":"https://example.org/a.png"}]},
        {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Look."}]},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"One look.","annotations":[]}]},
        {"type":"function_call","call_id":"c1","name":"look","arguments":"{\"a\":1}"},
        {"type":"function_call","call_id":"c2","name":"look","arguments":"not JSON"},
        {"type":"function_call_output","call_id":"c1","output":"a cat"},
        {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"}]},
        {"type":"message","role":"assistant","content":"A cat."},
        {"role":"system","content":"Now it is night."},
        {"role":"user","content":"And now?"}]"#;
    assert_snapshot!(items(&body(conversation)));
    // A prefix of a later turn, byte for byte.
    let later = conversation.replace(
        r#"{"role":"user","content":"And now?"}]"#,
        r#"{"role":"user","content":"And now?"},{"role":"assistant","content":"A dog."},{"role":"user","content":"Sure?"}]"#,
    );
    assert!(items(&body(&later)).starts_with(&items(&body(conversation))));
    assert!(body(conversation).contains(r#""instructions":"Be terse.\n\nYou are a clock.""#));
}

#[test]
fn thoughts_go_back_as_the_operator_says() {
    let generation = generation(
        r#""input":[{"role":"user","content":"Go"},
        {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"First."}]},
        {"role":"assistant","content":"One."},{"role":"user","content":"On"},
        {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Second."}]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"x"}]"#,
    );
    let thoughts = |reasoning_history| {
        let options = RenderOptions { reasoning_history, ..RenderOptions::default() };
        let body = render(&generation, &options).unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        ["First.", "Second."].map(|thought| body.contains(thought))
    };
    assert_eq!(thoughts(ReasoningHistory::ToolTurn), [false, true]);
    assert_eq!(thoughts(ReasoningHistory::Always), [true, true]);
    assert_eq!(thoughts(ReasoningHistory::Never), [false, false]);
}

#[test]
fn custom_tools_and_namespaces_are_functions_and_a_forced_grammar_is_on_the_answer() {
    let tools = r#""tools":[
        {"type":"custom","name":"patch","description":"Patches.","format":{"type":"grammar","syntax":"lark","definition":"start: \"a\""}},
        {"type":"namespace","name":"agents","description":"Others.","tools":[{"type":"function","name":"spawn","parameters":{"type":"object"}}]}]"#;
    let auto = body(&format!(r#""input":"Go",{tools}"#));
    assert_snapshot!(lines(&auto));
    let forced =
        body(&format!(r#""input":"Go",{tools},"tool_choice":{{"type":"custom","name":"patch"}}"#));
    assert!(forced.contains(r#""tool_choice":"none""#), "{forced}");
    assert!(forced.contains(r#""structured_outputs":{"grammar":"start: \"a\""}"#), "{forced}");
    assert!(forced.contains("Answer with the input for this tool now"), "{forced}");
}

#[test]
fn what_cannot_be_said_is_refused_by_its_name() {
    let refused = |fields: &str| {
        let generation = generation(fields);
        let unsupported = render(&generation, &RenderOptions::default()).unwrap_err();
        (unsupported.param, unsupported.what)
    };
    let sound = r#""input":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]"#;
    assert_eq!(refused(sound), ("input".to_owned(), "it has sound in it"));
    let field = |name: &str| refused(&format!(r#""input":"hi","{name}":1"#));
    let chat_only = "the field belongs to chat completions";
    assert_eq!(field("min_tokens"), ("min_tokens".to_owned(), chat_only));
    assert_eq!(field("thinking_token_budget"), ("thinking_token_budget".to_owned(), chat_only));
    let ours = "the conversation is the gateway's";
    assert_eq!(field("previous_input_messages"), ("previous_input_messages".to_owned(), ours));
}
