//! The server that is named without a file: one that runs already, or a vLLM child. It gets every
//! model that nothing else declares.

use std::path::PathBuf;

use transom_core::backend::{ApiKind, BackendId, BackendSpec, BackendTls, ProbeStyle};

use crate::{
    Origin, Problem,
    draft::Sourced,
    resolve::Resolver,
    section::{
        backends,
        limits::Limits,
        vllm::{self, Child},
    },
    setting::section,
    value::{BaseUrl, Scalar as _, SecretRef, Value as _},
};

const URL: &str = "upstream.url";
const MODEL: &str = "vllm.model";

section! {
    /// The settings as written.
    pub(crate) struct Settings in "upstream" {
        /// Base URL of a running vLLM; `/v1` is appended when it is missing.
        [flag("upstream", "URL"), variable("VR_LLM_API_BASE")]
        url: BaseUrl = unset "a model to spawn must be given",
        /// Key sent to the upstream, also by readiness checks.
        [variable("VR_OPENAI_API_KEY")]
        api_key: SecretRef = unset "none is sent",
        /// PEM file with the authority that signed the upstream's certificate.
        [flag("upstream-ca", "FILE")]
        ca: PathBuf = unset "the system's roots",
        /// Where the upstream is asked for turns of the Responses API: at its `chat_completions`, or
        /// at `responses` of its own. History, state and tools are the gateway's either way.
        [flag("upstream-api-kind", "KIND"), variable("VR_UPSTREAM_API_KIND")]
        api_kind: ApiKind = default ApiKind::ChatCompletions,
    }
}

/// A server that is named without a file, and what its model is called in messages.
pub(crate) struct Behind {
    /// The server: `upstream`, or `vllm` for a child.
    pub(crate) backend: BackendSpec,
    /// What named it.
    pub(crate) origin: Origin,
    /// The child to run.
    pub(crate) child: Option<Child>,
}

impl Behind {
    /// `None` when nothing is named, or a problem was noted.
    pub(crate) fn resolve(
        resolver: &mut Resolver<'_>,
        vllm: &vllm::Settings,
        limits: &Limits,
    ) -> Option<Self> {
        let written = Settings::read(resolver);
        let key = backends::key(resolver, "upstream.api_key", written.api_key);
        let ca = written.ca.as_ref().map(|file| resolver.file("upstream.ca", file));
        let backend = |id: &str, url: String| BackendSpec {
            id: BackendId(id.into()),
            url: url.into(),
            key,
            tls: BackendTls { ca, ..BackendTls::default() },
            connect_timeout: limits.connect_timeout.get(),
            probe: ProbeStyle::Active,
            api_kind: written.api_kind,
        };
        match (written.url, vllm.model.clone()) {
            (Some(base), _) => {
                let backend = backend("upstream", base.to_string());
                Some(Self { backend, origin: resolver.origin(URL), child: None })
            }
            (None, Some(model)) => {
                let child = vllm.child(model, resolver)?;
                let backend = backend("vllm", child.base());
                Some(Self { backend, origin: resolver.origin(MODEL), child: Some(child) })
            }
            (None, None) => None,
        }
    }
}

/// Whether there are models besides the upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// A source declares some, or the admin API may add some.
    Models,
    /// Nothing can be served without an upstream.
    Nothing,
}

/// Chooses in the order of `vllm-responses.md` section 1.1: `--upstream`, arguments after `--`,
/// `VR_LLM_API_BASE`, then the file. The loser is taken out of the draft, with a notice, so that
/// it is neither checked nor shown.
pub(crate) fn choose(resolver: &mut Resolver<'_>, elsewhere: Elsewhere) {
    let url = resolver.draft.best(URL).map(|sourced| sourced.origin.clone());
    let model = resolver.draft.best(MODEL).map(|sourced| sourced.origin.clone());
    match (url, model) {
        (None, None) if elsewhere == Elsewhere::Nothing => resolver.problem(nothing_chosen()),
        (Some(url), Some(model)) if url.rank() == model.rank() => {
            resolver.problem(
                Problem::new(url, format!("cannot be used together with {model}"))
                    .hint("choose a running upstream or a model to spawn, not both"),
            );
            resolver.draft.discard(MODEL);
        }
        (Some(url), Some(model)) if url.rank() > model.rank() => {
            resolver.findings.notice(url, "is ignored: a model is spawned");
            resolver.draft.discard(URL);
        }
        (Some(_), Some(model)) => {
            resolver.findings.notice(model, "is ignored: a running upstream is used");
            resolver.draft.discard(MODEL);
        }
        (Some(_) | None, None) | (None, Some(_)) => {}
    }
    notice_overridden(resolver);
}

fn nothing_chosen() -> Problem {
    Problem::new(Origin::CommandLine, "no upstream is configured").hint(
        "give --upstream URL, or `-- MODEL [vLLM arguments]`, or set VR_LLM_API_BASE, or write \
         upstream.url, vllm.model or models in transom.yaml",
    )
}

/// A flag over a different address in the environment is worth a line; the same address is not.
fn notice_overridden(resolver: &mut Resolver<'_>) {
    let same = |sourced: &Sourced| BaseUrl::parse(&sourced.raw).ok().and_then(|url| url.text());
    let [first, rest @ ..] = resolver.draft.all(URL) else { return };
    let (winner, target) = (first.origin.to_string(), same(first));
    let differing = rest.iter().filter(|sourced| same(sourced) != target);
    let ignored: Vec<Origin> = differing.map(|sourced| sourced.origin.clone()).collect();
    for origin in ignored {
        resolver.findings.notice(origin, format!("is ignored: {winner} is used"));
    }
}
