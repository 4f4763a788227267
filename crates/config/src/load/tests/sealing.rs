//! The keys that seal what clients carry.

use super::*;

const ONE: &str = "one-key-of-more-than-32-characters";
const OTHER: &str = "another-key-of-more-than-32-characters";
const UP: &str = "--upstream http://a:1";

fn keys(machine: &Machine) -> Vec<String> {
    let keys = machine.config(UP).sealing.keys;
    keys.iter().map(|key| key.expose().to_owned()).collect()
}

#[test]
fn keys_come_from_a_variable_or_a_list_of_references() {
    assert_eq!(keys(&Machine::new()), [""; 0]);
    assert_eq!(keys(&Machine::new().variable("VR_SEALING_KEY", ONE)), [ONE]);
    let machine = Machine::new()
        .variable("NEW", OTHER)
        .file("old", ONE)
        .file("transom.yaml", "sealing:\n  keys: ['env:NEW', 'file:old']\n");
    assert_eq!(keys(&machine), [OTHER, ONE]);
    let shown = machine.show(UP);
    assert!(shown.contains("keys: [\"env:NEW\", \"file:old\"]"), "{shown}");
}

#[test]
fn a_key_that_is_short_or_missing_is_a_problem_and_no_key_is_shown() {
    let short = Machine::new().variable("VR_SEALING_KEY", "short-canary");
    let problems = short.problems(&format!("serve {UP}"));
    assert_eq!(
        problems,
        [
            "VR_SEALING_KEY: a key is shorter than 32 characters (`openssl rand -base64 32` makes one)"
        ]
    );
    let missing = Machine::new().file("transom.yaml", "sealing:\n  keys: ['env:NONE']\n");
    let problems = missing.problems(&format!("serve {UP}"));
    assert_eq!(problems, ["transom.yaml:2 sealing.keys: the variable NONE is not set"]);
    let machine =
        Machine::new().file("transom.yaml", &format!("sealing:\n  keys: [{ONE}, {OTHER}]\n"));
    for line in ["serve", "config show", "check"] {
        let outcome = format!("{:?}", machine.run(&format!("{line} {UP}")));
        assert!(!outcome.contains(ONE) && !outcome.contains(OTHER), "{line}: {outcome}");
    }
}
