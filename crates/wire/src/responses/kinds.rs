//! What becomes of every kind of tool, item and part: the tables of the reference.

use super::tools::{ELSEWHERE, SEARCHES};

/// One row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The types that share it.
    pub types: &'static [&'static str],
    /// The condition under which it holds; may be empty.
    pub when: &'static str,
    /// What becomes of them.
    pub effect: &'static str,
}

const fn kind(types: &'static [&'static str], effect: &'static str) -> Kind {
    Kind { types, when: "", effect }
}

/// The tools of a request.
pub const TOOLS: &[Kind] = &[
    kind(
        &["function"],
        "offered to the model; calls come back as `function_call`. `defer_loading` is shown and \
         without effect: nobody searches for tools here, and all are offered from the beginning",
    ),
    kind(
        &["custom"],
        "offered as a function with one string, `input`; calls come back as `custom_tool_call`, \
         with the input as text. `defer_loading` as of a function",
    ),
    kind(
        &["namespace"],
        "its functions and custom tools (at least one) are offered one by one as \
         `namespace__name`, cut and given a digest where that would be longer than 64 bytes; calls \
         come back with `namespace` and `name` as declared. Its `description` is required and not \
         sent",
    ),
    Kind {
        types: SEARCHES,
        when: "with `external_web_access: false`",
        effect: "accepted and shown, not offered to the model; `tool_choice` may name it among \
                 `allowed_tools`, and cannot force it",
    },
    Kind { types: SEARCHES, when: "otherwise", effect: "refused (400)" },
    kind(ELSEWHERE, "refused (400)"),
];

/// The items of an input.
pub const ITEMS: &[Kind] = &[
    kind(
        &["message"],
        "it is said by its role. `phase` of the model's messages is kept and shown, not sent",
    ),
    kind(
        &["reasoning"],
        "thoughts; `encrypted_content`, sealed here for this team and this model name, counts more \
         than `content` beside it; another one is refused (400, `invalid_encrypted_content`)",
    ),
    kind(
        &["function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"],
        "a call and its result",
    ),
    kind(
        &["web_search_call", "file_search_call", "code_interpreter_call", "mcp_call"],
        "a call and its result; `{\"status\":…}` where the item has no result",
    ),
    kind(&["image_generation_call"], "a call and `{\"status\":…}`"),
    kind(
        &[
            "local_shell_call",
            "local_shell_call_output",
            "shell_call",
            "shell_call_output",
            "apply_patch_call",
            "apply_patch_call_output",
            "mcp_approval_request",
            "mcp_approval_response",
        ],
        "a call and its result; each call needs its output",
    ),
    kind(
        &["computer_call", "computer_call_output"],
        "a call and its result, which is a picture where it has an `image_url`",
    ),
    Kind {
        types: &["tool_search_call", "tool_search_output"],
        when: "with `call_id`",
        effect: "a call and its result",
    },
    Kind {
        types: &["tool_search_call", "tool_search_output"],
        when: "without `call_id`",
        effect: "nothing: the search was its server's own",
    },
    kind(&["mcp_list_tools"], "nothing"),
    kind(
        &["compaction", "compaction_summary"],
        "the summary, as a message of the user, where it was sealed here, for this team and this \
         model name; elsewhere it is refused (400, `invalid_encrypted_content`)",
    ),
    kind(
        &["item_reference"],
        "the item itself, wherever its owner has it: in the history that is continued, in any \
         stored response, in any conversation; of several with one id the newest of a response. It \
         is stored with the new response too. An object with nothing but an `id` is one as well. \
         Unknown or somebody else's: 404 `item_not_found`. At most 1,000 in a request",
    ),
    kind(&["compaction_trigger"], "refused (400)"),
];

/// The parts of a message, and of the output of a function.
pub const PARTS: &[Kind] = &[
    kind(
        &["input_text", "output_text"],
        "the text; annotations and log probabilities are kept, not sent",
    ),
    kind(&["refusal"], "its text"),
    Kind { types: &["input_image"], when: "with `image_url`", effect: "the picture" },
    Kind { types: &["input_image"], when: "with `file_id`", effect: "refused (400)" },
    Kind {
        types: &["input_file"],
        when: "with `file_data`",
        effect: "the text of the file between two lines with its name. The data is base64 or a \
                 `data:` URL, and is text in UTF-8 or a PDF, whatever its media type says. `detail` \
                 is kept and shown, and without effect: it is about pictures of pages",
    },
    Kind { types: &["input_file"], when: "with `file_id` or `file_url`", effect: "refused (400)" },
    kind(&["input_audio"], "passed on to the model server"),
];

#[cfg(test)]
mod tests;
