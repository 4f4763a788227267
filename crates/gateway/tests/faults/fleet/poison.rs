//! Requests that kill servers (A29): failover must not carry them through the fleet.

use std::time::Duration;

use transom_testkit::answer::canary::echo;
use transom_testkit::backend::Comeback;
use transom_testkit::{FakeBackend, FakeProcess, Load};

use crate::support::exchange::{Road, body};
use crate::support::fleet::{ALIAS, Fleet, INNER, chat, chat_stream, node, refusal, shared_by};
use crate::support::{CHAT, RESPONSES, eventually};

const POISON: &str = "poison";

async fn mortal(comeback: Comeback) -> FakeBackend {
    let node = node().await;
    node.die_of(POISON, comeback).default_answer(echo(4, Duration::from_millis(2)));
    node
}

fn deaths(nodes: &[FakeBackend]) -> usize {
    nodes.iter().map(FakeBackend::deaths).sum()
}

#[tokio::test]
async fn a_request_that_has_killed_two_servers_is_refused_and_the_third_lives() {
    let roads = [
        (CHAT, chat(POISON)),
        (CHAT, chat_stream(POISON)),
        (RESPONSES, body(Road::Whole, "").replace("Hi", POISON).replace("tiny", ALIAS)),
        (RESPONSES, body(Road::Stream, "").replace("Hi", POISON).replace("tiny", ALIAS)),
    ];
    for (path, deadly) in roads {
        let nodes = [
            mortal(Comeback::Never).await,
            mortal(Comeback::Never).await,
            mortal(Comeback::Never).await,
        ];
        let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeBackend::url))).await;
        let mut refused = fleet.client.post(path, &deadly).await;
        // A gateway that tries less often than there are strikes needs another request for it.
        if refused.status != 422 {
            refused = fleet.client.post(path, &deadly).await;
        }
        assert_eq!(refusal(&refused), (422, "request_poisoned".to_owned()), "{deadly}");
        assert_eq!(deaths(&nodes), 2, "{deadly}");
        for _ in 0..5 {
            assert_eq!(fleet.client.post(path, &deadly).await.status, 422);
        }
        assert_eq!(deaths(&nodes), 2, "{deadly}");
        assert_eq!(fleet.ask("harmless").await.0.status, 200);
    }
}

#[tokio::test]
async fn innocent_requests_are_unharmed_by_one_that_kills() {
    let comeback = Comeback::After(Duration::from_millis(300));
    let nodes = [mortal(comeback).await, mortal(comeback).await, mortal(comeback).await];
    let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeBackend::url))).await;
    let asking = Load::chat(fleet.gateway.client(), ALIAS).clients(12);
    let asking = asking.for_at_most(Duration::from_secs(60)).start();
    asking.await_more(60).await;
    let mut refused = fleet.client.post(CHAT, chat(POISON)).await;
    for _ in 0..3 {
        asking.await_more(30).await;
        refused = fleet.client.post(CHAT, chat(POISON)).await;
    }
    assert_eq!(refusal(&refused), (422, "request_poisoned".to_owned()));
    assert_eq!(deaths(&nodes), 2);
    fleet.await_all_ready().await;
    asking.await_more(60).await;
    let report = asking.finish().await;
    println!("{:?}", report.tally());
    report.assert_unbegun_ones_are_answered();
}

#[tokio::test]
async fn the_same_words_are_no_crime_where_no_server_died_of_them() {
    let node = node().await;
    node.default_answer(echo(1, Duration::ZERO));
    let fleet = Fleet::start(&shared_by(&[node.url()])).await;
    // The connection is lost and the server lives: no strike, however often.
    for _ in 0..6 {
        let gone = transom_testkit::answer::chat_text("x").script();
        node.answer(gone.map(|answer| answer.first(transom_testkit::answer::Step::Reset)));
        let (answer, _) = fleet.ask("unlucky").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_real_process_that_aborts_is_a_death_too() {
    let aborts = || FakeProcess::builder().models([INNER]).dies_of(POISON).start();
    let nodes = [aborts().await, aborts().await, aborts().await];
    let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeProcess::url))).await;
    let refused = async || fleet.client.post(CHAT, chat(POISON)).await.status == 422;
    eventually("the refusal", refused).await;
    assert_eq!(fleet.ask("harmless").await.0.status, 200);
    let standing = fleet.standing().await;
    let ready = standing.iter().filter(|one| one.state == "ready").count();
    assert_eq!(ready, 1, "{standing:?}");
}
