//! What a fake backend has been told to do.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::answer::{Script, completion_text, embeddings};

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

/// Which model names exist.
#[derive(Clone, Debug)]
pub(super) enum Models {
    /// These; others are answered 404 as vLLM does.
    Served(Vec<String>),
    /// All; the list shows these.
    Any(Vec<String>),
}

impl Models {
    pub(super) fn listed(&self) -> &[String] {
        match self {
            Self::Served(models) | Self::Any(models) => models,
        }
    }

    pub(super) fn serves(&self, model: &str) -> bool {
        match self {
            Self::Served(models) => models.iter().any(|served| served == model),
            Self::Any(_) => true,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) strictness: Strictness,
    pub(super) models: Models,
    pub(super) system: SystemRule,
    pub(super) allowed_fields: HashSet<String>,
    pub(super) key: Option<String>,
    pub(super) hosts: Vec<String>,
    pub(super) queue: VecDeque<Script>,
    pub(super) default: Option<Script>,
    pub(super) routes: HashMap<String, Script>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strictness: Strictness::default(),
            models: Models::Served(vec!["tiny".to_owned()]),
            system: SystemRule::default(),
            allowed_fields: HashSet::new(),
            key: None,
            hosts: Vec::new(),
            queue: VecDeque::new(),
            default: None,
            routes: HashMap::new(),
        }
    }
}

impl Settings {
    pub(super) fn lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    /// The answer to the next inference request on this path.
    pub(super) fn next_script(&mut self, path: &str) -> Script {
        let queued = self.queue.pop_front().or_else(|| self.default.clone());
        queued.unwrap_or_else(|| match path {
            "/v1/completions" => completion_text("Hello from the fake backend."),
            "/v1/embeddings" => embeddings(),
            _ => crate::answer::chat_text("Hello from the fake backend.").script(),
        })
    }
}
