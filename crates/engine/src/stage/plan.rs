//! What is to be done, whichever deployment does it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use bytes::Bytes;
use transom_core::caller::Principal;
use transom_core::id::ConversationId;
use transom_core::port::upstream::Route;
use transom_core::request::Generation;
use transom_routing::prompt::Prompt;
use transom_routing::queue::Priority;
use transom_wire::chat::{self, Question, RenderOptions};
use transom_wire::native;
use transom_wire::responses::request;
use transom_wire::splice::{Edits, UsageChunk, rewrite};

use crate::call::Hints;
use crate::catalog::Length;
use crate::dispatch::Job;
use crate::dispatch::count::{Means, Questions};
use crate::dispatch::job::{Delivery, Native, guess, guess_prompt};
use crate::live::Snapshot;
use crate::stage::rehydrate::Joined;
use crate::stage::screen::Passage;

/// Who asks, and what he says beside the body.
pub(crate) struct Asker<'a> {
    pub(crate) caller: &'a Principal,
    pub(crate) hints: &'a Hints,
    /// Keys the hashes of prompts, so that nobody can make one that looks like somebody else's.
    pub(crate) seed: u64,
}

impl Snapshot {
    /// The job of a request whose bytes go through.
    pub(crate) fn plan_passage(
        &self,
        client: &Asker<'_>,
        passage: &Passage,
        asked: Arc<str>,
    ) -> Job {
        let prompt = passage.head.prompt().map(|span| passage.body.slice(span)).unwrap_or_default();
        let (head, body) = (Arc::clone(&passage.head), passage.body.clone());
        let removed = self.settings.shield.removed();
        let session = passage.head.prompt_cache_key(&passage.body);
        let session = session.as_deref().or(client.hints.session.as_deref());
        Job {
            asked,
            route: passage.route,
            delivery: if head.stream { Delivery::Stream } else { Delivery::Whole },
            session: session.map(tie),
            prompt_tokens: guess_prompt(prompt.len()),
            length: guess(prompt.len(), head.max_tokens(&body).unwrap_or_default()),
            prompt: Prompt::seeded(prompt, client.seed),
            operator: client.caller.is_operator(),
            owner: tie(&client.caller.scope.key),
            priority: client.hints.priority,
            prompt_field: prompt_field(passage.route),
            original: passage.body.clone(),
            body: Box::new(move |model| {
                let usage = UsageChunk::InStreams;
                let edits = Edits { model: Some(model), usage, remove: removed };
                rewrite(&body, &head, &edits)
            }),
            native: Native::Same,
        }
    }

    /// How the jobs of a turn of the Responses API are made.
    pub(crate) fn plan_turn(
        &self,
        client: &Asker<'_>,
        joined: &Joined,
        delivery: request::Delivery,
        asked: Arc<str>,
    ) -> TurnPlan {
        let labels = &joined.turn.head.labels;
        let conversation = joined.turn.head.conversation.as_ref().map(ConversationId::as_str);
        let session = labels.prompt_cache_key.as_deref().or(conversation);
        let session = session.or(client.hints.session.as_deref()).unwrap_or(&joined.root);
        TurnPlan {
            asked,
            delivery: match delivery {
                request::Delivery::Stream => Delivery::Stream,
                request::Delivery::Whole => Delivery::Collected,
            },
            says_native: self.catalog.asks_for_responses(),
            render: self.settings.render,
            session: tie(session),
            seed: client.seed,
            operator: client.caller.is_operator(),
            owner: tie(&client.caller.scope.key),
            priority: client.hints.priority,
        }
    }
}

/// How the jobs of one turn are made, whatever of its conversation is sent.
pub(crate) struct TurnPlan {
    /// The model's name as the client wrote it.
    pub(crate) asked: Arc<str>,
    render: RenderOptions,
    delivery: Delivery,
    session: u64,
    seed: u64,
    operator: bool,
    owner: u64,
    priority: Priority,
    /// Whether any server is asked for turns at its own `/v1/responses`.
    says_native: bool,
}

impl TurnPlan {
    /// The call of the model: always a stream from its server.
    pub(crate) fn job(&self, generation: &Generation) -> Job {
        let rendered = chat::render(generation, &self.render);
        let answer = u64::from(generation.max_output_tokens.unwrap_or_default());
        let name = Arc::clone(&self.asked);
        Job {
            delivery: self.delivery.clone(),
            prompt_tokens: guess_prompt(rendered.len()),
            length: guess(rendered.len(), answer),
            prompt: Prompt::seeded(chat::after_model(&rendered, &name), self.seed),
            original: rendered.clone(),
            native: self.native(generation),
            body: Box::new(move |model| chat::rename(&rendered, &name, model)),
            ..self.blank()
        }
    }

    /// The question how many tokens the prompt of that call has.
    pub(crate) fn count(&self, generation: Arc<Generation>, means: Means) -> Job {
        let asked = chat::count_question(&generation, &self.render, Question::OneToken);
        let questions = Questions { generation, render: self.render, means };
        Job {
            delivery: Delivery::Counted(Arc::new(questions)),
            // A prompt that is too long for an answer can still be counted.
            length: Length::Guessed(0),
            prompt: Prompt::seeded(chat::after_model(&asked, &self.asked), self.seed),
            original: asked,
            ..self.blank()
        }
    }

    /// How much a prompt makes, in bytes of its messages and tools.
    pub(crate) fn size(&self, generation: &Generation) -> usize {
        chat::count_question(generation, &self.render, Question::Tokenize).len()
    }

    /// What servers get that are asked for turns at their own `/v1/responses`, if there are any.
    fn native(&self, generation: &Generation) -> Native {
        if !self.says_native {
            return Native::Unplanned;
        }
        match native::render(generation, &self.render) {
            Ok(rendered) => {
                let asked = Arc::clone(&self.asked);
                Native::Body(Box::new(move |model| chat::rename(&rendered, &asked, model)))
            }
            Err(unsupported) => Native::Unsaid(unsupported),
        }
    }

    /// What all of them have in common.
    fn blank(&self) -> Job {
        Job {
            asked: Arc::clone(&self.asked),
            route: Route::ChatCompletions,
            delivery: Delivery::Whole,
            session: Some(self.session),
            length: Length::Guessed(0),
            prompt: Prompt::default(),
            operator: self.operator,
            owner: self.owner,
            priority: self.priority,
            prompt_field: "input",
            prompt_tokens: 0,
            original: Bytes::new(),
            body: Box::new(|_| Bytes::new()),
            native: Native::Same,
        }
    }
}

/// The field that holds the prompt.
fn prompt_field(route: Route) -> &'static str {
    match route {
        Route::ChatCompletions => "messages",
        Route::Completions | Route::Tokenize | Route::ApplyTemplate => "prompt",
        Route::Responses | Route::Embeddings | Route::Models => "input",
        Route::Rerank => "documents",
        Route::Score => "text_1",
    }
}

/// What holds together what belongs together: the same on every replica, so that all of them
/// choose alike. It is not a secret and guards nothing.
fn tie(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
