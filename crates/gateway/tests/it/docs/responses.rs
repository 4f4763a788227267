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
    page.push_str(TAIL);
    page
}

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
| `message`, `reasoning` | as they are; `encrypted_content` of reasoning is kept and not read |
| `function_call`, `custom_tool_call` and their outputs | a call and its result |
| `web_search_call`, `file_search_call`, `code_interpreter_call`, `mcp_call`, `image_generation_call` | a call and its result; `{\"status\":…}` where the item has no result, and always for pictures |
| `local_shell_call`, `shell_call`, `apply_patch_call`, `computer_call`, `tool_search_call`, `mcp_approval_request` and their outputs | a call and its result; each call needs its output. A screenshot is a picture |
| `mcp_list_tools`, a `tool_search_call` without `call_id` | nothing |
| `compaction` | refused (400, `invalid_encrypted_content`) |
| `item_reference`, others | refused (400) |

All items keep the `id` that the client gave them. Items of hosted tools keep every field and its spelling,
stored and listed. Nothing runs these tools here: they are history.

| Part | What the model sees |
|---|---|
| `input_text`, `output_text` | the text; annotations and log probabilities are kept, not sent |
| `refusal` | its text |
| `input_image` with `image_url` | the picture; `file_id` is refused |
| `input_file` with `file_data` | the text of the file between two lines with its name. The data is base64 or a `data:` URL, and is text in UTF-8 or a PDF, whatever its media type says; `file_id` and `file_url` are refused |
| `input_audio` | passed on to the model server |

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
`conversation` is only read, also while a turn works on it. `stream: true` is refused. The tokens are counted
by the model server's own tokenizer (`/tokenize` of vLLM, `/apply-template` and `/tokenize` of llama.cpp),
elsewhere by a call of the model for one token, whose usage tells; where there is neither: 501,
`token_counting_unavailable`.
";
