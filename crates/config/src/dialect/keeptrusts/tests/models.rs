//! From targets to backends, deployments, models and aliases.

use super::*;

#[test]
fn the_first_file_of_the_guide_gives_each_provider_string_and_each_bare_name() {
    let lowered = lower_with(COMPLIANCE, Policies::LeftOut);
    assert_eq!(lowered.problems(), Vec::<String>::new());
    assert_eq!(lowered.findings(), Vec::<String>::new());
    assert_eq!(
        lowered.backends(),
        [
            "name=vllm-mixtral-chat url=http://localhost:8080/v1 probe=passive",
            "name=vllm-mixtral-completion url=http://localhost:8080/v1 probe=passive",
            "name=vllm-embed url=http://localhost:8081/v1 probe=passive",
            "name=vllm-remote url=https://vllm.internal.example.com/v1 api_key=env:VLLM_API_KEY \
             probe=passive",
        ]
    );
    assert_eq!(
        lowered.models(),
        [
            "name=vllm:chat:mistralai/Mixtral-8x7B-v0.1 [id=vllm-mixtral-chat \
             backend=vllm-mixtral-chat model=mistralai/Mixtral-8x7B-v0.1 mode=chat]",
            "name=vllm:completion:mistralai/Mixtral-8x7B-v0.1 [id=vllm-mixtral-completion \
             backend=vllm-mixtral-completion model=mistralai/Mixtral-8x7B-v0.1 mode=completion]",
            "name=vllm:embedding:BAAI/bge-large-en-v1.5 [id=vllm-embed backend=vllm-embed \
             model=BAAI/bge-large-en-v1.5 mode=embedding]",
            "name=vllm:chat:meta-llama/Llama-3.1-70B-Instruct [id=vllm-remote backend=vllm-remote \
             model=meta-llama/Llama-3.1-70B-Instruct mode=chat]",
            "name=mistralai/Mixtral-8x7B-v0.1 hidden=true [backend=vllm-mixtral-chat \
             model=mistralai/Mixtral-8x7B-v0.1 mode=chat order=0 | \
             backend=vllm-mixtral-completion model=mistralai/Mixtral-8x7B-v0.1 mode=completion \
             order=1]",
        ]
    );
    assert_eq!(
        lowered.aliases(),
        [
            "name=BAAI/bge-large-en-v1.5 model=vllm:embedding:BAAI/bge-large-en-v1.5 hidden=true",
            "name=meta-llama/Llama-3.1-70B-Instruct \
             model=vllm:chat:meta-llama/Llama-3.1-70B-Instruct hidden=true",
        ]
    );
}

#[test]
fn the_failover_file_of_the_guide_tries_the_primary_first_within_the_files_timeouts() {
    let lowered = lower_with(FAILOVER, Policies::LeftOut);
    assert_eq!(lowered.problems(), Vec::<String>::new());
    assert_eq!(lowered.findings(), Vec::<String>::new());
    let upstream = "model=mistralai/Mixtral-8x7B-v0.1 mode=chat";
    assert_eq!(
        lowered.models(),
        [format!(
            "name=vllm:chat:mistralai/Mixtral-8x7B-v0.1 [id=vllm-primary backend=vllm-primary \
             {upstream} order=0 | id=vllm-secondary backend=vllm-secondary {upstream} order=1]"
        )]
    );
    assert_eq!(
        lowered.aliases(),
        ["name=mistralai/Mixtral-8x7B-v0.1 model=vllm:chat:mistralai/Mixtral-8x7B-v0.1 \
          hidden=true"]
    );
    assert_eq!(lowered.setting("listen.port").as_deref(), Some("41002"));
    assert_eq!(lowered.setting("listen.host"), None, "the file says nothing of an address");
    let model = &lowered.draft.entries("models[]")[0];
    let times = ["request_timeout", "stream_timeout", "first_chunk_timeout", "idle_timeout"];
    let times = times.map(|key| format!("models[].deployments[].{key}"));
    let times = times.each_ref().map(String::as_str);
    let deployment = &model.draft.entries("models[].deployments[]")[0];
    assert_eq!(
        values(deployment, &times),
        "request_timeout=30 stream_timeout=120 first_chunk_timeout=120 idle_timeout=120"
    );
    let origin = deployment.draft.best(times[0]).unwrap().origin.to_string();
    assert_eq!(origin, "default: of a Keeptrusts target");
    assert_eq!(deployment.origin.to_string(), "policy-config.yaml:7 providers.targets[0]");
}

