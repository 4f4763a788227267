//! From one configuration to the next (section 8; trap 3 of the guide).

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use http_body_util::BodyExt as _;
use transom_core::backend::{BackendId, BackendSpec};
use transom_core::port::upstream::Upstream as _;
use transom_testkit::answer::{Step, chat_text, event_stream};
use transom_testkit::{FakeBackend, Gate};
use transom_upstream::backend::Backend;
use transom_upstream::health::Override;
use transom_upstream::registry::Backends;

use crate::support::tls_server::{Authority, Guests, Time, TlsServer};
use crate::support::{LIMIT, ask, key, probed, request, settings, soon, spec, until};

fn named(id: &str, url: &str) -> BackendSpec {
    BackendSpec { id: BackendId(Arc::from(id)), ..spec(url) }
}

#[tokio::test]
async fn a_rotated_key_is_sent_at_once_over_the_connections_there_are() {
    let server = FakeBackend::builder().expect_key("new").start().await;
    let with = |text| BackendSpec { key: key(text), ..spec(&server.url()) };
    let settings = settings();
    let old = Backend::new(&with("old"), &settings, None).unwrap();
    assert_eq!(ask(&old).await.unwrap().0, StatusCode::UNAUTHORIZED);
    let new = Backend::new(&with("new"), &settings, Some(&old)).unwrap();
    assert_eq!(ask(&new).await.unwrap().0, StatusCode::OK);
    // Requests that began with the old configuration end with it.
    assert_eq!(ask(&old).await.unwrap().0, StatusCode::UNAUTHORIZED);
    assert_eq!(server.accepted_connections(), 1);
    let mut slower = with("new");
    slower.connect_timeout *= 2;
    let slower = Backend::new(&slower, &settings, Some(&new)).unwrap();
    assert_eq!(ask(&slower).await.unwrap().0, StatusCode::OK);
    assert_eq!(server.accepted_connections(), 2);
}

#[tokio::test]
async fn a_rotated_key_makes_a_misconfigured_server_ready_within_a_second() {
    let server = FakeBackend::builder().expect_key("new").start().await;
    let with = |text| BackendSpec { key: key(text), ..spec(&server.url()) };
    let settings = settings();
    let (old, before) = probed(&with("old"), &settings);
    until(&before, "misconfigured").await;
    let begun = Instant::now();
    let new = Backends::reconcile(&old, &[with("new")], &settings).unwrap();
    new.supersede(&old, &settings);
    let after = new.get(&before.spec().id).unwrap();
    until(&after, "ready").await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    // Who waited for the old one is told not to.
    assert_eq!(before.state().word(), "draining");
}

#[tokio::test]
async fn a_server_that_stays_is_asked_at_once_which_models_it_serves_now() {
    let server = FakeBackend::builder().models(["old-name"]).start().await;
    let settings = settings();
    let (old, backend) = probed(&spec(&server.url()), &settings);
    until(&backend, "ready").await;
    server.serve(["new-name"]);
    let new = Backends::reconcile(&old, &[spec(&server.url())], &settings).unwrap();
    let renamed = async {
        while backend.served().iter().all(|model| &*model.id != "new-name") {
            backend.changed().await;
        }
    };
    new.supersede(&old, &settings);
    tokio::time::timeout(Duration::from_secs(1), renamed).await.unwrap();
}

