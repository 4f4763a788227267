//! Guide 004's file, word for word.

use transom_core::backend::BackendKey;

use super::*;

#[test]
fn the_file_of_guide_004_is_two_models_on_two_servers() {
    let lowered = Machine::default().lower(GUIDE);
    assert_eq!(lowered.problems(), Vec::<String>::new());
    assert_eq!(
        lowered.native(),
        [
            "listen.port: 4000 (default: LiteLLM's port)",
            "auth.api_key: env:LITELLM_MASTER_KEY (22)",
            "routing.retries: 2 (19)",
            "- backends",
            "  name: llm-backend-01:8000 (7)",
            "  url: http://llm-backend-01:8000/v1 (7)",
            "  api_key: env:BACKEND_01_KEY (8)",
            "- backends",
            "  name: llm-backend-02:8000 (14)",
            "  url: http://llm-backend-02:8000/v1 (14)",
            "  api_key: env:BACKEND_02_KEY (15)",
            "- models",
            "  name: default (4)",
            "  - models[].deployments",
            "    backend: llm-backend-01:8000 (6)",
            "    model: gpt-oss-120b (6)",
            "- models",
            "  name: coder (11)",
            "  - models[].deployments",
            "    backend: llm-backend-02:8000 (13)",
            "    model: qwen3-coder-30b (13)",
        ]
    );
    assert_eq!(
        lowered.findings(),
        [
            "18 litellm_settings.drop_params: no effect: fields pass as they are; vLLM ignores those \
          it does not know"
        ]
    );
}

#[test]
fn a_missing_key_of_a_server_leaves_it_out_of_use_and_a_missing_master_key_refuses_the_start() {
    let machine = Machine::default().file("c.yaml", GUIDE).variable("BACKEND_01_KEY", "sk-1");
    let problems = machine.serve("").unwrap_err();
    assert_eq!(
        problems,
        ["c.yaml:22 general_settings.master_key: the variable LITELLM_MASTER_KEY is not set"]
    );
    let (fleet, notices) = machine.variable("LITELLM_MASTER_KEY", "sk-m").serve("").unwrap();
    let keys: Vec<_> = fleet.backends.iter().map(|backend| &backend.key).collect();
    let [BackendKey::Key(first), BackendKey::Missing(second)] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    assert_eq!(first.expose(), "sk-1");
    assert!(second.contains("BACKEND_02_KEY is not set"), "{second}");
    assert!(notices.iter().any(|notice| notice.contains("BACKEND_02_KEY")), "{notices:?}");
    let names: Vec<_> = fleet.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["default", "coder"]);
}
