//! Several gateways on one database: any of them can be asked, and what a dead one leaves is ended.

use std::process::Command;
use std::time::{Duration, Instant};

use transom_testkit::answer::chat::chat;
use transom_testkit::answer::chat_text;
use transom_testkit::{FakeBackend, Gate, TestGateway};

use super::{await_status, cancel, execute, path, replayed, start};
use crate::support::{Talk, names, terminal, text_of};

/// Another gateway on the same database, with a model server of its own.
async fn beside(talk: &Talk) -> Talk {
    let backend = FakeBackend::start().await;
    let gateway = TestGateway::builder(env!("CARGO_BIN_EXE_transom"))
        .upstream(&backend.url())
        .in_folder_of(&talk.gateway)
        .start()
        .await;
    Talk { client: gateway.client(), gateway, backend }
}

/// As if the lease of everything that runs had been silent for too long.
async fn let_leases_run_out(talk: &Talk) {
    let expire = "UPDATE jobs SET lease_until = 1 WHERE lease_until IS NOT NULL";
    execute(&mut talk.database().await, expire).await;
}

#[tokio::test]
async fn every_gateway_shows_streams_and_cancels_it() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let gate = Gate::new("after a word");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let queued = start(&talk, r#""input":"Go""#).await;
    await_status(&other, &queued, &["in_progress"]).await;
    let mut stream = other.client.get_stream(&path(&queued, "?stream=true")).await;
    stream.until("response.output_text.delta").await;
    gate.open();
    let done = await_status(&talk, &queued, &["completed"]).await;
    assert_eq!(terminal(&stream.collect().await)["response"], done);
    assert_eq!(replayed(&other, &queued, "").await, replayed(&talk, &queued, "").await);

    talk.backend.answer(chat().text("One ").wait(&Gate::new("never")));
    let running = start(&talk, r#""input":"Go""#).await;
    await_status(&other, &running, &["in_progress"]).await;
    let cancelled = cancel(&other, &running).await.json();
    assert_eq!(cancelled["status"], "cancelled");
    talk.backend.await_disconnect().await;
    assert_eq!(talk.stored(&running["id"]).await, cancelled);
}

#[tokio::test]
async fn what_nobody_has_seen_is_run_again_and_what_somebody_may_have_seen_fails_within_30_s() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    talk.backend.answer(chat().text("Half ").wait(&Gate::new("never")));
    let begun = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &begun, &["in_progress"]).await;
    talk.backend.answer(chat().wait(&Gate::new("never")).text("Never."));
    let waiting =
        start(&talk, r#""input":[{"role":"user","content":"Go"}],"temperature":0.5"#).await;
    let input = talk.client.get(&path(&waiting, "/input_items")).await.text();
    other.backend.answer(chat_text("Again."));
    talk.gateway.kill_9();
    let died = Instant::now();

    let failed = await_status(&other, &begun, &["failed"]).await;
    let again = await_status(&other, &waiting, &["completed"]).await;
    assert!(died.elapsed() < Duration::from_secs(30), "{:?}", died.elapsed());
    let message = failed["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("interrupted"), "{message}");
    assert_eq!((text_of(&again).as_str(), &again["temperature"]), ("Again.", &0.5.into()));
    assert_eq!(again["created_at"], waiting["created_at"]);
    assert_eq!(other.sent()["temperature"], 0.5);
    assert_eq!(other.client.get(&path(&waiting, "/input_items")).await.text(), input);
    // Their streams are whole: no number is missing, none comes twice.
    for (response, end) in [(&failed, "error failed"), (&again, "completed [DONE]")] {
        let events = transom_testkit::sse::parse(replayed(&other, response, "").await.as_bytes());
        assert!(names(&events).ends_with(end), "{}", names(&events));
        assert_eq!(terminal(&events)["response"], *response);
        for (at, event) in events.iter().filter(|event| event.data != "[DONE]").enumerate() {
            assert_eq!(event.json()["sequence_number"], at, "{}", event.data);
        }
    }
    let metrics = other.client.get("/metrics").await.text();
    for outcome in ["interrupted", "run_again"] {
        let line = format!(r#"transom_background_taken_over_total{{outcome="{outcome}"}} 1"#);
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn what_was_cancelled_while_its_gateway_was_dead_is_cancelled() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    talk.backend.answer(chat().text("Half ").wait(&Gate::new("never")));
    let begun = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &begun, &["in_progress"]).await;
    talk.gateway.kill_9();
    let cancelled = cancel(&other, &begun).await.json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(other.stored(&begun["id"]).await, cancelled);
}

#[tokio::test]
async fn a_gateway_that_comes_back_from_a_long_sleep_has_lost_its_responses() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let gate = Gate::new("after a word");
    talk.backend.answer(chat().text("Half ").wait(&gate).text("done"));
    let begun = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &begun, &["in_progress"]).await;
    signal(&talk.gateway, "STOP");
    let_leases_run_out(&other).await;
    let failed = await_status(&other, &begun, &["failed"]).await;
    gate.open();
    signal(&talk.gateway, "CONT");
    // It tries to go on, and gives up.
    talk.gateway.await_log("cancelled").await;
    assert_eq!(talk.stored(&begun["id"]).await, failed, "one end, for ever");
    let events = transom_testkit::sse::parse(replayed(&talk, &begun, "").await.as_bytes());
    assert_eq!(names(&events).matches("failed").count(), 1, "{}", names(&events));
}

