//! Tokens used, as the model server counted them.

/// Token counts of one model call, or the sum over the calls of one response.
///
/// The gateway never guesses: a response whose model server reported nothing has no `Usage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input: u64,
    /// Of these, read from the prefix cache.
    pub cached: u64,
    /// Tokens generated.
    pub output: u64,
    /// Of these, spent on reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// The sum of two calls.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}
