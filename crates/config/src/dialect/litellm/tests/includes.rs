//! `include`.

use super::*;

#[test]
fn lists_are_joined_and_sections_replaced() {
    let machine = Machine::default()
        .file(
            "more/models.yaml",
            "model_list:\n- {model_name: b, litellm_params: {model: openai/b, api_base: 'http://b:1/v1'}}\n\
             router_settings: {num_retries: 7}\ninclude: [more/last.yaml]\n",
        )
        .file(
            "more/last.yaml",
            "model_list:\n- {model_name: a, litellm_params: {model: openai/a, api_base: 'http://c:1/v1'}}\n\
             general_settings: {frob: 1}\n",
        );
    let lowered = machine.lower(
        "include: [more/models.yaml]
router_settings: {num_retries: 1, allowed_fails: 1}
model_list:
- {model_name: a, litellm_params: {model: openai/a, api_base: 'http://a:1/v1'}}
",
    );
    assert_eq!(lowered.problems(), Vec::<String>::new());
    assert_eq!(
        lowered.native_of(&["retries", "failures", "name", "backend:"]),
        [
            "routing.retries: 7 (3)",
            "  name: a:1 (4)",
            "  name: b:1 (2)",
            "  name: c:1 (2)",
            "  name: a (4)",
            "    backend: a:1 (4)",
            "    backend: c:1 (2)",
            "  name: b (2)",
            "    backend: b:1 (2)",
        ]
    );
    assert_eq!(
        lowered.findings(),
        [
            "2 router_settings: no effect: is replaced as a whole by more/models.yaml:3 \
             router_settings",
            "more/last.yaml:3 general_settings.frob: unsupported: is not a known key (check how it is \
             spelled, or remove it)",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_included_is_a_problem_at_the_line_that_names_it() {
    let machine =
        Machine::default().file("loop.yaml", "include: loop.yaml\n").file("bad.yaml", "a: [");
    let said = |text: &str| machine.lower(text).problems();
    let missing = said("model_list: []\ninclude:\n- no.yaml\n");
    assert_eq!(missing.len(), 1);
    assert!(missing[0].starts_with("3 include[0]: no.yaml cannot be read"), "{missing:?}");
    let bad = said("include: bad.yaml\n");
    assert_eq!(bad.len(), 1);
    assert!(bad[0].starts_with("bad.yaml:1: is not YAML"), "{bad:?}");
    let endless = said("include: loop.yaml\n");
    assert_eq!(endless.len(), 1);
    assert!(endless[0].contains("more than 64 files are included"), "{endless:?}");
}
