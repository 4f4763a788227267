//! One request on each road, with the contract of how it may end.
//!
//! A stream that fails after its head was sent ends in one way (SF of the fault table): one error,
//! increasing sequence numbers, nothing after it, no `[DONE]`, and the record says `failed` and can
//! be read. [`Rig::exchange`] checks that contract whatever the test is about.

use std::time::Instant;

use serde_json::Value;
use transom_testkit::client::EventStream;
use transom_testkit::raw::Response;
use transom_testkit::sse::Event;

use super::{CHAT, RESPONSES, Rig};

/// How a question gets to the model server and its answer back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// A chat stream that passes through.
    Chat,
    /// A response, streamed.
    Stream,
    /// A response as one object; the model server streams all the same.
    Whole,
}

pub(crate) const ROADS: [Road; 3] = [Road::Chat, Road::Stream, Road::Whole];

/// How an exchange ended, as its client saw it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: u16,
    /// All visible text that arrived.
    pub(crate) text: String,
    /// The code of the error, if it ended with one.
    pub(crate) error: Option<String>,
    /// Everything that arrived, undecoded.
    pub(crate) bytes: String,
    /// The response object, where there is one.
    pub(crate) response: Value,
    /// When the first error arrived, or the end.
    pub(crate) at: Instant,
}

impl Ended {
    /// Status, text and the error's code.
    pub(crate) fn brief(&self) -> (u16, &str, Option<&str>) {
        (self.status, &self.text, self.error.as_deref())
    }
}

/// The body of a request on this road, with these fields beside the usual ones.
pub(crate) fn body(road: Road, fields: &str) -> String {
    match road {
        Road::Chat => format!(
            r#"{{"model":"tiny","stream":true,"messages":[{{"role":"user","content":"Hi"}}]{fields}}}"#
        ),
        Road::Stream => format!(r#"{{"model":"tiny","stream":true,"input":"Hi"{fields}}}"#),
        Road::Whole => format!(r#"{{"model":"tiny","input":"Hi"{fields}}}"#),
    }
}

impl Rig {
    /// Asks and listens to the end.
    pub(crate) async fn exchange(&self, road: Road) -> Ended {
        let path = if road == Road::Chat { CHAT } else { RESPONSES };
        if road == Road::Whole {
            return whole(&self.client.post(path, body(road, "")).await);
        }
        let stream = self.client.stream(path, body(road, "")).await;
        self.listen(road, stream).await
    }

    /// Listens to a stream to its end.
    pub(crate) async fn listen(&self, road: Road, mut stream: EventStream) -> Ended {
        let mut events = Vec::new();
        let mut at = None;
        while let Some(next) = stream.next().await {
            if next.event.event == "error" || next.event.data.starts_with(r#"{"error""#) {
                at.get_or_insert(next.at);
            }
            events.push(next.event);
        }
        let bytes = String::from_utf8(stream.bytes).expect("UTF-8");
        let at = at.unwrap_or_else(Instant::now);
        if stream.status != 200 {
            let error = serde_json::from_str::<Value>(&bytes).expect("JSON")["error"].take();
            let error = Some(text_of(&error["code"]));
            let (status, text) = (stream.status, String::new());
            return Ended { status, text, error, bytes, response: Value::Null, at };
        }
        match road {
            Road::Chat => chat_stream(&events, bytes, at),
            _ => self.response_stream(&events, bytes, at).await,
        }
    }

    async fn response_stream(&self, events: &[Event], bytes: String, at: Instant) -> Ended {
        let (done, events) = match events.split_last() {
            Some((last, before)) if last.data == "[DONE]" => (true, before),
            _ => (false, events),
        };
        let objects: Vec<Value> = events.iter().map(Event::json).collect();
        for (place, (object, event)) in objects.iter().zip(events).enumerate() {
            assert_eq!(object["type"], event.event.as_str(), "{bytes}");
            assert_eq!(object["sequence_number"], place, "{bytes}");
        }
        let last = objects.last().expect("a last event");
        let response = last["response"].clone();
        let deltas = objects.iter().filter(|o| o["type"] == "response.output_text.delta");
        let text = deltas.map(|delta| text_of(&delta["delta"])).collect();
        let errors: Vec<_> = objects.iter().filter(|o| o["type"] == "error").collect();
        let error = if last["type"] == "response.failed" {
            assert!(!done, "no [DONE] after a failure: {bytes}");
            assert_eq!(errors, [&objects[objects.len() - 2]], "one error, then the end: {bytes}");
            let mut keys: Vec<_> = errors[0].as_object().expect("flat").keys().collect();
            keys.sort_unstable();
            assert_eq!(keys, ["code", "message", "param", "sequence_number", "type"], "{bytes}");
            assert_eq!(response["status"], "failed", "{bytes}");
            Some(text_of(&errors[0]["code"]))
        } else {
            assert!(done && errors.is_empty(), "{bytes}");
            let whole = ["response.completed", "response.incomplete"];
            assert!(whole.contains(&text_of(&last["type"]).as_str()), "{bytes}");
            None
        };
        if response["store"] == true {
            let path = format!("{RESPONSES}/{}", text_of(&response["id"]));
            assert_eq!(self.client.get(&path).await.json(), response, "what was told is stored");
        }
        Ended { status: 200, text, error, bytes, response, at }
    }
}

fn chat_stream(events: &[Event], bytes: String, at: Instant) -> Ended {
    let (last, before) = events.split_last().expect("a last event");
    let text = before.iter().map(|event| {
        let data = event.json();
        assert!(data["error"].is_null(), "an error comes last: {bytes}");
        let choices = data["choices"].as_array().cloned().unwrap_or_default();
        choices.iter().map(|choice| text_of(&choice["delta"]["content"])).collect::<String>()
    });
    let text = text.collect();
    let error = (last.data != "[DONE]").then(|| {
        let error = last.json()["error"].take();
        assert!(error.is_object(), "neither [DONE] nor an error at the end: {bytes}");
        text_of(&error["code"])
    });
    Ended { status: 200, text, error, bytes, response: Value::Null, at }
}

/// An answer in one piece.
pub(crate) fn whole(answer: &Response) -> Ended {
    let object = answer.json();
    let parts = object["output"].as_array().into_iter().flatten();
    let parts = parts.filter_map(|item| item["content"].as_array()).flatten();
    let text = parts.map(|part| text_of(&part["text"])).collect();
    let error = object["error"]["code"].as_str().map(str::to_owned);
    let (status, bytes) = (answer.status, answer.text());
    assert_eq!(status == 200, error.is_none(), "{bytes}");
    assert!(answer.headers.has("x-request-id"), "{bytes}");
    Ended { status, text, error, bytes, response: object, at: Instant::now() }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
