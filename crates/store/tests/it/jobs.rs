//! What every store of jobs does, tried with SQLite.

use std::sync::Arc;

use transom_core::clock::Timestamp;
use transom_core::id::ConversationId;
use transom_core::port::conversations::{ConversationRecord, ConversationStore, Lease};
use transom_core::port::jobs::{
    Events, HeldJob, Holder, JobEnd, JobLease, JobOrder, JobState, JobStore, Left, MAX_ATTEMPTS,
};
use transom_core::port::store::{
    Order, PageLookup, PageQuery, ResponseStore, StoreError, TurnRecord, TurnStatus,
};
use transom_core::scope::Scope;
use transom_store::sqlite::{MAX_EVENTS_PAGE, SqliteStore};

use crate::support::{Place, execute, found, id, items, json, owner, said, text, turn};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn holder(name: &str) -> Holder {
    Holder(Arc::from(name))
}

fn lease(name: &str, until: i64) -> JobLease {
    JobLease { holder: holder(name), until: at(until) }
}

fn events(first: u64, frames: &[&str]) -> Events {
    let text = frames.iter().flat_map(|frame| ["data: ", frame, "\n\n"]).collect::<String>();
    Events { first, count: frames.len() as u64, frames: text.into() }
}

fn order() -> JobOrder {
    JobOrder {
        request: json("{ \"model\" : 1.0 }"),
        session: Some("s".to_owned()),
        priority: "low".to_owned(),
    }
}

/// A turn that has not ended.
fn open(name: &str) -> TurnRecord {
    let response = json(format!("{{ \"id\": \"resp_{name}\", \"status\": \"queued\" }}"));
    TurnRecord { status: TurnStatus::Queued, output: Vec::new(), response, ..turn(name, None) }
}

/// Its end by `who`.
fn ended(name: &str, who: &str, last: Events) -> TurnRecord {
    let job = Some(JobEnd { holder: holder(who), events: last, kept_until: at(1000) });
    TurnRecord { job, input: Vec::new(), ..turn(name, None) }
}

async fn accept(store: &SqliteStore, scope: &Scope, name: &str, who: &str, until: i64) {
    let first = events(0, &["created", "queued"]);
    store.accept(scope, open(name), order(), lease(who, until), first).await.unwrap();
}

/// What is taken over at this time, of either kind.
async fn adopted(store: &SqliteStore, who: &str, now: i64) -> Vec<String> {
    let mut ids = Vec::new();
    for left in [Left::ToEnd, Left::ToRun] {
        let orphans = store.adopt(lease(who, 99), at(now), (left, 9)).await.unwrap();
        ids.extend(orphans.iter().map(|orphan| orphan.id.as_str().to_owned()));
    }
    ids
}

