use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use transom_core::id::ResponseId;

use super::{Entry, EventLog};
use crate::background::Here;

#[tokio::test]
async fn what_finds_no_place_is_not_counted_and_goes_into_the_record() {
    let id = ResponseId::parse("resp_1").unwrap();
    let entered = Here::default().enter(&id, 1).unwrap();
    let presence = Arc::clone(&entered.presence);
    let (queue, mut entries) = mpsc::channel(1);
    let (hurry, lost) = (Arc::new(Notify::new()), CancellationToken::new());
    let (cancel, next) = (presence.cancel.clone(), 2);
    let mut log = EventLog { queue, hurry, presence, lost, next, begun: None, has_begun: true };
    log.send(Bytes::from_static(b"2"), 3).await.unwrap();
    // There is no place. Dropped in the middle, it has done nothing.
    let mut sending = Box::pin(log.send(Bytes::from_static(b"34"), 5));
    assert!(futures_util::poll!(&mut sending).is_pending());
    drop(sending);
    assert_eq!(log.next(), 3);
    // Cancelled, neither.
    cancel.cancel();
    assert!(log.send(Bytes::from_static(b"34"), 5).await.is_err());
    assert_eq!(log.next(), 3);
    let last = log.last(Bytes::from_static(b"34"), 5);
    assert_eq!((last.first, last.count), (3, 2), "no number is left out");
    let Some(Entry::Events(events, None)) = entries.recv().await else { panic!("the first") };
    assert_eq!((events.first, events.count), (2, 1));
}
