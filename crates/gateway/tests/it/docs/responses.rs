//! What becomes of every field of `POST /v1/responses`.

use std::fmt::Write as _;

use transom_wire::responses::request::{COMPACT_FIELDS, Effect, FIELDS, Field, INCLUDES};

const HEAD: &str = "<!-- Generated from crates/wire; do not edit. -->

# Fields of `POST /v1/responses`

A field that is not in this table goes on to the model server as it came, unless the shield refuses
it. A field that is `null` counts as absent.

| Field | What becomes of it | Remarks |
|---|---|---|
";

pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    fields(&mut page, FIELDS);
    page.push_str(INCLUDE);
    for value in INCLUDES {
        row(&mut page, value.name, value.effect, value.note);
    }
    page.push_str(TAIL);
    page.push_str(COMPACT);
    fields(&mut page, COMPACT_FIELDS);
    page
}

fn fields(page: &mut String, fields: &[Field]) {
    for field in fields {
        row(page, field.name, field.effect, field.note);
    }
}

fn row(page: &mut String, name: &str, effect: Effect, note: &str) {
    let effect = match effect {
        Effect::Honoured => "honoured",
        Effect::PassedOn => "passed on to the model server",
        Effect::WithoutEffect => "accepted, without effect",
        Effect::Refused => "refused (400)",
    };
    let note = note.split_whitespace().collect::<Vec<_>>().join(" ");
    writeln!(page, "| `{name}` | {effect} | {note} |").expect("writing to a string");
}

const INCLUDE: &str = "
## Values of `include`

| Value | What becomes of it | Remarks |
|---|---|---|
";

const COMPACT: &str = "
## Fields of `POST /v1/responses/compact`

The answer is a `response.compaction`: the messages of the user and of the application, word for word, and
behind them one `compaction` item with the model's summary of everything, sealed. Its `output` is the
`input` of the next request. Fields that are neither here nor among those of a response go on to the model
server.

| Field | What becomes of it | Remarks |
|---|---|---|
";

const TAIL: &str = "
## Tools

| `type` | What becomes of it |
|---|---|
| `function` | offered to the model; calls come back as `function_call` |
| `custom` | offered as a function with one string, `input`; calls come back as `custom_tool_call`, with the input as text |
| `namespace` | its functions and custom tools are offered one by one as `namespace__name`, cut and given a digest where that would be longer than 64 bytes; calls come back with `namespace` and `name` as declared. The namespace's own description is not sent |
| `web_search` with `external_web_access: false` | accepted and shown, not offered to the model; it cannot be forced with `tool_choice` |
| `web_search` otherwise, `file_search`, `code_interpreter`, `mcp`, `computer`, `image_generation`, `local_shell`, `shell`, `apply_patch`, `tool_search` | refused (400) |

The `format` of a custom tool is told to the model in the tool's description. A grammar is enforced where
the model server enforces it: a `regex` is the `pattern` of the input in the tool's schema, which vLLM holds
to when `tool_choice` forces the tool; a `lark` grammar goes into vLLM's `structured_outputs` when
`tool_choice` forces the tool, the model then writes the bare input, and this becomes the call. In all other
cases, and with model servers that do not know these fields, the input is what the model wrote: check it.

## Items and parts

| Item | What the model sees |
|---|---|
| `message` | as it is |
| `reasoning` | the thoughts, as far as the model gets to see earlier ones. `encrypted_content` is opened and counts more than `content` beside it; where it was not sealed here, for this team and this model name, or was changed: 400, `invalid_encrypted_content` |
| `function_call`, `custom_tool_call` and their outputs | a call and its result |
| `web_search_call`, `file_search_call`, `code_interpreter_call`, `mcp_call`, `image_generation_call` | a call and its result; `{\"status\":…}` where the item has no result, and always for pictures |
| `local_shell_call`, `shell_call`, `apply_patch_call`, `computer_call`, `tool_search_call`, `mcp_approval_request` and their outputs | a call and its result; each call needs its output. A screenshot is a picture |
| `mcp_list_tools`, a `tool_search_call` without `call_id` | nothing |
| `compaction` | the summary, as a message of the user. It is opened under the same conditions |
| `item_reference`, or an object with nothing but an `id` | the item itself, wherever its owner has it: in the history that is continued, in any stored response, in any conversation; of several with one id the newest of a response. It is stored with the new response too. Unknown or somebody else's: 404 `item_not_found`. At most 1,000 in a request |
| others | refused (400) |

All items keep the `id` that the client gave them. Items of hosted tools keep every field and its spelling,
stored and listed. Nothing runs these tools here: they are history.

| Part | What the model sees |
|---|---|
| `input_text`, `output_text` | the text; annotations and log probabilities are kept, not sent |
| `refusal` | its text |
| `input_image` with `image_url` | the picture; `file_id` is refused |
| `input_file` with `file_data` | the text of the file between two lines with its name. The data is base64 or a `data:` URL, and has to be text in UTF-8, whatever its media type says; PDF files are refused, as are `file_id` and `file_url` |
| `input_audio` | passed on to the model server |
";
