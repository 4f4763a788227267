//! Precedence, defaults, refusals.

use super::*;
use crate::{Auth, Durability, LogFormat, Metrics, Restart, ShieldMode, Tls, value::BindHost};

const UP: &str = "--upstream http://a:1";

#[test]
fn each_value_comes_from_the_strongest_source_that_has_it() {
    let machine = Machine::new()
        .file("transom.yaml", "listen:\n  port: 4\n  workers: 4\nlog:\n  timings: true\n")
        .file(".env", "VR_PORT=3\nVR_WORKERS=3\nVR_MAX_CONCURRENCY=3\n")
        .variable("VR_PORT", "2")
        .variable("VR_WORKERS", " ");
    let config = machine.config(&format!("{UP} --gateway-port 0"));
    assert_eq!(config.listen.port, 0, "a flag wins even when it is zero");
    assert_eq!(machine.config(UP).listen.port, 2, "the process wins over .env");
    assert_eq!(config.listen.workers, 3, "a blank variable is unset, .env wins over the file");
    assert_eq!(config.limits.max_concurrency.get(), 3);
    assert!(config.log.timings, "the file wins over the default");
    assert!(!config.log.model_messages);
    assert_eq!(machine.config(&format!("{UP} --gateway-port 7 --gateway-port 8")).listen.port, 8);
}

#[test]
fn the_defaults_are_those_of_the_guides() {
    let (config, notices) = Machine::new().serve(UP);
    assert_eq!(notices, [NO_INTERPRETER]);
    assert_eq!((config.listen.port, config.listen.workers), (5969, 6));
    assert_eq!(config.store.path, Path::new("/home/vllm_responses.db"));
    assert_eq!(config.store.durability, Durability::Durable);
    assert_eq!(config.supervision.startup_timeout.get().as_secs(), 1800);
    assert_eq!(config.supervision.ready_interval.get().as_secs(), 5);
    assert_eq!(config.supervision.restart, Restart::OnFailure);
    assert_eq!(config.shield.mode, ShieldMode::On);
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(matches!(&config.metrics, Metrics::At(path) if path.as_str() == "/metrics"));
    assert_eq!((config.limits.body_bytes.get(), config.caps.n.get()), (20 << 20, 8));
}

#[test]
fn without_a_key_only_this_machine_is_served() {
    let open = Machine::new();
    let keyed = Machine::new().variable("VR_API_KEY", "k");
    let host = |machine: &Machine, flags: &str| {
        let config = machine.config(&format!("{UP} {flags}"));
        (config.listen.host.to_string(), std::mem::discriminant(&config.auth))
    };
    let kind = |auth: Auth| std::mem::discriminant(&auth);
    assert_eq!(host(&open, ""), ("127.0.0.1".into(), kind(Auth::LoopbackOnly)));
    assert_eq!(host(&open, "--gateway-host ::1").0, "::1");
    assert_eq!(host(&keyed, "").0, BindHost::EVERYWHERE.to_string());
    assert_eq!(host(&keyed, "--gateway-host 192.0.2.1").0, "192.0.2.1");
    assert_eq!(
        host(&open, "--gateway-host 0.0.0.0 --insecure-no-auth"),
        ("0.0.0.0".into(), kind(Auth::Everyone))
    );
    let file = open.file("transom.yaml", "listen:\n  host: gateway.example\n");
    assert_eq!(
        file.problems(&format!("serve {UP}")),
        [
            "transom.yaml:2 listen.host: gateway.example is reachable from other machines and no key \
          is configured (set VR_API_KEY or --api-key, bind 127.0.0.1, or accept everyone with \
          --insecure-no-auth)"
        ]
    );
}

#[test]
fn what_does_not_exist_yet_is_refused_by_the_name_that_asked_for_it() {
    for (name, value, problem) in [
        ("VR_RESPONSE_STORE_CACHE", "1", "the Redis cache is not available yet (unset it)"),
        ("VR_MCP_CONFIG_PATH", "/m", "the built-in MCP runtime is not available yet (unset it)"),
        ("VR_TRACING_ENABLED", "yes", "tracing is not available yet (unset it)"),
        ("VR_WEB_SEARCH_PROFILE", "exa_mcp", "web search is not available yet (unset it)"),
        (
            "VR_CODE_INTERPRETER_MODE",
            "spawn",
            "the code interpreter is not available yet (use --code-interpreter disabled)",
        ),
        (
            "VR_CODE_INTERPRETER_EGRESS_POLICY_PATH",
            "/p",
            "the code interpreter is not available yet (unset it)",
        ),
        (
            "VR_DB_PATH",
            "postgresql+asyncpg://u:p@db:5432/x",
            "PostgreSQL is not available yet (use sqlite:///vllm_responses.db)",
        ),
        ("VR_REDIS_PORT", "x", "`x` is not a whole number from 1 to 65535"),
        (
            "VR_METRICS_ENABLED",
            "si",
            "`si` is not true or false (write 1 true t yes y on, or 0 false f no n off)",
        ),
    ] {
        let machine = Machine::new().variable(name, value);
        assert_eq!(machine.problems(&format!("serve {UP}")), [format!("{name}: {problem}")]);
    }
    assert_eq!(
        Machine::new().problems(&format!("serve {UP} --code-interpreter external")),
        ["--code-interpreter: the code interpreter is not available yet \
          (use --code-interpreter disabled)"]
    );
}

#[test]
fn harmless_settings_of_missing_functions_are_accepted() {
    let machine = Machine::new()
        .variable("VR_RESPONSE_STORE_CACHE", "0")
        .variable("VR_REDIS_HOST", "redis")
        .variable("VR_MCP_REQUEST_REMOTE_ENABLED", "false")
        .variable("VR_TRACING_SAMPLE_RATIO", "7")
        .variable("EXA_API_KEY", "k")
        .variable("VR_CODE_INTERPRETER_MODE", "DISABLED");
    assert_eq!(machine.serve(UP).1, Vec::<String>::new());
}

