//! Models, backends and aliases: what a file declares, and how sources are merged.

use transom_core::{
    backend::BackendKey,
    model::{Mode, Source, Strategy, UpstreamName},
};

use super::*;

const FILE: &str = "\
backends:
  - name: node-1
    url: http://a:8000
    api_key: env:NODE_KEY
  - {name: node-2, url: 'https://b:8000/v1', insecure_tls: true, connect_timeout: 5, probe: passive}
models:
  - name: default
    strategy: least_loaded
    fallbacks: [team/x]
    deployments:
      - {backend: node-1, model: gpt-oss-120b, mode: chat, weight: 3, rpm: 100, tags: [fast]}
      - {backend: node-1, model: gpt-oss-120b, order: 1, request_timeout: 5m}
  - name: team/*
    hidden: true
    deployments:
      - {backend: node-2, model: org/*, id: mine, price_input: 0.1, enforce_rate_limits: false}
aliases:
  - {name: gpt-4o, model: default}
routing:
  retries: 1
  retries_rate_limit: 4
  enforce_rate_limits: true
";

fn machine(file: &str) -> Machine {
    Machine::new().file("transom.yaml", file).variable("NODE_KEY", "k")
}

/// Each model with its deployments as `id=backend`.
fn models(config: &GatewayConfig) -> Vec<String> {
    let model = |model: &transom_core::model::Model| {
        let places = model.deployments.iter().map(|at| format!("{}={}", at.id, at.backend));
        format!("{}: {}", model.name, places.collect::<Vec<_>>().join(" "))
    };
    config.fleet.models.iter().map(model).collect()
}

#[test]
fn a_file_declares_servers_models_and_aliases() {
    let (config, notices) = machine(FILE).serve("");
    assert_eq!(notices, [NO_INTERPRETER]);
    assert_eq!(
        models(&config),
        ["default: default@node-1=node-1 default@node-1#2=node-1", "team/*: mine=node-2"]
    );
    let [node, other] = &config.fleet.backends[..] else { panic!("{:?}", config.fleet) };
    assert!(matches!(&node.key, BackendKey::Key(key) if key.expose() == "k"));
    assert_eq!((&*node.url, node.connect_timeout.as_secs()), ("http://a:8000/v1", 2));
    assert_eq!((other.tls.insecure, other.connect_timeout.as_secs()), (true, 5));
    let [default, team] = &config.fleet.models[..] else { panic!("{:?}", config.fleet) };
    assert_eq!((default.strategy, default.source), (Some(Strategy::LeastLoaded), Source::File));
    let [first, second] = &default.deployments[..] else { panic!("{default:?}") };
    assert_eq!((first.mode, first.weight, second.mode), (Mode::Chat, 3, Mode::Any));
    assert_eq!(first.upstream, UpstreamName::Named("gpt-oss-120b".into()));
    assert_eq!((first.timeouts.request.as_secs(), second.timeouts.request.as_secs()), (600, 300));
    assert!(first.limits.enforced, "as `routing.enforce_rate_limits` says");
    assert!(!team.deployments[0].limits.enforced, "its own word counts");
    assert_eq!(team.deployments[0].price.input, Some(0.1));
    assert_eq!((config.fleet.routing.retries, config.fleet.routing.retries_for.len()), (1, 1));
    assert_eq!(&*config.fleet.aliases[0].model, "default");
    assert!(config.child.is_none());
}

#[test]
fn every_mistake_in_a_list_is_reported_with_its_line() {
    let file = "\
backends:
  - {name: a, url: http://a, api_key: x, ca: c.pem, insecure_tls: true}
  - {name: a, url: http://b, client_key: k.pem}
  - {url: http://c}
models:
  - name: m
    strategie: random
    deployments:
      - {backend: b, mode: chatt, weight: 0}
      - {backend: a, weight: -1}
      - {model: x}
    fallbacks: [m, n]
  - name: z
    deployments: [{backend: a, weight: 0}, {backend: a, weight: 0}]
  - {name: a*b*}
aliases:
  - {name: m, model: m}
  - {name: x, model: none}
  - {name: y*, model: m}
  - {name: y, model: x}
routing:
  default_fallbacks: [mm]
  strategy: least_load
";
    let machine = machine(file).file("c.pem", "").file("k.pem", "");
    let problems: Vec<_> = machine
        .problems("serve")
        .iter()
        .map(|problem| problem.strip_prefix("transom.yaml:").unwrap_or(problem).to_owned())
        .collect();
    assert_eq!(
        problems,
        [
            "7 models[0].strategie: is not a setting (did you mean `strategy`?)",
            "23 routing.strategy: `least_load` is not one of weighted_shuffle, round_robin, \
             least_loaded, two_choices, lowest_latency, prefix_aware, session (did you mean \
             `least_loaded`?)",
            "22 routing.default_fallbacks: no model is called `mm`",
            "2 backends[0].insecure_tls: any certificate would do, and one authority is named \
             (keep either `ca` or `insecure_tls: true`)",
            "3 backends[1].client_key: a client certificate needs its key, and a key its \
             certificate (give client_certificate too)",
            "3 backends[1].name: `a` is declared twice, first in transom.yaml:2 backends[0].name \
             (give one of them another name)",
            "4 backends[2]: has no `name`",
            "9 models[0].deployments[0].mode: `chatt` is not one of chat, completion, embedding, \
             rerank, score, any (did you mean `chat`?)",
            "10 models[0].deployments[1].weight: `-1` is not a whole number from 0 to 1000000",
            "11 models[0].deployments[2]: has no `backend`",
            "15 models[2].name: `a*b*` has more than one `*` (a pattern has one `*`, which \
             matches any text)",
            "15 models[2]: has no deployments (write at least one `- backend: NAME` below \
             `deployments:`)",
            "17 aliases[0].name: `m` is declared twice, first in transom.yaml:6 models[0].name \
             (give one of them another name)",
            "19 aliases[2].name: `y*` is a pattern (`*` stands only in the name of a model; write \
             one name here)",
            "9 models[0].deployments[0].backend: no backend is called `b`",
            "12 models[0].fallbacks: `m` would fall back to itself",
            "12 models[0].fallbacks: no model is called `n`",
            "18 aliases[1].model: no model is called `none`",
            "20 aliases[3].model: `x` is an alias itself (name the model that is behind it)",
            "13 models[1].name: every deployment of order 0 has weight 0: none would be chosen \
             (give one of them a weight)",
        ]
    );
}

#[test]
fn the_source_that_is_named_first_wins_model_by_model() {
    let file = |url: &str, id: &str| {
        format!(
            "backends:\n  - {{name: {id}, url: {url}}}\nmodels:\n  \
             - {{name: m, deployments: [{{backend: {id}}}]}}\n  \
             - {{name: m, retries: 7, deployments: [{{backend: {id}}}]}}\n  \
             - {{name: only-{id}, deployments: [{{backend: {id}}}]}}\n"
        )
    };
    let machine = Machine::new()
        .file("one.yaml", &file("http://one", "one"))
        .file("two.yaml", &file("http://two", "two"));
    let line = "--code-interpreter disabled --policy-config two.yaml --config one.yaml \
                --upstream http://up:1";
    let (config, notices) = machine.serve(line);
    assert_eq!(
        models(&config),
        [
            "*: *@upstream=upstream",
            "m: m@two=two m@two#2=two",
            "only-two: only-two@two=two",
            "only-one: only-one@one=one"
        ]
    );
    assert_eq!(config.fleet.models[1].retries, Some(7));
    let used = "`m` is not used: two.yaml:4 models[0].name declares it and wins";
    assert_eq!(
        notices,
        [
            format!("one.yaml:4 models[0].name: {used}"),
            format!("one.yaml:5 models[1].name: {used}")
        ]
    );
    let twin = machine.file("three.yaml", &file("http://three", "two"));
    assert_eq!(
        twin.problems("serve --config two.yaml --config three.yaml"),
        ["three.yaml:2 backends[0].name: `two` is declared with other settings in two.yaml:2 \
          backends[0].name (give one of them another name)"]
    );
}

#[test]
fn a_key_that_is_missing_takes_its_server_out_and_no_other() {
    let (config, notices) = Machine::new().file("transom.yaml", FILE).serve("");
    let missing = "the variable NODE_KEY is not set";
    assert!(matches!(
        &config.fleet.backends[0].key,
        BackendKey::Missing(why) if **why == *format!("{missing} (transom.yaml:4)")
    ));
    assert_eq!(
        notices[0],
        format!("transom.yaml:4 backends[0].api_key: {missing}: the server is not used without it")
    );
}

#[test]
fn what_is_converted_or_shown_gives_the_same_fleet_again() {
    let litellm = "\
model_list:
  - model_name: default
    litellm_params:
      model: openai/gpt-oss-120b
      api_base: http://llm-backend-01:8000/v1
      api_key: os.environ/NODE_KEY
      timeout: 30
  - model_name: coder
    litellm_params: {model: hosted_vllm/qwen3, api_base: 'http://llm-backend-02:8000/v1'}
router_settings:
  routing_strategy: least-busy
litellm_settings:
  num_retries: 2
general_settings:
  master_key: os.environ/NODE_KEY
";
    let keeptrusts = "\
pack: {name: p, version: 1.0.0, enabled: true}
providers:
  targets:
    - {id: one, provider: 'vllm:chat:org/model', base_url: 'http://node-1:8080/v1', weight: 2}
    - {id: two, provider: 'vllm:chat:org/model', base_url: 'http://node-2:8080/v1'}
policies: {chain: [audit-logger]}
";
    for (name, file, line) in [
        ("native", FILE, "--upstream http://up:1"),
        ("native", FILE, "--admin-listen 5970 -- m --port 9"),
        ("litellm", litellm, ""),
        ("keeptrusts", keeptrusts, "--without-policies"),
    ] {
        let machine = Machine::new().variable("NODE_KEY", "k").file("from.yaml", file);
        let line = format!("--config from.yaml {line}");
        let before = machine.config(&line);
        for (command, text) in [("convert", machine.convert(&line)), ("show", machine.show(&line))]
        {
            let again = machine.clone().file("to.yaml", &text).config("--config to.yaml");
            assert_eq!(
                format!("{:#?}", before.fleet),
                format!("{:#?}", again.fleet),
                "{name}, {command}:\n{text}"
            );
            assert_eq!((before.listen.port, &before.admin), (again.listen.port, &again.admin));
        }
    }
}

#[test]
fn the_converted_file_holds_what_was_written_and_nothing_else() {
    let literal = FILE.replace("env:NODE_KEY", "canary");
    assert_eq!(
        machine(&literal).convert("--gateway-port 80"),
        "\
# Configuration of Transom: what was written, in its own words. What is not here has its default.
listen:
  port: 80
routing:
  retries: 1
  retries_rate_limit: 4
  enforce_rate_limits: true
backends:
  - name: node-1
    url: \"http://a:8000/v1\"
    # api_key: \"env:NAME\"  # stands in transom.yaml:4 itself: put it into a variable
  - name: node-2
    url: \"https://b:8000/v1\"
    insecure_tls: true
    connect_timeout: 5s
    probe: passive
models:
  - name: default
    strategy: least_loaded
    fallbacks: [team/x]
    deployments:
      - backend: node-1
        model: gpt-oss-120b
        mode: chat
        weight: 3
        rpm: 100
        tags: [fast]
      - backend: node-1
        model: gpt-oss-120b
        order: 1
        request_timeout: 300s
  - name: \"team/*\"
    hidden: true
    deployments:
      - backend: node-2
        model: \"org/*\"
        id: mine
        enforce_rate_limits: false
        price_input: 0.1
aliases:
  - name: gpt-4o
    model: default
"
    );
}

#[test]
fn the_sources_are_all_files_that_may_change_the_result() {
    let file =
        FILE.replace("env:NODE_KEY", "file:node.key").replace("insecure_tls: true", "ca: c.pem");
    let machine = machine(&file).file("node.key", "k").file("c.pem", "");
    let sources = machine.config("").sources;
    assert_eq!(
        sources,
        ["/home/.env", "/home/c.pem", "/home/node.key", "/home/transom.yaml"].map(PathBuf::from)
    );
}

#[test]
fn the_dialect_is_told_from_the_file_and_brings_its_port() {
    let litellm = "model_list: []\n";
    let keeptrusts = "pack: {name: p, enabled: true}\nproviders: {targets: []}\n";
    for (file, port) in [(litellm, 4000), (keeptrusts, 41002), ("models: []\n", 5969)] {
        let machine = Machine::new().file("any.yaml", file);
        let port_of = |line: &str| {
            machine.config(&format!("--config any.yaml --upstream http://a:1 {line}")).listen.port
        };
        assert_eq!(port_of(""), port);
        assert_eq!(port_of("--port 9"), 9);
        assert_eq!(port_of("--listen 127.0.0.1:8"), 8);
        let variable = machine.clone().variable("VR_PORT", "7");
        assert_eq!(variable.config("--config any.yaml --upstream http://a:1").listen.port, 7);
    }
}

#[test]
fn what_becomes_of_keys_is_reported_and_strict_refuses_it() {
    let file = "model_list:\n  - model_name: m\n    litellm_params:\n      \
                model: openai/m\n      api_base: http://a:1/v1\nlitellm_settings:\n  \
                drop_params: true\n  success_callback: [langfuse]\n";
    let machine = Machine::new().file("config.yaml", file);
    let (text, json) = machine.report("--config config.yaml");
    assert!(text.contains("config.yaml:8 litellm_settings.success_callback"), "{text}");
    assert!(text.ends_with("the configuration is good\n"), "{text}");
    assert!(json.contains("\"severity\":\"unsupported\""), "{json}");
    let (strict, _) = machine.report("--config config.yaml --strict");
    assert!(strict.contains("error: config.yaml:8 litellm_settings.success_callback"), "{strict}");
    assert!(machine.run("serve --strict --config config.yaml").is_err());
}

#[test]
fn the_command_lines_of_other_gateways_serve() {
    let machine = Machine::new().file("transom.yaml", FILE);
    for line in [
        "serve --listen 127.0.0.1:41002",
        "--config transom.yaml --host 127.0.0.1 --port 41002",
        "gateway run --listen 127.0.0.1:41002 --policy-config transom.yaml",
        "gateway run --listen 0.0.0.0:41002 --policy-config transom.yaml --api-key k",
    ] {
        let Ok(Loaded { command: Command::Serve(config), .. }) = machine.run(line) else {
            panic!("{line}: {:?}", machine.run(line))
        };
        assert_eq!(config.listen.port, 41002, "{line}");
    }
    let refused = machine.problems("gateway run --listen 0.0.0.0:41002");
    assert!(refused[0].starts_with("--listen: 0.0.0.0 is reachable"), "{refused:?}");
    assert!(refused[0].contains("--api-key"), "{refused:?}");
}

#[test]
fn the_admin_api_is_never_open_to_other_machines_without_a_key() {
    let listen = |machine: &Machine, at: &str| {
        let line = format!("--upstream http://a:1 --admin-listen {at}");
        machine.config(&line).admin.listen.map(|at| at.to_string())
    };
    let (open, keyed) = (Machine::new(), Machine::new().variable("VR_API_KEY", "k"));
    assert_eq!(listen(&open, "5970"), Some("127.0.0.1:5970".into()));
    assert_eq!(listen(&open, "[::1]:0"), Some("[::1]:0".into()));
    assert_eq!(listen(&keyed, "0.0.0.0:5970"), Some("0.0.0.0:5970".into()));
    assert_eq!(
        open.problems("serve --upstream http://a:1 --admin-listen 0.0.0.0:1 --insecure-no-auth"),
        ["--admin-listen: 0.0.0.0 is reachable from other machines and no key is configured \
          (set VR_API_KEY or --api-key, or let it listen on 127.0.0.1)"]
    );
    // A gateway may begin without a model when models can be added.
    let empty = open.config("--admin-listen 5970");
    assert!(empty.fleet.models.is_empty());
}
