//! How a stored conversation becomes a chat.

use crate::{setting::section, value::choice};

section! {
    /// Choices of the translation from Responses to chat.
    pub struct Responses in "responses" {
        /// Which earlier reasoning goes back to the model server: all of it, of which the model's
        /// chat template takes what it was trained with; that of the current tool turn; or none.
        reasoning_history: ReasoningHistory = default ReasoningHistory::Always,
        /// The field of an assistant message under which reasoning goes back: `reasoning` for vLLM,
        /// `reasoning_content` for llama.cpp and older vLLM, or both.
        reasoning_field: ReasoningField = default ReasoningField::Reasoning,
    }
}

choice! {
    /// Which earlier reasoning goes back to the model.
    pub enum ReasoningHistory {
        /// That which belongs to the tool calls being answered.
        ToolTurn = "tool_turn",
        /// All of it.
        Always = "always",
        /// None.
        Never = "never",
    }
}

choice! {
    /// The field of an assistant message that takes reasoning.
    pub enum ReasoningField {
        /// vLLM's.
        Reasoning = "reasoning",
        /// That of llama.cpp and older vLLM.
        ReasoningContent = "reasoning_content",
        /// Both, with the same text.
        Both = "both",
    }
}
