//! What becomes of every field of `POST /v1/responses`.

use std::fmt::Write as _;

use transom_wire::responses::request::{Effect, FIELDS};

const HEAD: &str = "<!-- Generated from crates/wire; do not edit. -->

# Fields of `POST /v1/responses`

A field that is not in this table goes on to the model server as it came, unless the shield refuses
it. A field that is `null` counts as absent.

| Field | What becomes of it | Remarks |
|---|---|---|
";

pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    for field in FIELDS {
        let effect = match field.effect {
            Effect::Honoured => "honoured",
            Effect::PassedOn => "passed on to the model server",
            Effect::WithoutEffect => "accepted, without effect",
            Effect::Refused => "refused (400)",
        };
        let note = field.note.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(page, "| `{}` | {effect} | {note} |", field.name).expect("writing to a string");
    }
    page
}
