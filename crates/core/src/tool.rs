//! Tools a model may call.

use crate::Json;

/// A function of the client: the model calls it, the client runs it.
#[derive(Clone, Debug)]
pub struct FunctionTool {
    /// `^[A-Za-z0-9_-]{1,64}$`, unique within a request.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of the arguments; absent for a function without arguments.
    pub parameters: Option<Json>,
    /// Whether the arguments must follow the schema exactly; `None` leaves it to the model server.
    pub strict: Option<bool>,
}

/// Whether and what the model has to call.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No call.
    None,
    /// At least one call.
    Required,
    /// Exactly this function.
    Function(String),
    /// Only these functions; the model decides, or has to call one of them.
    Allowed {
        /// What the model may or must do with them.
        mode: AllowedMode,
        /// Names of declared functions.
        names: Vec<String>,
    },
}

/// The mode of [`ToolChoice::Allowed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedMode {
    /// The model decides.
    Auto,
    /// At least one call.
    Required,
}
