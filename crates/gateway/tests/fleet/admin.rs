//! The admin API of a running gateway.

use transom_testkit::{Client, FakeBackend, TestGateway};

use crate::support::{gateway, keyed};

mod access;
mod litellm;
mod models;
mod servers;

const MASTER: &str = "sk-master";

/// A gateway with a model `m` on two servers, and its admin API.
struct Site {
    one: FakeBackend,
    other: FakeBackend,
    gateway: TestGateway,
    client: Client,
    admin: Client,
}

impl Site {
    async fn start() -> Self {
        let (one, other) = (FakeBackend::start().await, FakeBackend::start().await);
        let native = format!(
            "backends:\n  - {{name: one, url: '{}/v1'}}\n  - {{name: other, url: '{}/v1'}}\n\
             models:\n  - name: m\n    strategy: round_robin\n    deployments:\n      \
             - {{backend: one, model: tiny}}\n      - {{backend: other, model: tiny}}\n",
            one.url(),
            other.url()
        );
        let gateway =
            gateway().config_yaml(native).arg("--api-key").arg(MASTER).admin().start().await;
        let client = keyed(gateway.client(), MASTER);
        let admin = keyed(gateway.admin().await, MASTER);
        Self { one, other, gateway, client, admin }
    }
}
