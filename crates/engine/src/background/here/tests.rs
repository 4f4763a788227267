use transom_core::id::ResponseId;

use super::{Here, Refusal};

fn id(name: &str) -> ResponseId {
    ResponseId::parse(&format!("resp_{name}")).unwrap()
}

#[tokio::test]
async fn a_turn_is_here_until_its_end_and_others_learn_of_it() {
    let here = Here::default();
    let entered = here.enter(&id("a"), 1).unwrap();
    let refused = |name: &str, limit| here.enter(&id(name), limit).map(drop).unwrap_err();
    assert_eq!(refused("b", 1), Refusal::Full, "there is room for one");
    // The same turn does not run twice, and the attempt leaves the one that runs alone.
    assert_eq!(refused("a", 9), Refusal::AlreadyHere);
    assert!(here.find(&id("a")).is_some());
    assert!(here.stored().is_empty(), "nobody can have taken away what is not in the store");
    entered.presence.wrote(2);
    assert_eq!(here.stored().len(), 1);
    let mut news = here.find(&id("a")).unwrap().subscribe();
    entered.presence.wrote(5);
    assert_eq!(*news.wait_for(|written| *written > 2).await.unwrap(), 5);

    let presence = here.find(&id("a")).unwrap();
    drop(entered);
    presence.ended().await;
    assert!(news.changed().await.is_err(), "there will be none");
    assert_eq!((here.count(), here.find(&id("a")).is_some()), (0, false));
    assert!(here.enter(&id("b"), 1).is_ok());
}
