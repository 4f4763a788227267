//! Clients see the names of the configuration, whatever the servers answer.

use std::fmt::Write as _;

use transom_testkit::answer::{Script, chat_text, errors};
use transom_testkit::{Client, TestGateway};

use crate::support::guide::{self, KEYS, SERVED, Servers};
use crate::support::{
    CHAT, MODELS, RESPONSES, ask, ask_stream, await_state, response, response_stream, text,
};

/// Waits that a test has time for, and no cooling that hides what is asked for next.
const IMPATIENT: &str = "routing: {queue_timeout: 0.2, retries: 0, breaker: false}\n";

struct Inside {
    servers: Servers,
    gateway: TestGateway,
    client: Client,
}

impl Inside {
    async fn start() -> Self {
        let servers = Servers::start().await;
        let gateway = servers.gateway().config("local.yaml", IMPATIENT).start().await;
        let client = guide::client(&gateway);
        await_state(&client, "default", "ready").await;
        await_state(&client, "coder", "ready").await;
        Self { servers, gateway, client }
    }

    /// Asks on every road in both forms; gives the statuses, and everything that came back.
    async fn ask_everywhere(&self) -> (Vec<u16>, String) {
        let (mut statuses, mut all) = (Vec::new(), String::new());
        let model = "default";
        for (road, body) in [
            (CHAT, ask(model)),
            (CHAT, ask_stream(model)),
            (RESPONSES, response(model)),
            (RESPONSES, response_stream(model)),
        ] {
            let answer = self.client.post(road, body).await;
            statuses.push(answer.status);
            writeln!(all, "{road} {} {:?}\n{}", answer.status, answer.headers, answer.text())
                .expect("writing to a string");
        }
        (statuses, all)
    }

    /// Fails when the text tells anything of what lies behind the gateway.
    fn assert_nothing_of_the_inside(&self, what: &str, all: &str) {
        let addresses = [&self.servers.general, &self.servers.coder];
        let addresses = addresses.map(|server| server.address().to_string());
        let names = SERVED.iter().chain(&KEYS).map(|name| (*name).to_owned());
        for secret in names.chain(addresses) {
            assert!(!all.contains(&secret), "{what}: {secret} is told:\n{all}");
        }
    }
}

#[tokio::test]
async fn answers_carry_the_name_that_was_asked_for_in_every_place() {
    let inside = Inside::start().await;
    let (statuses, all) = inside.ask_everywhere().await;
    assert_eq!(statuses, [200; 4], "{all}");
    inside.assert_nothing_of_the_inside("answers", &all);
    // A chat, the chunks of a stream, a response, and the response of at least three events.
    assert!(all.matches(r#""model":"default""#).count() > 8, "{all}");

    let created = inside.client.post(RESPONSES, response("default")).await.json();
    let stored = inside.client.get(&format!("{RESPONSES}/{}", text(&created["id"]))).await;
    assert_eq!(stored.json()["model"], "default");
    inside.assert_nothing_of_the_inside("a stored response", &stored.text());
    let list = inside.client.get(MODELS).await;
    inside.assert_nothing_of_the_inside("the list", &list.text());
    let info = inside.client.get("/model/info").await;
    assert_eq!((info.status, &info.json()["data"][0]["model_name"]), (200, &"default".into()));
    inside.assert_nothing_of_the_inside("LiteLLM's list", &info.text());
    let one = inside.client.get(&format!("{MODELS}/default")).await;
    assert_eq!(
        (one.json()["id"].as_str(), one.json()["max_model_len"].as_u64()),
        (Some("default"), Some(32_768))
    );
    inside.assert_nothing_of_the_inside("a model", &one.text());
}

#[tokio::test]
async fn errors_that_quote_the_servers_own_name_do_not_pass_it_on() {
    let inside = Inside::start().await;
    let quoting = format!("the model `{}` cannot do this", SERVED[0]);
    let cases: [(&str, Script); 6] = [
        ("unknown model", errors::model_not_found(SERVED[0], &[SERVED[0].to_owned()]).into()),
        ("too long", errors::context_too_long(10, 20).into()),
        ("bad request", errors::bad_request(&quoting, Some("model")).into()),
        ("broken", errors::error(500, &quoting, "InternalServerError", None).into()),
        ("refused key", errors::unauthorized().into()),
        ("full", errors::error(503, &quoting, "ServiceUnavailableError", None).into()),
    ];
    for (what, script) in cases {
        inside.servers.general.default_answer(script);
        let (statuses, all) = inside.ask_everywhere().await;
        assert!(statuses.iter().all(|status| *status >= 400), "{what}: {statuses:?}\n{all}");
        inside.assert_nothing_of_the_inside(what, &all);
    }
    let object = errors::object(500, &quoting, "InternalServerError", None);
    inside.servers.general.default_answer(chat_text("half an").error(object));
    let (_, all) = inside.ask_everywhere().await;
    assert!(all.contains("event: response.failed"), "{all}");
    inside.assert_nothing_of_the_inside("an error within a stream", &all);
    inside.servers.general.kill().await;
    let (statuses, all) = inside.ask_everywhere().await;
    assert!(statuses.iter().all(|status| *status >= 500), "{statuses:?}\n{all}");
    inside.assert_nothing_of_the_inside("a server that is gone", &all);
    let anybody = inside.gateway.client().get("/readyz").await;
    inside.assert_nothing_of_the_inside("readiness for anybody", &anybody.text());
}