#[tokio::test]
async fn what_is_declared_as_before_is_the_very_same_and_what_has_gone_is_let_go() {
    let servers = [FakeBackend::start().await, FakeBackend::start().await];
    let urls = servers.each_ref().map(FakeBackend::url);
    let settings = settings();
    let none = Backends::default();
    let specs = [named("a", &urls[0]), named("b", &urls[1])];
    let old = Backends::reconcile(&none, &specs, &settings).unwrap();
    let [a, b] = ["a", "b"].map(|id| old.get(&BackendId(Arc::from(id))).unwrap());
    until(&a, "ready").await;
    until(&b, "ready").await;
    let gate = Gate::new("the end of the stream");
    let answer = event_stream("data: 1\n\n").step(Step::Wait(gate.clone()));
    servers[1].answer(answer.step(Step::Send("data: 2\n\n".into())));
    let in_flight = b.call(request(LIMIT, LIMIT, LIMIT)).await.unwrap();

    let new = Backends::reconcile(&old, &specs[..1], &settings).unwrap();
    new.supersede(&old, &settings);
    drop(old);
    assert!(Arc::ptr_eq(&new.iter().next().unwrap().clone(), &a));
    assert_eq!(new.iter().count(), 1);
    // It has left, and still ends what it began.
    gate.open();
    let whole = in_flight.body.collect().await.unwrap().to_bytes();
    assert_eq!(whole, "data: 1\n\ndata: 2\n\n");
    servers[1].answer(chat_text("late"));
    assert_eq!(ask(&b).await.unwrap().0, StatusCode::OK);

    // No probe outlives the last configuration that has its server.
    settings.tracker.close();
    drop(new);
    soon("the probes to end", settings.tracker.wait()).await;
}

#[tokio::test]
async fn a_configuration_that_is_dropped_leaves_the_old_one_as_it_was() {
    let server = FakeBackend::start().await;
    let settings = settings();
    let (old, backend) = probed(&spec(&server.url()), &settings);
    until(&backend, "ready").await;
    let moved = Backends::reconcile(&old, &[spec("http://127.0.0.1:9")], &settings).unwrap();
    drop(moved);
    let bad = [
        named("x", "ftp://host"),
        BackendSpec { key: key("line\nbreak"), ..named("y", &server.url()) },
    ];
    let faults = Backends::reconcile(&old, &bad, &settings).err().unwrap();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "backend x: url \"ftp://host/v1\": not an absolute http or https URL",
            "backend y: its key has characters that cannot be sent in a header \
             (a line break, perhaps)",
        ]
    );
    server.kill().await;
    backend.doubt();
    until(&backend, "loading").await;
    server.listen().await;
    until(&backend, "ready").await;
}

#[tokio::test]
async fn a_moved_server_is_asked_at_its_new_place_and_an_operator_s_word_goes_with_it() {
    let (here, there) = (FakeBackend::start().await, FakeBackend::start().await);
    let settings = settings();
    let (old, before) = probed(&spec(&here.url()), &settings);
    until(&before, "ready").await;
    let new = Backends::reconcile(&old, &[spec(&there.url())], &settings).unwrap();
    let reason = Arc::from("moving");
    // Said between building and taking over.
    before.set_override(Override::Draining { reason, until: None });
    new.supersede(&old, &settings);
    let after = new.get(&before.spec().id).unwrap();
    assert_eq!(after.state().reason(), Some("moving"));
    after.set_override(Override::Auto);
    until(&after, "ready").await;
    assert!(!there.requests_to("/v1/models").is_empty());
}

#[tokio::test]
async fn a_certificate_replaced_under_its_name_is_noticed() {
    let (wrong, right) = (Authority::new(), Authority::new());
    let server = TlsServer::start(&right.issue("localhost", Time::Now), Guests::Anyone).await;
    let mut spec = spec(&server.url("localhost"));
    spec.tls.ca = Some(wrong.file());
    let settings = settings();
    let (old, before) = probed(&spec, &settings);
    until(&before, "misconfigured").await;
    let same = Backends::reconcile(&old, std::slice::from_ref(&spec), &settings).unwrap();
    assert!(Arc::ptr_eq(&same.get(&spec.id).unwrap(), &before));
    std::fs::write(wrong.folder().join("ca.pem"), std::fs::read(right.file()).unwrap()).unwrap();
    let new = Backends::reconcile(&same, std::slice::from_ref(&spec), &settings).unwrap();
    new.supersede(&same, &settings);
    until(&new.get(&spec.id).unwrap(), "ready").await;
}
