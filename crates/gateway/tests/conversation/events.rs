//! The order of events of every kind of answer (design decision 13; OpenAI's own streams).

use serde_json::Value;
use transom_testkit::FakeBackend;
use transom_testkit::answer::chat::{Usage, chat};
use transom_testkit::answer::{Chat, Finish, Step, chat_text, errors, tool_calls};

use crate::support::{Talk, json, keys, names, terminal, text_of, tool};

/// The events of a text answer.
pub(crate) const TEXT: &str = "created in_progress output_item.added content_part.added \
    output_text.delta* output_text.done content_part.done output_item.done completed [DONE]";

const CALL: &str = "output_item.added function_call_arguments.delta* function_call_arguments.done output_item.done";

const THOUGHTS: &str = "output_item.added content_part.added reasoning_text.delta* \
        reasoning_text.done content_part.done output_item.done";

pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) answer: Chat,
    events: String,
    /// Type and status of each item.
    items: &'static str,
}

fn row(what: &'static str, answer: Chat, events: &str, items: &'static str) -> Row {
    Row { what, answer, events: format!("created in_progress {events}"), items }
}

/// The events of an item of text, and what follows.
fn text_item(last: &str) -> String {
    format!(
        "output_item.added content_part.added output_text.delta* output_text.done \
         content_part.done output_item.done{last}"
    )
}

