//! What `serve` refuses before it starts: exit 2, and a line that names what to change.

use std::net::TcpListener;

use crate::support::{FakeVllm, gateway};

/// A command line with an environment and files, and what standard error must say.
#[derive(Default)]
struct Refused {
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    file: Option<(&'static str, &'static str)>,
    says: &'static [&'static str],
}

const UP: &str = "http://127.0.0.1:1";

async fn assert_refused(cases: &[Refused]) {
    for case in cases {
        let mut builder = gateway().command_line(case.arguments.iter().copied());
        for (name, value) in case.environment {
            builder = builder.env(name, *value);
        }
        if let Some((name, text)) = case.file {
            builder = builder.file(name, text);
        }
        let ended = builder.run().await;
        let seen = format!("{:?} {:?}:\n{}", case.arguments, case.environment, ended.stderr);
        assert!(ended.has_code(2), "{:?} {seen}", ended.exit);
        for text in case.says {
            assert!(ended.stderr.contains(text), "{text} is missing: {seen}");
        }
        assert!(!ended.stderr.contains("panicked"), "{seen}");
        assert_eq!(ended.stdout, "", "{seen}");
    }
}

#[tokio::test]
async fn an_upstream_must_be_chosen_and_only_one() {
    let case = |arguments, says| Refused { arguments, says, ..Refused::default() };
    assert_refused(&[
        case(
            &["serve"],
            &["[serve] error: ", "no upstream", "--upstream URL", "-- MODEL", "VR_LLM_API_BASE"],
        ),
        case(&["serve", "--upstream", UP, "--", "m"], &["[serve] error: --upstream", "`--`"]),
        case(&["serve", "--"], &["[serve] error: arguments after `--`", "nothing follows"]),
        case(&["serve", "--", "--dtype", "x"], &["`--dtype` stands where the model should"]),
        case(&["serve", "m"], &["[serve] error: ", "`m`", "`--` before the model"]),
        case(&["serve", "--upstream", "ftp://a"], &["[serve] error: --upstream: "]),
        case(&["serve", "--upstream", ""], &["[serve] error: --upstream: "]),
        case(&[], &["Usage", "serve"]),
        case(&["serve", "--upstreem", UP], &["--upstreem"]),
        case(
            &["serve", "--vllm-bin", "./none", "--", "m"],
            &["[serve] error: --vllm-bin: `./none` is not a program", "--upstream URL"],
        ),
        Refused {
            arguments: &["serve", "--", "m"],
            environment: &[("PATH", "/nowhere")],
            says: &["[serve] error: ", "`vllm` is not on PATH", "--vllm-bin"],
            ..Refused::default()
        },
    ])
    .await;
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_refused_by_its_name() {
    let flag = |arguments, says| Refused { arguments, says, ..Refused::default() };
    let variable = |environment, says| Refused {
        arguments: &["serve", "--upstream", UP],
        environment,
        says,
        ..Refused::default()
    };
    assert_refused(&[
        flag(&["serve", "--upstream", UP, "--gateway-port", "70000"], &["error: --gateway-port: "]),
        flag(&["serve", "--upstream", UP, "--gateway-workers", "x"], &["error: --gateway-workers"]),
        flag(&["serve", "--upstream", UP, "--vllm-restart", "x"], &["error: --vllm-restart: "]),
        flag(
            &["serve", "--upstream", UP, "--vllm-startup-timeout", "soon"],
            &["error: --vllm-startup-timeout: "],
        ),
        flag(
            &["serve", "--upstream", UP, "--vllm-ready-interval", "0"],
            &["error: --vllm-ready-interval: "],
        ),
        flag(&["serve", "--upstream", UP, "--shutdown-timeout", "x"], &["--shutdown-timeout: "]),
        flag(&["serve", "--upstream", UP, "--store-durability", "x"], &["--store-durability: "]),
        flag(
            &["serve", "--upstream", UP, "--tls-cert", "x"],
            &["error: --tls-cert: ", "--tls-key"],
        ),
        flag(&["serve", "--upstream", UP, "--upstream-ca", "x"], &["error: --upstream-ca: "]),
        flag(&["serve", "--config", "none.yaml"], &["error: --config: ", "none.yaml"]),
        variable(&[("VR_PORT", "x")], &["[serve] error: VR_PORT: "]),
        variable(&[("VR_WORKERS", "0")], &["[serve] error: VR_WORKERS: "]),
        variable(&[("VR_METRICS_ENABLED", "perhaps")], &["[serve] error: VR_METRICS_ENABLED: "]),
        variable(&[("VR_METRICS_PATH", "x")], &["[serve] error: VR_METRICS_PATH: "]),
        variable(&[("VR_LOG_LEVEL", "loud")], &["[serve] error: VR_LOG_LEVEL: "]),
        variable(&[("VR_DB_PATH", "mysql://h/d")], &["[serve] error: VR_DB_PATH: "]),
        variable(&[("VR_PORT", "x"), ("VR_WORKERS", "y")], &["VR_PORT: ", "VR_WORKERS: "]),
        Refused {
            file: Some((".env", "# a comment\nVR_PORT='x'\n")),
            ..variable(&[], &["[serve] error: .env:2 VR_PORT: "])
        },
        Refused {
            file: Some(("transom.yaml", "listen:\n  prt: 1\n")),
            ..variable(&[], &["[serve] error: transom.yaml:2", "prt"])
        },
    ])
    .await;
}

#[tokio::test]
async fn what_later_versions_bring_is_refused_by_its_name() {
    let variable = |environment, says| Refused {
        arguments: &["serve", "--upstream", UP],
        environment,
        says,
        ..Refused::default()
    };
    assert_refused(&[
        variable(&[("VR_DB_PATH", "postgresql+asyncpg://u:pw@h/d")], &["VR_DB_PATH: "]),
        variable(&[("VR_RESPONSE_STORE_CACHE", "1")], &["VR_RESPONSE_STORE_CACHE: "]),
        variable(&[("VR_MCP_CONFIG_PATH", "mcp.json")], &["VR_MCP_CONFIG_PATH: "]),
        variable(&[("VR_WEB_SEARCH_PROFILE", "exa_mcp")], &["VR_WEB_SEARCH_PROFILE: "]),
        variable(&[("VR_TRACING_ENABLED", "on")], &["VR_TRACING_ENABLED: "]),
        variable(&[("VR_CODE_INTERPRETER_MODE", "spawn")], &["VR_CODE_INTERPRETER_MODE: "]),
        Refused {
            arguments: &["serve", "--upstream", UP, "--code-interpreter", "external"],
            says: &["--code-interpreter: ", "--code-interpreter disabled"],
            ..Refused::default()
        },
    ])
    .await;
}

#[tokio::test]
async fn without_a_key_only_this_machine_is_served() {
    let open = |arguments| Refused {
        arguments,
        says: &["[serve] error: --gateway-host: ", "VR_API_KEY", "--insecure-no-auth"],
        ..Refused::default()
    };
    assert_refused(&[
        open(&["serve", "--upstream", UP, "--gateway-host", "0.0.0.0"]),
        open(&["serve", "--upstream", UP, "--gateway-host", "::"]),
        open(&["serve", "--upstream", UP, "--gateway-host", "a.example"]),
    ])
    .await;
}

#[tokio::test]
async fn a_credential_is_never_repeated() {
    let ended = gateway().upstream(UP).env("VR_API_KEY", "hush hush").run().await;
    assert!(ended.has_code(2), "{ended:?}");
    assert!(ended.stderr.contains("[serve] error: VR_API_KEY: "), "{ended:?}");
    assert!(!ended.stderr.contains("hush"), "{ended:?}");
}

#[tokio::test]
async fn a_busy_port_is_said_before_anything_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let ended = gateway().upstream(UP).arg("--gateway-port").arg(&port).run().await;
    assert!(ended.has_code(2), "{ended:?}");
    let busy = format!("[serve] error: --gateway-port: 127.0.0.1:{port}");
    assert!(ended.stderr.contains(&busy) && ended.stderr.contains("another port"), "{ended:?}");

    // Whoever has vLLM's usual port, it is busy now.
    let _usual = TcpListener::bind("127.0.0.1:8457");
    let vllm = FakeVllm::new();
    let ended = gateway().arg("--vllm-bin").arg(vllm.path()).vllm(["tiny"]).run().await;
    assert!(ended.has_code(2), "{ended:?}");
    assert!(ended.stderr.contains("127.0.0.1:8457"), "{ended:?}");
    assert!(ended.stderr.contains("`--port` after `--`"), "{ended:?}");
    assert!(!ended.stdout.contains("vllm| "), "{ended:?}");
}

#[tokio::test]
async fn a_store_that_does_not_open_is_left_as_it_is() {
    let missing = gateway().upstream(UP).env("VR_DB_PATH", "sqlite:////nowhere/at/all.db");
    let ended = missing.run().await;
    assert!(ended.has_code(2), "{ended:?}");
    assert!(
        ended.stderr.contains("[serve] error: VR_DB_PATH: database /nowhere/at/all.db"),
        "{ended:?}"
    );

    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("notes.db");
    let notes = "these are notes, not a database\n".repeat(50);
    std::fs::write(&file, &notes).expect("writing the notes");
    let ended = gateway().upstream(UP).env("VR_DB_PATH", &file).run().await;
    assert!(ended.has_code(2), "{ended:?}");
    assert!(ended.stderr.contains("[serve] error: VR_DB_PATH: "), "{ended:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("the notes"), notes);
}
