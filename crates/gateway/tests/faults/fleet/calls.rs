//! Tool calls that make no sense (A27): they are the client's to judge, within bounds.

use serde_json::Value;
use transom_testkit::answer::tool_calls;

use crate::support::exchange::{Road, body};
use crate::support::fleet::{ALIAS, Fleet, node, shared_by};
use crate::support::{CHAT, RESPONSES};

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
