//! The fields of hosted items and of annotations, after OpenAI's schema.

use transom_core::item::HostedKind;

use crate::responses::item::fit::Default::{NoList, NoObject, Null, Word as Said};
use crate::responses::item::fit::Shape::{
    Any, Filled, Flag, Integer, List, Map, Number, Object, Tagged, Text, Word,
};
use crate::responses::item::fit::{Absent, Rule, Shape};

const fn rule(name: &'static str, shape: Shape, absent: Absent) -> Rule {
    Rule { name, shape, absent }
}

/// It has to be there.
const fn must(name: &'static str, shape: Shape) -> Rule {
    rule(name, shape, Absent::Refused)
}

/// It may be absent, and may not be shown as null.
const fn may(name: &'static str, shape: Shape) -> Rule {
    rule(name, shape, Absent::Left)
}

/// It may be absent or null.
const fn open(name: &'static str, shape: Shape) -> Rule {
    rule(name, shape, Absent::Kept)
}

/// It is shown as null where it is absent.
const fn or_null(name: &'static str, shape: Shape) -> Rule {
    rule(name, shape, Absent::Is(Null))
}

/// How far the item got. Clients leave it out, and then it is whole.
const fn status(words: &'static [&'static str]) -> Rule {
    rule("status", Word(words), Absent::Is(Said("completed")))
}

const USUAL: &[&str] = &["in_progress", "completed", "incomplete"];

/// The rules of a kind, but for its id and type.
pub(super) fn of(kind: HostedKind) -> &'static [Rule] {
    match kind {
        HostedKind::WebSearchCall => WEB_SEARCH,
        HostedKind::FileSearchCall => FILE_SEARCH,
        HostedKind::CodeInterpreterCall => CODE_INTERPRETER,
        HostedKind::ImageGenerationCall => IMAGE_GENERATION,
        HostedKind::McpListTools => MCP_LIST_TOOLS,
        HostedKind::McpApprovalRequest => MCP_APPROVAL_REQUEST,
        HostedKind::McpApprovalResponse => MCP_APPROVAL_RESPONSE,
        HostedKind::McpCall => MCP_CALL,
        HostedKind::LocalShellCall => LOCAL_SHELL_CALL,
        HostedKind::LocalShellCallOutput => LOCAL_SHELL_OUTPUT,
        HostedKind::ShellCall => SHELL_CALL,
        HostedKind::ShellCallOutput => SHELL_OUTPUT,
        HostedKind::ApplyPatchCall => APPLY_PATCH_CALL,
        HostedKind::ApplyPatchCallOutput => APPLY_PATCH_OUTPUT,
        HostedKind::ComputerCall => COMPUTER_CALL,
        HostedKind::ComputerCallOutput => COMPUTER_OUTPUT,
        HostedKind::ToolSearchCall => TOOL_SEARCH_CALL,
        HostedKind::ToolSearchOutput => TOOL_SEARCH_OUTPUT,
    }
}

const WEB_SEARCH: &[Rule] = &[
    status(&["in_progress", "searching", "completed", "failed"]),
    must(
        "action",
        Tagged(&[
            ("search", &[must("query", Text), may("queries", TEXTS), may("sources", SOURCES)]),
            ("open_page", &[open("url", Text)]),
            ("find_in_page", &[must("url", Text), must("pattern", Text)]),
        ]),
    ),
    open("results", Any),
];
const TEXTS: Shape = List(&Text);
const SOURCES: Shape = List(&Tagged(&[("url", &[must("url", Text)])]));

const FILE_SEARCH: &[Rule] = &[
    status(&["in_progress", "searching", "completed", "incomplete", "failed"]),
    must("queries", TEXTS),
    open("results", List(&Object(FOUND))),
];
const FOUND: &[Rule] = &[
    may("file_id", Text),
    may("text", Text),
    may("filename", Text),
    open("attributes", Map(&Any)),
    may("score", Number),
];

const CODE_INTERPRETER: &[Rule] = &[
    status(&["in_progress", "completed", "incomplete", "interpreting", "failed"]),
    rule("container_id", Text, Absent::Is(Said(""))),
    or_null("code", Text),
    or_null(
        "outputs",
        List(&Tagged(&[("logs", &[must("logs", Text)]), ("image", &[must("url", Text)])])),
    ),
];

const IMAGE_GENERATION: &[Rule] =
    &[status(&["in_progress", "completed", "generating", "failed"]), or_null("result", Text)];

const MCP_LIST_TOOLS: &[Rule] =
    &[must("server_label", Filled), must("tools", List(&Object(LISTED))), open("error", Text)];
const LISTED: &[Rule] = &[
    must("name", Text),
    must("input_schema", Map(&Any)),
    open("description", Text),
    open("annotations", Map(&Any)),
];

const MCP_APPROVAL_REQUEST: &[Rule] =
    &[must("server_label", Filled), must("name", Filled), must("arguments", Text)];

const MCP_APPROVAL_RESPONSE: &[Rule] =
    &[must("approval_request_id", Filled), must("approve", Flag), open("reason", Text)];

const MCP_CALL: &[Rule] = &[
    must("server_label", Filled),
    must("name", Filled),
    must("arguments", Text),
    open("output", Text),
    open("error", Text),
    may("status", Word(&["in_progress", "completed", "incomplete", "calling", "failed"])),
    open("approval_request_id", Text),
];

const LOCAL_SHELL_CALL: &[Rule] =
    &[must("call_id", Filled), must("action", Object(EXEC)), status(USUAL)];