/// Answers that end on their own.
pub(crate) fn whole_rows() -> Vec<Row> {
    let message = text_item;
    let city = r#"{"city": "Paris"}"#;
    let two = [("weather", city), ("weather", r#"{"city": "Oslo"}"#)];
    vec![
        row("text", chat_text("One two"), &message(" completed [DONE]"), "message:completed"),
        row(
            "reasoning and text",
            chat().reasoning("So it is").text("One two"),
            &format!("{THOUGHTS} {}", message(" completed [DONE]")),
            "reasoning:completed message:completed",
        ),
        row(
            "one call",
            tool_calls([("weather", city)]),
            &format!("{CALL} completed [DONE]"),
            "function_call:completed",
        ),
        row(
            "parallel calls",
            tool_calls(two),
            &format!("{CALL} {CALL} completed [DONE]"),
            "function_call:completed function_call:completed",
        ),
        row(
            "text, then a call",
            chat_text("One two").tool_call("call_0", "weather", city),
            &format!("{} {CALL} completed [DONE]", message("")),
            "message:completed function_call:completed",
        ),
        row(
            "whitespace, then a call",
            chat_text("\n\n").tool_call("call_0", "weather", city),
            &format!("{CALL} completed [DONE]"),
            "function_call:completed",
        ),
        row(
            "a refusal",
            chat().refusal("I cannot do"),
            "output_item.added content_part.added refusal.delta* refusal.done content_part.done \
             output_item.done completed [DONE]",
            "message:completed",
        ),
    ]
}

/// Answers that a limit or a filter cuts, and one that says nothing.
pub(crate) fn cut_rows() -> Vec<Row> {
    let message = text_item;
    vec![
        row(
            "cut with text",
            chat_text("One two").finish(Finish::Length),
            &message(" incomplete [DONE]"),
            "message:incomplete",
        ),
        row("cut without text", chat().finish(Finish::Length), "incomplete [DONE]", ""),
        row(
            "cut while thinking",
            chat().reasoning("So it").finish(Finish::Length),
            &format!("{THOUGHTS} incomplete [DONE]"),
            "reasoning:incomplete",
        ),
        row(
            "cut within a call",
            tool_calls([("weather", r#"{"city": "#)]).finish(Finish::Length),
            &format!("{} incomplete [DONE]", CALL.replace("delta*", "delta")),
            "function_call:incomplete",
        ),
        row(
            "filtered with text",
            chat_text("One two").finish(Finish::ContentFilter),
            &message(" incomplete [DONE]"),
            "message:incomplete",
        ),
        row("filtered without text", chat().finish(Finish::ContentFilter), "incomplete [DONE]", ""),
        row(
            "empty",
            chat(),
            &message(" completed [DONE]").replace("delta*", "delta"),
            "message:completed",
        ),
    ]
}

#[tokio::test]
async fn every_kind_of_answer_has_its_events_and_both_forms_hold_the_same() {
    let talk = Talk::start().await;
    let fields = format!(r#""input":"Go","tools":[{}]"#, tool("weather"));
    for row in whole_rows().into_iter().chain(cut_rows()) {
        talk.backend.answer(row.answer.clone());
        let events = talk.stream(&fields).await;
        assert_eq!(names(&events), row.events, "{}", row.what);
        for (number, event) in events.iter().filter(|event| event.data != "[DONE]").enumerate() {
            let data = event.json();
            assert_eq!(data["sequence_number"], number, "{}", row.what);
            assert_eq!(data["type"], *event.event, "{}", row.what);
        }
        let last = terminal(&events)["response"].clone();
        assert_eq!(items(&last), row.items, "{}", row.what);
        assert_eq!(talk.stored(&last["id"]).await, last, "{}", row.what);

        talk.backend.answer(row.answer);
        let whole = talk.respond(&fields).await;
        assert_eq!(talk.stored(&whole["id"]).await, whole, "{}", row.what);
        assert_eq!(without_ids(&whole), without_ids(&last), "{}", row.what);
    }
}

fn items(response: &serde_json::Value) -> String {
    let items = response["output"].as_array().expect("output").iter();
    let shown = items.map(|item| format!("{}:{}", item["type"], item["status"]).replace('"', ""));
    shown.collect::<Vec<_>>().join(" ")
}

/// What differs between two runs of one request is taken out.
pub(crate) fn without_ids(response: &serde_json::Value) -> String {
    let text = response.to_string();
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = ["resp_", "msg_", "rs_", "fc_"].iter().filter_map(|p| rest.find(p)).min() {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let end = from.find('"').expect("the end of an id");
        rest = &from[end..];
    }
    plain.push_str(rest);
    let marks = ["created_at", "completed_at"].map(|name| response[name].to_string());
    marks.iter().filter(|mark| *mark != "null").fold(plain, |plain, mark| plain.replace(mark, "0"))
}

#[tokio::test]
async fn every_event_belongs_to_its_item_and_deltas_add_up() {
    let talk = Talk::start().await;
    let answer = chat().reasoning("So it is").text("One two").tool_call("call_0", "weather", "{}");
    talk.backend.answer(answer.tool_call("call_1", "weather", r#"{"city": "Oslo"}"#));
    let fields = format!(r#""input":"Go","tools":[{}]"#, tool("weather"));
    let events = talk.stream(&fields).await;
    let output = terminal(&events)["response"]["output"].clone();
    let mut deltas = vec![String::new(); 4];
    for event in events.iter().filter(|event| event.data.contains("output_index")) {
        let data = event.json();
        let index =
            usize::try_from(data["output_index"].as_u64().expect("an index")).expect("small");
        let id = if data["item"].is_null() { &data["item_id"] } else { &data["item"]["id"] };
        assert_eq!(id, &output[index]["id"], "{}", event.data);
        deltas[index].push_str(data["delta"].as_str().unwrap_or_default());
        if event.event == "response.output_item.done" {
            assert_eq!(data["item"], output[index]);
        }
    }
    assert_eq!(deltas, ["So it is", "One two", "{}", r#"{"city": "Oslo"}"#]);
    let calls: Vec<_> = (2..4).map(|at| output[at]["call_id"].clone()).collect();
    assert_eq!(calls, ["call_0", "call_1"]);
}

#[tokio::test]
async fn a_broken_stream_ends_with_an_error_and_a_failed_response_and_nothing_else() {
    // A whole answer that breaks would be asked for again.
    let once = "routing: {retries: 0, breaker: false}\n";
    let talk = Talk::with(FakeBackend::start().await, once).await;
    let gone = errors::object(500, "secret words of the engine", "InternalServerError", None);
    let refused = errors::object(400, "too long for me", "BadRequestError", Some("input"));
    let half = || chat_text("One two");
    let rows = [
        ("no finish", half().finish(Finish::Missing).without_done(), "upstream_disconnected"),
        ("[DONE] without finish", half().finish(Finish::Missing), "upstream_disconnected"),
        ("an error object", half().error(gone), "upstream_error"),
        ("an error about the request", half().error(refused), "upstream_rejected"),
        ("not JSON", half().event("{oops"), "bad_upstream_response"),
        ("a reset", half().step(Step::Reset), "upstream_disconnected"),
        ("a close", half().step(Step::Close), "upstream_disconnected"),
    ];
    let expected = "created in_progress output_item.added content_part.added output_text.delta* \
                    error failed";
    for (what, answer, code) in rows {
        talk.backend.answer(answer.clone());
        let events = talk.stream(r#""input":"Go""#).await;
        assert_eq!(names(&events), expected, "{what}");
        let error = events[events.len() - 2].json();
        assert_eq!(keys(&error), ["code", "message", "param", "sequence_number", "type"], "{what}");
        assert_eq!(error["code"], code, "{what}");
        assert!(!error["message"].to_string().contains("secret"), "{what}");
        let failed = terminal(&events)["response"].clone();
        assert_eq!(failed["status"], "failed", "{what}");
        assert_eq!(keys(&failed["error"]), ["code", "message"], "{what}");
        assert_eq!(text_of(&failed), "One two", "{what}: what had come is kept");
        assert_eq!(failed["output"][0]["status"], "incomplete", "{what}");
        assert_eq!(talk.stored(&failed["id"]).await, failed, "{what}");

        talk.backend.answer(answer);
        assert_eq!(talk.refused(r#""input":"Go""#).await.code, code, "{what}");
    }
}

#[tokio::test]
async fn usage_is_the_model_servers_or_null() {
    let talk = Talk::start().await;
    let usage = Usage { prompt: 100, completion: 20, cached: 64, reasoning: 5 };
    talk.backend.answer(chat_text("Hi").usage(usage));
    let told = talk.respond(r#""input":"Go""#).await;
    let expected = json(
        r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":64},"output_tokens":20,
            "output_tokens_details":{"reasoning_tokens":5},"total_tokens":120}"#,
    );
    assert_eq!(told["usage"], expected);
    talk.backend.answer(chat_text("Hi").without_usage());
    assert!(talk.respond(r#""input":"Go""#).await["usage"].is_null());
    talk.backend.answer(chat_text("Hi").without_usage());
    assert!(terminal(&talk.stream(r#""input":"Go""#).await)["response"]["usage"].is_null());
}

#[tokio::test]
async fn log_probabilities_are_shown_where_they_were_asked_for() {
    let talk = Talk::start().await;
    for ask in [r#""top_logprobs":2"#, r#""include":["message.output_text.logprobs"]"#] {
        talk.backend.answer(chat_text("One two"));
        let events = talk.stream(&format!(r#""input":"Go",{ask}"#)).await;
        let last = terminal(&events)["response"].clone();
        let tokens = last["output"][0]["content"][0]["logprobs"].as_array().expect("tokens").len();
        assert_eq!(tokens, 2, "{ask}");
        let deltas = events.iter().filter(|event| event.event == "response.output_text.delta");
        assert!(
            deltas.clone().all(|e| e.json()["logprobs"].as_array().is_some_and(|l| l.len() == 1))
        );
        assert_eq!(talk.sent()["logprobs"], true, "{ask}");
    }
    talk.respond(r#""input":"Go""#).await;
    assert!(talk.sent().get("logprobs").is_none());
}

/// Citations of a model server are told one by one, in the form of this API.
#[tokio::test]
async fn annotations_are_told_and_shown() {
    let talk = Talk::start().await;
    let chunk = |inner: &str| {
        let delta =
            format!(r#"{{"annotations":[{{"type":"url_citation","url_citation":{inner}}}]}}"#);
        format!(
            r#"{{"id":"c","object":"chat.completion.chunk","created":0,"model":"tiny","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
        )
    };
    let sources = [
        r#"{"url":"https://a","title":"A","start_index":0,"end_index":2}"#,
        r#"{"url":"https://b","title":"B","start_index":3,"end_index":5}"#,
    ];
    let answer = chat().text("Hi").event(chunk(sources[0])).event(chunk(sources[1]));
    talk.backend.answer(answer);
    let events = talk.stream(r#""input":"Go""#).await;
    assert_eq!(
        names(&events),
        "created in_progress output_item.added content_part.added output_text.delta \
         output_text.annotation.added* output_text.done content_part.done output_item.done \
         completed [DONE]"
    );
    let shown: Vec<_> = sources
        .iter()
        .map(|source| json(&source.replacen('{', r#"{"type":"url_citation","#, 1)))
        .collect();
    let told = events.iter().filter(|event| event.event.ends_with("annotation.added"));
    for (index, (event, annotation)) in told.zip(&shown).enumerate() {
        let event = event.json();
        assert_eq!((&event["annotation_index"], &event["annotation"]), (&index.into(), annotation));
        assert_eq!((&event["output_index"], &event["content_index"]), (&0.into(), &0.into()));
    }
    let response = terminal(&events)["response"].clone();
    assert_eq!(response["output"][0]["content"][0]["annotations"], Value::Array(shown));
    assert_eq!(talk.stored(&response["id"]).await, response);
}

#[tokio::test]
async fn both_names_of_reasoning_are_understood() {
    use transom_testkit::answer::ReasoningKey::{Both, Reasoning, ReasoningContent};
    let talk = Talk::with(FakeBackend::start().await, "").await;
    for key in [Reasoning, ReasoningContent, Both] {
        talk.backend.answer(chat().reasoning("So it is").reasoning_key(key).text("Yes"));
        let told = talk.respond(r#""input":"Go""#).await;
        let expected = json(r#"[{"type":"reasoning_text","text":"So it is"}]"#);
        assert_eq!(told["output"][0]["content"], expected, "{key:?}");
    }
}

#[tokio::test]
async fn a_stream_has_the_headers_of_one() {
    let talk = Talk::start().await;
    let body = crate::support::body(r#""input":"Go","stream":true"#);
    let client = talk.gateway.client().header("x-request-id", "mine-7");
    let stream = client.stream(crate::support::RESPONSES, body).await;
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
        ("x-request-id", "mine-7"),
    ] {
        assert_eq!(stream.headers.get(name), Some(value), "{name}");
    }
    assert!(!talk.backend.last_request().headers.has("x-request-id"), "it stays the gateway's");
}
