//! A gateway in front of a fake model server, and the usual questions to it.

use serde_json::Value;
use sqlx::Connection as _;
use transom_testkit::raw::Response;
use transom_testkit::sse::Event;
use transom_testkit::{Client, FakeBackend, TestGateway};

/// The route under test.
pub(crate) const RESPONSES: &str = "/v1/responses";

/// A gateway and the model server behind it.
pub(crate) struct Talk {
    pub(crate) gateway: TestGateway,
    pub(crate) client: Client,
    pub(crate) backend: FakeBackend,
}

impl Talk {
    pub(crate) async fn start() -> Self {
        Self::with(FakeBackend::start().await, "").await
    }

    /// With a model server of one's own and a configuration.
    pub(crate) async fn with(backend: FakeBackend, yaml: &str) -> Self {
        let mut builder =
            TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url());
        if !yaml.is_empty() {
            builder = builder.config_yaml(yaml);
        }
        let gateway = builder.start().await;
        Self { client: gateway.client(), gateway, backend }
    }

    /// Creates a response with these fields beside the model, and expects it to be answered.
    pub(crate) async fn respond(&self, fields: &str) -> Value {
        let response = self.client.post(RESPONSES, body(fields)).await;
        assert_eq!(response.status, 200, "{fields}: {}", response.text());
        response.json()
    }

    /// Continues a response.
    pub(crate) async fn proceed(&self, previous: &Value, fields: &str) -> Value {
        self.respond(&format!(r#""previous_response_id":{},{fields}"#, previous["id"])).await
    }

    /// Creates a response that is refused; its error.
    pub(crate) async fn refused(&self, fields: &str) -> Refusal {
        refusal(&self.client.post(RESPONSES, body(fields)).await)
    }

    /// The whole stream of a response with these fields.
    pub(crate) async fn stream(&self, fields: &str) -> Vec<Event> {
        let body = body(&format!(r#""stream":true,{fields}"#));
        let mut stream = self.client.stream(RESPONSES, body).await;
        assert_eq!(stream.status, 200, "{fields}");
        stream.collect().await
    }

    /// A stored response.
    pub(crate) async fn stored(&self, id: &Value) -> Value {
        let path = format!("{RESPONSES}/{}", id.as_str().expect("an id"));
        let response = self.client.get(&path).await;
        assert_eq!(response.status, 200, "{}", response.text());
        response.json()
    }

    /// What the model server was sent last.
    pub(crate) fn sent(&self) -> Value {
        self.backend.last_request().json()
    }

    /// A connection to the gateway's database.
    pub(crate) async fn database(&self) -> sqlx::SqliteConnection {
        let file = self.gateway.folder().join("vllm_responses.db");
        let url = format!("sqlite://{}", file.display());
        sqlx::SqliteConnection::connect(&url).await.expect("the gateway's database")
    }
}

/// A request with these fields beside the model.
pub(crate) fn body(fields: &str) -> String {
    format!(r#"{{"model":"tiny",{fields}}}"#)
}

/// JSON that a test writes down.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// An error as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) code: String,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
}

impl Refusal {
    /// Status, code and param: what programs act on.
    pub(crate) fn brief(&self) -> (u16, &str, Option<&str>) {
        (self.status, &self.code, self.param.as_deref())
    }
}

/// Reads an error answer, which has OpenAI's shape and nothing besides, and an id.
pub(crate) fn refusal(response: &Response) -> Refusal {
    let text = response.text();
    assert_eq!(response.headers.get("content-type"), Some("application/json"), "{text}");
    let id = response.headers.get("x-request-id").unwrap_or_default();
    assert!(!id.is_empty(), "{text}");
    let body = response.json();
    assert_eq!(keys(&body), ["error"], "{text}");
    let error = &body["error"];
    assert_eq!(keys(error), ["code", "message", "param", "type"], "{text}");
    let word = |name: &str| error[name].as_str().expect("a string").to_owned();
    let found = Refusal {
        status: response.status,
        kind: word("type"),
        code: word("code"),
        param: error["param"].as_str().map(str::to_owned),
        message: word("message"),
    };
    assert!(!found.message.is_empty() && !found.code.is_empty(), "{text}");
    assert_eq!(response.headers.get("x-transom-error-code"), Some(&*found.code), "{text}");
    found
}

/// The keys of an object, sorted.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// The names of events in short: without `response.`, runs of one name as `name*`, `[DONE]` as it is.
pub(crate) fn names(events: &[Event]) -> String {
    let mut names: Vec<String> = Vec::new();
    for event in events {
        let name = if event.data == "[DONE]" { "[DONE]" } else { &event.event };
        let name = name.strip_prefix("response.").unwrap_or(name);
        match names.last_mut() {
            Some(last) if last.trim_end_matches('*') == name => *last = format!("{name}*"),
            _ => names.push(name.to_owned()),
        }
    }
    names.join(" ")
}

/// The data of the last event that carries JSON.
pub(crate) fn terminal(events: &[Event]) -> Value {
    let last = events.iter().rfind(|event| event.data != "[DONE]");
    last.expect("an event").json()
}

/// The text of every message of an answer.
pub(crate) fn text_of(response: &Value) -> String {
    let items = response["output"].as_array().expect("output");
    let parts = items.iter().filter_map(|item| item["content"].as_array()).flatten();
    parts.filter_map(|part| part["text"].as_str()).collect()
}

/// A function tool.
pub(crate) fn tool(name: &str) -> String {
    format!(
        r#"{{"type":"function","name":"{name}","parameters":{{"type":"object","properties":{{"city":{{"type":"string"}}}}}}}}"#
    )
}
