//! Clients that leave: the model server is let go, the record says `cancelled`.

use transom_testkit::Gate;
use transom_testkit::answer::chat::chat;
use transom_testkit::raw::RawClient;

use crate::support::{RESPONSES, Talk, body, text_of};

/// The id of the newest stored response, once there is one that ended this way.
async fn recorded(talk: &Talk, status: &str) -> serde_json::Value {
    let mut database = talk.database().await;
    let newest = "SELECT id FROM responses WHERE status = ?1 ORDER BY created_at DESC LIMIT 1";
    let waiting = async {
        loop {
            let row: Option<String> = sqlx::query_scalar(newest)
                .bind(status)
                .fetch_optional(&mut database)
                .await
                .expect("reading the database");
            if let Some(id) = row {
                return id;
            }
            tokio::task::yield_now().await;
        }
    };
    let id = tokio::time::timeout(transom_testkit::PATIENCE, waiting).await.expect("a record");
    talk.stored(&id.into()).await
}

#[tokio::test]
async fn a_reader_that_leaves_a_stream_lets_the_model_server_go() {
    let talk = Talk::start().await;
    let gate = Gate::new("after two words");
    talk.backend.answer(chat().text("One two ").wait(&gate).text("three"));
    let mut stream = talk.client.stream(RESPONSES, body(r#""input":"Go","stream":true"#)).await;
    let created = stream.until("response.created").await.event.json();
    stream.until("response.output_text.delta").await;
    gate.arrived(1).await;
    stream.until("response.output_text.delta").await;
    drop(stream);
    talk.backend.await_disconnect().await;

    let stored = recorded(&talk, "cancelled").await;
    assert_eq!(stored["id"], created["response"]["id"]);
    assert_eq!(text_of(&stored), "One two ", "what had come is kept");
    assert_eq!(stored["output"][0]["status"], "incomplete");
    let fields = format!(r#""input":"On","previous_response_id":{}"#, stored["id"]);
    let found = talk.refused(&fields).await;
    let code = "previous_response_not_continuable";
    assert_eq!(found.brief(), (400, code, Some("previous_response_id")));
}

#[tokio::test]
async fn a_client_that_leaves_a_whole_answer_lets_the_model_server_go() {
    let talk = Talk::start().await;
    let gate = Gate::new("after two words");
    talk.backend.answer(chat().text("One two ").wait(&gate).text("three"));
    let address = talk.gateway.url().trim_start_matches("http://").to_owned();
    let client =
        RawClient::connect(address.parse().expect("an address")).await.expect("connecting");
    client.post(&address, RESPONSES, &body(r#""input":"Go""#)).await.expect("sending");
    gate.arrived(1).await;
    drop(client);
    talk.backend.await_disconnect().await;
    let stored = recorded(&talk, "cancelled").await;
    assert!("One two ".starts_with(&text_of(&stored)));
    assert!(stored["usage"].is_null(), "nobody has said what it cost");
    let metrics = talk.client.get("/metrics").await.text();
    for line in [
        r#"transom_turns_total{route="/v1/responses",outcome="cancelled"} 1"#,
        "vllm_responses_sse_connections_in_flight 0",
        "vllm_responses_http_in_flight_requests 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_and_wants_nothing_kept_leaves_nothing() {
    let talk = Talk::start().await;
    let gate = Gate::new("the first word");
    talk.backend.answer(chat().text("One ").wait(&gate));
    let request = body(r#""input":"Go","stream":true,"store":false"#);
    let mut stream = talk.client.stream(RESPONSES, request).await;
    stream.until("response.output_text.delta").await;
    drop(stream);
    talk.backend.await_disconnect().await;
    talk.gateway.await_log("cancelled: the client left").await;
    talk.respond(r#""input":"Go""#).await;
    let mut database = talk.database().await;
    let rows: Vec<String> = sqlx::query_scalar("SELECT status FROM responses")
        .fetch_all(&mut database)
        .await
        .expect("reading the database");
    assert_eq!(rows, ["completed"]);
}
