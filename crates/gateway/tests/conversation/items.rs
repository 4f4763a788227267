//! Items and tools of every kind: what the model server is sent, and what comes back.

mod references;

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::chat_text;

use crate::support::{Talk, json, names, terminal};

const PATCH: &str = r#"{"type":"custom","name":"patch","description":"Patches","format":{"type":"grammar","syntax":"lark","definition":"start: /a+/"}}"#;

/// The messages that the model server got last.
fn messages(talk: &Talk) -> Vec<Value> {
    talk.sent()["messages"].as_array().expect("messages").clone()
}

#[tokio::test]
async fn a_custom_tool_goes_all_the_way_round() {
    let talk = Talk::start().await;
    let arguments = r#"{"input": "*** Begin\n+ \"ü\""}"#;
    talk.backend.answer(chat().tool_call("call_7", "patch", arguments));
    let patch = PATCH.replace("/a+/", r"/(.|\\n)+/");
    let events = talk.stream(&format!(r#""input":"Go","tools":[{patch}]"#)).await;
    assert_eq!(
        names(&events),
        "created in_progress output_item.added custom_tool_call_input.delta* \
         custom_tool_call_input.done output_item.done completed [DONE]"
    );
    let input = "*** Begin\n+ \"ü\"";
    let of = |name: &'static str| events.iter().filter(move |event| event.event.ends_with(name));
    let pieces: String = of("custom_tool_call_input.delta")
        .map(|event| event.json()["delta"].as_str().expect("a piece").to_owned())
        .collect();
    assert_eq!(pieces, input);
    assert_eq!(of("custom_tool_call_input.done").next().expect("an end").json()["input"], input);
    let response = terminal(&events)["response"].clone();
    let call = &response["output"][0];
    let id = call["id"].as_str().expect("an id");
    assert!(id.starts_with("ctc_"), "{id}");
    let expected = format!(
        r#"{{"id":"{id}","type":"custom_tool_call","status":"completed","call_id":"call_7","input":{},"name":"patch"}}"#,
        Value::from(input)
    );
    assert_eq!(*call, json(&expected));
    let output =
        r#""input":[{"type":"custom_tool_call_output","call_id":"call_7","output":"done"}]"#;
    talk.proceed(&response, output).await;
    let sent = messages(&talk);
    let arguments = sent[1]["tool_calls"][0]["function"]["arguments"].as_str().expect("arguments");
    assert_eq!(json(arguments)["input"], input);
    let result = json(r#"{"role":"tool","tool_call_id":"call_7","content":"done"}"#);
    assert_eq!(sent[2], result);
}

#[tokio::test]
async fn a_forced_grammar_is_enforced_by_the_model_server() {
    let talk = Talk::start().await;
    talk.backend.answer(chat_text("aaa"));
    let forced = r#""tool_choice":{"type":"custom","name":"patch"}"#;
    let response = talk.respond(&format!(r#""input":"Go","tools":[{PATCH}],{forced}"#)).await;
    assert_eq!(talk.sent()["structured_outputs"], json(r#"{"grammar":"start: /a+/"}"#));
    assert_eq!(talk.sent()["tool_choice"], "none");
    let call = &response["output"][0];
    assert_eq!(
        [&call["type"], &call["input"], &call["name"]],
        ["custom_tool_call", "aaa", "patch"]
    );
    assert_eq!(response["tool_choice"], json(r#"{"type":"custom","name":"patch"}"#));
}

/// A server's item with its id, and the call and the result that the model is told of.
const HOSTED: &[(&str, &str, &str)] = &[
    (
        r#"{"type":"web_search_call","id":"i_1","status":"completed","action":{"type":"search","query":"q"}}"#,
        r#"web_search {"type":"search","query":"q"}"#,
        r#"{"status":"completed"}"#,
    ),
    (
        r#"{"type":"file_search_call","id":"i_1","status":"completed","queries":["q"],"results":[{"text":"found"}]}"#,
        r#"file_search {"queries":["q"]}"#,
        r#"[{"text":"found"}]"#,
    ),
    (
        r#"{"type":"code_interpreter_call","id":"i_1","status":"completed","container_id":"c","code":"1+1","outputs":[{"type":"logs","logs":"2"}]}"#,
        r#"code_interpreter {"code":"1+1"}"#,
        r#"[{"type":"logs","logs":"2"}]"#,
    ),
    (
        r#"{"type":"mcp_call","id":"i_1","server_label":"docs","name":"find","arguments":"{\"q\":1}","output":null,"error":"down"}"#,
        r#"docs__find {"q":1}"#,
        r#"{"error":"down"}"#,
    ),
    (
        r#"{"type":"image_generation_call","id":"i_1","status":"completed","result":"iVBORw0="}"#,
        "image_generation {}",
        r#"{"status":"completed"}"#,
    ),
];

/// Calls that another item answers, and its text.
const PAIRS: &[(&str, &str, &str, &str)] = &[
    (
        r#"{"type":"local_shell_call","id":"i_1","call_id":"c_1","status":"completed","action":{"type":"exec","command":["ls"],"env":{}}}"#,
        r#"{"type":"local_shell_call_output","id":"o_1","call_id":"c_1","output":"a"}"#,
        r#"local_shell {"type":"exec","command":["ls"],"env":{}}"#,
        "a",
    ),
    (
        r#"{"type":"shell_call","id":"i_1","call_id":"c_1","action":{"commands":["ls"],"timeout_ms":null,"max_output_length":null},"status":"completed","environment":null}"#,
        r#"{"type":"shell_call_output","id":"o_1","call_id":"c_1","output":[{"stdout":"a","stderr":"","outcome":{"type":"exit","exit_code":0}}],"status":"completed","max_output_length":9}"#,
        r#"shell {"commands":["ls"],"timeout_ms":null,"max_output_length":null}"#,
        r#"[{"stdout":"a","stderr":"","outcome":{"type":"exit","exit_code":0}}]"#,
    ),
    (
        r#"{"type":"apply_patch_call","id":"i_1","call_id":"c_1","status":"completed","operation":{"type":"delete_file","path":"a"}}"#,
        r#"{"type":"apply_patch_call_output","id":"o_1","call_id":"c_1","status":"completed"}"#,
        r#"apply_patch {"type":"delete_file","path":"a"}"#,
        r#"{"status":"completed"}"#,
    ),
    (
        r#"{"type":"computer_call","id":"i_1","call_id":"c_1","status":"completed","pending_safety_checks":[],"action":{"type":"wait"}}"#,
        r#"{"type":"computer_call_output","id":"o_1","call_id":"c_1","output":{"type":"computer_screenshot","file_id":"f"},"status":"completed"}"#,
        r#"computer {"type":"wait"}"#,
        r#"{"type":"computer_screenshot","file_id":"f"}"#,
    ),
    (
        r#"{"type":"mcp_approval_request","id":"c_1","server_label":"docs","name":"find","arguments":"{}"}"#,
        r#"{"type":"mcp_approval_response","id":"o_1","approval_request_id":"c_1","approve":true}"#,
        r#"mcp_approval_request {"server_label":"docs","name":"find","arguments":"{}"}"#,
        r#"{"approve":true}"#,
    ),
];

/// The one call of a message, as its name and arguments.
fn called(message: &Value) -> String {
    let function = &message["tool_calls"][0]["function"];
    let word = |name: &str| function[name].as_str().expect("a string").to_owned();
    format!("{} {}", word("name"), word("arguments"))
}

#[tokio::test]
async fn history_of_hosted_tools_is_a_call_and_its_result_and_is_kept() {
    let talk = Talk::start().await;
    let rows = HOSTED.iter().map(|(item, call, result)| (vec![*item], *call, *result));
    let pairs = PAIRS.iter().map(|(item, out, call, result)| (vec![*item, *out], *call, *result));
    for (items, call, result) in rows.chain(pairs) {
        let list = items.join(",");
        let said = r#"{"type":"message","role":"user","id":"msg_own","content":"On"}"#;
        let response = talk.respond(&format!(r#""input":[{list},{said}]"#)).await;
        let sent = messages(&talk);
        assert_eq!(called(&sent[0]), call);
        assert_eq!((&sent[1]["role"], &sent[1]["content"]), (&"tool".into(), &result.into()));
        assert_eq!(sent[0]["tool_calls"][0]["id"], sent[1]["tool_call_id"], "{call}");
        let path = format!(
            "/v1/responses/{}/input_items?order=asc",
            response["id"].as_str().expect("an id")
        );
        let listed = talk.client.get(&path).await.json();
        for (at, item) in items.iter().enumerate() {
            assert_eq!(listed["data"][at], json(item), "kept as it came");
        }
        assert_eq!(listed["data"][items.len()]["id"], "msg_own");
        talk.proceed(&response, r#""input":"And?""#).await;
        assert_eq!(messages(&talk)[..2], sent[..2], "the same after a turn in the store");
    }
    let listing = r#"{"type":"mcp_list_tools","id":"mcpl_1","server_label":"docs","tools":[]}"#;
    talk.respond(&format!(r#""input":[{listing},{{"role":"user","content":"Hi"}}]"#)).await;
    assert_eq!(messages(&talk), [json(r#"{"role":"user","content":"Hi"}"#)]);
    let alone = talk.refused(&format!(r#""input":[{}]"#, PAIRS[0].0)).await;
    assert_eq!(alone.brief(), (400, "invalid_value", Some("input[0]")));
}

#[tokio::test]
async fn files_are_read_as_text_and_kept_as_they_came() {
    let talk = Talk::start().await;
    let file =
        r#"{"type":"input_file","filename":"a.csv","file_data":"data:text/csv;base64,YTtiCg=="}"#;
    let ask = r#"{"type":"input_text","text":"Sum?"}"#;
    let response =
        talk.respond(&format!(r#""input":[{{"role":"user","content":[{file},{ask}]}}]"#)).await;
    let expected = json(
        r#"[{"type":"text","text":"[file: a.csv]\na;b\n\n[end of file: a.csv]"},{"type":"text","text":"Sum?"}]"#,
    );
    assert_eq!(messages(&talk)[0]["content"], expected);
    let path = format!("/v1/responses/{}/input_items", response["id"].as_str().expect("an id"));
    assert_eq!(talk.client.get(&path).await.json()["data"][0]["content"][0], json(file));
    let sound = r#"{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}"#;
    talk.respond(&format!(r#""input":[{{"role":"user","content":[{sound}]}}]"#)).await;
    assert_eq!(messages(&talk)[0]["content"], json(&format!("[{sound}]")));
}

#[tokio::test]
async fn annotations_are_kept_and_refusals_are_told() {
    let talk = Talk::start().await;
    let note = r#"{"type":"url_citation","url":"https://a.example","title":"A","start_index":0,"end_index":3}"#;
    let said =
        format!(r#"{{"type":"output_text","text":"See A.","annotations":[{note}],"logprobs":[]}}"#);
    let refused = r#"{"type":"refusal","refusal":"Not that."}"#;
    let answer = |part: &str| {
        format!(
            r#"{{"type":"message","role":"assistant","status":"completed","content":[{part}]}}"#
        )
    };
    talk.backend.answer(chat().refusal("I cannot."));
    let user = r#"{"role":"user","content":"And?"}"#;
    let input = [answer(&said).as_str(), user, &answer(refused), user].join(",");
    let response = talk.respond(&format!(r#""input":[{input}]"#)).await;
    let expected = r#"[{"role":"assistant","content":"See A."},{"role":"user","content":"And?"},
        {"role":"assistant","content":"Not that."},{"role":"user","content":"And?"}]"#;
    assert_eq!(Value::from(messages(&talk)), json(expected));
    let path =
        format!("/v1/responses/{}/input_items?order=asc", response["id"].as_str().expect("an id"));
    let listed = talk.client.get(&path).await.json();
    assert_eq!(listed["data"][0]["content"][0], json(&said));
    assert_eq!(listed["data"][2]["content"][0], json(refused));
    // What the model refuses is a part of its own, and is told like the rest.
    let own = &response["output"][0]["content"][0];
    assert_eq!(*own, json(r#"{"type":"refusal","refusal":"I cannot."}"#));
    talk.proceed(&response, r#""input":"Why?""#).await;
    assert_eq!(messages(&talk)[4], json(r#"{"role":"assistant","content":"I cannot."}"#));
}

/// What the model server has no word for is kept and shown; the rest is said to the model.
#[tokio::test]
async fn what_clients_send_back_is_kept_and_shown() {
    let talk = Talk::start().await;
    let citation =
        r#"{"type":"url_citation","url":"https://a","title":"A","start_index":0,"end_index":2}"#;
    let token = r#"{"token":"So","logprob":-0.5,"bytes":[83,111],"top_logprobs":[]}"#;
    let items = [
        r#"{"id":"msg_1","type":"message","status":"completed","content":[{"type":"input_text","text":"See"},{"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"},{"type":"input_file","filename":"a.txt","file_data":"QQ==","detail":"high"}],"role":"user"}"#.to_owned(),
        format!(
            r#"{{"id":"msg_2","type":"message","status":"completed","content":[{{"type":"output_text","annotations":[{citation}],"logprobs":[{token}],"text":"So"}}],"role":"assistant","phase":"commentary"}}"#
        ),
        r#"{"id":"msg_3","type":"message","status":"completed","content":[{"type":"refusal","refusal":" no."}],"role":"assistant","phase":"final_answer"}"#.to_owned(),
        r#"{"id":"msg_4","type":"message","status":"completed","content":[{"type":"input_text","text":"Why?"}],"role":"user"}"#.to_owned(),
    ];
    let response = talk.respond(&format!(r#""input":[{}]"#, items.join(","))).await;
    let sent = messages(&talk);
    let picture =
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}}"#;
    assert_eq!(sent[0]["content"][1], json(picture));
    assert_eq!(sent[1], json(r#"{"role":"assistant","content":"So\n\n no."}"#));
    let id = response["id"].as_str().expect("an id");
    let listed = talk.client.get(&format!("/v1/responses/{id}/input_items?order=asc")).await.json();
    let expected: Vec<_> = items.iter().map(|item| json(item)).collect();
    assert_eq!(listed["data"], Value::Array(expected));
    talk.proceed(&response, r#""input":"And?""#).await;
    assert_eq!(messages(&talk)[..sent.len()], sent[..], "the same after a turn in the store");
}