/// The numbers of the first event of each row, with its frames.
async fn read(store: &SqliteStore, scope: &Scope, name: &str, first: u64) -> String {
    let page = store.events(scope, &id(name), first).await.unwrap();
    let rows = page.iter().map(|row| {
        let frames = std::str::from_utf8(&row.frames).unwrap();
        format!("{}:{}", row.first, frames.replace("data: ", "").trim_end().replace("\n\n", "+"))
    });
    rows.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_job_is_accepted_written_and_ended() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "me", 10).await;
    // The response is there from the beginning, with its input.
    let response = store.response(&scope, &id("a")).await.unwrap().unwrap();
    assert_eq!(response.get(), open("a").response.get());
    assert_eq!(found(&store, &scope, "a").await.status, TurnStatus::Queued);
    let page = PageQuery { limit: 9, order: Order::Ascending, after: None };
    let PageLookup::Found(page) = store.input_items(&scope, &id("a"), &page).await.unwrap() else {
        panic!("input items");
    };
    assert_eq!(text(&page.items), ["in_a"]);
    let state = store.job(&scope, &id("a")).await.unwrap();
    assert_eq!(state, Some(JobState { events: 2, kept_until: None }));

    let me = holder("me");
    let begun = json("{ \"status\": \"in_progress\" }");
    let answer = events(2, &["in_progress", "added"]);
    JobStore::append(&store, &scope, &id("a"), &me, answer, Some(begun)).await.unwrap();
    JobStore::append(&store, &scope, &id("a"), &me, events(4, &["delta"]), None).await.unwrap();
    let response = store.response(&scope, &id("a")).await.unwrap().unwrap();
    assert_eq!(response.get(), "{ \"status\": \"in_progress\" }");
    assert_eq!(found(&store, &scope, "a").await.status, TurnStatus::InProgress);

    store.commit_turn(&scope, ended("a", "me", events(5, &["done", "[DONE]"]))).await.unwrap();
    let response = store.response(&scope, &id("a")).await.unwrap().unwrap();
    assert_eq!(response.get(), turn("a", None).response.get());
    let history = found(&store, &scope, "a").await;
    assert_eq!(history.status, TurnStatus::Completed);
    assert_eq!(said(&history), ["{\"id\" : \"in_a\"}", "{\"id\" : \"out_a\"}"]);
    let state = store.job(&scope, &id("a")).await.unwrap();
    assert_eq!(state, Some(JobState { events: 7, kept_until: Some(at(1000)) }));
    let all = "0:created+queued 2:in_progress+added 4:delta 5:done+[DONE]";
    assert_eq!(read(&store, &scope, "a", 0).await, all);
    // From within a row on: the row comes whole.
    assert_eq!(read(&store, &scope, "a", 3).await, &all[17..]);
    assert_eq!(read(&store, &scope, "a", 4).await, "4:delta 5:done+[DONE]");
    assert_eq!(read(&store, &scope, "a", 7).await, "");
}

#[tokio::test]
async fn a_job_ends_once() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "me", 10).await;
    let conflict = |result| matches!(result, Err(StoreError::Conflict));
    // Somebody who does not hold it.
    assert!(conflict(store.commit_turn(&scope, ended("a", "you", events(2, &["x"]))).await));
    let (a, you) = (id("a"), holder("you"));
    assert!(conflict(JobStore::append(&store, &scope, &a, &you, events(2, &["x"]), None).await));
    assert!(conflict(store.let_go(&scope, &a, &you).await));
    store.commit_turn(&scope, ended("a", "me", events(2, &["done"]))).await.unwrap();
    // Even its holder cannot do it again.
    let failed =
        TurnRecord { status: TurnStatus::Failed, ..ended("a", "me", events(3, &["again"])) };
    assert!(conflict(store.commit_turn(&scope, failed).await));
    assert!(conflict(
        JobStore::append(&store, &scope, &a, &holder("me"), events(3, &["x"]), None).await
    ));
    assert!(!store.ask_to_cancel(&scope, &a).await.unwrap());
    assert!(store.seize(&scope, &a, lease("you", 20)).await.unwrap().is_none());
    assert_eq!(adopted(&store, "you", i64::MAX).await, [""; 0]);
    assert_eq!(found(&store, &scope, "a").await.status, TurnStatus::Completed);
    assert_eq!(read(&store, &scope, "a", 0).await, "0:created+queued 2:done");
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_by_one() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    let other = owner("o2", "t2", "k2");
    accept(&store, &scope, "a", "dead", 10).await;
    accept(&store, &other, "b", "dead", 11).await;
    accept(&store, &scope, "c", "alive", 100).await;
    let begun = Some(json("{\"status\":\"in_progress\"}"));
    JobStore::append(&store, &other, &id("b"), &holder("dead"), events(2, &["x"]), begun)
        .await
        .unwrap();
    assert_eq!(adopted(&store, "me", 9).await, [""; 0]);
    assert!(store.ask_to_cancel(&other, &id("b")).await.unwrap());

    let first = store.adopt(lease("me", 99), at(50), (Left::ToRun, 9)).await.unwrap();
    let [orphan] = &first[..] else { panic!("{first:?}") };
    assert_eq!((&orphan.id, &orphan.scope), (&id("a"), &scope));
    assert_eq!((orphan.begun, orphan.cancel, orphan.next_event), (false, false, 2));
    assert_eq!(orphan.created_at, open("a").created_at);
    assert_eq!(orphan.response.get(), open("a").response.get());
    assert_eq!(text(&orphan.input), ["in_a"]);
    let sent = orphan.order.as_ref().unwrap();
    assert_eq!(sent.request.get(), order().request.get());
    assert_eq!((sent.session.as_deref(), &*sent.priority), (Some("s"), "low"));

    let second = store.adopt(lease("me", 99), at(50), (Left::ToEnd, 9)).await.unwrap();
    let [orphan] = &second[..] else { panic!("{second:?}") };
    assert_eq!((&orphan.id, &orphan.scope), (&id("b"), &other));
    assert_eq!((orphan.begun, orphan.cancel, orphan.next_event), (true, true, 3));
    assert_eq!(adopted(&store, "you", 50).await, [""; 0]);
    // The old holder has lost both.
    let lost = store.commit_turn(&scope, ended("a", "dead", events(2, &["x"]))).await;
    assert!(matches!(lost, Err(StoreError::Conflict)), "{lost:?}");
    store.commit_turn(&scope, ended("a", "me", events(2, &["x"]))).await.unwrap();
}

