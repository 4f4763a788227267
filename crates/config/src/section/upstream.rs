//! The server behind the gateway: one that runs already, or a vLLM child.

use std::path::PathBuf;

use transom_core::secret::Secret;

use crate::{
    Origin, Problem,
    draft::Sourced,
    resolve::Resolver,
    section::vllm,
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
    }
}

/// Where generations come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamConfig {
    /// A server that someone else runs.
    External {
        /// Base of its API.
        base: BaseUrl,
    },
    /// A vLLM child of this program.
    Spawn(vllm::Child),
}

/// How an upstream is reached.
#[derive(Debug, Clone)]
pub struct UpstreamAccess {
    /// Bearer token.
    pub api_key: Option<Secret>,
    /// Private authority, absolute; the system's roots when absent.
    pub ca: Option<PathBuf>,
}

impl UpstreamAccess {
    pub(crate) fn resolve(resolver: &mut Resolver<'_>, written: &Settings) -> Self {
        let reference = written.api_key.clone();
        Self {
            api_key: reference.and_then(|key| resolver.secret("upstream.api_key", key)),
            ca: written.ca.as_ref().map(|file| resolver.file("upstream.ca", file)),
        }
    }
}

/// Chooses in the order of `vllm-responses.md` section 1.1: `--upstream`, arguments after `--`,
/// `VR_LLM_API_BASE`, then the file. The loser is taken out of the draft, with a notice, so that
/// it is neither checked nor shown.
pub(crate) fn choose(resolver: &mut Resolver<'_>) {
    let url = resolver.draft.best(URL).map(|sourced| sourced.origin.clone());
    let model = resolver.draft.best(MODEL).map(|sourced| sourced.origin.clone());
    match (url, model) {
        (None, None) => resolver.problem(nothing_chosen()),
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
        (Some(_), None) | (None, Some(_)) => {}
    }
    notice_overridden(resolver);
}

fn nothing_chosen() -> Problem {
    Problem::new(Origin::CommandLine, "no upstream is configured").hint(
        "give --upstream URL, or `-- MODEL [vLLM arguments]`, or set VR_LLM_API_BASE, or write \
         upstream.url or vllm.model in transom.yaml",
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

impl UpstreamConfig {
    /// Base of the API, wherever it runs; no trailing slash, ends with `/v1`.
    pub fn base(&self) -> String {
        match self {
            Self::External { base } => base.to_string(),
            Self::Spawn(child) => child.base(),
        }
    }
}