#[test]
fn variables_without_effect_are_pointed_out() {
    let machine = Machine::new()
        .variable("VR_SERVICE_KEY", "x")
        .variable("VR_PROT", "1")
        .variable("VR_SOMETHING_ELSE_ALTOGETHER", "1")
        .variable("OTHER", "1");
    assert_eq!(
        machine.serve(&format!("{UP} --code-interpreter disabled")).1,
        [
            "VR_PROT: has no effect: no such variable, did you mean VR_PORT?",
            "VR_SERVICE_KEY: has no effect: use VR_API_KEY for a master key",
            "VR_SOMETHING_ELSE_ALTOGETHER: has no effect: no such variable",
        ]
    );
}

#[test]
fn all_problems_of_all_sources_are_reported_at_once() {
    let machine = Machine::new()
        .file(
            "transom.yaml",
            "limits:\n  body_byts: 1\n  json_depth: 999\nstore:\n  durability: fats\n",
        )
        .file(".env", "VR_WORKERS=0\n")
        .variable("VR_PORT", "abc");
    assert_eq!(
        machine.problems("serve --tls-cert c --shield of"),
        [
            "transom.yaml:2 limits.body_byts: is not a setting (did you mean `body_bytes`?)",
            "VR_PORT: `abc` is not a whole number from 0 to 65535",
            ".env:1 VR_WORKERS: `0` is not a whole number from 1 to 1024",
            "--tls-cert: HTTPS needs a certificate and its key (give --tls-key too)",
            "transom.yaml:3 limits.json_depth: `999` is not a whole number from 1 to 128",
            "command line: no upstream is configured (give --upstream URL, or `-- MODEL [vLLM \
             arguments]`, or set VR_LLM_API_BASE, or write upstream.url, vllm.model or models in \
             transom.yaml)",
            "transom.yaml:5 store.durability: `fats` is not one of durable, fast (did you mean \
             `fast`?)",
            "--shield: `of` is not one of on, strict, off (did you mean `off`?)",
        ]
    );
    let Ok(Loaded { command: Command::Check { report, .. }, .. }) = machine.run("check") else {
        panic!("check reports, it does not fail")
    };
    assert_eq!((report.problems.len(), report.exit_code()), (6, 2));
}

#[test]
fn a_report_is_text_for_people_and_json_for_machines() {
    let machine = Machine::new().variable("VR_PORT", "abc");
    let Ok(Loaded { command: Command::Check { report, format: ReportFormat::Json, .. }, notices }) =
        machine.run(&format!("check --format json {UP} --shield of"))
    else {
        panic!("check reports, it does not fail")
    };
    assert_eq!(notices, [], "notices are part of the report");
    let shield = "`of` is not one of on, strict, off";
    assert_eq!(
        report.text(crate::Colour::Off),
        format!(
            "error: VR_PORT: `abc` is not a whole number from 0 to 65535\n\
             error: --shield: {shield}\n  hint: did you mean `off`?\n\
             notice: default: the code interpreter is off: it is not available yet\n2 problems\n"
        )
    );
    assert!(report.text(crate::Colour::On).starts_with("\x1b[31merror\x1b[0m: VR_PORT"));
    assert!(report.json(ASKED_NOBODY).unwrap().starts_with(
        r#"{"ok":false,"findings":[{"severity":"error","where":"VR_PORT","message":"`abc` is"#
    ));
}

#[test]
fn files_named_must_exist() {
    let machine = Machine::new().file("c.pem", "").file("k.pem", "");
    assert_eq!(
        machine.config(&format!("{UP} --tls-cert c.pem --tls-key k.pem")).listen.tls,
        Tls::Files { cert: "/home/c.pem".into(), key: "/home/k.pem".into() }
    );
    assert_eq!(
        machine.problems(&format!("serve {UP} --upstream-ca ca.pem")),
        ["--upstream-ca: ca.pem is not a file"]
    );
    assert_eq!(
        machine.problems(&format!("serve {UP} --config none.yaml")),
        ["--config: none.yaml does not exist"]
    );
}

#[test]
fn migrate_needs_a_store_and_nothing_else() {
    let machine = Machine::new().variable("VR_DB_PATH", "sqlite+aiosqlite:////data/a.db");
    let Ok(Loaded { command: Command::Migrate(store), .. }) = machine.run("migrate") else {
        panic!("migrate runs without an upstream")
    };
    assert_eq!(store.path, Path::new("/data/a.db"));
}

#[test]
fn usage_errors_exit_2_and_help_exits_0_with_an_example() {
    for (line, code) in [
        ("", 2),
        ("serv", 2),
        ("serve --no-such-flag", 2),
        ("config", 2),
        ("--version", 0),
        ("--help", 0),
        ("serve --help", 0),
        ("check --help", 0),
        ("config --help", 0),
        ("config show --help", 0),
        ("config convert --help", 0),
        ("gateway", 2),
        ("gateway run --help", 0),
        ("--no-such-flag", 2),
        ("migrate --help", 0),
    ] {
        match Machine::new().run(line) {
            Err(Rejection::Usage(error)) => {
                assert_eq!(error.exit_code(), code, "{line}");
                assert!(
                    !line.ends_with("--help") || error.to_string().contains("Example"),
                    "{line}"
                );
            }
            Err(Rejection::Problems(_)) => assert_eq!(code, 2, "{line}"),
            Ok(loaded) => panic!("{line}: {loaded:?}"),
        }
    }
}
