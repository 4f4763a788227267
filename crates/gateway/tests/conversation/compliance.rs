//! The cases of the Open Responses compliance suite, each alone and all of them at once.
//!
//! A case holds what the suite sends and what it demands: the fields of each object and of each event, the
//! kinds of items, the status. Every body says `stream`, and every request has a key, as the suite's do.

use serde_json::Value;
use transom_testkit::answer::{Script, chat_text, script, tool_calls};
use transom_testkit::sse::Event;
use transom_testkit::{Client, FakeBackend, TestGateway};

use crate::schema::{check_event, check_response};
use crate::support::{RESPONSES, Refusal, body, json, names, refusal, terminal, text_of};

/// A picture of one red pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFAAH/q842iQAAAABJRU5ErkJggg==";

/// A page with the words "Hello from a file."
const PAGE: &str = "JVBERi0xLjQKMSAwIG9iago8PC9UeXBlL0NhdGFsb2cvUGFnZXMgMiAwIFI+PgplbmRvYmoKMiAwIG9iago8PC9UeXBl\
    L1BhZ2VzL0tpZHNbMyAwIFJdL0NvdW50IDE+PgplbmRvYmoKMyAwIG9iago8PC9UeXBlL1BhZ2UvUGFyZW50IDIgMCBS\
    L01lZGlhQm94WzAgMCAyMDAgOTldL0NvbnRlbnRzIDQgMCBSL1Jlc291cmNlczw8L0ZvbnQ8PC9GIDUgMCBSPj4+Pj4+\
    CmVuZG9iago0IDAgb2JqCjw8L0xlbmd0aCA0Nj4+c3RyZWFtCkJUIC9GIDEyIFRmIDkgNTAgVGQgKEhlbGxvIGZyb20g\
    YSBmaWxlLikgVGogRVQKZW5kc3RyZWFtCmVuZG9iago1IDAgb2JqCjw8L1R5cGUvRm9udC9TdWJ0eXBlL1R5cGUxL0Jh\
    c2VGb250L0hlbHZldGljYS9FbmNvZGluZy9XaW5BbnNpRW5jb2Rpbmc+PgplbmRvYmoKeHJlZgowIDYKMDAwMDAwMDAw\
    MCA2NTUzNSBmIAowMDAwMDAwMDA5IDAwMDAwIG4gCjAwMDAwMDAwNTQgMDAwMDAgbiAKMDAwMDAwMDEwNSAwMDAwMCBu\
    IAowMDAwMDAwMjE1IDAwMDAwIG4gCjAwMDAwMDAzMDggMDAwMDAgbiAKdHJhaWxlcgo8PC9TaXplIDYvUm9vdCAxIDAg\
    Uj4+CnN0YXJ0eHJlZgozOTYKJSVFT0YK";

const WEATHER: &str = r#"{"type":"function","name":"get_weather","description":"Get the current weather",
    "parameters":{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}}"#;

/// The suite beside a gateway.
struct Suite {
    client: Client,
    _gateway: TestGateway,
    _backend: FakeBackend,
}

impl Suite {
    async fn start() -> Self {
        let backend = FakeBackend::builder().default_answer(model()).start().await;
        let binary = env!("CARGO_BIN_EXE_transom");
        let gateway = TestGateway::builder(binary).upstream(&backend.url()).start().await;
        let client = gateway.client().header("authorization", "Bearer any");
        Self { client, _gateway: gateway, _backend: backend }
    }

