//! Responses in the background: accepted at once, read when they are done, streamed again, cancelled.
//!
//! - this file: one gateway. `handed_on`: several, and what becomes of responses whose gateway dies.

use std::time::Duration;

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Finish, chat_text, errors};
use transom_testkit::raw::Response;
use transom_testkit::{FakeBackend, Gate, PATIENCE};

use crate::support::{RESPONSES, Talk, body, json, keys, names, refusal, terminal, text_of};

mod handed_on;

/// The pause between two looks at a response.
const POLL: Duration = Duration::from_millis(20);

/// The path of what belongs to a response.
fn path(response: &Value, rest: &str) -> String {
    format!("{RESPONSES}/{}{rest}", response["id"].as_str().expect("an id"))
}

/// Starts a response in the background.
async fn start(talk: &Talk, fields: &str) -> Value {
    let queued = talk.respond(&format!(r#""background":true,{fields}"#)).await;
    assert_eq!((&queued["status"], &queued["background"]), (&json(r#""queued""#), &json("true")));
    queued
}

/// The response once it has one of these statuses.
async fn await_status(talk: &Talk, response: &Value, statuses: &[&str]) -> Value {
    let looking = async {
        loop {
            let seen = talk.stored(&response["id"]).await;
            if statuses.contains(&seen["status"].as_str().unwrap_or_default()) {
                return seen;
            }
            tokio::time::sleep(POLL).await;
        }
    };
    let within = PATIENCE + Duration::from_secs(15);
    tokio::time::timeout(within, looking).await.unwrap_or_else(|_| panic!("never {statuses:?}"))
}

/// The events of a response, as bytes.
async fn replayed(talk: &Talk, response: &Value, query: &str) -> String {
    let answer = talk.client.get(&path(response, &format!("?stream=true{query}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers.get("content-type"), Some("text/event-stream; charset=utf-8"));
    answer.text()
}

/// Changes the gateway's database.
async fn execute(database: &mut sqlx::SqliteConnection, statement: &'static str) {
    sqlx::query(statement).execute(database).await.expect("a statement");
}

async fn cancel(talk: &Talk, response: &Value) -> Response {
    talk.client.post(&path(response, "/cancel"), "").await
}

#[tokio::test]
async fn a_response_in_the_background_is_answered_at_once_and_read_when_it_is_done() {
    let talk = Talk::start().await;
    let (first, second) = (Gate::new("before the answer"), Gate::new("within it"));
    talk.backend.answer(chat().wait(&first).text("One ").wait(&second).text("two"));
    let queued = start(&talk, r#""input":"Go","metadata":{"a":"b"}"#).await;
    assert_eq!(queued["output"], json("[]"));
    assert_eq!(talk.stored(&queued["id"]).await, queued);
    let items = talk.client.get(&path(&queued, "/input_items")).await.json();
    assert_eq!(items["data"][0]["content"][0]["text"], "Go");
    first.open();
    let running = await_status(&talk, &queued, &["in_progress"]).await;
    assert_eq!((&running["id"], &running["usage"]), (&queued["id"], &Value::Null));
    second.open();
    let done = await_status(&talk, &queued, &["completed"]).await;
    assert_eq!(text_of(&done), "One two");
    assert_eq!(keys(&done), keys(&queued));
    assert_eq!((&done["background"], &done["metadata"]["a"]), (&json("true"), &json(r#""b""#)));
    assert!(done["completed_at"].is_i64() && done["usage"]["output_tokens"].is_u64());

    // Like any response it can be continued, and deleted.
    talk.backend.answer(chat_text("Three."));
    let next = talk.proceed(&done, r#""input":"On""#).await;
    assert_eq!(talk.sent()["messages"].as_array().map(Vec::len), Some(3));
    assert_eq!(text_of(&next), "Three.");
    assert_eq!(talk.client.delete(&path(&done, "")).await.status, 200);
    let gone = talk.client.get(&path(&done, "?stream=true")).await;
    assert_eq!(refusal(&gone).brief(), (404, "response_not_found", Some("response_id")));
    let metrics = talk.client.get("/metrics").await.text();
    assert!(metrics.contains("transom_background_responses 0"), "{metrics}");
    assert!(
        metrics.contains(r#"transom_turns_total{route="/v1/responses",outcome="completed"} 2"#)
    );
}

#[tokio::test]
async fn its_stream_goes_on_without_its_reader_and_is_read_again_byte_for_byte() {
    let talk = Talk::start().await;
    let gate = Gate::new("after two words");
    talk.backend.answer(chat().reasoning("Hm. ").text("One two ").wait(&gate).text("three"));
    let wanted = body(r#""input":"Go","background":true,"stream":true"#);
    let mut stream = talk.client.stream(RESPONSES, wanted).await;
    let created = stream.until("response.created").await.event.json();
    let response = &created["response"];
    assert_eq!(response["status"], "queued");
    stream.until("response.output_text.delta").await;
    drop(stream);
    gate.open();
    let done = await_status(&talk, response, &["completed"]).await;
    assert_eq!(text_of(&done), "Hm. One two three");

    let whole = replayed(&talk, response, "").await;
    assert_eq!(replayed(&talk, response, "").await, whole);
    let events = transom_testkit::sse::parse(whole.as_bytes());
    assert_eq!(
        names(&events),
        "created queued in_progress output_item.added content_part.added reasoning_text.delta \
         reasoning_text.done content_part.done output_item.done output_item.added \
         content_part.added output_text.delta* output_text.done content_part.done \
         output_item.done completed [DONE]"
    );
    let numbers: Vec<_> = events.iter().filter(|event| event.data != "[DONE]").collect();
    for (at, event) in numbers.iter().enumerate() {
        assert_eq!(event.json()["sequence_number"], at, "{}", event.data);
    }
    assert_eq!(terminal(&events)["response"], done);
    // From every place on: exactly what was behind it.
    for after in 0..numbers.len() - 1 {
        let rest = replayed(&talk, response, &format!("&starting_after={after}")).await;
        let mark = format!("\"sequence_number\":{},", after + 1);
        let at = whole.find(&mark).and_then(|at| whole[..at].rfind("event: ")).expect("an event");
        assert_eq!(rest, whole[at..], "{after}");
    }
    let last = numbers.len() - 1;
    assert_eq!(
        replayed(&talk, response, &format!("&starting_after={last}")).await,
        "data: [DONE]\n\n"
    );
}

#[tokio::test]
async fn a_reader_of_events_that_are_deleted_under_it_comes_to_an_end() {
    let talk = Talk::start().await;
    let queued = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &queued, &["completed"]).await;
    let delete = async |condition: &str| {
        let delete = format!("DELETE FROM job_events {condition}");
        let delete = sqlx::query(sqlx::AssertSqlSafe(delete));
        delete.execute(&mut talk.database().await).await.expect("a deletion");
    };
    // A hole is not passed over in silence: who resumes would believe that nothing was there.
    delete("WHERE first = 0").await;
    assert_eq!(replayed(&talk, &queued, "").await, "");
    assert_ne!(replayed(&talk, &queued, "&starting_after=1").await, "");
    delete("").await;
    assert_eq!(replayed(&talk, &queued, "").await, "");
}

#[tokio::test]
async fn it_takes_one_place_with_its_stream_and_none_without() {
    let talk = Talk::with(FakeBackend::start().await, "limits:\n  max_concurrency: 1\n").await;
    let wanted = body(r#""input":"Go","background":true,"stream":true"#);
    let events = talk.client.stream(RESPONSES, wanted).await.collect().await;
    assert_eq!(terminal(&events)["type"], "response.completed");
    let gate = Gate::new("the answer");
    talk.backend.answer(chat().wait(&gate).text("One"));
    let queued = start(&talk, r#""input":"Go""#).await;
    talk.respond(r#""input":"Go""#).await;
    gate.open();
    await_status(&talk, &queued, &["completed"]).await;
}

#[tokio::test]
async fn a_client_that_leaves_while_it_is_being_stored_leaves_a_response_that_runs() {
    let talk = Talk::start().await;
    let mut lock = talk.database().await;
    execute(&mut lock, "BEGIN IMMEDIATE").await;
    let asked = talk.client.post(RESPONSES, body(r#""input":"Go","background":true"#));
    let left = tokio::time::timeout(Duration::from_millis(500), asked).await;
    assert!(left.is_err(), "it cannot be stored yet");
    execute(&mut lock, "ROLLBACK").await;
    let completed = "SELECT id FROM responses WHERE status = 'completed'";
    let looking = async {
        while sqlx::query(completed).fetch_optional(&mut lock).await.expect("a row").is_none() {
            tokio::time::sleep(POLL).await;
        }
    };
    // At once, and not when somebody finds it abandoned.
    let found = tokio::time::timeout(Duration::from_secs(10), looking).await;
    assert!(found.is_ok(), "nobody runs it");
}

#[tokio::test]
async fn an_end_that_cannot_be_stored_at_once_is_stored_later() {
    let talk = Talk::start().await;
    let gate = Gate::new("the end");
    talk.backend.answer(chat().text("One").wait(&gate));
    let queued = start(&talk, r#""input":"Go""#).await;
    let mut stream = talk.client.get_stream(&path(&queued, "?stream=true")).await;
    stream.until("response.output_text.delta").await;
    let mut lock = talk.database().await;
    execute(&mut lock, "BEGIN IMMEDIATE").await;
    gate.open();
    talk.gateway.await_log("a transaction failed").await;
    execute(&mut lock, "ROLLBACK").await;
    let done = await_status(&talk, &queued, &["completed", "failed"]).await;
    assert_eq!((done["status"].as_str(), text_of(&done).as_str()), (Some("completed"), "One"));
    assert_eq!(terminal(&stream.collect().await)["response"], done);
}

#[tokio::test]
async fn a_stream_that_is_resumed_while_the_model_answers_follows_it_to_the_end() {
    let talk = Talk::start().await;
    let gate = Gate::new("each word");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two ").wait(&gate).text("three"));
    let queued = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &queued, &["in_progress"]).await;
    let mut stream = talk.client.get_stream(&path(&queued, "?stream=true&starting_after=2")).await;
    stream.until("response.output_text.delta").await;
    gate.let_one_pass();
    stream.until("response.output_text.delta").await;
    // Several may follow it at once.
    let other = talk.client.get_stream(&path(&queued, "?stream=true")).await;
    gate.open();
    let rest = stream.collect().await;
    assert_eq!(terminal(&rest)["type"], "response.completed");
    let mut other = other;
    assert_eq!(text_of(&terminal(&other.collect().await)["response"]), "One two three");
}

#[tokio::test]
async fn a_stream_that_cannot_be_had_says_why() {
    let talk = Talk::start().await;
    let foreground = talk.respond(r#""input":"Go""#).await;
    let queued = start(&talk, r#""input":"Go""#).await;
    let done = await_status(&talk, &queued, &["completed"]).await;
    let refused = async |response: &Value, query: &str| {
        refusal(&talk.client.get(&path(response, query)).await)
    };
    let found = refused(&foreground, "?stream=true").await;
    assert_eq!(found.brief(), (400, "stream_unavailable", Some("stream")));
    for query in
        ["?starting_after=1", "?stream=true&starting_after=99", "?stream=true&starting_after=x"]
    {
        let found = refused(&done, query).await;
        assert_eq!(found.brief(), (400, "invalid_value", Some("starting_after")), "{query}");
    }
    let unknown = json(r#"{"id":"resp_00000000000000000000000000000000"}"#);
    let found = refused(&unknown, "?stream=true").await;
    assert_eq!(found.brief(), (404, "response_not_found", Some("response_id")));

    // As if ten minutes had gone by.
    let later = "UPDATE jobs SET kept_until = 1";
    sqlx::query(later).execute(&mut talk.database().await).await.expect("an update");
    let found = refused(&done, "?stream=true").await;
    assert_eq!(found.brief(), (400, "stream_expired", Some("stream")));
    assert_eq!(talk.stored(&done["id"]).await, done);
}

#[tokio::test]
async fn what_runs_in_the_background_is_cancelled_once() {
    let talk = Talk::start().await;
    let gate = Gate::new("after two words");
    talk.backend.answer(chat().text("One two ").wait(&gate).text("three"));
    let queued = start(&talk, r#""input":"Go""#).await;
    let mut stream = talk.client.get_stream(&path(&queued, "?stream=true")).await;
    stream.until("response.output_text.delta").await;
    let cancelled = cancel(&talk, &queued).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text());
    let cancelled = cancelled.json();
    assert_eq!(
        (&cancelled["status"], &cancelled["error"]),
        (&json(r#""cancelled""#), &Value::Null)
    );
    assert!("One two ".starts_with(&text_of(&cancelled)), "what had come is kept");
    talk.backend.await_disconnect().await;
    // Who reads its stream is told, and the stream ends.
    let rest = stream.collect().await;
    assert_eq!(
        (terminal(&rest)["type"].as_str(), rest.last().map(|last| last.data == "[DONE]")),
        (Some("error"), Some(false))
    );
    assert_eq!(terminal(&rest)["code"], "cancelled");
    // Once more: the same object.
    assert_eq!(cancel(&talk, &queued).await.json(), cancelled);
    assert_eq!(talk.stored(&queued["id"]).await, cancelled);
    let fields = format!(r#""input":"On","previous_response_id":{}"#, queued["id"]);
    let found = talk.refused(&fields).await;
    let code = "previous_response_not_continuable";
    assert_eq!(found.brief(), (400, code, Some("previous_response_id")));

    // What waits for a model ends as well.
    talk.backend.answer(chat().wait(&Gate::new("never")).text("One"));
    let waiting = start(&talk, r#""input":"Go""#).await;
    assert_eq!(cancel(&talk, &waiting).await.json()["status"], "cancelled");
}

#[tokio::test]
async fn what_has_ended_or_never_ran_in_the_background_cannot_be_cancelled() {
    let talk = Talk::start().await;
    let foreground = talk.respond(r#""input":"Go""#).await;
    let completed = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &completed, &["completed"]).await;
    talk.backend.answer(chat_text("Half").finish(Finish::Missing));
    let failed = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &failed, &["failed"]).await;
    for response in [&foreground, &completed, &failed] {
        let before = talk.stored(&response["id"]).await;
        let found = refusal(&cancel(&talk, response).await);
        let code = "response_not_cancellable";
        assert_eq!(found.brief(), (400, code, Some("response_id")), "{response}");
        assert_eq!(talk.stored(&response["id"]).await, before);
    }
    let unknown = json(r#"{"id":"resp_00000000000000000000000000000000"}"#);
    let found = refusal(&cancel(&talk, &unknown).await);
    assert_eq!(found.brief(), (404, "response_not_found", Some("response_id")));
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_what_fails_says_why() {
    let talk = Talk::start().await;
    let found = talk.refused(r#""input":"Go","background":true,"store":false"#).await;
    assert_eq!(found.brief(), (400, "invalid_value", Some("store")));
    let found = talk.refused(r#""input":"Go","background":true,"model":"other""#).await;
    assert_eq!(found.status, 400, "a second model");
    // Broken in the middle.
    talk.backend.answer(chat_text("Half").finish(Finish::Missing));
    let queued = start(&talk, r#""input":"Go""#).await;
    let failed = await_status(&talk, &queued, &["failed"]).await;
    assert_eq!(
        (&failed["error"]["code"], text_of(&failed).as_str()),
        (&json(r#""server_error""#), "Half")
    );
    let events = transom_testkit::sse::parse(replayed(&talk, &queued, "").await.as_bytes());
    assert!(names(&events).ends_with("output_text.delta error failed"), "{}", names(&events));
    assert_eq!(terminal(&events)["response"], failed);
    // Refused by the model server.
    talk.backend.answer(errors::context_too_long(2048, 4000));
    let queued = start(&talk, r#""input":"Go""#).await;
    let failed = await_status(&talk, &queued, &["failed"]).await;
    let message = failed["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("context_length_exceeded"), "{message}");
}

#[tokio::test]
async fn nobody_holds_a_connection_so_it_waits_for_a_model_server_that_is_busy() {
    let talk = Talk::with(FakeBackend::start().await, "routing: { retries: 0 }\n").await;
    talk.backend.answer(errors::overloaded()).answer(chat_text("Now."));
    let queued = start(&talk, r#""input":"Go""#).await;
    talk.gateway.await_log("asked again after a pause").await;
    assert_eq!(talk.stored(&queued["id"]).await["status"], "queued");
    let done = await_status(&talk, &queued, &["completed"]).await;
    assert_eq!(text_of(&done), "Now.");
}

#[tokio::test]
async fn what_runs_cannot_be_continued_yet_and_is_gone_when_it_is_deleted() {
    let talk = Talk::start().await;
    let gate = Gate::new("after a word");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let queued = start(&talk, r#""input":"Go""#).await;
    let fields = format!(r#""input":"On","previous_response_id":{}"#, queued["id"]);
    let found = talk.refused(&fields).await;
    assert_eq!(found.brief(), (409, "response_in_progress", Some("previous_response_id")));
    await_status(&talk, &queued, &["in_progress"]).await;
    assert_eq!(talk.client.delete(&path(&queued, "")).await.status, 200);
    talk.backend.await_disconnect().await;
    let found = talk.refused(&fields).await;
    assert_eq!(found.brief(), (400, "previous_response_not_found", Some("previous_response_id")));
}

#[tokio::test]
async fn more_than_the_operator_allows_are_refused() {
    let yaml = "limits: { background_responses: 1 }\n";
    let talk = Talk::with(FakeBackend::start().await, yaml).await;
    let gate = Gate::new("the first");
    talk.backend.answer(chat().wait(&gate).text("One"));
    let first = start(&talk, r#""input":"Go""#).await;
    let found = talk.refused(r#""input":"Go","background":true"#).await;
    assert_eq!((found.status, &*found.code), (429, "too_many_requests"));
    // In the foreground there is room.
    talk.respond(r#""input":"Go""#).await;
    gate.open();
    await_status(&talk, &first, &["completed"]).await;
    let second = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &second, &["completed"]).await;
}

#[tokio::test]
async fn a_turn_of_a_conversation_works_on_it_in_the_background() {
    let talk = Talk::start().await;
    let made = talk.client.post("/v1/conversations", "{}").await.json();
    let of = |rest: &str| format!(r#""conversation":{},{rest}"#, made["id"]);
    let said = async || {
        let id = made["id"].as_str().expect("an id");
        let items =
            talk.client.get(&format!("/v1/conversations/{id}/items?order=asc")).await.json();
        let data = items["data"].as_array().cloned().unwrap_or_default();
        data.iter().map(|item| item["content"][0]["text"].to_string()).collect::<Vec<_>>()
    };
    let gate = Gate::new("the answer");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let queued = start(&talk, &of(r#""input":"Go""#)).await;
    assert_eq!(queued["conversation"]["id"], made["id"]);
    let found = talk.refused(&of(r#""input":"Me too""#)).await;
    assert_eq!(found.brief(), (409, "conversation_locked", Some("conversation")));
    gate.open();
    await_status(&talk, &queued, &["completed"]).await;
    assert_eq!(said().await, [r#""Go""#, r#""One two""#]);
    // Cancelled, it leaves the conversation as it was, and free.
    talk.backend.answer(chat().text("Three ").wait(&Gate::new("never")));
    let second = start(&talk, &of(r#""input":"More""#)).await;
    await_status(&talk, &second, &["in_progress"]).await;
    assert_eq!(cancel(&talk, &second).await.status, 200);
    assert_eq!(said().await.len(), 2);
    talk.backend.answer(chat_text("Four."));
    talk.respond(&of(r#""input":"On""#)).await;
    assert_eq!(said().await.len(), 4);
}
