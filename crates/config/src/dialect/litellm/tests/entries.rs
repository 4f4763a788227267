//! `model_list`: providers, names, servers, groups, prices.

use super::*;

const BASE: &str = "api_base: 'http://a:1/v1'";

#[test]
fn a_provider_that_speaks_openais_api_is_served_and_any_other_is_left_out() {
    let upstream = |params: &str| {
        let lowered = Machine::default().lower(&entry(&format!("{params}, {BASE}"), ""));
        let served = lowered.native_of(&["model:", "mode:"]);
        (served.iter().map(|line| line.trim().to_owned()).collect::<Vec<_>>(), lowered.findings())
    };
    for model in ["openai/a/b", "hosted_vllm/a/b", "litellm_proxy/a/b"] {
        let served = (vec!["model: a/b (3)".to_owned()], Vec::new());
        assert_eq!(upstream(&format!("model: {model}")), served, "{model}");
    }
    let custom = "model: org/a, custom_llm_provider: hosted_vllm";
    assert_eq!(upstream(custom), (vec!["model: org/a (3)".into()], Vec::new()));
    let near = [
        ("vllm/a", "model: a (3)", "a running server is asked; no engine is started for the model"),
        (
            "a",
            "model: a (3)",
            "names no provider, so the server is taken for one that speaks OpenAI's API",
        ),
    ];
    for (model, served, how) in near {
        let told = format!("3 model_list[0].litellm_params.model: approximated: {how}");
        assert_eq!(upstream(&format!("model: {model}")), (vec![served.into()], vec![told]));
    }
    let (served, told) = upstream("model: text-completion-openai/a");
    assert_eq!(served, ["model: a (3)", "mode: completion (3)"]);
    assert_eq!(told.len(), 1);
    let other = Machine::default().lower(&entry(&format!("model: azure/gpt, {BASE}"), ""));
    assert_eq!(other.native(), ["listen.port: 4000 (default: LiteLLM's port)"]);
    assert_eq!(
        other.findings(),
        ["3 model_list[0].litellm_params.model: unsupported: the provider `azure` is not served: \
          the entry is left out (if its server speaks OpenAI's API, write openai/gpt)"]
    );
    assert_eq!(
        other.problems(),
        ["1 model_list: no entry can be served (what is said about each entry tells why)"]
    );
}

