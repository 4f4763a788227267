//! Turns that work on a conversation.

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Finish, chat_text};
use transom_testkit::{FakeBackend, Gate, TestGateway};

use super::{create, good, of, path, said};
use crate::support::{RESPONSES, Talk, body, json, refusal, terminal, text_of, tool};

#[tokio::test]
async fn a_turn_reads_the_conversation_and_adds_to_it() {
    let talk = Talk::start().await;
    talk.backend.answer(chat_text("One.")).answer(chat_text("Two.")).answer(chat_text("Three."));
    let made = create(&talk, r#"{"items":[{"role":"user","content":"Count."}]}"#).await;
    let first = talk.respond(&format!(r#""conversation":{}"#, made["id"])).await;
    assert_eq!(first["conversation"], json(&format!(r#"{{"id":{}}}"#, made["id"])));
    assert_eq!(
        (text_of(&first), talk.stored(&first["id"]).await),
        ("One.".to_owned(), first.clone())
    );
    // As an object, and as a stream.
    let fields = format!(r#""conversation":{{"id":{}}},"input":"On""#, made["id"]);
    let second = terminal(&talk.stream(&fields).await)["response"].clone();
    assert_eq!(second["conversation"]["id"], made["id"]);
    assert_eq!(talk.sent()["messages"].as_array().map(Vec::len), Some(3));
    assert_eq!(said(&talk, &made).await, ["Count.", "One.", "On", "Two."]);
    // By its own id the turn is continued with what was said before it, and the conversation is not.
    talk.proceed(&first, r#""input":"Branch""#).await;
    let messages = json(
        r#"[{"role":"user","content":"Count."},{"role":"assistant","content":"One."},
            {"role":"user","content":"Branch"}]"#,
    );
    assert_eq!(talk.sent()["messages"], messages);
    assert_eq!(said(&talk, &made).await.len(), 4);
    // Responses stay when the conversation goes.
    good(&talk.client.delete(&path(&made, "")).await);
    assert_eq!(talk.stored(&first["id"]).await, first);
    assert_eq!(talk.stored(&second["id"]).await, second);
}

#[tokio::test]
async fn only_turns_that_can_be_continued_change_the_conversation() {
    let talk = Talk::start().await;
    let made = create(&talk, "{}").await;
    talk.backend.answer(chat_text("Half").finish(Finish::Length));
    assert_eq!(talk.respond(&of(&made, r#""input":"Go""#)).await["status"], "incomplete");
    assert_eq!(said(&talk, &made).await, ["Go", "Half"]);

    // Broken streams, refusals and a client that leaves: nothing is added, nothing stays locked.
    talk.backend.answer(chat_text("Half").finish(Finish::Missing));
    let failed = terminal(&talk.stream(&of(&made, r#""input":"Fail""#)).await)["response"].clone();
    assert_eq!(
        (&failed["status"], &failed["conversation"]["id"]),
        (&json(r#""failed""#), &made["id"])
    );
    let orphan = r#""input":[{"type":"function_call_output","call_id":"c","output":"x"}]"#;
    assert_eq!(
        talk.refused(&of(&made, orphan)).await.brief(),
        (400, "invalid_value", Some("input[0]"))
    );
    let gate = Gate::new("after a word");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let mut stream =
        talk.client.stream(RESPONSES, body(&of(&made, r#""input":"Leave","stream":true"#))).await;
    stream.until("response.output_text.delta").await;
    drop(stream);
    talk.gateway.await_log("cancelled: the client left").await;
    talk.backend.await_disconnect().await;

    // The lease of the one that left ends with its record, which may take a moment.
    let next = async {
        loop {
            talk.backend.answer(chat_text("Done."));
            let answer = talk.client.post(RESPONSES, body(&of(&made, r#""input":"On""#))).await;
            if answer.status != 409 {
                return good(&answer);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(transom_testkit::PATIENCE, next).await.expect("a free conversation");
    assert_eq!(said(&talk, &made).await, ["Go", "Half", "On", "Done."]);
}

#[tokio::test]
async fn a_second_turn_on_one_conversation_is_refused_at_both_gateways() {
    let talk = Talk::start().await;
    let other = TestGateway::builder(env!("CARGO_BIN_EXE_transom"))
        .upstream(&talk.backend.url())
        .in_folder_of(&talk.gateway)
        .start()
        .await;
    let other =
        Talk { client: other.client(), gateway: other, backend: FakeBackend::start().await };
    let body_of = r#"{"items":[{"id":"msg_1","role":"user","content":"Hi"}]}"#;
    let (made, free) = (create(&talk, body_of).await, create(&talk, "{}").await);
    let gate = Gate::new("the first turn");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let mut stream =
        talk.client.stream(RESPONSES, body(&of(&made, r#""input":"Go","stream":true"#))).await;
    stream.until("response.output_text.delta").await;
    for talk in [&talk, &other] {
        let client = &talk.client;
        for refused in [
            client.post(RESPONSES, body(&of(&made, r#""input":"Me too""#))).await,
            client.post(RESPONSES, body(&of(&made, r#""input":"Me too","stream":true"#))).await,
            client
                .post(&path(&made, "/items"), r#"{"items":[{"role":"user","content":"x"}]}"#)
                .await,
            client.delete(&path(&made, "/items/msg_1")).await,
        ] {
            assert_eq!(refused.headers.get("retry-after"), Some("1"));
            assert_eq!(
                refusal(&refused).brief(),
                (409, "conversation_locked", Some("conversation"))
            );
        }
        // Reading goes on, and so do other conversations.
        assert_eq!(said(talk, &made).await, ["Hi"]);
        good(&client.post(&path(&made, ""), r#"{"metadata":{"a":"b"}}"#).await);
        talk.respond(&of(&free, r#""input":"Go""#)).await;
    }
    gate.open();
    let events: Vec<_> = stream.collect().await;
    assert_eq!(terminal(&events)["response"]["status"], "completed");
    assert_eq!(said(&other, &made).await, ["Hi", "Go", "One two"]);
    other.respond(&of(&made, r#""input":"On""#)).await;
}

#[tokio::test]
async fn a_turn_whose_conversation_is_deleted_or_taken_over_fails_and_is_kept_as_failed() {
    let talk = Talk::start().await;
    for taken_over in [false, true] {
        let made = create(&talk, "{}").await;
        let gate = Gate::new("the turn");
        talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
        let mut stream =
            talk.client.stream(RESPONSES, body(&of(&made, r#""input":"Go","stream":true"#))).await;
        let created = stream.until("response.created").await.event.json();
        stream.until("response.output_text.delta").await;
        if taken_over {
            // As if the gateway had been stopped for longer than its lease.
            let expire = "UPDATE conversations SET lease_until = 0";
            sqlx::query(expire).execute(&mut talk.database().await).await.expect("an update");
            good(
                &talk
                    .client
                    .post(&path(&made, "/items"), r#"{"items":[{"role":"user","content":"x"}]}"#)
                    .await,
            );
        } else {
            good(&talk.client.delete(&path(&made, "")).await);
        }
        gate.open();
        let failed = terminal(&stream.collect().await)["response"].clone();
        assert_eq!(failed["status"], "failed", "{failed}");
        let message = failed["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("conversation_locked"), "{message}");
        assert_eq!(talk.stored(&created["response"]["id"]).await, failed);
        if taken_over {
            assert_eq!(said(&talk, &made).await, ["x"]);
        }
    }
}

#[tokio::test]
async fn a_response_that_is_not_kept_still_adds_its_items() {
    let talk = Talk::start().await;
    let made = create(&talk, "{}").await;
    talk.backend.answer(chat_text("Hello."));
    let response = talk.respond(&of(&made, r#""input":"Hi","store":false"#)).await;
    let path = format!("{RESPONSES}/{}", response["id"].as_str().expect("an id"));
    assert_eq!(talk.client.get(&path).await.status, 404);
    assert_eq!(said(&talk, &made).await, ["Hi", "Hello."]);
    talk.respond(&of(&made, r#""input":"On""#)).await;
    assert_eq!(talk.sent()["messages"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn tool_calls_go_on_in_a_conversation_and_tools_are_sent_anew() {
    let talk = Talk::start().await;
    let made = create(&talk, "{}").await;
    talk.backend.answer(chat().tool_call("call_0", "weather", "{}")).answer(chat_text("Sunny."));
    let tools = format!(r#""tools":[{}]"#, tool("weather"));
    talk.respond(&of(&made, &format!(r#""input":"Paris?",{tools}"#))).await;
    let output = r#""input":[{"type":"function_call_output","call_id":"call_0","output":"sun"}]"#;
    let second = talk.respond(&of(&made, output)).await;
    assert_eq!((text_of(&second), &second["tools"]), ("Sunny.".to_owned(), &json("[]")));
    assert_eq!(talk.sent()["messages"][2]["role"], "tool");
    assert!(talk.sent().get("tools").is_none());
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_conversation_is_said() {
    let talk = Talk::start().await;
    let response = talk.respond(r#""input":"Hi""#).await;
    let made = create(&talk, "{}").await;
    let id = &made["id"];
    let both = format!(r#""input":"x","previous_response_id":{}"#, response["id"]);
    let dup = r#""input":[{"id":"msg_1","role":"user","content":"x"}]"#;
    for (fields, code, param) in [
        (of(&made, &both), "mutually_exclusive_parameters", "conversation"),
        (r#""input":"x","conversation":5"#.to_owned(), "invalid_type", "conversation"),
        (
            r#""input":"x","conversation":{}"#.to_owned(),
            "missing_required_parameter",
            "conversation.id",
        ),
        (format!(r#""conversation":{id}"#), "missing_required_parameter", "input"),
    ] {
        assert_eq!(talk.refused(&fields).await.brief(), (400, code, Some(param)), "{fields}");
    }
    talk.respond(&of(&made, dup)).await;
    let found = talk.refused(&of(&made, dup)).await;
    assert_eq!(found.brief(), (400, "duplicate_item", Some("input[0].id")));
    let unknown = format!(r#""input":"x","conversation":"conv_{}""#, "0".repeat(32));
    let found = talk.refused(&unknown).await;
    assert_eq!(found.brief(), (404, "conversation_not_found", Some("conversation")));
    assert_eq!(response.get("conversation"), None::<&Value>);
}