#[test]
fn order_counts_until_a_weight_or_a_strategy_is_written() {
    const TWO: [&str; 2] = ["id: a, provider: vllm:chat:m", "id: b, provider: vllm:chat:m"];
    const WEIGHTED: [&str; 2] =
        ["id: a, provider: vllm:chat:m, weight: 3", "id: b, provider: vllm:chat:m"];
    let shape = |lowered: &Lowered| {
        let model = lowered.models()[0].replace(" model=m mode=chat", "");
        model.replace(" backend=a", "").replace(" backend=b", "").replace("name=vllm:chat:m ", "")
    };
    let cases = [
        (&TWO, "", "[id=a order=0 | id=b order=1]"),
        (&WEIGHTED, "", "strategy=weighted_shuffle [id=a weight=3 | id=b]"),
        (&TWO, "  routing: {strategy: round-robin}", "strategy=round_robin [id=a | id=b]"),
        (&TWO, "  fallback: {strategy: latency}", "strategy=lowest_latency [id=a | id=b]"),
        (&WEIGHTED, "provider_routing: {strategy: ordered}", "[id=a order=0 | id=b order=1]"),
        (&WEIGHTED, "  strategy: random", "strategy=weighted_shuffle [id=a | id=b]"),
        (&TWO, "  routing: {strategy: weighted}", "strategy=weighted_shuffle [id=a | id=b]"),
        (&TWO, "  routing: {strategy: cost}", "[id=a order=0 | id=b order=1]"),
    ];
    for (lines, below, expected) in cases {
        let lowered = targets(lines, below);
        assert_eq!(lowered.problems(), Vec::<String>::new(), "{below}");
        assert_eq!(shape(&lowered), expected, "{below}");
    }
    let contrary = "  strategy: random\n  routing: {strategy: lowest-latncy}";
    let findings = targets(&WEIGHTED, contrary).findings();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[0].starts_with("3 providers.targets[0].weight: no effect: the strategy"));
    assert!(findings[1].ends_with("(did you mean `lowest_latency`?)"), "{findings:?}");
}

#[test]
fn the_bare_provider_takes_its_model_from_its_own_key_or_passes_every_name_on() {
    let named = targets(&["id: a, provider: vllm, model: m", "id: b, provider: vllm:chat:m"], "");
    assert_eq!(
        named.models(),
        [
            "name=vllm:chat:m [id=b backend=b model=m mode=chat]",
            "name=m [id=a backend=a model=m mode=any order=0 | backend=b model=m mode=chat \
             order=1]",
        ]
    );
    assert_eq!(named.aliases(), ["name=vllm model=m"]);
    let two = targets(&["id: a, provider: vllm, model: m", "id: b, provider: vllm, model: n"], "");
    assert_eq!(two.aliases(), Vec::<String>::new(), "nobody knows which one is meant");
    let open = targets(&["id: a, provider: vllm"], "");
    assert_eq!(open.models(), ["name=* [id=a backend=a mode=any]"]);
    assert_eq!(open.findings().len(), 1);
    assert_eq!(
        open.notices()[1],
        "policy-config.yaml:3 providers.targets[0].base_url: is not written: \
         http://localhost:8080/v1 is used, while vLLM listens on 8000"
    );
    let other = targets(&["id: a, provider: vllm:chat:org/m:q4, model: other"], "");
    assert_eq!(other.models()[0], "name=vllm:chat:org/m:q4 [id=a backend=a model=other mode=chat]");
}

