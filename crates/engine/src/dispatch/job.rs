//! What is to be done, whoever does it.

use std::sync::Arc;

use bytes::Bytes;
use transom_core::backend::ApiKind;
use transom_core::model::{DeploymentId, Timeouts};
use transom_core::port::upstream::{Patience, Route};
use transom_routing::pick::Ask;
use transom_routing::prompt::Prompt;
use transom_routing::queue::Priority;
use transom_wire::native::Unsupported;

use super::count::Questions;
use crate::catalog::{Length, Speed, Wanted};

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
    pub(crate) body: MakeBody,
    /// What goes to a server that is asked at its own `/v1/responses` instead.
    pub(crate) native: Native,
    /// How it begins, for those who choose by caches.
    pub(crate) prompt: Prompt,
    /// Ties it to a conversation.
    pub(crate) session: Option<u64>,
    /// The prompt, in tokens; a guess.
    pub(crate) prompt_tokens: u32,
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

/// Makes a body for a model of a name.
pub(crate) type MakeBody = Box<dyn Fn(&str) -> Bytes + Send + Sync>;

/// What goes to a server that is asked for turns at its own `/v1/responses`.
pub(crate) enum Native {
    /// The same as to any other: bytes go through.
    Same,
    /// This body: a turn.
    Body(MakeBody),
    /// Nothing: a turn that cannot be said there.
    Unsaid(Unsupported),
    /// Nothing: a turn that was planned when no server was asked there.
    Unplanned,
}

impl Job {
    /// The route and the body for a server that is asked in this way. One that cannot be asked is
    /// not chosen.
    pub(super) fn call(&self, kind: ApiKind, model: &str) -> (Route, Bytes) {
        match (kind, &self.native) {
            (ApiKind::Responses, Native::Body(body)) => (Route::Responses, body(model)),
            _ => (self.route, (self.body)(model)),
        }
    }

    /// The route that is missing where a server has none for this.
    pub(super) fn lacking(&self) -> Route {
        match self.native {
            Native::Body(_) => Route::Responses,
            Native::Same | Native::Unsaid(_) | Native::Unplanned => self.route,
        }
    }

    /// In which protocol the answer comes from a server that is asked in this way.
    pub(super) fn spoken(&self, kind: ApiKind) -> ApiKind {
        match self.native {
            Native::Body(_) => kind,
            Native::Same | Native::Unsaid(_) | Native::Unplanned => ApiKind::ChatCompletions,
        }
    }

    /// What a deployment is chosen by.
    pub(super) fn wanted<'a>(&'a self, tried: &'a [DeploymentId], random: u64) -> Wanted<'a> {
        let ask = Ask { prompt: &self.prompt, session: self.session, random };
        let native = match self.native {
            Native::Same => Some(self.route),
            Native::Body(_) => Some(Route::Responses),
            Native::Unsaid(_) | Native::Unplanned => None,
        };
        let speed = match &self.delivery {
            Delivery::Whole | Delivery::Counted(_) => Speed::WholeAnswer,
            Delivery::Stream | Delivery::Collected => Speed::FirstToken,
        };
        Wanted { route: self.route, native, ask, speed, length: self.length, tried }
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
    let prompt = u64::from(guess_prompt(prompt));
    Length::Guessed(u32::try_from(prompt.saturating_add(answer)).unwrap_or(u32::MAX))
}

/// A guess of the tokens of a prompt of so many bytes.
pub(crate) fn guess_prompt(bytes: usize) -> u32 {
    u32::try_from(bytes / MOST_BYTES_PER_TOKEN).unwrap_or(u32::MAX)
}
