//! What every store of sealing keys does, tried with SQLite.

use transom_core::clock::Timestamp;
use transom_core::port::models::{Expect, ModelStore};
use transom_core::port::sealing::{MAX_SEALING_KEYS, SealingKeyRow, SealingKeyStore};
use transom_core::port::store::ResponseStore;
use transom_core::scope::Scope;
use transom_core::secret::Secret;

use crate::support::{Place, execute, is_unavailable, owner, turn};

fn row(id: &str, at: i64) -> SealingKeyRow {
    SealingKeyRow {
        id: id.to_owned(),
        secret: Secret::new(format!("secret of {id}")),
        created_at: Timestamp::from_millis(at),
        created_by: owner("org", "team", "key"),
    }
}

/// The list as text: each key's name, secret, time and maker.
async fn listed(store: &dyn SealingKeyStore) -> (i64, Vec<String>) {
    let list = store.keys().await.unwrap();
    let line = |row: &SealingKeyRow| {
        let (at, maker) = (row.created_at.millis(), &row.created_by);
        format!("{} {} {at} {}", row.id, row.secret.expose(), maker.team)
    };
    (list.revision, list.rows.iter().map(line).collect())
}

#[tokio::test]
async fn keys_are_added_listed_newest_first_and_taken_out_and_each_change_is_a_revision() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(listed(&store).await, (0, vec![]));
    assert!(store.add_key(row("b", 5), Expect::Anything).await.unwrap());
    assert!(store.add_key(row("a", 7), Expect::Absent).await.unwrap());
    let both = vec!["a secret of a 7 team".to_owned(), "b secret of b 5 team".to_owned()];
    assert_eq!(listed(&store).await, (2, both.clone()));
    // No key is written over.
    let other = SealingKeyRow { secret: Secret::new("other".to_owned()), ..row("a", 9) };
    for expect in [Expect::Anything, Expect::Absent, Expect::Revision(2)] {
        assert!(!store.add_key(other.clone(), expect).await.unwrap(), "{expect:?}");
    }
    assert_eq!(listed(&store).await, (2, both));
    assert!(store.remove_key("b").await.unwrap() && !store.remove_key("b").await.unwrap());
    assert_eq!(listed(&store).await, (3, vec!["a secret of a 7 team".to_owned()]));
    assert_eq!(store.keys_revision().await.unwrap(), 3);
    assert_eq!(store.revision().await.unwrap(), 0, "the models have not changed");
}

#[tokio::test]
async fn of_two_who_make_the_first_key_one_wins_and_both_see_it() {
    let place = Place::new();
    let (first, second) = (place.open().await, place.open().await);
    let (one, other) = tokio::join!(
        first.add_key(row("a", 1), Expect::Revision(0)),
        second.add_key(row("b", 1), Expect::Revision(0)),
    );
    assert!(one.unwrap() != other.unwrap());
    assert_eq!(listed(&first).await, listed(&second).await);
    assert_eq!(listed(&first).await.1.len(), 1);
}

#[tokio::test]
async fn one_key_too_many_is_refused_and_what_came_with_it_is_written() {
    let place = Place::new();
    let store = place.open().await;
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
        INSERT INTO sealing_keys SELECT 'k' || n, '', '', '', n, 's' FROM n";
    execute(&mut place.beside().await, fill).await;
    let scope = Scope::local();
    let (more, turn) = tokio::join!(
        store.add_key(row("more", 1), Expect::Anything),
        store.commit_turn(&scope, turn("beside", None)),
    );
    assert!(is_unavailable(&more) && turn.is_ok());
    assert_eq!(store.keys().await.unwrap().rows.len(), MAX_SEALING_KEYS);
    assert!(store.remove_key("k1").await.unwrap());
    assert!(store.add_key(row("more", 1), Expect::Anything).await.unwrap());
}

#[tokio::test]
async fn no_debug_output_of_a_key_holds_it() {
    assert!(!format!("{:?}", row("a", 1)).contains("secret of"));
}