#[test]
fn servers_of_others_are_served_when_they_speak_the_same_api_and_left_out_otherwise() {
    let lowered = targets(
        &[
            "id: a, provider: 'ollama:chat:llama3:8b', base_url: http://a:1/v1",
            "id: b, provider: 'openai:gpt-4o', base_url: http://b:1/v1, format: openai",
            "id: c, provider: 'acme:m', base_url: http://c:1/v1, format: openai",
            "id: d, provider: 'anthropic:claude', base_url: http://d:1/v1",
            "id: e, provider: openai, model: m",
            "id: f, provider: vllm:chat:m, format: anthropic",
            "id: g, provider: vllm:chat:m, api_key_header: x-api-key",
            "id: h, provider: vllm:chat:m, secret_key_ref: {store: vault}",
        ],
        "",
    );
    assert_eq!(lowered.problems(), Vec::<String>::new());
    let names = lowered.models();
    let names = names.iter().map(|model| model.split(" [").next().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["name=ollama:chat:llama3:8b", "name=openai:gpt-4o", "name=acme:m",]
    );
    let out = lowered.findings().into_iter().filter(|line| line.contains("left out"));
    let out: Vec<_> = out.map(|line| line.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(
        out,
        [
            "6 providers.targets[3].provider",
            "7 providers.targets[4].provider",
            "8 providers.targets[5].format",
            "9 providers.targets[6].api_key_header",
            "10 providers.targets[7].secret_key_ref.store",
        ]
    );
}

#[test]
fn groups_of_the_operator_are_models_with_aliases_and_fallbacks() {
    let lowered = targets(
        &[
            "id: a, provider: vllm:chat:m",
            "id: b, provider: vllm:chat:m",
            "id: gone, provider: 'anthropic:x'",
        ],
        "model_groups:\n- {name: fast, targets: [b, a, gone], aliases: [quick], fallback_group: m}\n\
         - {name: m, models: [{provider: a, weight: 70}, {provider: a, model: lora, weight: 30}]}\n",
    );
    assert_eq!(lowered.problems(), Vec::<String>::new());
    assert_eq!(
        lowered.models(),
        [
            "name=vllm:chat:m [id=a backend=a model=m mode=chat order=0 | id=b backend=b model=m \
             mode=chat order=1]",
            "name=fast fallbacks=m [backend=b model=m mode=chat order=0 | backend=a model=m \
             mode=chat order=1]",
            "name=m strategy=weighted_shuffle [backend=a model=m mode=chat weight=70 | \
             id=a:lora backend=a model=lora mode=chat weight=30]",
        ],
        "the group named m stands in for the bare name"
    );
    assert_eq!(lowered.aliases(), ["name=quick model=fast"]);
    let wrong = targets(
        &["id: node-1, provider: vllm:chat:m"],
        "model_groups:\n- targets: [node-1]\n- {name: a, targets: [node1]}\n- {name: b}\n",
    );
    assert_eq!(
        wrong.problems(),
        [
            "policy-config.yaml:5 model_groups[0]: has no `name` (every group needs one)",
            "policy-config.yaml:6 model_groups[1].targets[0]: `node1` is not a target (did you \
             mean `node-1`?)",
            "policy-config.yaml:7 model_groups[2]: has no `targets` (name the ids of targets)",
        ]
    );
}

#[test]
fn a_target_that_cannot_be_read_is_a_problem_with_its_line() {
    let wrong = targets(
        &[
            "provider: vllm:chat:m",
            "id: a",
            "id: b, provider: vllm:chat",
            "id: c, provider: vllm:caht:m",
            "id: d, provider: 'vllm:chat:'",
            "id: e, provider: 'vllm:chat:*'",
            "id: e, provider: vllm",
            "id: f, provider: vllm:chat:m, secret_key_ref: NAME",
            "id: g, provider: vllm:chat:m, secret_key_ref: {}",
            "id: h, provider: vllm:chat:m, health_probe: often",
        ],
        "",
    );
    let problems = wrong.problems();
    let problems = problems.iter().map(|line| line.strip_prefix("policy-config.yaml:").unwrap());
    assert_eq!(
        problems.collect::<Vec<_>>(),
        [
            "3 providers.targets[0]: has no `id` (every target needs one)",
            "4 providers.targets[1]: has no `provider` (write vllm:chat:<model>)",
            "5 providers.targets[2].provider: `vllm:chat` does not say what the model is for \
             (write vllm:chat:chat)",
            "6 providers.targets[3].provider: `caht` is not one of chat, completion, embedding \
             (did you mean `chat`?)",
            "7 providers.targets[4].provider: `vllm:chat:` ends without a model (write \
             vllm:chat:<model>, or vllm alone)",
            "8 providers.targets[5].provider: a model's name holds no `*` (vllm alone stands for \
             every model of the server)",
            "9 providers.targets[6].id: `e` is the target of line 8 already (every target needs \
             its own id)",
            "10 providers.targets[7].secret_key_ref: must be a mapping (write one `key: value` \
             per line, indented)",
            "11 providers.targets[8].secret_key_ref: names no variable (write `env: NAME`)",
            "12 providers.targets[9].health_probe: `often` is not true or false (write 1 true t \
             yes y on, or 0 false f no n off)",
        ]
    );
}
