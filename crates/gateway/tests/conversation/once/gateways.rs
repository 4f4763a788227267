//! Several gateways on one file, and gateways that die.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::chat_text;
use transom_testkit::{Gate, TestGateway};

use super::{assert_again, post, respond};
use crate::support::{RESPONSES, Talk, body, refusal};

const STREAM: &str = r#""input":"Go","stream":true"#;

const IN_USE: (u16, &str, Option<&str>) = (409, "idempotency_key_in_use", Some("Idempotency-Key"));

/// Another gateway on the same file, in front of the same model server.
async fn beside(talk: &Talk) -> TestGateway {
    TestGateway::builder(env!("CARGO_BIN_EXE_transom"))
        .upstream(&talk.backend.url())
        .in_folder_of(&talk.gateway)
        .start()
        .await
}

#[tokio::test]
async fn a_request_in_flight_is_known_at_every_gateway() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let gate = Gate::new("in the middle");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let asking = respond(&talk.client, STREAM, "k");
    let meanwhile = async {
        gate.arrived(1).await;
        for client in [talk.gateway.client(), other.client()] {
            let refused = respond(&client, STREAM, "k").await;
            assert_eq!(refused.headers.get("retry-after"), Some("1"));
            assert_eq!(refusal(&refused).brief(), IN_USE);
            let another = respond(&client, r#""input":"Other""#, "k").await;
            assert_eq!(refusal(&another).brief().1, "idempotency_key_reused");
        }
        gate.open();
    };
    let (first, ()) = tokio::join!(asking, meanwhile);
    assert!(first.text().contains("One two"), "{}", first.text());
    for client in [talk.gateway.client(), other.client()] {
        assert_again(&respond(&client, STREAM, "k").await, &first);
    }
    assert_eq!(talk.backend.requests_to("/v1/chat/completions").len(), 1);
}

#[tokio::test]
async fn of_twenty_clients_at_two_gateways_one_is_answered() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    for (round, fields) in [STREAM, r#""input":"Go""#].into_iter().enumerate() {
        let gate = Gate::new("the one generation");
        talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
        let key = format!("k{round}");
        let clients =
            (0..20).map(|at| if at % 2 == 0 { talk.gateway.client() } else { other.client() });
        let clients: Vec<_> = clients.collect();
        let (refusals, all) = (AtomicUsize::new(0), clients.len());
        let (refusals, gate, key) = (&refusals, &gate, key.as_str());
        let asking = clients.iter().map(|client| async move {
            let answer = respond(client, fields, key).await;
            if answer.status == 200 {
                return Some(answer);
            }
            assert_eq!(refusal(&answer).brief(), IN_USE);
            // The one that is answered waits until all others have been refused.
            if refusals.fetch_add(1, Ordering::Relaxed) + 2 == all {
                gate.open();
            }
            None
        });
        let answers = join_all(asking).await;
        let answered: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(answered.len(), 1);
        for client in &clients {
            assert_again(&respond(client, fields, key).await, &answered[0]);
        }
        let asked = talk.backend.requests_to("/v1/chat/completions").len();
        assert_eq!(asked, round + 1, "{fields}");
    }
}

#[tokio::test]
async fn a_gateway_that_dies_frees_its_keys_within_30_seconds() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let done = respond(&talk.client, STREAM, "done").await;
    let gate = Gate::new("never opened");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let client = talk.gateway.client().header("Idempotency-Key", "k");
    let mut stream = client.stream(RESPONSES, body(STREAM)).await;
    stream.until("response.output_text.delta").await;
    talk.gateway.kill_9();
    talk.gateway.wait_exit().await;
    let refused = respond(&other.client(), STREAM, "k").await;
    assert_eq!(refusal(&refused).brief(), IN_USE);

    let mut database = talk.database().await;
    let left = "SELECT until / 1000 - unixepoch() FROM idempotency_keys WHERE name = 'k'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&mut database).await.expect("the claim");
    assert!((1..=31).contains(&left), "{left} seconds");
    // As if that time had gone by.
    sqlx::query("UPDATE idempotency_keys SET until = 0 WHERE name = 'k'")
        .execute(&mut database)
        .await
        .expect("an update");
    talk.backend.answer(chat_text("Anew."));
    let anew = respond(&other.client(), STREAM, "k").await;
    assert!(anew.text().contains("Anew.") && !anew.headers.has("idempotency-replayed"));

    // What was kept is there at every gateway, now and after a start.
    let gateway = talk.gateway.restart().await;
    for client in [gateway.client(), other.client()] {
        assert_again(&respond(&client, STREAM, "done").await, &done);
        assert_again(&respond(&client, STREAM, "k").await, &anew);
    }
}

#[tokio::test]
async fn an_answer_whose_end_was_seen_is_never_made_again() {
    let talk = Talk::start().await;
    let (backend, mut gateway) = (talk.backend, talk.gateway);
    let mut kept = Vec::new();
    let chat_body = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"stream":true}"#;
    let rows = [(RESPONSES, body(STREAM)), ("/v1/chat/completions", chat_body.to_owned())];
    for cycle in 0..10 {
        let (path, body) = &rows[cycle % 2];
        let key = format!("k{cycle}");
        let first = post(&gateway.client(), path, body, &key).await;
        gateway.kill_9();
        kept.push((key, path, body, first));
        gateway = gateway.restart().await;
        for (key, path, body, first) in &kept {
            assert_again(&post(&gateway.client(), path, body, key).await, first);
        }
        assert_eq!(backend.requests_to("/v1/chat/completions").len(), cycle + 1);
    }
}

#[tokio::test]
async fn a_response_in_the_background_is_accepted_once_and_shown_as_it_is_by_then() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let gate = Gate::new("the one job");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let fields = r#""input":"Go","background":true"#;
    let first = respond(&talk.client, fields, "k").await;
    assert_eq!(first.json()["status"], "queued", "{}", first.text());
    gate.arrived(1).await;
    gate.open();
    let ended = async {
        loop {
            let again = respond(&other.client(), fields, "k").await;
            assert_eq!(again.headers.get("idempotency-replayed"), Some("true"));
            assert_eq!(again.json()["id"], first.json()["id"]);
            if again.json()["status"] == "completed" {
                return again;
            }
        }
    };
    let ended = tokio::time::timeout(transom_testkit::PATIENCE, ended).await.expect("an end");
    assert!(ended.text().contains("One two"), "{}", ended.text());

    let fields = r#""input":"Go","background":true,"stream":true"#;
    let first = respond(&talk.client, fields, "stream").await;
    for client in [talk.gateway.client(), other.client()] {
        assert_again(&respond(&client, fields, "stream").await, &first);
    }
    assert_eq!(talk.backend.requests_to("/v1/chat/completions").len(), 2);
}
