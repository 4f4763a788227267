//! What every store of models does, tried with SQLite.

use futures_util::future::join_all;
use transom_core::clock::Timestamp;
use transom_core::port::models::{Expect, MAX_MODEL_BYTES, MAX_MODELS, ModelRow, ModelStore};
use transom_core::port::store::ResponseStore;
use transom_core::scope::Scope;
use transom_store::sqlite::models_in;

use crate::support::{Place, execute, is_unavailable, json, owner, turn};

fn row(name: &str, json_text: &str, at: i64) -> ModelRow {
    ModelRow {
        name: name.to_owned(),
        json: json(json_text),
        created_at: Timestamp::from_millis(at),
        updated_at: Timestamp::from_millis(at),
        updated_by: owner("org", "team", "key"),
    }
}

/// The list as text: each row's name, JSON, times and writer.
async fn listed(store: &dyn ModelStore) -> (i64, Vec<String>) {
    let list = store.list().await.unwrap();
    let line = |row: &ModelRow| {
        let (created, updated) = (row.created_at.millis(), row.updated_at.millis());
        format!("{} {} {created} {updated} {}", row.name, row.json.get(), row.updated_by.key)
    };
    (list.revision, list.rows.iter().map(line).collect())
}

#[tokio::test]
async fn a_model_is_written_replaced_and_taken_out_and_each_change_is_a_revision() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(listed(&store).await, (0, vec![]));
    assert!(store.put(row("b", "{ \"n\": 1e2 }", 5), Expect::Absent).await.unwrap());
    assert!(store.put(row("a", "1", 6), Expect::Anything).await.unwrap());
    let later = ModelRow { updated_by: Scope::master(), ..row("b", "2", 9) };
    assert!(store.put(later, Expect::Anything).await.unwrap());
    assert_eq!(listed(&store).await, (3, vec!["a 1 6 6 key".into(), "b 2 5 9 master".into()]));
    assert!(store.remove("a").await.unwrap());
    assert!(!store.remove("a").await.unwrap());
    assert_eq!(listed(&store).await, (4, vec!["b 2 5 9 master".into()]));
    assert_eq!(store.revision().await.unwrap(), 4);
}

#[tokio::test]
async fn a_write_whose_expectation_does_not_hold_changes_nothing() {
    let place = Place::new();
    let store = place.open().await;
    assert!(store.put(row("a", "1", 1), Expect::Revision(0)).await.unwrap());
    for expect in [Expect::Absent, Expect::Revision(0), Expect::Revision(2)] {
        assert!(!store.put(row("a", "2", 2), expect).await.unwrap(), "{expect:?}");
    }
    assert_eq!(listed(&store).await, (1, vec!["a 1 1 1 key".into()]));
    assert!(store.put(row("a", "3", 3), Expect::Revision(1)).await.unwrap());
    assert_eq!(listed(&store).await, (2, vec!["a 3 1 3 key".into()]));
}

#[tokio::test]
async fn stores_that_share_a_file_see_each_others_writes() {
    let place = Place::new();
    let (first, second) = (place.open().await, place.open().await);
    assert!(first.put(row("a", "1", 1), Expect::Absent).await.unwrap());
    assert_eq!(second.revision().await.unwrap(), 1);
    assert!(!second.put(row("a", "2", 2), Expect::Absent).await.unwrap());
    assert!(second.remove("a").await.unwrap());
    assert_eq!(listed(&first).await, (2, vec![]));
    execute(&mut place.beside().await, "INSERT INTO models VALUES ('x', '', '', '', 1, 1, '3')")
        .await;
    assert_eq!(listed(&first).await, (3, vec!["x 3 1 1 ".into()]), "a write by hand");
}

#[tokio::test]
async fn of_writers_who_read_the_same_revision_one_wins() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    let names: Vec<String> = (0..20).map(|n| format!("m{n}")).collect();
    let writes = names.iter().zip(stores.iter().cycle());
    let writes = writes.map(|(name, store)| store.put(row(name, "1", 1), Expect::Revision(0)));
    let won = join_all(writes).await.into_iter().filter(|result| *result.as_ref().unwrap());
    assert_eq!(won.count(), 1);
    assert_eq!(listed(&stores[0]).await.1.len(), 1);
}

#[tokio::test]
async fn a_model_that_is_too_large_or_too_many_is_refused_and_others_are_written() {
    let place = Place::new();
    let store = place.open().await;
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let large = store.put(row("a", &text(MAX_MODEL_BYTES + 1), 1), Expect::Anything).await;
    assert!(is_unavailable(&large));
    assert!(store.put(row("a", &text(MAX_MODEL_BYTES), 1), Expect::Anything).await.unwrap());
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999)
        INSERT INTO models SELECT 'm' || n, '', '', '', 1, 1, '0' FROM n";
    execute(&mut place.beside().await, fill).await;
    let scope = Scope::local();
    let (more, again, turn) = tokio::join!(
        store.put(row("more", "1", 1), Expect::Absent),
        store.put(row("a", "1", 1), Expect::Anything),
        store.commit_turn(&scope, turn("beside", None)),
    );
    assert!(is_unavailable(&more) && again.unwrap() && turn.is_ok());
    assert_eq!(store.list().await.unwrap().rows.len(), MAX_MODELS);
}

#[tokio::test]
async fn the_models_of_a_file_are_read_without_making_or_changing_it() {
    let place = Place::new();
    assert!(models_in(&place.path()).await.unwrap().is_empty());
    assert!(!place.path().exists(), "looking makes no file");
    std::fs::write(place.path(), "").unwrap();
    execute(&mut place.beside().await, "CREATE TABLE other (a)").await;
    let before_models = models_in(&place.path()).await.unwrap();
    assert!(before_models.is_empty(), "it is from before there were any");

    let place = Place::new();
    let store = place.open().await;
    assert!(store.put(row("a", "1", 1), Expect::Anything).await.unwrap());
    let names = async || {
        let rows = models_in(&place.path()).await.unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["a"], "beside a gateway that runs");
    store.close().await;
    assert_eq!(names().await, ["a"], "and after it");
}
