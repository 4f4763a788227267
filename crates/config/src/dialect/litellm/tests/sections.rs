//! `router_settings`, `litellm_settings`, `general_settings` and `environment_variables`.

use super::*;

#[test]
fn a_strategy_becomes_the_nearest_of_ours() {
    let strategy = |router: &str| {
        let lowered = Machine::default().lower(&format!("router_settings: {{{router}}}\n"));
        let strategy = lowered.native_of(&["strategy"]).join(", ");
        (strategy.replace("routing.strategy: ", "").replace(" (1)", ""), lowered.findings().len())
    };
    let said = |ours: &str, told: usize| (ours.to_owned(), told);
    assert_eq!(strategy("routing_strategy: simple-shuffle"), said("weighted_shuffle", 0));
    assert_eq!(strategy("routing_strategy: least-busy"), said("least_loaded", 0));
    assert_eq!(strategy("routing_strategy: latency-based-routing"), said("lowest_latency", 1));
    assert_eq!(strategy("routing_strategy: usage-based-routing"), said("least_loaded", 1));
    assert_eq!(strategy("routing_strategy: cost-based-routing"), said("weighted_shuffle", 1));
    assert_eq!(strategy("routing_strategy: leastbusy"), said("", 1));
    assert_eq!(strategy("optional_pre_call_checks: [prompt_caching]"), said("prefix_aware", 1));
    let both = "routing_strategy: least-busy, \
                optional_pre_call_checks: [prompt_caching, session_affinity]";
    assert_eq!(strategy(both), said("session", 3));
}

#[test]
fn router_settings_win_over_litellm_settings_which_stand_in_for_them() {
    let library = "litellm_settings: {num_retries: 5, request_timeout: 90, allowed_fails: 1}\n";
    let alone = Machine::default().lower(library);
    let used = ["retries", "timeout", "failures"];
    assert_eq!(
        alone.native_of(&used),
        [
            "routing.retries: 5 (1)",
            "routing.breaker_failures: 2 (1)",
            "limits.first_chunk_timeout: 90 (1)",
            "limits.request_timeout: 90 (1)",
        ]
    );
    let both =
        format!("{library}router_settings: {{num_retries: 1, timeout: 30, stream_timeout: 9}}\n");
    let both = Machine::default().lower(&both);
    assert_eq!(
        both.native_of(&used),
        [
            "routing.retries: 1 (2)",
            "routing.breaker_failures: 2 (1)",
            "limits.first_chunk_timeout: 9 (2)",
            "limits.request_timeout: 30 (2)",
        ]
    );
    let shadowed = both.findings().into_iter().filter(|said| said.contains("says otherwise"));
    assert_eq!(
        shadowed.collect::<Vec<_>>(),
        [
            "1 litellm_settings.num_retries: no effect: router_settings says otherwise",
            "1 litellm_settings.request_timeout: no effect: router_settings.timeout says otherwise",
        ]
    );
}

#[test]
fn variables_of_the_file_stand_behind_those_of_the_environment() {
    let text = "environment_variables: {KEY: from-file, OTHER: 1, BASE: 'http://a:1/v1'}
general_settings: {master_key: os.environ/MASTER}
model_list:
- {model_name: a, litellm_params: {model: openai/a, api_base: os.environ/BASE, api_key: os.environ/KEY}}
";
    let keys = |machine: &Machine| machine.lower(text).native_of(&["api_key", "url"]);
    assert_eq!(
        keys(&Machine::default()),
        ["auth.api_key: env:MASTER (2)", "  url: http://a:1/v1 (4)", "  api_key: from-file (1)",]
    );
    assert_eq!(
        keys(&Machine::default().variable("KEY", "k").variable("BASE", "http://b:2/v1")),
        ["auth.api_key: env:MASTER (2)", "  url: http://b:2/v1 (4)", "  api_key: env:KEY (4)",]
    );
    assert_eq!(
        Machine::default().lower(text).findings(),
        ["1 environment_variables.OTHER: no effect: nothing here reads this variable"]
    );
    let usual = Machine::default().variable("LITELLM_MASTER_KEY", "sk").lower("model_list: []\n");
    assert_eq!(
        usual.native_of(&["api_key"]),
        ["auth.api_key: env:LITELLM_MASTER_KEY (LITELLM_MASTER_KEY)"]
    );
}

