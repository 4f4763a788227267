//! Tool calls that make no sense (A27): they are the client's to judge, within bounds.

use serde_json::Value;
use transom_testkit::answer::{chat, tool_calls};

use crate::support::exchange::{Road, body};
use crate::support::fleet::{ALIAS, Fleet, node, shared_by};
use crate::support::{CHAT, RESPONSES, count};

const TOOLS: &str =
    r#","tools":[{"type":"function","name":"look","parameters":{"type":"object"}}]"#;

/// Names and arguments of calls.
type Calls = &'static [(&'static str, &'static str)];

const ODD: [(&str, Calls); 4] = [
    ("no JSON", &[("look", "{\"a\":")]),
    ("no object", &[("look", "[1,2]")]),
    ("a tool that nobody declared", &[("erase", "{}")]),
    ("twice the same", &[("look", "{}"), ("look", "{}")]),
];

#[tokio::test]
async fn calls_that_make_no_sense_reach_the_client_as_the_model_made_them() {
    let node = node().await;
    let fleet = Fleet::start(&shared_by(&[node.url()])).await;
    for (what, calls) in ODD {
        node.default_answer(tool_calls(calls.iter().copied()));
        for (road, path) in [(Road::Whole, RESPONSES), (Road::Chat, CHAT)] {
            let asked = body(road, if road == Road::Whole { TOOLS } else { "" });
            let asked = asked.replace("tiny", ALIAS).replace("\"stream\":true,", "");
            let answer = fleet.client.post(path, asked).await.json();
            let seen = if road == Road::Whole { items(&answer) } else { functions(&answer) };
            let expected: Vec<_> =
                calls.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
            assert_eq!(seen, expected, "{what} on {road:?}: {answer}");
        }
        assert_eq!(node.requests_to(CHAT).len() % 2, 0, "nothing was run and told to the model");
    }
}

#[tokio::test]
async fn huge_arguments_equal_ids_and_many_calls_reach_the_client_whole() {
    let node = node().await;
    let fleet = Fleet::start(&shared_by(&[node.url()])).await;
    let huge = format!("{{\"text\":\"{}\"}}", "a".repeat(count(1 << 20, 6 << 20)));
    let crowd: Vec<_> = (0..count(100, 1000)).map(|n| (format!("call_{n}"), "{}")).collect();
    let crowd: Vec<(&str, &str)> = crowd.iter().map(|(id, text)| (id.as_str(), *text)).collect();
    let cases: [(&str, Vec<(&str, &str)>); 3] = [
        ("huge arguments", vec![("call_1", &huge)]),
        ("one id for two calls", vec![("call_1", "{}"), ("call_1", "[]")]),
        ("many calls", crowd),
    ];
    for (what, calls) in cases {
        let answer = calls
            .iter()
            .fold(chat(), |chat, (id, arguments)| chat.tool_call(id, "look", arguments));
        node.default_answer(answer);
        for road in [Road::Whole, Road::Chat] {
            let (path, tools) = if road == Road::Whole { (RESPONSES, TOOLS) } else { (CHAT, "") };
            let asked = body(road, tools).replace("tiny", ALIAS).replace("\"stream\":true,", "");
            let answer = fleet.client.post(path, asked).await.json();
            let seen = if road == Road::Whole { items(&answer) } else { functions(&answer) };
            let expected: Vec<_> =
                calls.iter().map(|(_, text)| ("look".to_owned(), (*text).to_owned())).collect();
            assert_eq!(seen.len(), expected.len(), "{what} on {road:?}");
            assert!(seen == expected, "{what} on {road:?}");
        }
    }
    assert_eq!(node.requests_to(CHAT).len() % 2, 0, "nothing was run and told to the model");
}

fn items(response: &Value) -> Vec<(String, String)> {
    let items = response["output"].as_array().cloned().unwrap_or_default();
    items.iter().filter(|item| item["type"] == "function_call").map(pair).collect()
}

fn functions(chat: &Value) -> Vec<(String, String)> {
    let calls = chat["choices"][0]["message"]["tool_calls"].as_array().cloned();
    calls.unwrap_or_default().iter().map(|call| pair(&call["function"])).collect()
}

fn pair(call: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&call["name"]), text(&call["arguments"]))
}
