//! Storage grows with what is said, not with how often it is continued.

use sqlx::Connection;
use transom_core::port::store::{ResponseStore, TurnRecord};
use transom_core::scope::Scope;

use crate::support::{Place, json, turn};

/// The rows and bytes of one conversation of so many turns, all alike.
async fn conversation(turns: usize) -> (i64, u64) {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    let text = format!("\"{}\"", "x".repeat(500));
    let mut parent: Option<String> = None;
    for n in 0..turns {
        let name = format!("turn{n}");
        let mut record: TurnRecord = turn(&name, parent.as_deref());
        record.response = json(&text);
        record.input[0].json = json(&text);
        record.output[0].json = json(&text);
        store.commit_turn(&scope, record).await.unwrap();
        parent = Some(name);
    }
    let mut beside = place.beside().await;
    let rows =
        sqlx::query_scalar("SELECT count(*) FROM items").fetch_one(&mut beside).await.unwrap();
    // The last to close moves the log into the file.
    beside.close().await.unwrap();
    store.close().await;
    (rows, std::fs::metadata(place.path()).unwrap().len())
}

#[tokio::test]
async fn a_conversation_takes_space_in_proportion_to_its_turns() {
    let (short, long) = (conversation(50).await, conversation(200).await);
    assert_eq!((short.0, long.0), (2 * 50, 2 * 200));
    // Four times the turns take about four times the bytes; full copies would take sixteen times.
    assert!(long.1 < 5 * short.1, "{} and {} bytes", short.1, long.1);
    // Indexes, owners and half-filled pages are dearer than nothing, but not than the content.
    let content = 3 * 500 * 200;
    assert!(long.1 < 2 * content, "{} bytes for {content} bytes of content", long.1);
}