#[test]
fn a_star_stands_for_what_the_star_of_the_name_matched() {
    let lowered = Machine::default().lower(
        "model_list:
- {model_name: '*', litellm_params: {model: openai/*, api_base: 'http://a:1/v1'}}
- {model_name: team/*, litellm_params: {model: hosted_vllm/org/*, api_base: 'http://a:1/v1'}}
- {model_name: any-*, litellm_params: {model: openai/one, api_base: 'http://a:1/v1'}}
- {model_name: plain, litellm_params: {model: openai/*, api_base: 'http://a:1/v1'}}
- {model_name: '*-*', litellm_params: {model: openai/a, api_base: 'http://a:1/v1'}}
",
    );
    assert_eq!(
        lowered.native_of(&["name:", "model:"]),
        [
            "  name: a:1 (2)",
            "  name: * (2)",
            "    model: * (2)",
            "  name: team/* (3)",
            "    model: org/* (3)",
            "  name: any-* (4)",
            "    model: one (4)",
        ]
    );
    assert_eq!(
        lowered.findings(),
        [
            "5 model_list[3].litellm_params.model: unsupported: has a `*`, and the model's name has \
             none: the entry is left out (name one model)",
            "6 model_list[4].litellm_params.model: unsupported: the model's name has more than one \
             `*`: the entry is left out (name one model)",
        ]
    );
}

#[test]
fn replicas_share_out_requests_as_litellm_does() {
    let group = |replicas: &[&str]| {
        let entry = |(index, params): (usize, &&str)| {
            format!(
                "- {{model_name: m, litellm_params: {{model: openai/m, \
                 api_base: 'http://node-{index}/v1', {params}}}}}\n"
            )
        };
        let entries: String = replicas.iter().enumerate().map(entry).collect();
        let lowered = Machine::default().lower(&format!("model_list:\n{entries}"));
        let lines = lowered.native_of(&["weight", "order"]);
        let value =
            |line: &String| line.trim().replace(": ", " ").replace(" (", "@").replace(')', "");
        lines.iter().map(value).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(group(&["weight: 3", "weight: 1"]), "weight 3@2, weight 1@3");
    assert_eq!(
        group(&["weight: 0.7", "weight: 0.25", "seed: 1"]),
        "weight 70@2, weight 25@3, weight 0@4"
    );
    assert_eq!(group(&["rpm: 60", "rpm: 90"]), "weight 60@2, weight 90@3");
    assert_eq!(group(&["tpm: 1000000", "tpm: 300000"]), "weight 1000@2, weight 300@3");
    assert_eq!(group(&["seed: 1", "weight: 5"]), "weight 5@3", "the first one decides");
    assert_eq!(group(&["rpm: 60"]), "", "one deployment gets everything");
    assert_eq!(
        group(&["order: 2, weight: 1", "order: 1", "rpm: 1", "order: 2, weight: 4"]),
        "weight 1@2, order 2@2, order 1@3, order 3@4, weight 4@5, order 2@5"
    );
}

#[test]
fn entries_that_reach_a_server_alike_share_it() {
    let machine = Machine::default().variable("BASE", "http://gpu:8000/v1/");
    let lowered = machine.lower(
        "credential_list:
- credential_name: shared
  credential_values: {api_base: 'http://gpu:8000/v1', api_key: os.environ/KEY}
litellm_settings: {ssl_verify: ca.pem}
model_list:
- {model_name: a, litellm_params: {model: openai/a, api_base: 'http://gpu:8000', api_key: os.environ/KEY}}
- {model_name: b, litellm_params: {model: openai/b, api_base: os.environ/BASE, api_key: os.environ/KEY}}
- {model_name: c, litellm_params: {model: openai/c, litellm_credential_name: shared}}
- {model_name: d, litellm_params: {model: openai/d, api_base: 'http://gpu:8000/v1', api_key: other}}
- {model_name: e, litellm_params: {model: openai/e, api_base: 'https://gpu/v1', ssl_verify: false}}
",
    );
    assert_eq!(
        lowered.native_of(&["- backends", "  name: gpu", "url", "key", "ca:", "tls", "backend:"]),
        [
            "- backends",
            "  name: gpu:8000 (6)",
            "  url: http://gpu:8000/v1 (6)",
            "  api_key: env:KEY (6)",
            "  ca: ca.pem (4)",
            "- backends",
            "  name: gpu:8000-2 (9)",
            "  url: http://gpu:8000/v1 (9)",
            "  api_key: other (9)",
            "  ca: ca.pem (4)",
            "- backends",
            "  name: gpu (10)",
            "  url: https://gpu/v1 (10)",
            "  insecure_tls: true (10)",
            "    backend: gpu:8000 (6)",
            "    backend: gpu:8000 (7)",
            "    backend: gpu:8000 (8)",
            "    backend: gpu:8000-2 (9)",
            "    backend: gpu (10)",
        ]
    );
    assert_eq!(
        lowered.findings(),
        [
            "6 model_list[0].litellm_params.api_base: approximated: `/v1` is appended: that is where \
          vLLM has its API"
        ]
    );
}

#[test]
fn an_entry_without_an_address_takes_the_variable_litellm_would_or_is_left_out() {
    let text = entry("model: hosted_vllm/a", "");
    let machine = Machine::default()
        .variable("HOSTED_VLLM_API_BASE", "http://gpu:8000/v1")
        .variable("HOSTED_VLLM_API_KEY", "k");
    assert_eq!(
        machine.lower(&text).native_of(&["url", "api_key"]),
        [
            "  url: http://gpu:8000/v1 (HOSTED_VLLM_API_BASE)",
            "  api_key: env:HOSTED_VLLM_API_KEY (HOSTED_VLLM_API_KEY)",
        ]
    );
    let unset = entry("model: openai/a, api_base: os.environ/NOWHERE", "");
    assert_eq!(
        Machine::default().lower(&unset).findings(),
        [
            "3 model_list[0].litellm_params.api_base: unsupported: the variable NOWHERE is not \
             set, so the key counts as absent (set it in the environment or in .env)",
            "3 model_list[0].litellm_params.model: unsupported: has no `api_base`: the entry is \
             left out (write the address of its server; https://api.openai.com/v1 is not assumed)",
        ]
    );
    let bad = Machine::default().lower(&entry("model: openai/a, api_base: 'gpu:8000'", ""));
    assert_eq!(bad.problems().len(), 2, "{:?}", bad.problems());
    assert!(bad.problems()[0].contains("did you mean http://gpu:8000?"), "{:?}", bad.problems());
}

#[test]
fn prices_for_a_token_become_prices_for_a_million_without_loss() {
    let prices = [
        ("0.0000001", "0.1"),
        ("1e-7", "0.1"),
        ("4.00e-06", "4"),
        ("0.00000059", "0.59"),
        ("0", "0"),
        ("3", "3000000"),
        (".000000000001", "0.000001"),
        ("1E2", "100000000"),
    ];
    for (token, million) in prices {
        let lowered = Machine::default().lower(&entry(
            &format!("model: openai/a, {BASE}"),
            &format!("input_cost_per_token: {token}"),
        ));
        assert_eq!(lowered.native_of(&["price"]), [format!("    price_input: {million} (4)")]);
    }
    for token in ["-1", "free", "1e-99", "1e", "''"] {
        let text = entry(&format!("model: openai/a, {BASE}, input_cost_per_token: {token}"), "");
        assert_eq!(Machine::default().lower(&text).problems().len(), 1, "{token}");
    }
}

#[test]
fn an_entry_that_asks_for_something_else_is_left_out() {
    let cases = [
        ("", "mode: audio_speech", "unsupported: the mode `audio_speech` is not served"),
        ("mock_response: hi", "", "unsupported: there are no mock answers"),
        ("", "blocked: true", "approximated: the entry is left out until the file changes"),
    ];
    for (params, info, why) in cases {
        let lowered =
            Machine::default().lower(&entry(&format!("model: openai/a, {BASE}, {params}"), info));
        assert!(lowered.draft.entries("models[]").is_empty(), "{why}");
        assert!(lowered.findings()[0].contains(why), "{:?}", lowered.findings());
    }
}

#[test]
fn the_body_of_model_new_is_an_entry_and_reads_no_variable_but_its_key() {
    let lower = |json: &str| {
        let mut found = Findings::default();
        let machine = Machine::default().variable("SECRET", "hush");
        let variables = Variables::new(&machine.environment, None, &mut found);
        let context = Context::new(&machine, Path::new("/home"), &variables, Policies::Required);
        let draft = dialect::lower_litellm_entry(json, &context, &mut found);
        Lowered { draft, found }
    };
    let lowered = lower(
        r#"{"model_name": "new \u00e9 \ud83d\ude00", "litellm_params": {"model": "hosted_vllm\/org\/a",
            "api_base": "http:\/\/gpu:8000\/v1", "api_key": "os.environ/SECRET"},
            "model_info": {"id": "x", "db_model": true}}"#,
    );
    assert_eq!(
        lowered.native(),
        [
            "- backends",
            "  name: gpu:8000 (2)",
            "  url: http://gpu:8000/v1 (2)",
            "  api_key: env:SECRET (2)",
            "- models",
            "  name: new é 😀 (1)",
            "  - models[].deployments",
            "    backend: gpu:8000 (1)",
            "    model: org/a (1)",
            "    id: x (3)",
        ]
    );
    assert_eq!(lowered.findings().len(), 1, "{:?}", lowered.findings());
    let told = lower(
        r#"{"model_name": "a", "litellm_params": {"model": "openai/os.environ/SECRET",
            "api_base": "os.environ/SECRET"}}"#,
    );
    assert_eq!(
        told.problems()[0],
        "/model/new:2 litellm_params.api_base: only `api_key` may be read from a variable here"
    );
}
