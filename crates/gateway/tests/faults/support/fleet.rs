//! A gateway in front of several model servers, as a file declares them.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use transom_testkit::gateway::Builder;
use transom_testkit::raw::Response;
use transom_testkit::{Client, FakeBackend, FakeProcess, TestGateway};

use super::exchange::{Road, body};
use super::{CHAT, RESPONSES, eventually, metric};

/// What clients call the model.
pub(crate) const ALIAS: &str = "assistant";

/// What only its servers call it.
pub(crate) const INNER: &str = "inner-7b";

/// Longer than any load of a test, soaks included.
pub(crate) const LONG: Duration = Duration::from_mins(10);

/// A server of the model.
pub(crate) async fn node() -> FakeBackend {
    FakeBackend::builder().models([INNER]).start().await
}

/// A server of the model as a process of its own, whose answers are so many words long.
pub(crate) async fn process(words: usize, pause: Duration) -> FakeProcess {
    FakeProcess::builder().models([INNER]).words(words).pause(pause).start().await
}

/// The servers `node-0`, `node-1`, … of a file.
pub(crate) fn backends(urls: &[String]) -> String {
    let mut yaml = "backends:\n".to_owned();
    for (at, url) in urls.iter().enumerate() {
        writeln!(yaml, "  - {{name: node-{at}, url: \"{url}/v1\"}}").expect("writing to a string");
    }
    yaml
}

/// A file with one model that all these servers share.
pub(crate) fn shared_by(urls: &[String]) -> String {
    file(urls, |_| String::new())
}

/// A file with one model whose servers are used in this order, each once those before have failed.
pub(crate) fn in_order(urls: &[String]) -> String {
    file(urls, |at| format!(", order: {at}"))
}

fn file(urls: &[String], settings: impl Fn(usize) -> String) -> String {
    let mut yaml = backends(urls);
    write!(yaml, "models:\n  - name: {ALIAS}\n    deployments:\n").expect("writing to a string");
    for at in 0..urls.len() {
        let settings = settings(at);
        writeln!(yaml, "      - {{backend: node-{at}, model: {INNER}{settings}}}")
            .expect("writing to a string");
    }
    yaml
}

/// A chat of one message.
pub(crate) fn chat(text: &str) -> String {
    format!(r#"{{"model":"{ALIAS}","messages":[{{"role":"user","content":"{text}"}}]}}"#)
}

/// The same, streamed.
pub(crate) fn chat_stream(text: &str) -> String {
    chat(text).replacen('{', r#"{"stream":true,"#, 1)
}

/// A gateway to be set up.
pub(crate) fn builder() -> Builder {
    TestGateway::builder(env!("CARGO_BIN_EXE_transom"))
}

/// How one deployment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: String,
    pub(crate) breaker: String,
}

/// A gateway and its clients' view of it.
pub(crate) struct Fleet {
    pub(crate) gateway: TestGateway,
    pub(crate) client: Client,
}

impl Fleet {
    /// A gateway with this file, once every deployment is ready.
    pub(crate) async fn start(file: &str) -> Self {
        let fleet = Self::listening(file).await;
        fleet.await_all_ready().await;
        fleet
    }

    /// A gateway with this file, whatever its servers do.
    pub(crate) async fn listening(file: &str) -> Self {
        Self::built(builder().config_yaml(file).admin()).await
    }

    /// A gateway that is started like this.
    pub(crate) async fn built(builder: Builder) -> Self {
        let gateway = builder.wait_listening().start().await;
        Self { client: gateway.client(), gateway }
    }

    /// Has an operator say that a server is well, whatever becomes of its answers: otherwise one
    /// that breaks a few of them is passed over for a while.
    pub(crate) async fn insist_on(&self, node: usize) {
        let path = format!("/admin/v1/backends/node-{node}/state");
        let admin = self.gateway.admin().await;
        let marked = admin.request("PUT", &path, &[], Some(r#"{"state":"healthy"}"#)).await;
        assert_eq!(marked.status, 200, "{}", marked.text());
    }

    /// The same, for clients that send this header.
    pub(crate) fn with_header(mut self, (name, value): (&str, &str)) -> Self {
        self.client = self.client.header(name, value);
        self
    }

    /// How the deployments of the first model stand, in the order of the file.
    pub(crate) async fn standing(&self) -> Vec<Standing> {
        let page = self.client.get("/readyz").await.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let seen = page["models"][0]["deployments"].as_array().cloned().unwrap_or_default();
        let standing =
            |one: &Value| Standing { state: text(&one["state"]), breaker: text(&one["breaker"]) };
        seen.iter().map(standing).collect()
    }

    /// Waits for every deployment of every model.
    pub(crate) async fn await_all_ready(&self) {
        let ready = async || {
            let page = self.client.get("/readyz").await.json();
            let models = page["models"].as_array().cloned().unwrap_or_default();
            let listed = |model: &Value| model["deployments"].as_array().cloned();
            let all: Vec<Value> = models.iter().filter_map(listed).flatten().collect();
            !all.is_empty() && all.iter().all(|one| one["state"] == "ready")
        };
        eventually("all deployments to be ready", ready).await;
    }

    pub(crate) async fn await_state(&self, node: usize, state: &str) {
        let what = format!("node-{node} to be {state}");
        eventually(&what, async || self.standing().await[node].state == state).await;
    }

    pub(crate) async fn await_breaker(&self, node: usize, word: &str) {
        let what = format!("the breaker of node-{node} to be {word}");
        eventually(&what, async || self.standing().await[node].breaker == word).await;
    }

    /// A chat that is not streamed, and how long its answer took.
    pub(crate) async fn ask(&self, text: &str) -> (Response, Duration) {
        let asked = Instant::now();
        let answer = self.client.post(CHAT, chat(text)).await;
        (answer, asked.elapsed())
    }

    /// A question on this road.
    pub(crate) async fn ask_on(&self, road: Road) -> Response {
        let path = if road == Road::Chat { CHAT } else { RESPONSES };
        let asked = body(road, "").replace("tiny", ALIAS);
        self.client.request("POST", path, &[], Some(&asked)).await
    }

    /// The value of a line of the metrics page; 0 where there is no such line.
    pub(crate) async fn metric(&self, line: &str) -> f64 {
        metric(&self.client, line).await
    }
}

/// The text of a chat answer.
pub(crate) fn text(answer: &Response) -> String {
    let body = answer.json();
    let text = body["choices"][0]["message"]["content"].as_str();
    text.unwrap_or_else(|| panic!("no answer: {} {}", answer.status, answer.text())).to_owned()
}

/// The status and the code of an error.
pub(crate) fn refusal(answer: &Response) -> (u16, String) {
    (answer.status, answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// How long the client is told to wait, in seconds.
pub(crate) fn retry_after(answer: &Response) -> Option<u64> {
    answer.headers.get("retry-after")?.parse().ok()
}