#[tokio::test]
async fn a_renewal_tells_what_is_held_and_what_is_not_wanted() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    for name in ["a", "b", "c", "d"] {
        accept(&store, &scope, name, "me", 10).await;
    }
    assert!(store.ask_to_cancel(&scope, &id("b")).await.unwrap());
    assert!(ResponseStore::delete(&store, &scope, &id("c")).await.unwrap());
    assert!(store.seize(&scope, &id("d"), lease("you", 10)).await.unwrap().is_some());
    let mut held = JobStore::renew(&store, lease("me", 60)).await.unwrap();
    held.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
    let job = |name, cancel| HeldJob { id: id(name), scope: scope.clone(), cancel };
    assert_eq!(held, [job("a", false), job("b", true)]);
    assert_eq!(adopted(&store, "me", 50).await, ["resp_d"]);
}

#[tokio::test]
async fn what_nobody_has_seen_can_be_left_to_others() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "me", 1000).await;
    accept(&store, &scope, "b", "me", 1000).await;
    let (a, b, me) = (id("a"), id("b"), holder("me"));
    JobStore::append(&store, &scope, &b, &me, events(2, &["x"]), Some(json("{}"))).await.unwrap();
    store.let_go(&scope, &a, &me).await.unwrap();
    assert!(matches!(store.let_go(&scope, &b, &me).await, Err(StoreError::Conflict)));
    // A renewal by the one who let go does not bring it back.
    let held = JobStore::renew(&store, lease("me", 2000)).await.unwrap();
    assert_eq!(held.iter().map(|job| &job.id).collect::<Vec<_>>(), [&b]);
    assert_eq!(adopted(&store, "you", 1).await, ["resp_a"]);
}

#[tokio::test]
async fn nobody_takes_over_what_is_his_own() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "me", 10).await;
    // A renewal that came too late: it is ours all the same.
    assert_eq!(adopted(&store, "me", 50).await, [""; 0]);
    assert_eq!(adopted(&store, "you", 50).await, ["resp_a"]);
}

