//! What is to be done, whoever does it.

use std::sync::Arc;

use bytes::Bytes;
use transom_core::model::{DeploymentId, Timeouts};
use transom_core::port::upstream::{Patience, Route};
use transom_routing::pick::Ask;
use transom_routing::prompt::Prompt;
use transom_routing::queue::Priority;

use super::count::Questions;
use crate::catalog::{Length, Wanted};

/// Bytes of a prompt that make one token, for a guess that is rather too low than too high: a
/// request must not be refused for being too long when it is not.
const MOST_BYTES_PER_TOKEN: usize = 6;

/// One call of a model, ready for any deployment.
pub(crate) struct Job {
    /// The model's name as the client wrote it.
    pub(crate) asked: Arc<str>,
    /// Which route of a model server.
    pub(crate) route: Route,
    /// Who sees how much of the answer when.
    pub(crate) delivery: Delivery,
    /// The body for a model of this name.
    pub(crate) body: Box<dyn Fn(&str) -> Bytes + Send + Sync>,
    /// How it begins, for those who choose by caches.
    pub(crate) prompt: Prompt,
    /// Ties it to a conversation.
    pub(crate) session: Option<u64>,
    /// Prompt and answer together.
    pub(crate) length: Length,
    /// Whether who asks may read about the servers: an operator.
    pub(crate) operator: bool,
    /// Whose it is, for fair waiting.
    pub(crate) owner: u64,
    /// Who waits shorter.
    pub(crate) priority: Priority,
    /// The field of the client's request that is named when the prompt is too long.
    pub(crate) prompt_field: &'static str,
    /// What tells the same request when it comes again.
    pub(crate) original: Bytes,
}

impl Job {
    /// What a deployment is chosen by.
    pub(super) fn wanted<'a>(&'a self, tried: &'a [DeploymentId], random: u64) -> Wanted<'a> {
        let ask = Ask { prompt: &self.prompt, session: self.session, random };
        Wanted { route: self.route, ask, length: self.length, tried }
    }
}

/// How the answer is asked for, and how the client gets it.
#[derive(Clone)]
pub(crate) enum Delivery {
    /// Whole on both sides.
    Whole,
    /// A stream on both sides.
    Stream,
    /// A stream from the model server that the client gets whole.
    Collected,
    /// No answer: what is wanted is the number of tokens in the prompt.
    Counted(Arc<Questions>),
}

impl Delivery {
    /// How long to wait for a deployment.
    pub(crate) fn patience(&self, timeouts: &Timeouts) -> Patience {
        let Timeouts { request, first_chunk, stream, idle } = *timeouts;
        match self {
            Self::Whole | Self::Counted(_) => {
                Patience { first_byte: request, idle, total: request }
            }
            Self::Stream => Patience { first_byte: first_chunk, idle, total: stream },
            Self::Collected => Patience { first_byte: first_chunk, idle, total: request },
        }
    }
}

/// A guess of the tokens that a prompt of so many bytes and its answer need.
pub(crate) fn guess(prompt: usize, answer: u64) -> Length {
    let prompt = (prompt / MOST_BYTES_PER_TOKEN) as u64;
    Length::Guessed(u32::try_from(prompt.saturating_add(answer)).unwrap_or(u32::MAX))
}
