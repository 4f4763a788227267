//! Policies and limits are refused or left out by name; shapes.

use super::*;

const REFUSED: &str = "policies are not available yet, and none would be applied \
                       (--without-policies loads the rest of the file)";

#[test]
fn a_file_with_policies_is_refused_by_section_and_line_and_names_them_when_they_are_left_out() {
    assert_eq!(
        lower(COMPLIANCE).problems(),
        [format!("policy-config.yaml:17 policies: {REFUSED}")]
    );
    assert_eq!(
        lower(FAILOVER).problems(),
        [
            format!("policy-config.yaml:13 policies: {REFUSED}"),
            format!("policy-config.yaml:16 policy: {REFUSED}"),
        ]
    );
    let lowered = lower_with(FAILOVER, Policies::LeftOut);
    let left_out: Vec<_> = lowered.found.left_out.iter().map(ToString::to_string).collect();
    assert_eq!(left_out, ["policy-config.yaml:13 policies", "policy-config.yaml:16 policy"]);
}

#[test]
fn limits_and_sections_that_nobody_knows_are_treated_like_policies() {
    let target = ["id: a, provider: vllm:chat:m"];
    for section in [
        "consumer_groups: [{name: g}]",
        "rate_limits: {per_key: {rpm: 1}}",
        "token_rate_limit: {max_tokens: 1}",
        "agents: {a: {max_cost: 1}}",
        "polices: {chain: [x]}",
        "input_policies: [{name: a, type: b}]",
        "  limits: {rpm: 1}",
    ] {
        let key = section.trim_start().split(':').next().unwrap();
        let lowered = targets(&target, section);
        let problems = lowered.problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(key) && problems[0].contains(REFUSED), "{problems:?}");
    }
    let misspelt = targets(&target, "polices: {chain: [x]}").findings();
    assert_eq!(
        misspelt,
        ["4 polices: unsupported: is not a known key of this file (did you mean `policies`?)"]
    );
    for nothing in ["policies: {chain: []}", "policies: []", "policy: {}", "rate_limits: ~"] {
        assert_eq!(targets(&target, nothing).problems(), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn a_pack_that_is_switched_off_is_refused() {
    let off = targets(&["id: a, provider: vllm:chat:m"], "pack: {name: p, enabled: false}\n");
    assert_eq!(
        off.problems(),
        [
            "policy-config.yaml:4 pack.enabled: the file is switched off (write `true`, or leave the \
          file out)"
        ]
    );
}

#[test]
fn the_four_shapes_are_told_apart_and_named() {
    let named = "read as a Keeptrusts document with a list of named policies";
    let cases = [
        (FAILOVER, "read as a Keeptrusts pack document"),
        (COMPLIANCE, "read as a Keeptrusts document with a list of rules"),
        ("version: '1'\npolicies: [{name: a, type: content_filter, action: flag}]\n", named),
        ("input_policies: [{name: a, type: rate_limit}]\n", named),
        (
            "policy: {name: prompt-injection, version: 1.0.0, enabled: true}\ndetection: {a: 1}\n",
            "read as a Keeptrusts document of a single policy",
        ),
        ("providers: {targets: []}\n", "read as a Keeptrusts document without policies"),
    ];
    for (text, expected) in cases {
        let lowered = lower_with(text, Policies::LeftOut);
        assert_eq!(lowered.notices(), [format!("policy-config.yaml: {expected}")]);
        assert_eq!(lowered.problems(), Vec::<String>::new(), "{text}");
    }
    let single = lower("policy: {name: prompt-injection, enabled: true}\ndetection: {a: 1}\n");
    assert_eq!(single.problems(), [format!("policy-config.yaml:1 policy: {REFUSED}")]);
}

#[test]
fn the_dialect_of_a_file_is_told_from_its_keys() {
    let variables = Variables::new(&Environment::default(), None, &mut Findings::default());
    let context = Context::new(&Disk, Path::new("/"), &variables, Policies::LeftOut);
    for (text, mine) in [
        (FAILOVER, true),
        (COMPLIANCE, true),
        ("providers: {targets: []}\n", true),
        ("input_policies: [{name: a, type: b}]\n", true),
        ("model_list: []\nlitellm_settings: {}\n", false),
        ("providers: {openai: {}}\n", false),
        ("backends: [{name: a, url: 'http://a:1'}]\n", false),
        ("", false),
    ] {
        let mut found = Findings::default();
        dialect::lower("f.yaml", text, &context, &mut found);
        let notices = found.notices.iter().map(ToString::to_string);
        let read = notices.filter(|notice| notice.starts_with("f.yaml: read as a Keeptrusts"));
        assert_eq!(read.count(), usize::from(mine), "{text}");
    }
}
