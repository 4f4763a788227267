//! Asks a server once and reports every step, for `transom check --online`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use transom_core::backend::{BackendId, BackendKey, Offer, ProbeStyle, ServedModel};
use transom_core::port::upstream::Upstream as _;

use crate::backend::Backend;
use crate::base::Page;
use crate::explain;
use crate::probe::{self, NotYet, Seen, Silence};
use crate::served;
use crate::trouble::Trouble;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Which server.
    pub backend: BackendId,
    /// Host and port.
    pub authority: String,
    /// The steps that were taken, in order; only the last one can have failed.
    pub steps: Vec<Step>,
    /// The models it lists.
    pub served: Arc<[ServedModel]>,
    /// What is wrong and what to do; `None`: it is ready.
    pub advice: Option<String>,
}

/// One step on the way to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its name has these addresses.
    Found(Vec<IpAddr>),
    /// TCP connects.
    Connected,
    /// TLS is agreed on, and the certificate is in order.
    Encrypted,
    /// It is ready, and lists this many models.
    Answered {
        /// How many.
        models: usize,
    },
    /// It has these routes, as far as it says.
    Offers(Offer),
    /// This step failed.
    Failed(Stage),
}

/// The stages of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding its key.
    Key,
    /// Finding its address.
    Name,
    /// Opening a TCP connection.
    Connect,
    /// TLS.
    Tls,
    /// Its answer.
    Answer,
    /// The routes that it is to have.
    Routes,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Name => "name",
            Self::Connect => "connection",
            Self::Tls => "TLS",
            Self::Answer => "answer",
            Self::Routes => "routes",
        })
    }
}

/// Examines a server. Takes as long as its connect timeout and a few of the probe's limits.
pub async fn examine(backend: &Backend) -> Examination {
    let mut examination = Examination {
        backend: backend.id().clone(),
        authority: backend.authority().to_owned(),
        steps: Vec::new(),
        served: Arc::default(),
        advice: None,
    };
    if let Err((stage, advice)) = walk(backend, &mut examination).await {
        examination.steps.push(Step::Failed(stage));
        examination.advice = Some(advice);
    }
    examination
}

async fn walk(backend: &Backend, found: &mut Examination) -> Result<(), (Stage, String)> {
    if let BackendKey::Missing(why) = &backend.spec().key {
        return Err((Stage::Key, format!("{why}: the server is not called without its key")));
    }
    let explained = |trouble: &Trouble| explain::trouble(trouble, backend.place());
    let base = backend.base();
    if let Ok(address) = base.host().parse() {
        found.steps.push(Step::Found(vec![address]));
    } else {
        let looked_up = backend.names().lookup(base.host()).await;
        let addresses = looked_up.map_err(|trouble| (Stage::Name, explained(&trouble)))?;
        found.steps.push(Step::Found(addresses));
    }
    let encrypted = base.is_https().then_some(Step::Encrypted);
    let answer = backend.fetch(Page::Models, served::LIST_BYTES).await;
    let stage = answer.as_ref().map_or_else(stage_of, |_| Stage::Answer);
    if matches!(stage, Stage::Tls | Stage::Answer) {
        found.steps.push(Step::Connected);
    }
    if stage == Stage::Answer {
        found.steps.extend(encrypted);
    }
    answer.map_err(|trouble| (stage, explained(&trouble)))?;
    let seen = probe::ask(backend).await;
    if matches!(seen, Seen::Ready | Seen::NotYet(NotYet { silence: Silence::Unsuited, .. })) {
        found.served = backend.served();
        found.steps.push(Step::Answered { models: found.served.len() });
        if backend.spec().probe == ProbeStyle::Active {
            found.steps.push(Step::Offers(backend.offer()));
        }
    }
    match seen {
        Seen::Ready => Ok(()),
        Seen::NotYet(NotYet { reason, silence: Silence::Unsuited }) => {
            Err((Stage::Routes, reason.to_string()))
        }
        Seen::Refused(status) => Err((Stage::Answer, explain::refused_key(status))),
        Seen::NotYet(NotYet { reason, .. }) => Err((Stage::Answer, reason.to_string())),
    }
}

fn stage_of(trouble: &Trouble) -> Stage {
    match trouble {
        Trouble::Dns { .. } => Stage::Name,
        Trouble::Refused | Trouble::ConnectTimeout(_) | Trouble::Connect(_) => Stage::Connect,
        Trouble::Tls(_) => Stage::Tls,
        Trouble::Silent(_) | Trouble::Broken(_) | Trouble::Protocol(_) => Stage::Answer,
    }
}