/// Keys that no setting of ours shows, and those that ask for nothing, are told too.
#[test]
fn of_every_key_something_is_said() {
    let text = "include: [more.yaml]
model_list:
- model_name: a
  litellm_params: {model: a, custom_llm_provider: openai, litellm_credential_name: one, tags: [x]}
credential_list:
- {credential_name: one, credential_values: {api_base: os.environ/BASE}}
general_settings: {store_model_in_db: true, enable_jwt_auth: false}
litellm_settings: {set_verbose: false, callbacks: [], cache: {}}
environment_variables: {BASE: 'http://a:1/v1'}
";
    let machine =
        Machine::default().file("more.yaml", "router_settings: {disable_cooldowns: no}\n");
    let lowered = machine.lower(text);
    assert_eq!(lowered.problems(), Vec::<String>::new());
    let told = |at: &str| {
        let all = lowered.found.findings.iter().map(ToString::to_string);
        let of_key =
            all.filter(|said| said.split(": ").next().is_some_and(|key| key.ends_with(at)));
        of_key
            .map(|said| said.split(": ").nth(1).unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    for (key, treatment) in [
        ("include[0]", "exact"),
        ("custom_llm_provider", "exact"),
        ("litellm_credential_name", "exact"),
        ("tags", "approximated"),
        ("store_model_in_db", "exact"),
        ("enable_jwt_auth", "no effect"),
        ("set_verbose", "exact"),
        ("litellm_settings.callbacks", "no effect"),
        ("litellm_settings.cache", "no effect"),
        ("environment_variables.BASE", "exact"),
        ("disable_cooldowns", "exact"),
    ] {
        assert_eq!(told(key), [treatment], "{key}");
    }
}

#[test]
fn what_is_not_there_comes_with_what_to_do_instead() {
    use crate::dialect::litellm::{known, rule::Rule};
    let tables = [
        known::root::ROOT,
        known::general::GENERAL,
        known::library::LIBRARY,
        known::router::ROUTER,
        known::model::INFO,
        known::params::PARAMS,
    ];
    for (key, rule) in tables.into_iter().flatten() {
        if let Rule::Told { treatment: Treatment::Unsupported, hint, .. } = rule {
            assert!(hint.is_some_and(|hint| !hint.is_empty()), "{key} has no hint");
        }
    }
}

#[test]
fn a_value_of_the_wrong_shape_is_a_problem_at_its_line() {
    let lowered = Machine::default().lower(
        "model_list: {a: b}
router_settings:
  num_retries: [1]
  fallbacks: {a: [b]}
  set_verbose: perhaps
  model_group_alias: [a]
litellm_settings: 5
general_settings:
  max_request_size_mb: 1.5
  master_key: env:KEY
",
    );
    assert_eq!(
        lowered.problems(),
        [
            "3 router_settings.num_retries: must be one value",
            "5 router_settings.set_verbose: `perhaps` is not true or false (write 1 true t yes y \
             on, or 0 false f no n off)",
            "6 router_settings.model_group_alias: must be a mapping",
            "7 litellm_settings: must be a mapping",
            "10 general_settings.master_key: a key that begins with `env:` or `file:` must be in a \
             variable",
            "9 general_settings.max_request_size_mb: `1.5` is not a whole number",
            "1 model_list: must be a list of models",
            "4 router_settings.fallbacks: must be a list of `model: [models]`",
        ]
    );
}

#[test]
fn models_that_take_over_are_those_that_are_served() {
    let lowered = Machine::default().lower(
        "model_list:
- {model_name: a, litellm_params: {model: openai/a, api_base: 'http://a:1/v1', num_retries: 4}}
- {model_name: a, litellm_params: {model: openai/a, api_base: 'http://b:1/v1', num_retries: 2}}
- {model_name: team/*, litellm_params: {model: openai/*, api_base: 'http://b:1/v1'}}
router_settings:
  model_group_alias: {first: a, team: team/b, wild: team/*, a: team/b, far: first}
  fallbacks:
  - first: [team/b, first, gpt-4, {model: a}]
  - a: [team/c]
  context_window_fallbacks: [{'*': [team/long]}, {a: [team/longer]}]
  default_fallbacks: [first]
",
    );
    assert_eq!(lowered.problems(), Vec::<String>::new());
    assert_eq!(
        lowered.native_of(&[
            "fallbacks",
            "retries",
            "alias",
            "name: first",
            "name: team ",
            "model: team"
        ]),
        [
            "routing.default_fallbacks: [first] (11)",
            "  fallbacks: [team/b] (8)",
            "  context_fallbacks: [team/longer] (10)",
            "  retries: 4 (2)",
            "  context_fallbacks: [team/long] (10)",
            "- aliases",
            "  name: first (6)",
            "- aliases",
            "  name: team (6)",
            "  model: team/b (6)",
        ]
    );
    assert_eq!(
        lowered.findings(),
        [
            "2 model_list[0].litellm_params.num_retries: approximated: counts for the model, whose \
             retries go anywhere in it",
            "3 model_list[1].litellm_params.num_retries: approximated: counts for the model, whose \
             retries go anywhere in it",
            "3 model_list[1].litellm_params.num_retries: no effect: 2 \
             model_list[0].litellm_params.num_retries says otherwise",
            "6 router_settings.model_group_alias.wild: unsupported: no entry of model_list serves \
             `team/*`, so this is left out (name a model_name that is served)",
            "6 router_settings.model_group_alias.a: no effect: is a model of model_list too, which \
             is served",
            "6 router_settings.model_group_alias.far: unsupported: stands for another such name \
             (name its model)",
            "8 router_settings.fallbacks[0].first[2]: unsupported: no entry of model_list serves \
             `gpt-4`, so this is left out (name a model_name that is served)",
            "8 router_settings.fallbacks[0].first[3]: unsupported: a model that takes over cannot \
             have parameters of its own (write its name alone)",
            "8 router_settings.fallbacks[0].first: no effect: `first` is the model itself",
            "9 router_settings.fallbacks[1].a: no effect: 8 router_settings.fallbacks[0].first \
             says otherwise",
        ]
    );
}