#[tokio::test]
async fn an_event_is_written_once_and_none_is_left_out() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "me", 10).await;
    let (a, me) = (id("a"), holder("me"));
    let append = async |row: Events| JobStore::append(&store, &scope, &a, &me, row, None).await;
    append(events(2, &["x"])).await.unwrap();
    for row in [events(2, &["x"]), events(4, &["z"])] {
        assert!(matches!(append(row).await, Err(StoreError::Conflict)));
    }
    for last in [events(2, &["end"]), events(4, &["end"])] {
        let ended = store.commit_turn(&scope, ended("a", "me", last)).await;
        assert!(matches!(ended, Err(StoreError::Conflict)));
    }
    assert_eq!(found(&store, &scope, "a").await.status, TurnStatus::Queued);
    store.commit_turn(&scope, ended("a", "me", events(3, &["end"]))).await.unwrap();
    assert_eq!(read(&store, &scope, "a", 0).await, "0:created+queued 2:x 3:end");
}

#[tokio::test]
async fn a_job_that_several_processes_have_died_of_is_not_run_by_every_other_one() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "process 1", 10).await;
    // Who lets go of it has not run it.
    store.let_go(&scope, &id("a"), &holder("process 1")).await.unwrap();
    let adopt = async |process: u32, left| {
        let lease = lease(&format!("process {process}"), 10);
        store.adopt(lease, at(50), (left, 9)).await.unwrap().pop().map(|orphan| orphan.attempts)
    };
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(adopt(attempt + 1, Left::ToEnd).await, None);
        assert_eq!(adopt(attempt + 1, Left::ToRun).await, Some(attempt));
    }
    assert_eq!(adopt(9, Left::ToRun).await, None);
    assert_eq!(adopt(9, Left::ToEnd).await, Some(MAX_ATTEMPTS + 1));
}

#[tokio::test]
async fn a_damaged_row_does_not_keep_the_others_from_being_taken_over() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    for name in ["a", "b", "c"] {
        accept(&store, &scope, name, "dead", 10).await;
    }
    let mut beside = place.beside().await;
    execute(&mut beside, "UPDATE jobs SET request = NULL WHERE response_id = 'resp_a'").await;
    execute(&mut beside, "UPDATE items SET json = '{' WHERE response_id = 'resp_b'").await;
    let found = store.adopt(lease("me", 99), at(50), (Left::ToRun, 9)).await.unwrap();
    let found: Vec<_> = found.iter().map(|job| (job.id.as_str(), job.order.is_some())).collect();
    assert_eq!(found, [("resp_a", false), ("resp_c", true)]);
    // There is nothing that could be done with the other one.
    let response = store.response(&scope, &id("b")).await.unwrap().unwrap();
    assert_eq!(response.get(), r#"{"id":"resp_b","status":"failed"}"#);
    assert!(store.job(&scope, &id("b")).await.unwrap().unwrap().kept_until.is_some());
}

#[tokio::test]
async fn events_are_deleted_in_time_and_the_response_stays() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    for name in ["a", "b", "c"] {
        accept(&store, &scope, name, "me", 10).await;
    }
    for name in ["a", "b"] {
        store.commit_turn(&scope, ended(name, "me", events(2, &["x"]))).await.unwrap();
    }
    assert!(!store.expire(at(999), 9).await.unwrap());
    assert_eq!(read(&store, &scope, "a", 0).await, "0:created+queued 2:x");
    assert!(store.expire(at(1000), 1).await.unwrap(), "there may be more");
    assert!(store.expire(at(1000), 1).await.unwrap());
    assert!(!store.expire(at(1000), 1).await.unwrap());
    for name in ["a", "b"] {
        assert_eq!(read(&store, &scope, name, 0).await, "");
        assert!(store.response(&scope, &id(name)).await.unwrap().is_some());
        let state = store.job(&scope, &id(name)).await.unwrap().unwrap();
        assert_eq!(state.kept_until, Some(at(1000)), "who asks is told why");
    }
    assert_eq!(read(&store, &scope, "c", 0).await, "0:created+queued", "it has not ended");
}

