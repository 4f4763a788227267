//! Requests that kill servers (A29): failover must not carry them through the fleet.

use std::time::Duration;

use transom_testkit::answer::canary::echo;
use transom_testkit::backend::Comeback;
use transom_testkit::{FakeBackend, FakeProcess, Gate};

use crate::support::exchange::{Road, body};
use crate::support::fleet::{
    ALIAS, Fleet, INNER, chat, chat_stream, in_order, node, refusal, shared_by,
};
use crate::support::{CHAT, RESPONSES, eventually};

const POISON: &str = "poison";

/// Makes the body of a question of a text.
type Question<'a> = &'a dyn Fn(&str) -> String;

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
async fn requests_that_stood_near_are_not_held_responsible() {
    let comeback = Comeback::After(Duration::from_millis(300));
    let nodes = [mortal(comeback).await, mortal(comeback).await, mortal(comeback).await];
    let gate = Gate::new("the middle of the answer");
    for node in &nodes {
        node.default_answer(
            transom_testkit::answer::chat().text("begun ").wait(&gate).text("and done"),
        );
    }
    let urls = nodes.each_ref().map(FakeBackend::url);
    let fleet =
        Fleet::start(&format!("{}routing: {{strategy: round_robin}}\n", shared_by(&urls))).await;
    let mut streams = Vec::new();
    for number in 0..12 {
        let mut stream =
            fleet.client.stream(CHAT, chat_stream(&format!("innocent {number}"))).await;
        stream.next().await.expect("a first event");
        streams.push(stream);
    }
    // Among others a request is held responsible only where it is seen to be in prefill.
    let refused = fleet.client.post(CHAT, chat_stream(POISON)).await;
    assert_eq!(refusal(&refused), (422, "request_poisoned".to_owned()));
    assert_eq!(deaths(&nodes), 2);
    gate.open();
    let mut ends = Vec::new();
    for stream in &mut streams {
        ends.push(stream.collect().await.pop().expect("a last event").data);
    }
    let whole = ends.iter().filter(|end| *end == "[DONE]").count();
    assert_eq!(whole, 4, "a third of them: {ends:?}");
    assert!(ends.iter().all(|end| end == "[DONE]" || end.contains("upstream_disconnected")));
    // They may be asked again, word for word, and as often as anybody likes.
    fleet.await_all_ready().await;
    for number in 0..12 {
        let again = fleet.client.post(CHAT, chat_stream(&format!("innocent {number}"))).await;
        assert!(again.status == 200 && again.text().ends_with("[DONE]\n\n"), "{}", again.text());
    }
    assert_eq!(fleet.client.post(CHAT, chat_stream(POISON)).await.status, 422);
    assert_eq!(deaths(&nodes), 2);
}

/// A server shows nothing of a whole chat before its end, and a collected response that has begun is
/// no longer in prefill: neither is held responsible for what others do.
#[tokio::test]
async fn whole_answers_that_stood_near_are_not_held_responsible() {
    let response = |text: &str| body(Road::Whole, "").replace("Hi", text).replace("tiny", ALIAS);
    let roads: [(&str, Question<'_>); 2] = [(CHAT, &chat), (RESPONSES, &response)];
    for (path, innocent) in roads {
        let comeback = Comeback::After(Duration::from_millis(300));
        let nodes = [mortal(comeback).await, mortal(comeback).await, mortal(comeback).await];
        let gate = Gate::new("the middle of the answer");
        for node in &nodes {
            node.default_answer(
                transom_testkit::answer::chat().text("begun ").wait(&gate).text("and done"),
            );
        }
        let urls = nodes.each_ref().map(FakeBackend::url);
        let file = format!("{}routing: {{strategy: round_robin}}\n", shared_by(&urls));
        let fleet = Fleet::start(&file).await;
        let clients: Vec<_> = (0..12).map(|_| fleet.gateway.client()).collect();
        let asking = clients.iter().enumerate().map(|(number, client)| async move {
            client.post(path, innocent(&format!("innocent {number}"))).await.status
        });
        let killing = async {
            gate.arrived(12).await;
            let refused = fleet.client.post(CHAT, chat_stream(POISON)).await;
            assert_eq!(refusal(&refused), (422, "request_poisoned".to_owned()), "{path}");
            gate.open();
        };
        let (statuses, ()) = tokio::join!(futures_util::future::join_all(asking), killing);
        assert_eq!(deaths(&nodes), 2, "{path}");
        // Some were at both deaths and found no third try; none is to blame.
        assert!(statuses.iter().all(|status| [200, 502, 503].contains(status)), "{statuses:?}");
        fleet.await_all_ready().await;
        for number in 0..12 {
            let again = fleet.client.post(path, innocent(&format!("innocent {number}"))).await;
            assert_eq!(again.status, 200, "{path}: {}", again.text());
        }
        assert_eq!(deaths(&nodes), 2, "{path}");
    }
}

#[tokio::test]
async fn a_request_that_was_there_at_one_death_is_answered_elsewhere() {
    let nodes = [mortal(Comeback::Never).await, node().await];
    nodes[1].default_answer(echo(2, Duration::ZERO));
    let fleet = Fleet::start(&in_order(&nodes.each_ref().map(FakeBackend::url))).await;
    // In prefill when the server dies: it may have been the one, and gets another chance.
    let gate = Gate::new("prefill");
    nodes[0].default_answer(transom_testkit::answer::chat().wait(&gate).text("never"));
    let waits = async { fleet.ask("innocent").await.0.status };
    let kills = async {
        gate.arrived(1).await;
        fleet.client.post(CHAT, chat(POISON)).await.status
    };
    assert_eq!(tokio::join!(waits, kills), (200, 200));
    assert_eq!(nodes[0].deaths(), 1);
    assert_eq!(fleet.ask("innocent").await.0.status, 200);
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
    let one_lives = async || {
        let standing = fleet.standing().await;
        standing.iter().filter(|one| one.state == "ready").count() == 1
    };
    eventually("the two deaths to be seen", one_lives).await;
}
