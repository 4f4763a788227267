//! The frames of a recorded session of Codex CLI: a warm-up, a question, the output of a tool.

use std::fs;

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::chat_text;
use transom_testkit::{FakeBackend, shared};

use super::client::Client;
use super::{messages, text_of};
use crate::support::Talk;

/// What Codex sent, oldest first; nothing where the recordings are absent.
fn frames() -> Vec<Value> {
    let Some(folder) = shared::path() else { return Vec::new() };
    let file = folder.join("recordings/clients/codex-ws-real-conn01.json");
    let text = fs::read_to_string(&file).expect("the recording");
    let recording: Value = serde_json::from_str(&text).expect("JSON");
    let frames = recording["frames"].as_array().expect("frames").iter();
    frames.filter(|frame| frame["dir"] == "client").map(|frame| frame["frame"].clone()).collect()
}

/// The search of the web in a frame.
fn search(frame: &mut Value) -> &mut Value {
    let tools = frame["tools"].as_array_mut().expect("tools");
    tools.iter_mut().find(|tool| tool["type"] == "web_search").expect("a search")
}

/// Sends a frame and waits for the response, which goes on from `previous`.
async fn send(client: &mut Client, mut frame: Value, previous: Option<&Value>) -> Value {
    search(&mut frame)["external_web_access"] = false.into();
    if let Some(previous) = previous {
        frame["previous_response_id"] = previous["id"].clone();
    }
    client.send(&frame.to_string()).await;
    client.until("response.completed").await["response"].clone()
}

#[tokio::test]
async fn the_session_of_codex_goes_through() {
    let frames = frames();
    let [warm_up, question, result] = frames.as_slice() else { return };
    let backend = FakeBackend::builder().any_model().start().await;
    let talk = Talk::with(backend, "").await;
    let mut client = Client::open(&talk.gateway).await;

    // It asks for a search of the web, which is refused with what to set.
    client.send(&warm_up.to_string()).await;
    let told = client.next().await;
    assert_eq!((&told["type"], &told["status"]), (&"error".into(), &400.into()), "{told}");
    let message = told["message"].as_str().expect("a message");
    assert!(message.contains(r#"`web_search = "disabled"`"#), "{message}");
    assert_eq!(told["error"]["message"], message, "for both kinds of readers");

    let warm = send(&mut client, warm_up.clone(), None).await;
    assert_eq!((&warm["output"], &warm["store"]), (&Value::Array(Vec::new()), &false.into()));
    let call = r#"{"cmd":"echo hi-ws"}"#;
    talk.backend.answer(chat().tool_call("call_1", "exec_command", call));
    let asked = send(&mut client, question.clone(), Some(&warm)).await;
    assert_eq!(asked["output"][0]["name"], "exec_command");
    let before = messages(&talk);

    talk.backend.answer(chat_text("Done."));
    let answered = send(&mut client, result.clone(), Some(&asked)).await;
    assert_eq!(text_of(&answered), "Done.");
    let after = messages(&talk);
    assert_eq!(after[..before.len()], before[..], "the prompt only grows");
    let (role, output) = after.last().expect("a message");
    assert_eq!((role.as_str(), output.contains("hi-ws")), ("tool", true), "{output}");
    let names = talk.sent()["tools"].as_array().expect("tools").len();
    assert_eq!(names, 12, "seven functions, five in a namespace, no search");
}
