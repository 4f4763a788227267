//! `transom config convert` and `transom check`, on the files of the guides.

use transom_testkit::FakeBackend;
use transom_testkit::gateway::Finished;

use crate::support::guide::{self, DOTENV, MASTER, SERVED, Servers};
use crate::support::pack::{self, MIXTRAL, MIXTRAL_CHAT};
use crate::support::{gateway, listed, text, word_of};

/// Runs a command on this file with the guide's `.env`.
async fn on(name: &str, file: &str, line: &[&str]) -> Finished {
    gateway().file(name, file).dotenv(DOTENV).command_line(line.iter().copied()).run().await
}

#[tokio::test]
async fn the_converted_file_of_guide_004_serves_the_same() {
    let servers = Servers::start().await;
    let line = ["config", "convert", "--config", "config.yaml"];
    let converted = on("config.yaml", &servers.file(), &line).await;
    assert!(converted.has_code(0), "{converted:?}");
    let native = &converted.stdout;
    for secret in guide::KEYS.iter().chain(&[MASTER]) {
        assert!(!native.contains(secret), "{native}");
    }
    let again = on("native.yaml", native, &["config", "convert", "--config", "native.yaml"]).await;
    assert_eq!(&again.stdout, native, "what is converted is native already");

    let gateway = gateway().config("transom.yaml", native).dotenv(DOTENV).start().await;
    let client = guide::client(&gateway);
    assert_eq!(listed(&client).await, ["default", "coder"]);
    for (model, server, served) in
        [("default", &servers.general, SERVED[0]), ("coder", &servers.coder, SERVED[1])]
    {
        assert_eq!(word_of(&client, model).await, "Hello from the fake backend.");
        assert_eq!(server.last_request().json()["model"], served);
    }
    assert_eq!(gateway.client().get("/v1/models").await.status, 401);
}

#[tokio::test]
async fn the_converted_file_of_guide_002_serves_the_same() {
    let mixtral = || FakeBackend::builder().models([MIXTRAL]).start();
    let (primary, secondary) = (mixtral().await, mixtral().await);
    let file = pack::probed(&primary.url(), &secondary.url());
    let line = ["config", "convert", "--policy-config", "p.yaml", "--without-policies"];
    let converted = on("p.yaml", &file, &line).await;
    assert!(converted.has_code(0), "{converted:?}");

    let gateway = gateway().config("transom.yaml", &converted.stdout).start().await;
    let client = gateway.client();
    assert_eq!(listed(&client).await, [MIXTRAL_CHAT]);
    for name in [MIXTRAL_CHAT, MIXTRAL] {
        assert_eq!(word_of(&client, name).await, "Hello from the fake backend.");
    }
    primary.kill().await;
    assert_eq!(word_of(&client, MIXTRAL_CHAT).await, "Hello from the fake backend.");
    assert_eq!(secondary.last_request().json()["model"], MIXTRAL);
}

#[tokio::test]
async fn check_tells_what_becomes_of_every_key_and_strict_refuses_what_is_lost() {
    let file = format!(
        "{}router_settings:\n  routing_strategy: least-busy\n  cache_responses: true\n",
        guide::file("http://127.0.0.1:1", "http://127.0.0.1:2")
    );
    let checked = on("config.yaml", &file, &["check", "--config", "config.yaml"]).await;
    assert!(checked.has_code(0), "{checked:?}");
    for place in [
        "config.yaml:18 litellm_settings.drop_params",
        "config.yaml:25 router_settings.cache_responses",
    ] {
        assert!(checked.stdout.contains(place), "{}", checked.stdout);
    }
    assert!(checked.stdout.ends_with("the configuration is good\n"), "{}", checked.stdout);

    let line = ["check", "--format", "json", "--strict", "--config", "config.yaml"];
    let strict = on("config.yaml", &file, &line).await;
    assert!(strict.has_code(2), "{strict:?}");
    let report: serde_json::Value = serde_json::from_str(&strict.stdout).expect("JSON");
    assert_eq!(report["ok"], false);
    let findings = report["findings"].as_array().expect("a list");
    let errors = findings.iter().filter(|finding| finding["severity"] == "error");
    let errors: Vec<_> = errors.map(|finding| text(&finding["where"]).to_owned()).collect();
    assert!(
        errors.contains(&"config.yaml:25 router_settings.cache_responses".to_owned()),
        "{errors:?}"
    );
    let refused = on("config.yaml", &file, &["--strict", "--config", "config.yaml"]).await;
    assert!(refused.has_code(2), "{refused:?}");
}
