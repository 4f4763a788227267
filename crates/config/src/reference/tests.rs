use std::collections::BTreeSet;

use super::*;

#[test]
fn every_name_is_declared_once_and_every_default_is_a_value_of_its_setting() {
    let declarations: Vec<_> =
        section::all().into_iter().flat_map(|section| section.declarations).collect();
    let mut names = BTreeSet::new();
    for Declaration { meta, default, accepts, .. } in &declarations {
        let flag = meta.flag.map(|flag| format!("--{}", flag.name));
        let variable = meta.variable.map(str::to_owned);
        for name in [Some(meta.path.to_owned()), flag, variable].into_iter().flatten() {
            assert!(names.insert(name.clone()), "{name} is declared twice");
        }
        assert!(meta.doc.ends_with('.') && !meta.doc.contains('|'), "{}: {}", meta.path, meta.doc);
        if let Absent::Value(raw) = default {
            assert_eq!(accepts(raw), Ok(()), "{}", meta.path);
        }
    }
    for inert in env::INERT {
        assert!(names.insert(inert.name.to_owned()), "{} is declared twice", inert.name);
    }
}

#[test]
fn the_reference_names_every_variable_of_the_reference_system() {
    const VARIABLES: &str = "VR_LLM_API_BASE VR_UPSTREAM_API_KIND VR_OPENAI_API_KEY VR_HOST VR_PORT \
        VR_WORKERS VR_MAX_CONCURRENCY VR_LOG_DIR VR_LOG_TIMINGS VR_LOG_MODEL_MESSAGES VR_DB_PATH \
        VR_DB_SCHEMA_READY VR_RESPONSE_STORE_CACHE VR_RESPONSE_STORE_CACHE_TTL_SECONDS \
        VR_REDIS_HOST VR_REDIS_PORT VR_CODE_INTERPRETER_MODE VR_CODE_INTERPRETER_PORT \
        VR_CODE_INTERPRETER_WORKERS VR_CODE_INTERPRETER_STARTUP_TIMEOUT \
        VR_CODE_INTERPRETER_EGRESS_POLICY_PATH VR_PYODIDE_CACHE_DIR \
        VR_CODE_INTERPRETER_DEV_BUN_FALLBACK VR_MCP_CONFIG_PATH VR_MCP_BUILTIN_RUNTIME_URL \
        VR_MCP_REQUEST_REMOTE_ENABLED VR_MCP_REQUEST_REMOTE_URL_CHECKS \
        VR_MCP_HOSTED_STARTUP_TIMEOUT_SEC VR_MCP_HOSTED_TOOL_TIMEOUT_SEC VR_WEB_SEARCH_PROFILE \
        EXA_API_KEY VR_METRICS_ENABLED VR_METRICS_PATH VR_TRACING_ENABLED VR_OTEL_SERVICE_NAME \
        VR_TRACING_SAMPLE_RATIO VR_OPENTELEMETRY_HOST VR_OPENTELEMETRY_PORT VR_SERVICE_KEY \
        VR_SERVICE_KEY_ALT VR_ENCRYPTION_KEY VR_DB_INIT VR_DB_RESET VR_CACHE_RESET \
        VR_MOCK_LLM_MODE VR_MOCK_LLM_CASSETTE_DIR VR_MOCK_LLM_SCENARIOS \
        VR_MOCK_LLM_DEFAULT_SCENARIO VR_MOCK_LLM_STRICT PROMETHEUS_MULTIPROC_DIR";
    let page = environment();
    for name in VARIABLES.split_whitespace() {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn a_row_of_each_page_says_what_the_declaration_says() {
    assert!(environment().contains(
        "| `VR_PORT` | whole number from 0 to 65535 | `5969` | `listen.port` | \
         Port to bind; 0 lets the system choose one. |"
    ));
    assert!(config().contains(
        "| `limits.body_bytes` | size | `20MiB` |  | \
         Largest request body, after decompression. |"
    ));
    assert!(flags().contains(
        "| `--gateway-port PORT`, `--port` | whole number from 0 to 65535 | `5969` | `VR_PORT` | \
         Port to bind; 0 lets the system choose one. |"
    ));
}