#[tokio::test]
async fn jobs_of_others_look_like_none() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "me", 10).await;
    let a = id("a");
    for other in [owner("o", "t2", "k"), owner("o2", "t", "k")] {
        assert_eq!(store.job(&other, &a).await.unwrap(), None);
        assert_eq!(read(&store, &other, "a", 0).await, "");
        assert!(!store.ask_to_cancel(&other, &a).await.unwrap());
        assert!(store.seize(&other, &a, lease("me", 10)).await.unwrap().is_none());
        let me = holder("me");
        let written = JobStore::append(&store, &other, &a, &me, events(2, &["x"]), None).await;
        assert!(matches!(written, Err(StoreError::Conflict)));
        let end = store.commit_turn(&other, ended("a", "me", events(2, &["x"]))).await;
        assert!(matches!(end, Err(StoreError::Conflict)));
    }
    // Within the team any key may.
    assert!(store.ask_to_cancel(&owner("o", "t", "k2"), &a).await.unwrap());
    // With the response everything goes.
    assert!(ResponseStore::delete(&store, &scope, &a).await.unwrap());
    assert_eq!(store.job(&scope, &a).await.unwrap(), None);
    assert_eq!(read(&store, &scope, "a", 0).await, "");
}

#[tokio::test]
async fn a_page_of_events_has_a_bound() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    accept(&store, &scope, "a", "me", 10).await;
    let large = "x".repeat(MAX_EVENTS_PAGE / 2);
    for number in 2..6 {
        let row = events(number, &[&large]);
        JobStore::append(&store, &scope, &id("a"), &holder("me"), row, None).await.unwrap();
    }
    let (mut next, mut pages) = (0, Vec::new());
    loop {
        let page = store.events(&scope, &id("a"), next).await.unwrap();
        let Some(last) = page.last() else { break };
        next = last.first + last.count;
        pages.push(page.iter().map(|row| row.first).collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec![0, 2, 3], vec![4, 5]]);
}

#[tokio::test]
async fn a_turn_in_the_background_adds_to_its_conversation_at_its_end() {
    let place = Place::new();
    let (store, scope) = (place.open().await, owner("o", "t", "k"));
    let talk = ConversationId::parse("conv_a").unwrap();
    let record = ConversationRecord { id: talk.clone(), created_at: at(5), metadata: json("{}") };
    store.create(&scope, record, items(&["hi"])).await.unwrap();
    let hold = |now| Lease { holder: id("a"), now: at(now), until: at(now + 10) };
    assert!(store.lease(&scope, &talk, hold(0)).await.unwrap());
    let turn = TurnRecord { conversation: Some(talk.clone()), ..open("a") };
    let first = events(0, &["created"]);
    store.accept(&scope, turn, order(), lease("dead", 10), first).await.unwrap();
    // Accepting it has not ended the lease, and the same response may take it again.
    let stranger = Lease { holder: id("b"), now: at(1), until: at(11) };
    assert!(!store.lease(&scope, &talk, stranger).await.unwrap());
    assert!(store.lease(&scope, &talk, hold(2)).await.unwrap());
    // Whoever takes it over can give the conversation back.
    let orphan = store.seize(&scope, &id("a"), lease("dead", 10)).await.unwrap().unwrap();
    assert_eq!(orphan.conversation.as_ref(), Some(&talk));
    let end = TurnRecord {
        conversation: Some(talk.clone()),
        input: items(&["in_a"]),
        ..ended("a", "dead", events(1, &["done"]))
    };
    store.commit_turn(&scope, end).await.unwrap();
    let page = PageQuery { limit: 9, order: Order::Ascending, after: None };
    let page = ConversationStore::items(&store, &scope, &talk, &page).await.unwrap();
    let transom_core::port::conversations::ConversationPage::Found(page) = page else {
        panic!("{page:?}");
    };
    assert_eq!(text(&page.items), ["hi", "in_a", "out_a"]);
    assert_eq!(said(&found(&store, &scope, "a").await).len(), 3);
}
