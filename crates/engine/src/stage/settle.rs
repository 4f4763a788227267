//! What must happen at the end of a request, however it ends.

use std::time::Instant;

use transom_core::failure::Failure;
use transom_core::item::Item;
use transom_core::transcript::Entry;
use transom_core::usage::Usage;

use crate::metrics::{Metrics, OutcomeLabel, StreamLabel, TokenLabel, ToolLabel};

/// How a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Whole.
    Completed,
    /// Cut by a limit or a filter.
    Incomplete,
    /// Broken.
    Failed,
    /// Its client left.
    Cancelled,
    /// Another gateway goes on with it.
    HandedOver,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::HandedOver => "handed_over",
        }
    }
}

/// Accounts for one generation. Dropped without a word, it counts as cancelled: a client that
/// leaves takes the future that serves it along.
pub(crate) struct Settlement {
    metrics: Metrics,
    route: &'static str,
    outcome: Outcome,
    usage: Option<Usage>,
    stream: Option<Instant>,
}

impl Settlement {
    /// The account of a generation that begins now on `route`.
    pub(crate) fn open(metrics: &Metrics, route: &'static str) -> Self {
        let metrics = metrics.clone();
        Self { metrics, route, outcome: Outcome::Cancelled, usage: None, stream: None }
    }

    /// A stream towards the client has begun.
    pub(crate) fn streaming(&mut self) {
        self.metrics.streams.inc();
        self.stream = Some(Instant::now());
    }

    /// It ended on its own.
    pub(crate) fn ended(&mut self, outcome: Outcome, usage: Option<Usage>) {
        self.outcome = outcome;
        self.usage = usage;
        if usage.is_none() && outcome != Outcome::HandedOver {
            self.metrics.usage_missing.inc();
        }
    }

    /// What a cut stream cost so far, if its server said so.
    pub(crate) fn spent(&mut self, usage: Option<Usage>) {
        self.usage = usage;
    }

    /// It failed. A client that left is not a failure.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        self.outcome = match failure {
            Failure::Cancelled => Outcome::Cancelled,
            _ => Outcome::Failed,
        };
    }

    /// Counts the tool calls of an answer.
    pub(crate) fn tool_calls(&self, entries: &[Entry]) {
        for entry in entries {
            let tool_type = match entry.item {
                Item::FunctionCall(_) => "function",
                Item::CustomToolCall(_) => "custom",
                _ => continue,
            };
            self.metrics.tool_calls.get_or_create(&ToolLabel { tool_type }).inc();
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        let label = OutcomeLabel { route: self.route, outcome: self.outcome.word() };
        self.metrics.outcomes.get_or_create(&label).inc();
        if let Some(usage) = self.usage {
            for (kind, tokens) in [
                ("input", usage.input),
                ("cached", usage.cached),
                ("output", usage.output),
                ("reasoning", usage.reasoning),
            ] {
                self.metrics.tokens.get_or_create(&TokenLabel { kind }).inc_by(tokens);
            }
        }
        if let Some(started) = self.stream {
            self.metrics.streams.dec();
            let label = StreamLabel { route: self.route };
            let seconds = started.elapsed().as_secs_f64();
            self.metrics.stream_seconds.get_or_create(&label).observe(seconds);
        }
    }
}
