//! Requests that wait: for a place at a deployment, or for a model that loads.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use transom_testkit::answer::{chat, chat_text};
use transom_testkit::backend::Phase;
use transom_testkit::{FakeBackend, Gate};

use crate::support::fleet::{
    ALIAS, Fleet, INNER, LONG, backends, chat as body, node, refusal, retry_after, shared_by, text,
};
use crate::support::{CHAT, count, eventually};

/// One server that gets one request at a time.
fn one_at_a_time(node: &FakeBackend, routing: &str) -> String {
    format!(
        "{}models:\n  - name: {ALIAS}\n    deployments:\n      \
         - {{backend: node-0, model: {INNER}, max_parallel_requests: 1}}\nrouting: {routing}\n",
        backends(&[node.url()])
    )
}

async fn await_waiting(fleet: &Fleet, count: f64) {
    let line = format!("transom_queue_length{{model=\"{ALIAS}\"}}");
    let what = format!("{count} requests to wait");
    let reached = async || (fleet.metric(&line).await - count).abs() < 0.1;
    eventually(&what, reached).await;
}

/// Asks so many one after the other, each once the one before waits; the first is being answered.
async fn ask_in_turn(fleet: &Fleet, gate: &Gate, count: usize) -> Vec<transom_testkit::RawClient> {
    let host = fleet.gateway.url().trim_start_matches("http://");
    let mut clients = Vec::new();
    for number in 0..count {
        let client = transom_testkit::RawClient::connect(host.parse().expect("an address"));
        let client = client.await.expect("connecting");
        client.post(host, CHAT, &body(&format!("number {number}"))).await.expect("sending");
        clients.push(client);
        gate.arrived(1).await;
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        await_waiting(fleet, number as f64).await;
    }
    clients
}

#[tokio::test]
async fn those_who_wait_for_a_place_are_served_in_the_order_in_which_they_came() {
    let node = node().await;
    let gate = Gate::new("a place");
    node.default_answer(chat().wait(&gate).text("done"));
    let fleet = Fleet::start(&one_at_a_time(&node, "{queue_length: 10}")).await;
    let mut clients = ask_in_turn(&fleet, &gate, 6).await;
    // Whoever leaves loses the place, and nobody else does.
    drop(clients.remove(3));
    await_waiting(&fleet, 4.0).await;
    for served in 1..=5 {
        gate.arrived(served).await;
        assert_eq!(node.take_peak(), 1);
        gate.let_one_pass();
    }
    for client in &mut clients {
        assert_eq!(client.read_response().await.expect("an answer").status, 200);
    }
    let questions: Vec<_> = node
        .requests_to(CHAT)
        .iter()
        .map(|request| {
            request.json()["messages"][0]["content"].as_str().unwrap_or_default().to_owned()
        })
        .collect();
    let expected = [0, 1, 2, 4, 5].map(|number| format!("number {number}"));
    assert_eq!(questions, expected);
    await_waiting(&fleet, 0.0).await;
}

#[tokio::test]
async fn priorities_decide_who_is_next_where_callers_show_a_key() {
    let node = node().await;
    let gate = Gate::new("a place");
    node.default_answer(chat().wait(&gate).text("done"));
    let key = ("authorization", "Bearer sk-master");
    let file = format!("auth: {{api_key: sk-master}}\n{}", one_at_a_time(&node, "{}"));
    let fleet = Fleet::listening(&file).await.with_header(key);
    fleet.await_all_ready().await;
    let host = fleet.gateway.url().trim_start_matches("http://");
    // One is being answered, and who waits first is at the head of the line already.
    let order = ["normal", "normal", "low", "normal", "high", "low", "high"];
    let mut clients = Vec::new();
    for (number, priority) in order.into_iter().enumerate() {
        let client = transom_testkit::RawClient::connect(host.parse().expect("an address"));
        let client = client.await.expect("connecting");
        let asked = body(&format!("{number} {priority}"));
        let request = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{}: {}\r\n\
             x-transom-priority: {priority}\r\ncontent-length: {}\r\n\r\n{asked}",
            key.0,
            key.1,
            asked.len(),
        );
        client.send(request).await.expect("sending");
        clients.push(client);
        gate.arrived(1).await;
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        await_waiting(&fleet, number as f64).await;
    }
    for served in 1..=order.len() {
        gate.arrived(served).await;
        gate.let_one_pass();
    }
    for client in &mut clients {
        assert_eq!(client.read_response().await.expect("an answer").status, 200);
    }
    let requests = node.requests_to(CHAT);
    let asked = requests.iter().map(|request| request.json()["messages"][0]["content"].clone());
    let asked: Vec<_> = asked.filter_map(|text| text.as_str().map(str::to_owned)).collect();
    assert_eq!(asked[..2], ["0 normal", "1 normal"]);
    let place = |word: &str| asked.iter().position(|text| *text == word).expect("it was asked");
    assert!(place("4 high") < place("3 normal"), "{asked:?}");
    assert!(place("3 normal") < place("5 low"), "{asked:?}");
    assert!(place("6 high") < place("5 low") && place("2 low") > place("4 high"), "{asked:?}");
    let urgent = [("x-transom-priority", "urgent")];
    let wrong = fleet.client.request("POST", CHAT, &urgent, Some(&body("Hi"))).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
}

