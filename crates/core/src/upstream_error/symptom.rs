//! What ails a model server, told from its own words.

/// The sicknesses that operators and clients can act on. They are told apart by what servers say,
/// since a status alone does not tell a dead engine from a prompt that does not render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Symptom {
    /// The prompt, or prompt and answer together, are longer than the model's context.
    ContextTooLong,
    /// The prompt template does not take the conversation, or is broken.
    Template,
    /// The tools cannot be given to the model, or its calls cannot be read.
    ToolParser,
    /// The content is refused.
    ContentPolicy,
    /// The model is loading.
    Loading,
    /// The server's own queue is full.
    Overloaded,
    /// There is no room in the KV cache, or no memory at all.
    OutOfMemory,
    /// The API server answers, but the engine behind it is gone: it will not come back by itself.
    EngineDead,
}

impl Symptom {
    /// Every symptom.
    pub const ALL: [Self; 8] = [
        Self::ContextTooLong,
        Self::Template,
        Self::ToolParser,
        Self::ContentPolicy,
        Self::Loading,
        Self::Overloaded,
        Self::OutOfMemory,
        Self::EngineDead,
    ];

    /// The word in logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::ContextTooLong => "context_too_long",
            Self::Template => "template",
            Self::ToolParser => "tool_parser",
            Self::ContentPolicy => "content_policy",
            Self::Loading => "loading",
            Self::Overloaded => "overloaded",
            Self::OutOfMemory => "out_of_memory",
            Self::EngineDead => "engine_dead",
        }
    }

    /// Whether it is about the server, whatever the request: another request fails likewise.
    pub fn is_of_server(self) -> bool {
        match self {
            Self::ContextTooLong | Self::Template | Self::ToolParser | Self::ContentPolicy => false,
            Self::Loading | Self::Overloaded | Self::OutOfMemory | Self::EngineDead => true,
        }
    }
}
