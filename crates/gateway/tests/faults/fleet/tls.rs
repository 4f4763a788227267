//! Servers whose TLS cannot be trusted (A24): they are refused and explained, another one answers, and
//! nothing is ever sent in the clear.

use std::time::{Duration, Instant};

use transom_testkit::answer::chat_text;
use transom_testkit::tls::{Authority, ClientAuth, Greeting, Identity};
use transom_testkit::{FakeBackend, TlsFront};

use crate::support::fleet::{ALIAS, Fleet, INNER, chat, node, text};
use crate::support::{CHAT, count, eventually};

/// The longest that a handshake may take, with what the machine needs beside it.
const HANDSHAKE: Duration = Duration::from_secs(7);

/// Certificates that are refused, and what the operator reads of each.
const BAD: [(Identity, &str); 5] = [
    (Identity::Expired, "has expired"),
    (Identity::NotYetValid, "is not valid yet"),
    (Identity::WrongName, "is for another name"),
    (Identity::SelfSigned, "signed by an unknown authority"),
    (Identity::Stranger, "signed by an unknown authority"),
];

/// A server behind TLS that is asked first, and a plain one that takes over.
struct Pair {
    secure: FakeBackend,
    front: TlsFront,
    _plain: FakeBackend,
    fleet: Fleet,
}

impl Pair {
    async fn start(authority: &Authority, identity: Identity) -> Self {
        let (secure, plain) = (node().await, node().await);
        secure.default_answer(chat_text("secure"));
        plain.default_answer(chat_text("plain"));
        let front = TlsFront::start(secure.address(), authority, identity, ClientAuth::None).await;
        secure.expect_host(front.address().to_string());
        let ca = authority.file();
        let file = format!(
            "backends:\n  - {{name: node-0, url: '{}/v1', ca: '{}'}}\n  - {{name: node-1, url: \
             '{}/v1'}}\nmodels:\n  - name: {ALIAS}\n    deployments:\n      - {{backend: node-0, \
             model: {INNER}, order: 0}}\n      - {{backend: node-1, model: {INNER}, order: 1}}\n",
            front.url(),
            ca.display(),
            plain.url(),
        );
        let fleet = Fleet::listening(&file).await;
        fleet.await_state(1, "ready").await;
        Self { secure, front, _plain: plain, fleet }
    }

    /// What operators read of the first server.
    async fn reason(&self) -> String {
        let page = self.fleet.client.get("/readyz").await.json();
        page["models"][0]["deployments"][0]["reason"].as_str().unwrap_or_default().to_owned()
    }

    async fn await_reason(&self, part: &str) {
        let what = format!("{part:?} to be told");
        eventually(&what, async || self.reason().await.contains(part)).await;
    }

    async fn answer(&self) -> String {
        let (answer, _) = self.fleet.ask("who?").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        text(&answer)
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_to_be_trusted_is_refused_and_put_right_without_a_restart() {
    let authority = Authority::new();
    let pair = Pair::start(&authority, Identity::Valid).await;
    pair.fleet.await_state(0, "ready").await;
    assert_eq!(pair.answer().await, "secure");
    for round in 0..count(1, 20) {
        for (identity, told) in BAD {
            let sent = pair.secure.count(CHAT);
            pair.front.present(identity);
            pair.secure.reset_connections();
            // What was already connected may still be used: it was trusted when it began.
            let refused = async || pair.answer().await == "plain";
            eventually("the other server to answer", refused).await;
            pair.await_reason(told).await;
            let before = pair.secure.count(CHAT);
            for _ in 0..3 {
                assert_eq!(pair.answer().await, "plain", "{identity:?} in round {round}");
            }
            assert_eq!(pair.secure.count(CHAT), before, "{identity:?}: nothing gets there");
            assert!(before - sent <= 1, "{identity:?}");
            pair.fleet.gateway.await_log(told).await;
            pair.front.present(Identity::Valid);
            let back = async || pair.answer().await == "secure";
            eventually("the renewed certificate to be used", back).await;
        }
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_or_speaks_an_old_version_costs_no_request() {
    let authority = Authority::new();
    for (greeting, told) in [
        (Greeting::OldVersion, "speaks neither TLS 1.2"),
        (Greeting::Stall, "did not answer within"),
    ] {
        let pair = Pair::start(&authority, Identity::Valid).await;
        pair.fleet.await_state(0, "ready").await;
        pair.front.greet(greeting);
        pair.secure.reset_connections();
        let asked = Instant::now();
        assert_eq!(pair.answer().await, "plain", "{greeting:?}");
        assert!(asked.elapsed() < HANDSHAKE, "{greeting:?}: {:?}", asked.elapsed());
        pair.await_reason(told).await;
        assert_eq!(pair.secure.count(CHAT), 0, "{greeting:?}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_plain_where_tls_is_declared_gets_nothing() {
    let (plain, other) = (node().await, node().await);
    other.default_answer(chat_text("other"));
    let file = format!(
        "backends:\n  - {{name: node-0, url: 'https://{}/v1', insecure_tls: true}}\n  - {{name: \
         node-1, url: '{}/v1'}}\nmodels:\n  - name: {ALIAS}\n    deployments:\n      - {{backend: \
         node-0, model: {INNER}, order: 0}}\n      - {{backend: node-1, model: {INNER}, order: 1}}\n",
        plain.address(),
        other.url(),
    );
    let fleet = Fleet::listening(&file).await;
    fleet.await_state(1, "ready").await;
    for _ in 0..3 {
        let answer = fleet.client.post(CHAT, chat("who?")).await;
        assert_eq!((answer.status, text(&answer)), (200, "other".to_owned()));
    }
    assert_eq!(plain.count(CHAT), 0, "no fall-back to plain text");
}
