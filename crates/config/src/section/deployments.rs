//! Deployments: the places that serve a model.

use transom_core::{
    backend::BackendId,
    model::{Capacity, Deployment, DeploymentId, Mode, Price, Timeouts, UpstreamName},
};

use crate::{
    Origin,
    resolve::Resolver,
    section::limits::Limits,
    setting::section,
    value::{Amount, Name, Timeout, Whole},
};

section! {
    /// One deployment as written.
    #[expect(dead_code, reason = "the description is for people alone")]
    pub(crate) struct Settings in "models[].deployments[]" {
        /// Name of its server.
        backend: Name = unset "required",
        /// The model's name there. A `*` stands for what the `*` of the model's name matched.
        model: String = unset "the name the client asked for",
        /// Name of the deployment in logs and metrics, unique.
        id: String = unset "`MODEL@BACKEND`, then `MODEL@BACKEND#2` and so on",
        /// What it can be asked for.
        mode: Mode = default Mode::Any,
        /// Its share of the requests, relative to the others of its order.
        weight: Whole<0, 1_000_000> = default Whole::clamped(1),
        /// Deployments of the lowest order are used first; the next order once they all failed.
        order: Whole<0, 1_000_000> = default Whole::clamped(0),
        /// Requests in each minute: a hint for the choice, or a limit where limits are enforced.
        rpm: Whole<1, { u32::MAX }> = unset "not counted",
        /// Tokens in each minute, likewise.
        tpm: Whole<1, { u32::MAX }> = unset "not counted",
        /// Whether a request over `rpm` or `tpm` is answered 429.
        enforce_rate_limits: bool = unset "`routing.enforce_rate_limits`",
        /// Most requests it gets at once; further ones wait.
        max_parallel_requests: Whole<1, 1_000_000> = unset "no bound",
        /// Longest prompt and answer together, in tokens, that are sent to it.
        max_context_tokens: Whole<1, { u32::MAX }> = unset "what the server says",
        /// How long an answer that is not streamed may take altogether.
        request_timeout: Timeout = unset "`limits.request_timeout`",
        /// How long the first piece of a streamed answer may take.
        first_chunk_timeout: Timeout = unset "`limits.first_chunk_timeout`",
        /// How long a streamed answer may take altogether.
        stream_timeout: Timeout = unset "`limits.stream_timeout`",
        /// Longest pause within a streamed answer.
        idle_timeout: Timeout = unset "`limits.idle_timeout`",
        /// Price of a million tokens of the prompt.
        price_input: Amount = unset "none",
        /// Price of a million tokens of the answer.
        price_output: Amount = unset "none",
        /// Words of the operator, which the admin API shows. They do not steer the choice.
        tags: Vec<String> = default Vec::new(),
        /// Whether it gets requests although its server's list of models lacks the name.
        trust_name: bool = default false,
        /// A note for people.
        description: String = unset "none",
    }
}

/// What holds where an entry does not say.
pub(crate) struct Defaults<'a> {
    /// The waits.
    pub(crate) limits: &'a Limits,
    /// Whether rates are limits.
    pub(crate) enforce_rate_limits: bool,
}

impl Defaults<'_> {
    /// The waits of a deployment that names none.
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            request: self.limits.request_timeout.get(),
            first_chunk: self.limits.first_chunk_timeout.get(),
            stream: self.limits.stream_timeout.get(),
            idle: self.limits.idle_timeout.get(),
        }
    }
}

/// Reads one entry; `None` only when a problem was noted. An id that nobody wrote is left empty:
/// see [`name`].
pub(crate) fn resolve(
    resolver: &mut Resolver<'_>,
    at: &Origin,
    defaults: &Defaults<'_>,
) -> Option<Deployment> {
    let written = Settings::read(resolver);
    let backend = resolver.required("models[].deployments[].backend", written.backend.clone(), at);
    let timeouts = timeouts(resolver, &written, defaults.limits);
    let enforced = written.enforce_rate_limits.unwrap_or(defaults.enforce_rate_limits);
    Some(Deployment {
        id: DeploymentId(written.id.unwrap_or_default().into()),
        backend: BackendId(backend?.shared()),
        upstream: written
            .model
            .map_or(UpstreamName::AsAsked, |name| UpstreamName::Named(name.into())),
        mode: written.mode,
        weight: written.weight.get(),
        order: written.order.get(),
        limits: Capacity {
            requests_per_minute: written.rpm.map(Whole::get),
            tokens_per_minute: written.tpm.map(|tokens| u64::from(tokens.get())),
            parallel_requests: written.max_parallel_requests.map(Whole::get),
            enforced,
        },
        max_context_tokens: written.max_context_tokens.map(Whole::get),
        timeouts,
        price: Price {
            input: written.price_input.map(Amount::get),
            output: written.price_output.map(Amount::get),
        },
        tags: written.tags.into_iter().map(Into::into).collect(),
        trust_name: written.trust_name,
    })
}

fn timeouts(resolver: &mut Resolver<'_>, written: &Settings, limits: &Limits) -> Timeouts {
    let mut inherit = |path, own: Option<Timeout>, usual: Timeout, from| {
        resolver.inherit(path, own, usual, from).get()
    };
    Timeouts {
        request: inherit(
            "models[].deployments[].request_timeout",
            written.request_timeout,
            limits.request_timeout,
            "limits.request_timeout",
        ),
        first_chunk: inherit(
            "models[].deployments[].first_chunk_timeout",
            written.first_chunk_timeout,
            limits.first_chunk_timeout,
            "limits.first_chunk_timeout",
        ),
        stream: inherit(
            "models[].deployments[].stream_timeout",
            written.stream_timeout,
            limits.stream_timeout,
            "limits.stream_timeout",
        ),
        idle: inherit(
            "models[].deployments[].idle_timeout",
            written.idle_timeout,
            limits.idle_timeout,
            "limits.idle_timeout",
        ),
    }
}
