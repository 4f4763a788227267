//! A task of Codex CLI 0.169 in two turns, with the shapes that it sends: the whole history each
//! time, nothing stored, its own ids, tools in a namespace, a search without the web.

use transom_testkit::answer::chat::chat;
use transom_testkit::answer::chat_text;

use crate::support::{Talk, json, names, terminal};

const FIELDS: &str = r#""tool_choice":"auto","parallel_tool_calls":true,
    "reasoning":{"summary":"auto"},"store":false,"include":["reasoning.encrypted_content"],
    "prompt_cache_key":"01a1fbea-68c2","client_metadata":{"originator":"codex_exec"},
    "tools":[{"type":"function","name":"exec_command","description":"Runs a command","strict":false,
      "parameters":{"type":"object","properties":{"cmd":{"type":"string"}},"required":["cmd"]}},
     {"type":"namespace","name":"multi_agent_v1","description":"Sub-agents","tools":[
      {"type":"function","name":"spawn_agent","description":"Spawns","strict":false,
       "parameters":{"type":"object","properties":{"message":{"type":"string"}}}}]},
     {"type":"web_search","external_web_access":false}]"#;

const INPUT: &str = r#"{"type":"message","id":"msg_a","role":"developer","content":[{"type":"input_text","text":"You code."}]},
    {"type":"message","id":"msg_b","role":"developer","content":[{"type":"input_text","text":"Sandbox."},{"type":"input_text","text":"Skills."}]},
    {"type":"message","id":"msg_c","role":"user","content":[{"type":"input_text","text":"<cwd>/p</cwd>"}]},
    {"type":"message","id":"msg_d","role":"user","content":[{"type":"input_text","text":"Run echo"}]}"#;

#[tokio::test]
async fn codex_runs_a_command_and_goes_on() {
    let talk = Talk::start().await;
    let (command, message) = (r#"{"cmd": "echo hi"}"#, r#"{"message": "help"}"#);
    talk.backend.answer(
        chat().reasoning("Run it.").tool_call("call_1", "exec_command", command).tool_call(
            "call_2",
            "multi_agent_v1__spawn_agent",
            message,
        ),
    );
    let events = talk.stream(&format!(r#""input":[{INPUT}],{FIELDS}"#)).await;
    assert!(
        names(&events).ends_with("function_call_arguments.done output_item.done completed [DONE]")
    );
    let offered: Vec<_> = talk.sent()["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .map(|tool| tool["function"]["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(offered, ["exec_command", "multi_agent_v1__spawn_agent"]);
    let response = terminal(&events)["response"].clone();
    assert_eq!(response["tools"][2], json(r#"{"type":"web_search","external_web_access":false}"#));
    assert!(response["usage"]["output_tokens_details"]["reasoning_tokens"].is_u64());
    let output = response["output"].as_array().expect("output");
    let (run, spawn) = (&output[1], &output[2]);
    assert!(run.get("namespace").is_none(), "{run}");
    assert_eq!([&spawn["namespace"], &spawn["name"]], ["multi_agent_v1", "spawn_agent"]);

    let first = talk.sent()["messages"].clone();
    let results = r#"{"type":"function_call_output","id":"fco_a","call_id":"call_1","output":"hi"},
        {"type":"function_call_output","id":"fco_b","call_id":"call_2","output":"agent 1"}"#;
    talk.backend.answer(chat_text("Done."));
    // Codex shows no thoughts and sends back what it cannot read.
    let mut thought = output[0].clone();
    assert!(thought["encrypted_content"].is_string(), "{thought}");
    thought["content"] = serde_json::Value::Null;
    let next = format!(r#""input":[{INPUT},{thought},{run},{spawn},{results}],{FIELDS}"#);
    let events = talk.stream(&next).await;
    assert_eq!(terminal(&events)["response"]["output"][0]["content"][0]["text"], "Done.");
    let second = talk.sent()["messages"].as_array().expect("messages").clone();
    let first = first.as_array().expect("messages");
    assert_eq!(second[..first.len()], first[..], "the prompt only grows");
    let called: Vec<_> = second[first.len()]["tool_calls"]
        .as_array()
        .expect("calls")
        .iter()
        .map(|call| call["function"]["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(called, ["exec_command", "multi_agent_v1__spawn_agent"]);
    assert_eq!(second[first.len()]["reasoning"], "Run it.");
    assert_eq!(second[first.len() + 2]["content"], "agent 1");
}
