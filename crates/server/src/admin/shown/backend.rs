//! A server and how it stands.

use std::sync::Arc;

use transom_core::backend::Has;
use transom_core::clock::Timestamp;
use transom_engine::control::{BackendView, Mark, Marked};

use super::{
    ApiKindWord, DeploymentStatus, ProbeWord, StateWord, address, api_kind, deployment, key, probe,
};
use crate::shape::{Seconds, shape, words};

words! {
    /// What an operator has said.
    MarkWord of Mark::ALL.map(Mark::word)
}

shape! {
    /// A model server.
    answer struct Backend {
        /// Its name.
        id: Arc<str>,
        /// The base of its API.
        url: String,
        /// The gateway's key for it: `none`, `configured`, or `missing: ` and where it should be.
        key: String,
        /// Whether any certificate of it will do.
        insecure_tls: bool,
        /// How long connecting may take, in seconds.
        connect_timeout: Seconds,
        /// How it is watched.
        probe: ProbeWord,
        /// Where it is asked for turns of the Responses API.
        api_kind: ApiKindWord,
        /// Which routes it has, as far as it says.
        offer: OfferShown,
        /// How it stands.
        state: StateWord,
        /// Why, and what to do about it.
        reason: Option<String>,
        /// What an operator has said of it.
        mark: BackendMarked,
        /// What it says of its load.
        load: Option<BackendLoad>,
        /// The models it lists, by its own names.
        served_models: Vec<ServedModelShown>,
        /// Every deployment on it.
        deployments: Vec<DeploymentStatus>,
    }
}

words! {
    /// Whether a server has a route.
    HasWord of Has::ALL.map(Has::word)
}

shape! {
    /// Which routes a server has.
    answer struct OfferShown {
        /// `/v1/chat/completions`
        chat_completions: HasWord,
        /// `/v1/responses`
        responses: HasWord,
    }
}

shape! {
    /// An operator's word about a backend, as it stands.
    answer struct BackendMarked {
        /// The word; `auto` when nobody said anything.
        state: MarkWord,
        /// Why.
        reason: Option<String>,
        /// Who said so.
        actor: Option<String>,
        /// For how long it still holds, in seconds; absent: until it is changed.
        ttl_seconds: Option<Seconds>,
        /// When it was said, in seconds since the Unix epoch.
        since: Option<i64>,
    }
}

shape! {
    /// What a server says of its load.
    answer struct BackendLoad {
        /// Requests it works on.
        running: u32,
        /// Requests in its own queue.
        waiting: u32,
        /// The share of its KV cache in use, 0 to 1.
        kv_cache: f32,
    }
}

shape! {
    /// A model as a server lists it.
    answer struct ServedModelShown {
        /// Its id there.
        id: Arc<str>,
        /// The longest prompt and answer together, in tokens.
        max_model_len: Option<u32>,
    }
}

/// Shows a server.
pub(crate) fn backend(view: &BackendView) -> Backend {
    let served = view.served.iter().map(|served| ServedModelShown {
        id: Arc::clone(&served.id),
        max_model_len: served.max_model_len,
    });
    let deployments = view.deployments.iter().map(|(model, seen)| deployment(model, seen));
    Backend {
        id: Arc::clone(&view.spec.id.0),
        url: address(&view.spec.url),
        key: key(&view.spec.key),
        insecure_tls: view.spec.tls.insecure,
        connect_timeout: Seconds(view.spec.connect_timeout),
        probe: probe(view.spec.probe),
        api_kind: api_kind(view.spec.api_kind),
        offer: OfferShown {
            chat_completions: HasWord(view.offer.chat_completions.word()),
            responses: HasWord(view.offer.responses.word()),
        },
        state: StateWord(view.state.word()),
        reason: view.state.reason().map(str::to_owned),
        mark: marked(&view.marked),
        load: view.load.map(|load| BackendLoad {
            running: load.running,
            waiting: load.waiting,
            kv_cache: load.kv_cache,
        }),
        served_models: served.collect(),
        deployments: deployments.collect(),
    }
}

fn marked(marked: &Marked) -> BackendMarked {
    let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    BackendMarked {
        state: MarkWord(marked.marking.mark.word()),
        reason: said(&marked.marking.reason),
        actor: said(&marked.marking.actor),
        ttl_seconds: marked.marking.ttl.map(Seconds),
        since: marked.since.map(Timestamp::seconds),
    }
}
