//! What is to be done, whichever deployment does it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use transom_core::caller::Principal;
use transom_core::id::ConversationId;
use transom_core::port::upstream::Route;
use transom_core::request::Generation;
use transom_routing::prompt::Prompt;
use transom_wire::responses::request;
use transom_wire::splice::{Edits, UsageChunk, rewrite};
use transom_wire::{chat, native};

use crate::call::Hints;
use crate::dispatch::Job;
use crate::dispatch::job::{Delivery, Native, guess_tokens};
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
            tokens: guess_tokens(prompt.len(), head.max_tokens(&body).unwrap_or_default()),
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

    /// The job of a turn of the Responses API: always a stream from the model server.
    pub(crate) fn plan_turn(
        &self,
        client: &Asker<'_>,
        joined: &Joined,
        delivery: request::Delivery,
        asked: Arc<str>,
    ) -> Job {
        let rendered = chat::render(&joined.turn.generation, &self.settings.render);
        let labels = &joined.turn.head.labels;
        let conversation = joined.turn.head.conversation.as_ref().map(ConversationId::as_str);
        let session = labels.prompt_cache_key.as_deref().or(conversation);
        let session = session.or(client.hints.session.as_deref()).unwrap_or(&joined.root);
        let answer = u64::from(joined.turn.generation.max_output_tokens.unwrap_or_default());
        let name = Arc::clone(&asked);
        Job {
            asked,
            route: Route::ChatCompletions,
            delivery: match delivery {
                request::Delivery::Stream => Delivery::Stream,
                request::Delivery::Whole => Delivery::Collected,
            },
            session: Some(tie(session)),
            tokens: guess_tokens(rendered.len(), answer),
            prompt: Prompt::seeded(chat::after_model(&rendered, &name), client.seed),
            operator: client.caller.is_operator(),
            owner: tie(&client.caller.scope.key),
            priority: client.hints.priority,
            prompt_field: "input",
            original: rendered.clone(),
            native: self.plan_native(&joined.turn.generation, &name),
            body: Box::new(move |model| chat::rename(&rendered, &name, model)),
        }
    }
}

impl Snapshot {
    /// What servers get that are asked for turns at their own `/v1/responses`, if there are any.
    fn plan_native(&self, generation: &Generation, asked: &Arc<str>) -> Native {
        if !self.catalog.asks_for_responses() {
            return Native::Unplanned;
        }
        match native::render(generation, &self.settings.render) {
            Ok(rendered) => {
                let asked = Arc::clone(asked);
                Native::Body(Box::new(move |model| chat::rename(&rendered, &asked, model)))
            }
            Err(unsupported) => Native::Unsaid(unsupported),
        }
    }
}

/// The field that holds the prompt.
fn prompt_field(route: Route) -> &'static str {
    match route {
        Route::ChatCompletions => "messages",
        Route::Completions => "prompt",
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
