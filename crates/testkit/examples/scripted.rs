//! A scripted model server as a program: `scripted PORT SCRIPT.json`.
//!
//! The script names the model and its answers. The answer to a request is the one at the place of the
//! number of tool results in it: the first to a question, the second when one result has come. `GET
//! /fake/requests` tells what has been asked so far. Requests that vLLM would refuse are refused, as
//! with every [`FakeBackend`].

use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use transom_testkit::FakeBackend;
use transom_testkit::answer::{Chat, Script, chat, json, script};
use transom_testkit::backend::Request;

/// What the model has learnt by heart.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Play {
    model: String,
    answers: Vec<Lines>,
}

/// One answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    #[serde(default)]
    reasoning: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    name: String,
    arguments: Value,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().context("the first argument is a port")?.parse()?;
    let file = arguments.next().context("the second argument is a script")?;
    let play: Play = serde_json::from_str(&fs::read_to_string(&file).context(file)?)?;

    let asked = Arc::new(Mutex::new(Vec::new()));
    let model = play.model.clone();
    let backend = FakeBackend::builder().port(port).models([model.as_str()]);
    let backend = backend.default_answer(answers(play, Arc::clone(&asked))).start().await;
    let told = script(move |_| {
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        json(200, Value::Array(asked.clone()).to_string())
    });
    backend.route("/fake/requests", told);
    std::future::pending().await
}

fn answers(play: Play, asked: Arc<Mutex<Vec<Value>>>) -> Script {
    script(move |request| {
        asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.json());
        let place = results(request);
        match play.answers.get(place) {
            Some(lines) => lines.chat(place).script().answer(request),
            None => chat().text("I have nothing more to say.").script().answer(request),
        }
    })
}

/// How many results of tools the request holds.
fn results(request: &Request) -> usize {
    let body = request.json();
    let messages = body["messages"].as_array().into_iter().flatten();
    messages.filter(|message| message["role"] == "tool").count()
}

impl Lines {
    fn chat(&self, place: usize) -> Chat {
        let mut chat = chat();
        if !self.reasoning.is_empty() {
            chat = chat.reasoning(self.reasoning.as_str());
        }
        if !self.text.is_empty() {
            chat = chat.text(self.text.as_str());
        }
        let calls = self.calls.iter().enumerate();
        calls.fold(chat, |chat, (index, call)| {
            chat.tool_call(
                &format!("call_{place}_{index}"),
                &call.name,
                &call.arguments.to_string(),
            )
        })
    }
}