#[tokio::test]
async fn a_full_line_refuses_at_once_and_says_when_to_come_back() {
    let node = node().await;
    let gate = Gate::new("a place");
    node.default_answer(chat().wait(&gate).text("done"));
    let fleet = Fleet::start(&one_at_a_time(&node, "{queue_length: 2}")).await;
    let mut clients = ask_in_turn(&fleet, &gate, 3).await;
    for _ in 0..3 {
        let (answer, took) = fleet.ask("one too many").await;
        assert_eq!(refusal(&answer), (503, "model_overloaded".to_owned()), "{}", answer.text());
        assert!(retry_after(&answer).is_some_and(|wait| (1..=60).contains(&wait)));
        assert!(took < Duration::from_millis(500), "{took:?}");
    }
    gate.open();
    for client in &mut clients {
        assert_eq!(client.read_response().await.expect("an answer").status, 200);
    }
    assert_eq!(node.count(CHAT), 3);
    assert_eq!(fleet.ask("room again").await.0.status, 200);
}

#[tokio::test]
async fn nobody_waits_for_a_place_longer_than_the_limit() {
    let node = node().await;
    let gate = Gate::new("a place");
    node.default_answer(chat().wait(&gate).text("done"));
    let fleet = Fleet::start(&one_at_a_time(&node, "{queue_timeout: 400ms}")).await;
    let mut clients = ask_in_turn(&fleet, &gate, 1).await;
    let waiting = ["a", "b", "c"].map(async |text| fleet.ask(text).await);
    for (answer, took) in join_all(waiting).await {
        assert_eq!(refusal(&answer), (503, "model_overloaded".to_owned()), "{}", answer.text());
        assert!(retry_after(&answer).is_some());
        let limits = Duration::from_millis(400)..Duration::from_millis(1200);
        assert!(limits.contains(&took), "{took:?}");
    }
    gate.open();
    assert_eq!(clients.remove(0).read_response().await.expect("an answer").status, 200);
}

#[tokio::test]
async fn many_who_wait_are_all_served_and_never_more_at_once_than_there_are_places() {
    let node = node().await;
    node.default_answer(transom_testkit::answer::canary::echo(2, Duration::from_millis(2)));
    let fleet = Fleet::start(&one_at_a_time(&node, "{}")).await;
    let load = transom_testkit::Load::chat(fleet.gateway.client(), ALIAS).clients(32);
    load.for_at_most(LONG).requests(count(150, 5000)).run().await.assert_all_whole();
    assert_eq!(node.take_peak(), 1);
}

#[tokio::test]
async fn requests_wait_for_a_model_that_loads_however_its_server_shows_it() {
    for listening in [false, true] {
        let builder = FakeBackend::builder().models([INNER]).phase(Phase::Loading);
        let node = if listening { builder } else { builder.loading() }.start().await;
        node.default_answer(chat_text("loaded"));
        let fleet = Fleet::listening(&shared_by(&[node.url()])).await;
        let (mut answers, asked) = (Vec::new(), Instant::now());
        let asking = async {
            answers = join_all(["a", "b", "c"].map(async |text| fleet.ask(text).await)).await;
        };
        let loading = async {
            await_waiting(&fleet, 3.0).await;
            node.enter(Phase::Ready).listen().await;
        };
        tokio::join!(asking, loading);
        for (answer, _) in answers {
            assert_eq!(text(&answer), "loaded");
        }
        println!("waited {:.1?}", asked.elapsed());
    }
}

#[tokio::test]
async fn a_model_that_does_not_load_in_time_is_told_to_be_loading_and_one_that_is_gone_to_be_gone()
{
    let node = FakeBackend::builder().models([INNER]).loading().start().await;
    let shared = shared_by(&[node.url()]);
    let fleet = Fleet::listening(&format!("{shared}routing: {{queue_timeout: 300ms}}\n")).await;
    let (answer, took) = fleet.ask("loading").await;
    assert_eq!(refusal(&answer), (503, "model_loading".to_owned()));
    assert!(retry_after(&answer).is_some());
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(2), "{took:?}");

    let gone = format!("{shared}routing: {{startup_grace: 0}}\n");
    let fleet = Fleet::listening(&gone).await;
    fleet.await_state(0, "unreachable").await;
    let (answer, took) = fleet.ask("gone").await;
    assert_eq!(refusal(&answer), (503, "model_unavailable".to_owned()));
    assert!(took < Duration::from_millis(300), "{took:?}");
}