    /// The response to these fields, which is whole.
    async fn respond(&self, fields: &str) -> Value {
        let answer =
            self.client.post(RESPONSES, body(&format!(r#""stream":false,{fields}"#))).await;
        assert_eq!(answer.status, 200, "{fields}: {}", answer.text());
        let response = answer.json();
        check_response(&response);
        assert!(!response["output"].as_array().expect("output").is_empty(), "{response}");
        response
    }

    /// As [`Suite::respond`], and the response is completed.
    async fn complete(&self, fields: &str) -> Value {
        let response = self.respond(fields).await;
        assert_eq!(response["status"], "completed", "{response}");
        response
    }

    /// The events of the stream for these fields.
    async fn stream(&self, fields: &str) -> Vec<Event> {
        let mut stream =
            self.client.stream(RESPONSES, body(&format!(r#""stream":true,{fields}"#))).await;
        assert_eq!(stream.status, 200, "{fields}");
        let events = stream.collect().await;
        events.iter().filter(|event| event.data != "[DONE]").for_each(check_event);
        events
    }

    async fn refused(&self, fields: &str) -> Refusal {
        refusal(&self.client.post(RESPONSES, body(&format!(r#""stream":false,{fields}"#))).await)
    }
}

/// A model that calls the first tool it is offered until it has a result, and speaks otherwise.
fn model() -> Script {
    script(|request| {
        let asked = request.json();
        let tool = asked["tools"][0]["function"]["name"].as_str();
        let last = asked["messages"].as_array().and_then(|messages| messages.last());
        let answered = last.is_some_and(|message| message["role"] == "tool");
        let answer = match tool.filter(|_| !answered) {
            Some(name) => tool_calls([(name, r#"{"location": "San Francisco, CA"}"#)]),
            None => chat_text("One two three."),
        };
        Script::from(answer).answer(request)
    })
}

/// A user's message with this content.
fn user(content: &str) -> String {
    format!(r#"{{"type":"message","role":"user","content":{content}}}"#)
}

fn call_of(response: &Value) -> Value {
    let items = response["output"].as_array().expect("output");
    let call = items.iter().find(|item| item["type"] == "function_call");
    call.unwrap_or_else(|| panic!("no call: {response}")).clone()
}

async fn basic_response(suite: &Suite) {
    let hello = user(r#""Say hello in exactly 3 words.""#);
    let response = suite.complete(&format!(r#""input":[{hello}]"#)).await;
    assert_eq!(text_of(&response), "One two three.");
}

async fn streaming_response(suite: &Suite) {
    let events = suite.stream(&format!(r#""input":[{}]"#, user(r#""Count from 1 to 5.""#))).await;
    assert_eq!(terminal(&events)["response"]["status"], "completed");
}

async fn system_prompt(suite: &Suite) {
    let system = r#"{"type":"message","role":"system","content":"You are a pirate."}"#;
    suite.complete(&format!(r#""input":[{system},{}]"#, user(r#""Say hello.""#))).await;
}

async fn tool_calling(suite: &Suite) {
    let ask = user(r#""What's the weather like in San Francisco?""#);
    let response = suite.respond(&format!(r#""input":[{ask}],"tools":[{WEATHER}]"#)).await;
    assert_eq!(call_of(&response)["name"], "get_weather");
}

async fn tool_calling_streaming(suite: &Suite) {
    let ask = user(r#""What's the weather like in San Francisco?""#);
    let events = suite.stream(&format!(r#""input":[{ask}],"tools":[{WEATHER}]"#)).await;
    let expected = "created in_progress output_item.added function_call_arguments.delta* \
                    function_call_arguments.done output_item.done completed [DONE]";
    assert_eq!(names(&events), expected);
    let done = events.iter().find(|event| event.event == "response.output_item.done");
    assert_eq!(done.expect("an item").json()["item"]["type"], "function_call");
}

async fn image_input(suite: &Suite) {
    let parts = format!(
        r#"[{{"type":"input_text","text":"What do you see?"}},
            {{"type":"input_image","image_url":"data:image/png;base64,{PIXEL}"}}]"#
    );
    suite.complete(&format!(r#""input":[{}]"#, user(&parts))).await;
}

async fn file_input(suite: &Suite) {
    for (name, data) in [
        ("a.pdf", format!("data:application/pdf;base64,{PAGE}")),
        ("a.csv", "data:text/csv;base64,b25lLHR3bwoxLDIK".to_owned()),
    ] {
        let parts = format!(
            r#"[{{"type":"input_text","text":"What is in the file?"}},
                {{"type":"input_file","filename":"{name}","file_data":"{data}"}}]"#
        );
        suite.complete(&format!(r#""input":[{}]"#, user(&parts))).await;
    }
}

async fn multi_turn(suite: &Suite) {
    let (name, ask) = (user(r#""My name is Alice.""#), user(r#""What is my name?""#));
    let said = r#"{"type":"message","role":"assistant","content":"Hello Alice!"}"#;
    suite.complete(&format!(r#""input":[{name},{said},{ask}]"#)).await;
}

async fn function_call_roundtrip(suite: &Suite) {
    let ask = user(r#""What's the weather like in San Francisco?""#);
    let forced = r#""tool_choice":{"type":"function","name":"get_weather"}"#;
    let asked = suite.respond(&format!(r#""input":[{ask}],"tools":[{WEATHER}],{forced}"#)).await;
    let call = call_of(&asked);
    let result = format!(
        r#"{{"type":"function_call_output","call_id":{},"output":"{{\"celsius\":18}}"}}"#,
        call["call_id"]
    );
    let fields = format!(r#""input":[{ask},{call},{result}],"tools":[{WEATHER}]"#);
    suite.complete(&fields).await;
}

async fn previous_response_id(suite: &Suite) {
    let first = suite.complete(&format!(r#""input":[{}]"#, user(r#""Remember 42.""#))).await;
    let ask = user(r#""Which number?""#);
    let fields = format!(r#""previous_response_id":{},"input":[{ask}]"#, first["id"]);
    let second = suite.complete(&fields).await;
    assert_eq!(second["previous_response_id"], first["id"]);
}

/// Optional in the suite. Nothing searches files here, and nothing pretends to.
async fn file_search(suite: &Suite) {
    let refused = suite
        .refused(
            r#""input":"Search","include":["file_search_call.results"],
               "tools":[{"type":"file_search","vector_store_ids":["vs_1"]}],
               "tool_choice":{"type":"file_search"}"#,
        )
        .await;
    assert_eq!(refused.brief(), (400, "unsupported_value", Some("tools[0].type")));
    assert!(refused.message.contains("'file_search'"), "{}", refused.message);
}

/// Optional in the suite. A search without the web is taken, and cannot be forced.
async fn offline_web_search(suite: &Suite) {
    let tool = r#""tools":[{"type":"web_search","external_web_access":false}]"#;
    let include = r#""include":["web_search_call.action.sources"]"#;
    let forced = r#""tool_choice":{"type":"web_search"}"#;
    let refused = suite.refused(&format!(r#""input":"Search",{include},{tool},{forced}"#)).await;
    assert_eq!(refused.brief(), (400, "invalid_value", Some("tool_choice")));
    assert!(refused.message.contains("'web_search'"), "{}", refused.message);
    let taken = suite.complete(&format!(r#""input":"Search",{include},{tool}"#)).await;
    assert_eq!(taken["tools"][0], json(r#"{"type":"web_search","external_web_access":false}"#));
}

macro_rules! cases {
    ($($case:ident)*) => {
        mod alone {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(&super::Suite::start().await).await;
                }
            )*
        }

        #[tokio::test]
        async fn all_cases_hold_at_once() {
            let suite = Suite::start().await;
            tokio::join!($($case(&suite)),*);
        }
    };
}

cases! {
    basic_response
    streaming_response
    system_prompt
    tool_calling
    tool_calling_streaming
    image_input
    file_input
    multi_turn
    function_call_roundtrip
    previous_response_id
    file_search
    offline_web_search
}
