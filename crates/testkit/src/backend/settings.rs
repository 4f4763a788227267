//! What a fake backend has been told to do.

use std::collections::{HashMap, HashSet, VecDeque};

use super::condition::{MetricsPage, Phase};
use super::death::Poison;
use super::served::Models;
use super::tokenizer::Tokenizer;
use crate::answer::{Script, completion_text, embeddings, rerank, score};

/// How violations are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Strictness {
    /// They are answered 400 and fail the test.
    #[default]
    Strict,
    /// They are only collected.
    Lenient,
}

/// Which system messages a request may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SystemRule {
    /// One at most, at the front, as many chat templates demand.
    #[default]
    OneAtFront,
    /// Any number anywhere.
    Anywhere,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) strictness: Strictness,
    pub(super) models: Models,
    /// The name that answers carry instead of the one that was asked for.
    pub(super) reported: Option<String>,
    pub(super) phase: Phase,
    pub(super) metrics: MetricsPage,
    pub(super) poison: Option<Poison>,
    pub(super) tokenizer: Tokenizer,
    pub(super) system: SystemRule,
    pub(super) allowed_fields: HashSet<String>,
    pub(super) key: Option<String>,
    /// Keys that are as good, while the one is exchanged for the other.
    pub(super) other_keys: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) queue: VecDeque<Script>,
    pub(super) default: Option<Script>,
    pub(super) routes: HashMap<String, Script>,
    /// Paths that this server does not have.
    pub(super) absent: HashSet<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strictness: Strictness::default(),
            models: Models::new(["tiny"]),
            reported: None,
            phase: Phase::default(),
            metrics: MetricsPage::default(),
            poison: None,
            tokenizer: Tokenizer::default(),
            system: SystemRule::default(),
            allowed_fields: HashSet::new(),
            key: None,
            other_keys: Vec::new(),
            hosts: Vec::new(),
            queue: VecDeque::new(),
            default: None,
            routes: HashMap::new(),
            absent: HashSet::new(),
        }
    }
}

impl Settings {
    /// Whether this header, or none, opens the door.
    pub(super) fn opens(&self, authorization: Option<&str>) -> bool {
        let Some(key) = &self.key else { return true };
        let given = authorization.and_then(|value| value.strip_prefix("Bearer "));
        given.is_some_and(|given| given == key || self.other_keys.iter().any(|key| key == given))
    }

    pub(super) fn lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    /// The answer to the next inference request on this path.
    pub(super) fn next_script(&mut self, path: &str) -> Script {
        let queued = self.queue.pop_front().or_else(|| self.default.clone());
        queued.unwrap_or_else(|| match path {
            "/v1/completions" => completion_text("Hello from the fake backend."),
            "/v1/embeddings" => embeddings(),
            "/v1/rerank" => rerank(),
            "/v1/score" => score(),
            _ => crate::answer::chat_text("Hello from the fake backend.").script(),
        })
    }
}
