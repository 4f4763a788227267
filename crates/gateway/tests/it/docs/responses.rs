//! What becomes of every field, tool, item and part of `POST /v1/responses`, and which test shows it.

use std::fmt::Write as _;

use transom_wire::responses::kinds::{ITEMS, Kind, PARTS, TOOLS};
use transom_wire::responses::request::{COMPACT_FIELDS, Effect, FIELDS, INCLUDES};

mod tested;

const HEAD: &str = "<!-- Generated from crates/wire; do not edit. -->

# Fields of `POST /v1/responses`

A field that is not in this table goes on to the model server as it came, unless the shield refuses
it. A field that is `null` counts as absent. Each row has a test that would fail if it were not true:
`conversation` is the folder below `crates/gateway/tests`, `wire` the crate.

| Field | What becomes of it | Remarks | How tested |
|---|---|---|---|
";

pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    let known: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
    let tested: Vec<_> = tested::FIELDS.iter().map(|(name, _)| *name).collect();
    assert_eq!(tested, known, "a field without a test");
    for (field, (_, test)) in FIELDS.iter().zip(tested::FIELDS) {
        let (name, note) = (field.name, one_line(field.note));
        let effect = effect(field.effect);
        line(&mut page, &[&format!("`{name}`"), effect, &note, &tested::shown(test)]);
    }
    page.push_str(INCLUDE);
    for value in INCLUDES {
        row(&mut page, value.name, value.effect, value.note);
    }
    page.push_str(ABOUT_TOOLS);
    table(&mut page, TOOLS, tested::TOOLS);
    page.push_str(ABOUT_GRAMMARS);
    table(&mut page, ITEMS, tested::ITEMS);
    page.push_str(ABOUT_ITEMS);
    table(&mut page, PARTS, tested::PARTS);
    page.push_str(BESIDE);
    page.push_str(COMPACT);
    for field in COMPACT_FIELDS {
        row(&mut page, field.name, field.effect, field.note);
    }
    page
}

fn row(page: &mut String, name: &str, becomes: Effect, note: &str) {
    line(page, &[&format!("`{name}`"), effect(becomes), &one_line(note)]);
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Honoured => "honoured",
        Effect::PassedOn => "passed on to the model server",
        Effect::WithoutEffect => "accepted, without effect",
        Effect::Refused => "refused (400)",
    }
}

fn table(page: &mut String, kinds: &[Kind], tests: &[&str]) {
    assert_eq!(kinds.len(), tests.len(), "a row without a test");
    for (kind, test) in kinds.iter().zip(tests) {
        let mut types = kind.types.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        if let (Some(last), false) = (types.last_mut(), kind.when.is_empty()) {
            write!(last, " {}", kind.when).expect("writing to a string");
        }
        line(page, &[&types.join(", "), &one_line(kind.effect), &tested::shown(test)]);
    }
}

fn line(page: &mut String, cells: &[&str]) {
    writeln!(page, "| {} |", cells.join(" | ")).expect("writing to a string");
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const INCLUDE: &str = "
## Values of `include`

Each is tried by `conversation::fields::every_value_of_include_has_the_effect_that_the_reference_says`.

| Value | What becomes of it | Remarks |
|---|---|---|
";

const BESIDE: &str = "
Of a PDF its text is read, page by page: no pictures, and nothing of pages that are pictures. A file without
any text, one with a password, a damaged one, and one that is too large (32 MiB, 1000 pages, 4 MiB of text
for all PDF files of a request, or what unpacks to too much) is refused (400, `invalid_file`), and so is one
that takes longer than 10 seconds.

## What the response object has beside OpenAI's fields

`transom.truncation` is there when `truncation: auto` left something out of what the model was sent:
`dropped_turns` and `dropped_items`. The header `x-transom-truncated-items` has the latter.

## `POST /v1/responses/input_tokens`

Takes the same fields as `POST /v1/responses` and answers with the tokens of the whole prompt, whatever
`truncation` says: `{\"object\":\"response.input_tokens\",\"input_tokens\":…}`. Nothing is kept, and a
`conversation` is only read, also while a turn works on it. `stream: true` and `background: true` are refused;
what is about the answer is checked and has no effect. The tokens are counted by the model server's own
tokenizer (`/tokenize` of vLLM, `/apply-template` and `/tokenize` of llama.cpp), elsewhere by a call of the
model for one token, whose usage tells; where there is neither: 501, `token_counting_unavailable`.
";

const COMPACT: &str = "
## Fields of `POST /v1/responses/compact`

The answer is a `response.compaction`: the messages of the user and of the application, word for word, and
behind them one `compaction` item with the model's summary of everything, sealed. Its `output` is the
`input` of the next request. Fields that are neither here nor among those of a response go on to the model
server. Each row is tried by `conversation::compaction::every_field_has_the_effect_that_the_reference_says`.

| Field | What becomes of it | Remarks |
|---|---|---|
";

const ABOUT_TOOLS: &str = "
## Tools

| `type` | What becomes of it | How tested |
|---|---|---|
";

const ABOUT_GRAMMARS: &str = "
The `format` of a custom tool is told to the model in the tool's description. A grammar is enforced where
the model server enforces it: a `regex` is the anchored `pattern` of the input in the tool's schema, which
vLLM holds to when `tool_choice` forces the tool; a `lark` grammar goes into vLLM's `structured_outputs`
when `tool_choice` forces the tool, the model then writes the bare input, and this becomes the call.

Forced or not, every whole input is checked when it has ended: a `regex` in the dialect of Rust's `regex`
crate, a `lark` grammar in that of LLGuidance. An input that follows its grammar is shown as OpenAI shows it.
Otherwise its item has a field of ours, in the stream, in the object and in the store:

| `transom.grammar` of a `custom_tool_call` | What it means |
|---|---|
| `broken` | the input does not follow the grammar; `transom.message` says from which byte on |
| `unchecked` | nobody can tell: the grammar is not understood here (a regular expression with look-around, for example), the input is longer than 1 MiB (64 KiB with a `lark` grammar), checking would take too long, or the answer has more than 32 such calls |

Each such call is logged as a warning, too. An input that a token limit cut is not checked; its `status` is
`incomplete`.

## Items and parts

| Item | What the model sees | How tested |
|---|---|---|
";

const ABOUT_ITEMS: &str = "
All items keep the `id` that the client gave them, and get one where they have none. Items of hosted tools
keep every field and its spelling, stored and listed. Nothing runs these tools here: they are history.

A field of the wrong type is refused, however deep it lies. A field that OpenAI's schema requires and the
model is told of is refused where it is missing; one that only the server of the tool could have filled in
(`status`, `container_id`, `pending_safety_checks`, …) gets its default, so that every item is shown in the
schema.

| Part | What the model sees | How tested |
|---|---|---|
";
