//! What every store of keys does, tried with SQLite.

use bytes::Bytes;
use futures_util::future::join_all;
use transom_core::clock::Timestamp;
use transom_core::id::{ClaimId, IdSource, RequestId};
use transom_core::port::once::{
    BodyHash, Claim, Claimed, Entry, Form, IdempotencyKey, Kept, MAX_KEPT_BYTES, Name, OnceStore,
};
use transom_core::port::store::ResponseStore;
use transom_core::scope::Scope;
use transom_store::sqlite::SqliteStore;

use crate::support::{Place, execute, id, is_unavailable, owner, turn};

struct Number(u128);

impl IdSource for Number {
    fn random(&self) -> u128 {
        self.0
    }
}

fn holder(number: u128) -> ClaimId {
    ClaimId::fresh(&Number(number))
}

fn name(key: &str) -> Name {
    Name { route: "/v1/responses".to_owned(), key: IdempotencyKey::parse(key).unwrap() }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn request(number: u128) -> RequestId {
    RequestId::from_client(&format!("req_{number}")).unwrap()
}

/// A claim from `now` to ten later.
fn claim(number: u128, now: i64) -> Claim {
    Claim {
        holder: holder(number),
        request: request(number),
        body: BodyHash([7; 32]),
        now: at(now),
        until: at(now + 10),
    }
}

fn answer(text: &'static str) -> Kept {
    Kept::Answer { form: Form::Json, bytes: Bytes::from_static(text.as_bytes()), of: None }
}

/// What stands under a name of request 1.
fn taken(kept: Option<Kept>) -> Claimed {
    Claimed::Taken(Entry { request: request(1), body: BodyHash([7; 32]), kept })
}

async fn granted(store: &SqliteStore, scope: &Scope, key: &str, number: u128, now: i64) {
    let claimed = store.claim(scope, &name(key), claim(number, now)).await.unwrap();
    assert_eq!(claimed, Claimed::Granted, "{key}");
}

#[tokio::test]
async fn an_answer_takes_the_place_of_its_claim_until_its_time() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    for (key, kept) in [
        ("json", answer("{\"a\": 1}")),
        ("empty", answer("")),
        ("large", Kept::TooLarge),
        (
            "events",
            Kept::Answer {
                form: Form::Events,
                bytes: Bytes::from_static(b"\0data: \xff\n\n"),
                of: None,
            },
        ),
    ] {
        let name = name(key);
        granted(&store, &scope, key, 1, 100).await;
        assert_eq!(store.claim(&scope, &name, claim(2, 109)).await.unwrap(), taken(None));
        assert!(store.keep(&scope, &name, &holder(1), kept.clone(), at(500)).await.unwrap());
        // Nobody holds it any more.
        assert!(!store.keep(&scope, &name, &holder(1), answer("b"), at(900)).await.unwrap());
        assert!(!store.release(&scope, &name, &holder(1)).await.unwrap());
        assert!(!store.renew(&scope, &name, &holder(1), at(900)).await.unwrap());
        let found = store.claim(&scope, &name, claim(2, 499)).await.unwrap();
        assert_eq!(found, taken(Some(kept)));
    }
    store.close().await;

    let store = place.open().await;
    let found = store.claim(&scope, &name("json"), claim(3, 499)).await.unwrap();
    assert_eq!(found, taken(Some(answer("{\"a\": 1}"))));
    granted(&store, &scope, "json", 3, 500).await;
    let found = store.claim(&scope, &name("json"), claim(4, 501)).await.unwrap();
    let entry = Entry { request: request(3), body: BodyHash([7; 32]), kept: None };
    assert_eq!(found, Claimed::Taken(entry), "nothing is left of the answer");
}

#[tokio::test]
async fn a_claim_is_renewed_given_back_and_taken_over() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    granted(&store, &scope, "k", 1, 100).await;
    assert!(store.renew(&scope, &name("k"), &holder(1), at(130)).await.unwrap());
    assert_eq!(store.claim(&scope, &name("k"), claim(2, 129)).await.unwrap(), taken(None));
    assert!(!store.release(&scope, &name("k"), &holder(2)).await.unwrap());
    assert!(store.release(&scope, &name("k"), &holder(1)).await.unwrap());
    granted(&store, &scope, "k", 2, 101).await;
    // Its gateway sleeps, and another one takes it over.
    granted(&store, &scope, "k", 3, 111).await;
    assert!(!store.renew(&scope, &name("k"), &holder(2), at(900)).await.unwrap());
    assert!(!store.keep(&scope, &name("k"), &holder(2), answer("2"), at(900)).await.unwrap());
    assert!(!store.release(&scope, &name("k"), &holder(2)).await.unwrap());
    assert!(store.keep(&scope, &name("k"), &holder(3), answer("3"), at(900)).await.unwrap());
}