#[tokio::test]
async fn a_gateway_that_is_stopped_leaves_what_has_not_begun_and_finishes_the_rest() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let gate = Gate::new("after a word");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let begun = start(&talk, r#""input":"Go""#).await;
    await_status(&talk, &begun, &["in_progress"]).await;
    talk.backend.answer(chat().wait(&Gate::new("never")).text("Never."));
    let waiting = start(&talk, r#""input":"Wait""#).await;
    other.backend.answer(chat_text("Elsewhere."));
    talk.gateway.terminate();
    // At once, without a lease that runs out.
    let elsewhere = await_status(&other, &waiting, &["completed"]).await;
    assert_eq!(text_of(&elsewhere), "Elsewhere.");
    gate.open();
    assert_eq!(text_of(&await_status(&other, &begun, &["completed"]).await), "One two");
    assert_eq!(talk.gateway.wait_exit().await.code(), 0);
}

#[tokio::test]
async fn the_same_gateway_goes_on_after_a_restart() {
    let mut talk = Talk::start().await;
    let gate = Gate::new("never");
    talk.backend.answer(chat().wait(&gate).text("Never."));
    let waiting = start(&talk, r#""input":"Go""#).await;
    gate.arrived(1).await;
    talk.backend.answer(chat_text("Later."));
    talk.gateway = talk.gateway.restart().await;
    talk.client = talk.gateway.client();
    let_leases_run_out(&talk).await;
    let done = await_status(&talk, &waiting, &["completed"]).await;
    assert_eq!(text_of(&done), "Later.");
}

/// How many a gateway leaves that dies: far more than are run again at once.
const MANY: usize = 100;

#[tokio::test]
async fn all_that_a_dead_gateway_was_in_the_middle_of_fail_within_30_s() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let never = Gate::new("never");
    let mut begun = Vec::new();
    for _ in 0..MANY {
        talk.backend.answer(chat().text("Half ").wait(&never));
        begun.push(start(&talk, r#""input":"Go""#).await);
    }
    for response in &begun {
        await_status(&talk, response, &["in_progress"]).await;
    }
    talk.gateway.kill_9();
    let_leases_run_out(&other).await;
    let died = Instant::now();
    for response in &begun {
        await_status(&other, response, &["failed"]).await;
    }
    // Without the time that a lease takes to run out.
    assert!(died.elapsed() < Duration::from_secs(15), "{:?}", died.elapsed());
}

#[tokio::test]
async fn the_conversation_of_what_was_interrupted_is_free_at_once() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    let made = talk.client.post("/v1/conversations", "{}").await.json();
    let of = |rest: &str| format!(r#""conversation":{},{rest}"#, made["id"]);
    talk.backend.answer(chat().text("Half ").wait(&Gate::new("never")));
    let begun = start(&talk, &of(r#""input":"Go""#)).await;
    await_status(&talk, &begun, &["in_progress"]).await;
    talk.gateway.kill_9();
    let_leases_run_out(&other).await;
    await_status(&other, &begun, &["failed"]).await;
    other.backend.answer(chat_text("On."));
    assert_eq!(text_of(&other.respond(&of(r#""input":"And now?""#)).await), "On.");
}

#[tokio::test]
async fn the_conversation_of_what_waits_stays_with_it_when_its_gateway_is_stopped() {
    let talk = Talk::start().await;
    let made = talk.client.post("/v1/conversations", "{}").await.json();
    let gate = Gate::new("never");
    talk.backend.answer(chat().wait(&gate).text("Never."));
    let fields = format!(r#""input":"Go","conversation":{}"#, made["id"]);
    let waiting = start(&talk, &fields).await;
    gate.arrived(1).await;
    talk.gateway.terminate();
    assert_eq!(talk.gateway.wait_exit().await.code(), 0);
    let holders = "SELECT conversations.lease_holder, jobs.lease_holder FROM conversations, jobs";
    let holders: (Option<String>, String) =
        sqlx::query_as(holders).fetch_one(&mut talk.database().await).await.expect("a row");
    let name = waiting["id"].as_str().expect("an id").to_owned();
    assert_eq!(holders, (Some(name), String::new()), "nobody else can come between");
}

#[tokio::test]
async fn what_is_damaged_fails_and_the_rest_goes_on() {
    let talk = Talk::start().await;
    let other = beside(&talk).await;
    talk.backend.answer(chat().wait(&Gate::new("never")).text("Never."));
    let damaged = start(&talk, r#""input":"Go""#).await;
    execute(&mut talk.database().await, "UPDATE jobs SET request = NULL").await;
    talk.backend.answer(chat().wait(&Gate::new("never")).text("Never."));
    let whole = start(&talk, r#""input":"Go""#).await;
    other.backend.answer(chat_text("Again."));
    talk.gateway.kill_9();
    let_leases_run_out(&other).await;
    assert_eq!(text_of(&await_status(&other, &whole, &["completed"]).await), "Again.");
    await_status(&other, &damaged, &["failed"]).await;
}

fn signal(gateway: &TestGateway, name: &str) {
    let sent =
        Command::new("kill").args([&format!("-{name}"), &gateway.pid().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
}
