//! Histories nobody can have made, and many continuations at once (C8 to C10).

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use transom_testkit::Gate;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::chat_text;
use transom_testkit::raw::Response;

use crate::support::exchange::{Road, body};
use crate::support::{CHAT, RESPONSES, Rig, count, eventually};

/// The most turns a conversation is read back, by default.
const DEPTH: usize = 1000;

/// Rows that the program itself could not have written, by an owner without keys.
async fn plant(rig: &Rig, rows: &str) {
    let insert = format!(
        "INSERT INTO responses
             (id, org_id, team_id, key_id, parent_id, status, model, created_at, response)
         {rows}"
    );
    let planted = sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&mut rig.database().await).await;
    planted.expect("planting rows");
}

fn row(id: &str, parent: &str) -> String {
    format!("('{id}', 'local', 'local', 'local', '{parent}', 'completed', 'other', 0, '{{}}')")
}

fn continuing(id: &str, input: &str) -> String {
    format!(r#"{{"model":"tiny","input":"{input}","previous_response_id":"{id}"}}"#)
}

fn refusal(answer: &Response) -> (u16, String, String) {
    let error = &answer.json()["error"];
    let word = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.status, word("code"), word("param"))
}

/// Continues this response in both forms, which must be refused quickly with this code.
async fn assert_refused(rig: &Rig, id: &str, code: &str) {
    for stream in ["false", "true"] {
        let request = continuing(id, "On").replacen('{', &format!(r#"{{"stream":{stream},"#), 1);
        let started = Instant::now();
        let answer = rig.client.post(RESPONSES, &request).await;
        let took = started.elapsed();
        let expected = (400, code.to_owned(), "previous_response_id".to_owned());
        assert_eq!(refusal(&answer), expected, "{id}: {}", answer.text());
        println!("{id}: {code} after {took:.1?}");
        assert!(took <= Duration::from_millis(100), "{id}: {took:?}");
    }
}

#[tokio::test]
async fn a_history_that_cannot_be_is_refused_at_once() {
    let rig = Rig::start("").await;
    let planted = [
        row("resp_self", "resp_self"),
        row("resp_one", "resp_two"),
        row("resp_two", "resp_three"),
        row("resp_three", "resp_one"),
        row("resp_tail", "resp_one"),
        row("resp_orphan", "resp_deleted"),
        row("resp_grandchild", "resp_orphan"),
    ];
    plant(&rig, &format!("VALUES {}", planted.join(","))).await;
    let depth = count(10_000, 100_000);
    plant(
        &rig,
        &format!(
            "WITH RECURSIVE turn (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM turn WHERE n < {depth})
             SELECT 'resp_deep' || n, 'local', 'local', 'local',
                    CASE WHEN n > 1 THEN 'resp_deep' || (n - 1) END, 'completed', 'tiny', 0, '{{}}'
             FROM turn"
        ),
    )
    .await;
    for id in ["resp_self", "resp_one", "resp_tail"] {
        assert_refused(&rig, id, "conversation_too_long").await;
    }
    for id in ["resp_orphan", "resp_grandchild"] {
        assert_refused(&rig, id, "previous_response_not_found").await;
    }
    for turns in [depth, DEPTH + 1] {
        assert_refused(&rig, &format!("resp_deep{turns}"), "conversation_too_long").await;
    }
    assert!(rig.backend.requests_to(CHAT).is_empty());
    // The last one that may be continued, and one that another model has answered.
    for id in [format!("resp_deep{DEPTH}"), "resp_deep1".to_owned()] {
        let answer = rig.client.post(RESPONSES, continuing(&id, "On")).await;
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_deleted_middle_ends_the_conversation_and_leaves_the_rest_readable() {
    let rig = Rig::start("").await;
    let mut ids: Vec<String> = Vec::new();
    for turn in ["first", "second", "third"] {
        let request = match ids.last() {
            None => body(Road::Whole, ""),
            Some(id) => continuing(id, turn),
        };
        let answer = rig.client.post(RESPONSES, request).await.json();
        ids.push(answer["id"].as_str().expect("an id").to_owned());
    }
    let path = |at: usize| format!("{RESPONSES}/{}", ids[at]);
    assert_eq!(rig.client.delete(&path(1)).await.status, 200);
    assert_refused(&rig, &ids[1], "previous_response_not_found").await;
    assert_refused(&rig, &ids[2], "previous_response_not_found").await;
    assert_eq!(rig.client.get(&path(2)).await.json()["previous_response_id"], ids[1].as_str());
    let other = continuing(&ids[0], "On").replace("tiny", "other");
    assert_eq!(refusal(&rig.client.post(RESPONSES, other).await).1, "model_not_found");
    assert_eq!(rig.client.post(RESPONSES, continuing(&ids[0], "On")).await.status, 200);
}

#[tokio::test]
async fn continuations_of_one_response_are_siblings_that_do_not_see_each_other() {
    let rig = Rig::start("").await;
    rig.backend.answer(chat_text("Root."));
    let parent = rig.client.post(RESPONSES, body(Road::Whole, "")).await.json();
    let parent = parent["id"].as_str().expect("an id");
    for number in [2, count(16, 100)] {
        let gate = Gate::new("all at once");
        rig.backend.default_answer(chat().wait(&gate).text("Leaf."));
        let before = rig.backend.requests_to(CHAT).len();
        let inputs: Vec<_> = (0..number).map(|at| format!("sibling {at}")).collect();
        let asking = inputs.iter().map(|input| async {
            rig.client.post(RESPONSES, continuing(parent, input)).await.json()
        });
        let opening = async {
            gate.arrived(number).await;
            gate.open();
        };
        let (answers, ()) = tokio::join!(join_all(asking), opening);
        let sent = rig.backend.requests_to(CHAT);
        for (input, answer) in inputs.iter().zip(answers) {
            assert_eq!(answer["previous_response_id"], parent);
            let id = answer["id"].as_str().expect("an id");
            let stored = rig.client.get(&format!("{RESPONSES}/{id}")).await.json();
            assert_eq!(stored, answer);
            let seen = sent[before..].iter().filter(|request| {
                let messages = request.json()["messages"].clone();
                let said: Vec<_> = messages.as_array().expect("messages").clone();
                let said: Vec<_> =
                    said.iter().map(|m| m["content"].as_str().unwrap_or_default()).collect();
                said == ["Hi", "Root.", input]
            });
            assert_eq!(seen.count(), 1, "{input}");
        }
        assert_eq!(sent.len() - before, number);
        println!("{number} siblings");
    }
}

#[tokio::test]
async fn what_runs_failed_or_was_cancelled_cannot_be_continued() {
    let rig = Rig::start("").await;
    let gate = Gate::new("the running one");
    let running = chat().text("One ").wait(&gate).text("two");
    rig.backend.answer(running);
    let mut stream = rig.client.stream(RESPONSES, body(Road::Stream, "")).await;
    let created = stream.until("response.created").await.event.json();
    let running = created["response"]["id"].as_str().expect("an id").to_owned();
    let early = rig.client.post(RESPONSES, continuing(&running, "On")).await;
    let expected = (409, "response_in_progress".to_owned(), "previous_response_id".to_owned());
    assert_eq!(refusal(&early), expected, "{}", early.text());
    gate.open();
    stream.until("response.completed").await;
    assert_eq!(rig.client.post(RESPONSES, continuing(&running, "On")).await.status, 200);

    rig.backend.answer(chat().text("One ").step(transom_testkit::Step::Reset));
    let failed = rig.exchange(Road::Stream).await.response["id"].clone();
    let failed = failed.as_str().expect("an id");
    assert_refused(&rig, failed, "previous_response_not_continuable").await;

    let gate = Gate::new("the cancelled one");
    rig.backend.answer(chat().text("One ").wait(&gate));
    let stream = rig.client.stream(RESPONSES, body(Road::Stream, "")).await;
    gate.arrived(1).await;
    drop(stream);
    eventually("the record", async || rig.stored("cancelled").await.len() == 1).await;
    let cancelled = rig.stored("cancelled").await;
    assert_refused(&rig, &cancelled[0], "previous_response_not_continuable").await;
    for id in [failed, &cancelled[0]] {
        let path = format!("{RESPONSES}/{id}");
        assert_eq!(rig.client.get(&path).await.status, 200);
        assert_eq!(rig.client.get(&format!("{path}/input_items")).await.status, 200);
    }
}
