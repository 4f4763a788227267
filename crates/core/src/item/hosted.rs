//! Items of tools that are run elsewhere: kept as they came, told to the model as a call and its
//! result.

use crate::Json;
use crate::id::ItemId;
use crate::item::FunctionOutput;

/// An item of a hosted tool in a conversation that began elsewhere.
#[derive(Clone, Debug)]
pub struct HostedItem {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// Which kind of item.
    pub kind: HostedKind,
    /// Every field besides `id` and `type`, in order and as it came.
    pub fields: Vec<(String, Json)>,
    /// What the model is told of it.
    pub told: Told,
}

impl HostedItem {
    /// The field of a call from which the model is told its arguments.
    pub fn arguments_field(&self) -> &'static str {
        let several = self.fields.iter().any(|(name, _)| name == "actions");
        match self.kind {
            HostedKind::ComputerCall if several => "actions",
            HostedKind::WebSearchCall
            | HostedKind::LocalShellCall
            | HostedKind::ShellCall
            | HostedKind::ComputerCall => "action",
            HostedKind::FileSearchCall => "queries",
            HostedKind::CodeInterpreterCall => "code",
            HostedKind::ApplyPatchCall => "operation",
            _ => "arguments",
        }
    }
}

/// What the model is told of a hosted item. Names follow the rule of functions.
#[derive(Clone, Debug)]
pub enum Told {
    /// Nothing: it is a record for clients.
    Nothing,
    /// A call together with its result.
    Done {
        /// The tool.
        name: String,
        /// JSON, or whatever the model wrote.
        arguments: String,
        /// What came of it.
        result: String,
    },
    /// A call that another item answers.
    Call {
        /// Ties it to its answer.
        call_id: String,
        /// The tool.
        name: String,
        /// JSON, or whatever the model wrote.
        arguments: String,
    },
    /// The answer to a call of another item.
    Output {
        /// The call it answers.
        call_id: String,
        /// What came of it.
        output: FunctionOutput,
    },
}

macro_rules! kinds {
    ($($kind:ident $word:literal $prefix:literal,)*) => {
        /// The kinds of hosted items in OpenAI's API reference.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum HostedKind {
            $(#[doc = concat!("`", $word, "`")] $kind,)*
        }

        impl HostedKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The item's `type`.
            pub fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// The prefix of its ids.
            pub fn id_prefix(self) -> &'static str {
                match self { $(Self::$kind => $prefix,)* }
            }
        }
    };
}

kinds! {
    WebSearchCall "web_search_call" "ws",
    FileSearchCall "file_search_call" "fs",
    CodeInterpreterCall "code_interpreter_call" "ci",
    ImageGenerationCall "image_generation_call" "ig",
    McpListTools "mcp_list_tools" "mcpl",
    McpApprovalRequest "mcp_approval_request" "mcpr",
    McpApprovalResponse "mcp_approval_response" "mcpa",
    McpCall "mcp_call" "mcp",
    LocalShellCall "local_shell_call" "lsh",
    LocalShellCallOutput "local_shell_call_output" "lsho",
    ShellCall "shell_call" "sh",
    ShellCallOutput "shell_call_output" "sho",
    ApplyPatchCall "apply_patch_call" "apc",
    ApplyPatchCallOutput "apply_patch_call_output" "apco",
    ComputerCall "computer_call" "cu",
    ComputerCallOutput "computer_call_output" "cuo",
    ToolSearchCall "tool_search_call" "tsc",
    ToolSearchOutput "tool_search_output" "tso",
}

impl HostedKind {
    /// The kind that has this `type`.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}
