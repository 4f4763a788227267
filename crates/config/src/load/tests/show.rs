//! `transom config show`.

use super::*;

#[test]
fn every_value_is_shown_with_its_origin() {
    let machine = Machine::new()
        .file("transom.yaml", "store:\n  path: state.db\nlisten:\n  cors:\n    origins: ['*']\n")
        .variable("VR_API_KEY", "canary")
        .file(".env", "VR_LOG_LEVEL=debug\n");
    let shown = machine.show("--upstream http://a:1 --gateway-port 80");
    let head = "# Effective configuration of Transom; after each value, where it came from.\n\
                # A flag wins over a variable, a variable over `.env`";
    assert!(shown.starts_with(head), "{shown}");
    let lines: Vec<_> =
        shown.lines().skip_while(|line| *line != "# model *: --upstream").take(20).collect();
    assert_eq!(
        lines,
        [
            "# model *: --upstream",
            "listen:",
            "  host: 0.0.0.0  # default: a key is configured",
            "  port: 80  # --gateway-port",
            "  workers: 6  # default: the number of cores",
            "  cors:",
            "    origins: [\"*\"]  # transom.yaml:5 listen.cors.origins",
            "auth:",
            "  api_key: \"env:VR_API_KEY\"  # VR_API_KEY",
            "  insecure_no_auth: false  # default",
            "upstream:",
            "  url: \"http://a:1/v1\"  # --upstream",
            "  api_kind: chat_completions  # default",
            "vllm:",
            "  arguments: []  # default",
            "  bin: vllm  # default",
            "  startup_timeout: 1800s  # default",
            "  ready_interval: 5s  # default",
            "  restart: on-failure  # default",
            "routing:",
        ]
    );
    assert!(shown.contains("  path: \"sqlite:///state.db\"  # transom.yaml:2 store.path\n"));
    assert!(shown.contains("  level: debug  # .env:1 VR_LOG_LEVEL\n"));
    assert!(!shown.contains("tracing:"), "settings without effect are left out");
}

#[test]
fn what_is_shown_gives_the_same_configuration_again() {
    let machine = Machine::new()
        .file("key", "k")
        .file("c.pem", "")
        .variable("VR_OPENAI_API_KEY", "upstream-key")
        .variable("VR_METRICS_ENABLED", "off");
    for line in [
        "--upstream https://a.example/x --upstream-ca c.pem --shutdown-timeout 0",
        "--api-key file:key --tls-cert c.pem --tls-key c.pem --upstream http://a:1",
        "--gateway-host :: --insecure-no-auth --vllm-ready-interval 0.25 -- null --x={\"a\":1} 'é# y: - *",
        "--shield strict --cors-origin https://a.example --cors-origin * -- m --port 9",
    ] {
        let shown = machine.show(line);
        let again = machine.clone().file("shown.yaml", &shown);
        let (first, mut second) = (machine.config(line), again.config("--config shown.yaml"));
        second.sources.clone_from(&first.sources);
        assert_eq!(format!("{first:#?}"), format!("{second:#?}"), "{shown}");
    }
}

#[test]
fn a_key_that_only_this_run_knows_becomes_a_comment() {
    let shown = Machine::new().show("--upstream http://a:1 --api-key canary");
    assert!(shown.contains("  # api_key: set, not shown  # --api-key\n"), "{shown}");
}
