use std::collections::BTreeSet;

use transom_core::item::HostedKind;

use super::{ITEMS, Kind, PARTS, TOOLS};
use crate::responses::request::Past;
use crate::responses::sample::resolve;
use crate::responses::{item, tools};

fn types(table: &[Kind]) -> BTreeSet<&'static str> {
    table.iter().flat_map(|kind| kind.types).copied().collect()
}

#[test]
fn every_type_that_is_known_has_a_row() {
    let known = tools::types().collect::<BTreeSet<_>>();
    assert_eq!(types(TOOLS), known);
    let others = ["compaction", "compaction_summary", "compaction_trigger", "item_reference"];
    let hosted = HostedKind::ALL.iter().map(|kind| kind.word());
    let known: BTreeSet<_> = item::types().chain(hosted).chain(others).collect();
    assert_eq!(types(ITEMS), known);
}

/// A row without a condition says by its words whether the type is refused.
#[test]
fn a_type_is_refused_where_its_row_says_so() {
    for kind in TOOLS.iter().chain(ITEMS).chain(PARTS).filter(|kind| kind.when.is_empty()) {
        for name in kind.types {
            let refused = kind.effect.starts_with("refused");
            let (field, value) = if types(TOOLS).contains(name) {
                ("tools", format!(r#"[{{"type":"{name}"}}]"#))
            } else if types(ITEMS).contains(name) {
                ("input", format!(r#"[{{"type":"{name}","encrypted_content":"x"}}]"#))
            } else {
                let part = format!(r#"[{{"type":"{name}"}}]"#);
                let role = if *name == "refusal" { "assistant" } else { "user" };
                ("input", format!(r#"[{{"role":"{role}","content":{part}}}]"#))
            };
            let other = if field == "input" { "" } else { r#","input":"x""# };
            let body = format!(r#"{{"model":"m"{other},"{field}":{value}}}"#);
            let code = match resolve(&body, Past::default()) {
                Ok(_) => String::new(),
                Err(failure) => failure.public().code,
            };
            let unknown = ["unsupported_value", "invalid_encrypted_content"];
            assert_eq!(unknown.contains(&code.as_str()), refused, "{name}: {code}");
        }
    }
}
