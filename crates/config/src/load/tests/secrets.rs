//! Credentials: where they are read from, and that they are never printed.

use super::*;
use crate::{Auth, Colour};

const UP: &str = "--upstream http://a:1";
const CANARY: &str = "sk-canary-7f3a";

fn key(machine: &Machine, flags: &str) -> String {
    match machine.config(&format!("{UP} {flags}")).auth {
        Auth::Key(secret) => secret.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_a_text_a_variable_or_a_file() {
    let machine = Machine::new()
        .variable("MY_KEY", "from-variable")
        .file(".env", "DOT_KEY=from-dotenv\n")
        .file("key", "from-file\n");
    assert_eq!(key(&machine, "--api-key literal"), "literal");
    assert_eq!(key(&machine, "--api-key env:MY_KEY"), "from-variable");
    assert_eq!(key(&machine, "--api-key env:DOT_KEY"), "from-dotenv");
    assert_eq!(key(&machine, "--api-key file:key"), "from-file");
    assert_eq!(
        key(&machine.clone().file("transom.yaml", "auth:\n  api_key: 00123\n"), ""),
        "00123"
    );
    for (value, problem) in [
        ("env:NONE", "--api-key: the variable NONE is not set"),
        ("file:none", "--api-key: cannot read none: entity not found"),
        ("file:", "--api-key: names no variable or file (write env:NAME or file:PATH)"),
        ("kéy", "--api-key: the key is empty or not printable ASCII"),
    ] {
        assert_eq!(machine.problems(&format!("serve {UP} --api-key {value}")), [problem]);
    }
}

#[test]
fn no_output_of_any_kind_holds_a_key() {
    let file = format!("auth:\n  api_key: {CANARY}\nupstream:\n  api_key: {CANARY}\n");
    let machines = [
        Machine::new().file("transom.yaml", &file),
        Machine::new().variable("VR_API_KEY", CANARY).variable("VR_OPENAI_API_KEY", CANARY),
        Machine::new().file(".env", &format!("VR_API_KEY={CANARY}\nEXA_API_KEY={CANARY}\n")),
        Machine::new().file("key", CANARY).file("transom.yaml", "auth:\n  api_key: file:key\n"),
        Machine::new().file(
            "transom.yaml",
            &format!("backends: [{{name: a, url: 'http://a', api_key: {CANARY}}}]\n"),
        ),
        Machine::new().file(
            "transom.yaml",
            &format!(
                "model_list:\n  - model_name: m\n    litellm_params: {{model: openai/m, api_base: \
                 'http://a:1', api_key: {CANARY}}}\n"
            ),
        ),
        Machine::new().row(
            "m",
            &format!("{{\"model\": {{}}, \"backends\": [{{\"api_key\": \"{CANARY}\"}}]}}"),
        ),
        // Broken in ways that could tempt a message to repeat the value.
        Machine::new().variable("VR_API_KEY", &format!("{CANARY} é")),
        Machine::new().file(".env", &format!("export VR_API_KEY {CANARY}\n")),
        Machine::new().variable("VR_LLM_API_BASE", &format!("http://u:{CANARY}@h")),
        Machine::new().variable("VR_DB_PATH", &format!("postgresql://u:{CANARY}@h/d")),
        Machine::new().file("transom.yaml", &format!("auth:\n  api_key: [{CANARY}]\n")),
        Machine::new().file("transom.yaml", &format!("auth:\n  api_key: {{a: {CANARY}}}\n")),
        Machine::new().file("transom.yaml", &format!("auth:\n  api_key: \"{CANARY}\n")),
    ];
    for (index, machine) in machines.iter().enumerate() {
        for line in ["serve", "config show", "config convert", "check"] {
            for flags in [UP, "", "-- m"] {
                let outcome = machine.run(&format!("{line} {flags}"));
                let mut output = format!("{outcome:?}");
                if let Ok(Loaded { command: Command::Check { report, .. }, .. }) = &outcome {
                    output += &report.text(Colour::On);
                    output += &report.json(ASKED_NOBODY).unwrap();
                }
                assert!(!output.contains(CANARY), "machine {index}, {line} {flags}: {output}");
            }
        }
    }
    for line in ["serve", "config show"] {
        for flags in [format!("{UP} --api-key {CANARY}"), format!("-- m --api-key={CANARY}")] {
            let outcome = Machine::new().run(&format!("{line} {flags}")).unwrap();
            assert!(!format!("{outcome:?}").contains(CANARY), "{line} {flags}");
        }
    }
}