const EXEC: &[Rule] = &[
    rule("type", Word(&["exec"]), Absent::Is(Said("exec"))),
    must("command", TEXTS),
    rule("env", Map(&Text), Absent::Is(NoObject)),
    open("timeout_ms", Integer),
    open("working_directory", Text),
    open("user", Text),
];

/// OpenAI's schema has the call's id in `id`, its guide in `call_id`: the reader sees to it.
const LOCAL_SHELL_OUTPUT: &[Rule] =
    &[may("call_id", Filled), must("output", Text), open("status", Word(USUAL))];

const SHELL_CALL: &[Rule] = &[
    must("call_id", Filled),
    must("action", Object(COMMANDS)),
    status(USUAL),
    or_null(
        "environment",
        Tagged(&[("local", &[]), ("container_reference", &[must("container_id", Text)])]),
    ),
];
const COMMANDS: &[Rule] = &[
    must("commands", TEXTS),
    or_null("timeout_ms", Integer),
    or_null("max_output_length", Integer),
];

const SHELL_OUTPUT: &[Rule] = &[
    must("call_id", Filled),
    must("output", List(&Object(PRINTED))),
    status(USUAL),
    or_null("max_output_length", Integer),
];
const PRINTED: &[Rule] = &[
    must("stdout", Text),
    must("stderr", Text),
    must("outcome", Tagged(&[("timeout", &[]), ("exit", &[must("exit_code", Integer)])])),
];

const APPLY_PATCH_CALL: &[Rule] = &[
    must("call_id", Filled),
    must(
        "operation",
        Tagged(&[
            ("create_file", &[must("path", Filled), must("diff", Text)]),
            ("update_file", &[must("path", Filled), must("diff", Text)]),
            ("delete_file", &[must("path", Filled)]),
        ]),
    ),
    status(&["in_progress", "completed"]),
];

const APPLY_PATCH_OUTPUT: &[Rule] = &[
    must("call_id", Filled),
    must("status", Word(&["completed", "failed"])),
    open("output", Text),
];

/// That there is one of `action` and `actions` is up to the reader.
const COMPUTER_CALL: &[Rule] = &[
    must("call_id", Filled),
    may("action", ACTION),
    may("actions", List(&ACTION)),
    rule("pending_safety_checks", CHECKS, Absent::Is(NoList)),
    status(USUAL),
];
const CHECKS: Shape = List(&Object(&[must("id", Text), open("code", Text), open("message", Text)]));
const KEYS: Rule = open("keys", TEXTS);
const X: Rule = must("x", Integer);
const Y: Rule = must("y", Integer);
const ACTION: Shape = Tagged(&[
    ("click", &[must("button", Word(&["left", "right", "wheel", "back", "forward"])), X, Y, KEYS]),
    ("double_click", &[X, Y, or_null("keys", TEXTS)]),
    ("drag", &[must("path", List(&Object(&[X, Y]))), KEYS]),
    ("keypress", &[must("keys", TEXTS)]),
    ("move", &[X, Y, KEYS]),
    ("screenshot", &[]),
    ("scroll", &[X, Y, must("scroll_x", Integer), must("scroll_y", Integer), KEYS]),
    ("type", &[must("text", Text)]),
    ("wait", &[]),
]);

const COMPUTER_OUTPUT: &[Rule] = &[
    must("call_id", Filled),
    must("output", Object(SCREENSHOT)),
    may("acknowledged_safety_checks", CHECKS),
    status(&["completed", "incomplete", "failed"]),
];
const SCREENSHOT: &[Rule] = &[
    rule("type", Word(&["computer_screenshot"]), Absent::Is(Said("computer_screenshot"))),
    may("image_url", Text),
    may("file_id", Text),
];

const TOOL_SEARCH_CALL: &[Rule] =
    &[or_null("call_id", Filled), must("arguments", Map(&Any)), EXECUTION, status(USUAL)];
const TOOL_SEARCH_OUTPUT: &[Rule] =
    &[or_null("call_id", Filled), must("tools", List(&TOOL)), EXECUTION, status(USUAL)];
/// Where it is not said the reader tells it from the call's id.
const EXECUTION: Rule = may("execution", Word(&["server", "client"]));
const TOOL: Shape = Tagged(&[
    ("function", &[NAME, or_null("parameters", Map(&Any)), or_null("strict", Flag)]),
    ("custom", &[NAME]),
    ("namespace", &[NAME, must("description", Filled), must("tools", List(&MEMBER))]),
    ("mcp", &[must("server_label", Filled)]),
]);
const MEMBER: Shape = Tagged(&[("function", &[NAME]), ("custom", &[NAME])]);
const NAME: Rule = must("name", Filled);

/// An annotation of text.
pub(in crate::responses::item) const ANNOTATION: Shape = Tagged(&[
    (
        "url_citation",
        &[must("url", Text), must("start_index", Integer), must("end_index", Integer), TITLE],
    ),
    ("file_citation", &[must("file_id", Text), must("index", Integer), FILENAME]),
    (
        "container_file_citation",
        &[
            must("container_id", Text),
            must("file_id", Text),
            must("start_index", Integer),
            must("end_index", Integer),
            FILENAME,
        ],
    ),
    ("file_path", &[must("file_id", Text), must("index", Integer)]),
]);
const TITLE: Rule = rule("title", Text, Absent::Is(Said("")));
const FILENAME: Rule = rule("filename", Text, Absent::Is(Said("")));
