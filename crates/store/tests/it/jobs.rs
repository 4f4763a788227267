//! What every store of jobs does, tried with SQLite.

use std::sync::Arc;

use transom_core::clock::Timestamp;
use transom_core::id::ConversationId;
use transom_core::port::conversations::{ConversationRecord, ConversationStore, Lease};
use transom_core::port::jobs::{
    Events, HeldJob, Holder, JobEnd, JobLease, JobOrder, JobState, JobStore,
};
use transom_core::port::store::{
    Order, PageLookup, PageQuery, ResponseStore, StoreError, TurnRecord, TurnStatus,
};
use transom_core::scope::Scope;
use transom_store::sqlite::{MAX_EVENTS_PAGE, SqliteStore};

use crate::support::{Place, found, id, items, json, owner, said, text, turn};

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
    assert!(store.adopt(lease("you", 20), at(i64::MAX), 9).await.unwrap().is_empty());
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
    assert!(store.adopt(lease("me", 99), at(9), 9).await.unwrap().is_empty());
    assert!(store.ask_to_cancel(&other, &id("b")).await.unwrap());

    let first = store.adopt(lease("me", 99), at(50), 1).await.unwrap();
    let [orphan] = &first[..] else { panic!("{first:?}") };
    assert_eq!((&orphan.id, &orphan.scope), (&id("a"), &scope));
    assert_eq!((orphan.begun, orphan.cancel, orphan.next_event), (false, false, 2));
    assert_eq!(orphan.created_at, open("a").created_at);
    assert_eq!(orphan.response.get(), open("a").response.get());
    assert_eq!(text(&orphan.input), ["in_a"]);
    let sent = &orphan.order;
    assert_eq!(sent.request.get(), order().request.get());
    assert_eq!((sent.session.as_deref(), &*sent.priority), (Some("s"), "low"));

    let second = store.adopt(lease("me", 99), at(50), 9).await.unwrap();
    let [orphan] = &second[..] else { panic!("{second:?}") };
    assert_eq!((&orphan.id, &orphan.scope), (&id("b"), &other));
    assert_eq!((orphan.begun, orphan.cancel, orphan.next_event), (true, true, 3));
    assert!(store.adopt(lease("you", 99), at(50), 9).await.unwrap().is_empty());
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
    let adopted = store.adopt(lease("you", 99), at(50), 9).await.unwrap();
    assert_eq!(adopted.iter().map(|orphan| &orphan.id).collect::<Vec<_>>(), [&id("d")]);
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
    let adopted = store.adopt(lease("you", 99), at(1), 9).await.unwrap();
    assert_eq!(adopted.iter().map(|orphan| &orphan.id).collect::<Vec<_>>(), [&a]);
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