#[tokio::test]
async fn of_many_who_claim_at_once_at_two_stores_one_is_granted() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    let scope = Scope::local();
    for round in 0..10 {
        let key = format!("k{round}");
        let claims = (0..20).map(|number| {
            let (scope, name) = (scope.clone(), name(&key));
            let store = &stores[usize::from(number % 2 == 0)];
            async move { store.claim(&scope, &name, claim(number, 100)).await.unwrap() }
        });
        let claimed = join_all(claims).await;
        let granted = claimed.iter().filter(|claimed| **claimed == Claimed::Granted);
        assert_eq!(granted.count(), 1);
    }
}

#[tokio::test]
async fn a_name_is_its_owners_key_and_route() {
    let place = Place::new();
    let store = place.open().await;
    let owners =
        [owner("o", "t", "k"), owner("o", "t", "k2"), owner("o", "t2", "k"), owner("o2", "t", "k")];
    for scope in &owners {
        granted(&store, scope, "same", 1, 100).await;
        let elsewhere = Name { route: "/v1/completions".to_owned(), ..name("same") };
        let claimed = store.claim(scope, &elsewhere, claim(1, 100)).await.unwrap();
        assert_eq!(claimed, Claimed::Granted);
    }
    assert!(store.release(&owners[0], &name("same"), &holder(1)).await.unwrap());
    let found = store.claim(&owners[1], &name("same"), claim(2, 100)).await.unwrap();
    assert_eq!(found, taken(None));
}

#[tokio::test]
async fn an_answer_goes_with_the_response_that_it_shows() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    let shows = |name: &str| Kept::Answer {
        form: Form::Events,
        bytes: Bytes::from_static(b"said"),
        of: Some(id(name)),
    };
    for key in ["a", "b"] {
        store.commit_turn(&scope, turn(key, None)).await.unwrap();
        granted(&store, &scope, key, 1, 100).await;
        assert!(store.keep(&scope, &name(key), &holder(1), shows(key), at(900)).await.unwrap());
    }
    assert!(store.delete(&scope, &id("a")).await.unwrap());
    granted(&store, &scope, "a", 2, 101).await;
    assert_ne!(store.claim(&scope, &name("b"), claim(2, 101)).await.unwrap(), Claimed::Granted);
    // A response that is shown as it is by then.
    for form in [Form::Json, Form::Events] {
        let kept = Kept::Response { id: id("b"), form };
        let key = format!("{form:?}");
        granted(&store, &scope, &key, 1, 100).await;
        assert!(store.keep(&scope, &name(&key), &holder(1), kept.clone(), at(900)).await.unwrap());
        let found = store.claim(&scope, &name(&key), claim(2, 101)).await.unwrap();
        assert_eq!(found, taken(Some(kept)));
    }
    // Deleted before the answer is kept, or never there: there is nothing to show.
    for gone in ["a", "never"] {
        assert!(!store.keep(&scope, &name("a"), &holder(2), shows(gone), at(900)).await.unwrap());
    }
    assert!(store.release(&scope, &name("a"), &holder(2)).await.unwrap());
}

#[tokio::test]
async fn what_has_run_out_is_deleted_bit_by_bit() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    for number in 0..40 {
        granted(&store, &scope, &format!("old{number}"), number, 100).await;
    }
    granted(&store, &scope, "new", 1, 105).await;
    let mut rounds = 1;
    while store.sweep(at(110)).await.unwrap() {
        rounds += 1;
    }
    assert_eq!(rounds, 3);
    assert_eq!(store.claim(&scope, &name("new"), claim(2, 106)).await.unwrap(), taken(None));
    let mut beside = place.beside().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotency_keys")
        .fetch_one(&mut beside)
        .await
        .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn more_than_is_ever_kept_and_rows_of_nobody_are_refused() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    granted(&store, &scope, "k", 1, 100).await;
    let kept = |bytes: usize| Kept::Answer {
        form: Form::Json,
        bytes: Bytes::from(vec![b'x'; bytes]),
        of: None,
    };
    let huge = store.keep(&scope, &name("k"), &holder(1), kept(MAX_KEPT_BYTES + 1), at(900)).await;
    assert!(is_unavailable(&huge));
    let largest = kept(MAX_KEPT_BYTES);
    assert!(store.keep(&scope, &name("k"), &holder(1), largest.clone(), at(900)).await.unwrap());
    let found = store.claim(&scope, &name("k"), claim(2, 101)).await.unwrap();
    assert_eq!(found, taken(Some(largest)));
    // A kind that this version does not write.
    let mut beside = place.beside().await;
    execute(&mut beside, "UPDATE idempotency_keys SET kind = 'response', answer = NULL").await;
    assert!(store.claim(&scope, &name("k"), claim(2, 101)).await.is_err());
}
