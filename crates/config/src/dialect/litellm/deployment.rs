//! One entry of `model_list`: a place that serves a model.

use crate::{
    Origin,
    dialect::litellm::{
        decimal::Decimal,
        known::{
            model::{ENTRY, INFO},
            params::PARAMS,
        },
        lowering::{Fields, Lowering, Strangers},
        place::Place,
        provider::{self, Provider},
        server::Server,
    },
    draft::{Entry, Sourced},
    value::Raw,
};

pub(super) const BACKEND: &str = "models[].deployments[].backend";
pub(super) const WEIGHT: &str = "models[].deployments[].weight";
pub(super) const ORDER: &str = "models[].deployments[].order";
pub(super) const RPM: &str = "models[].deployments[].rpm";
pub(super) const TPM: &str = "models[].deployments[].tpm";
const MODEL: &str = "models[].deployments[].model";
const MODE: &str = "models[].deployments[].mode";
const PARALLEL: &str = "models[].deployments[].max_parallel_requests";
const REQUEST_TIMEOUT: &str = "models[].deployments[].request_timeout";
const FIRST_CHUNK_TIMEOUT: &str = "models[].deployments[].first_chunk_timeout";

/// Prices are written for one token there, and for a million here.
const MILLION: usize = 6;

/// What a timeout of LiteLLM bounds here.
pub(super) const WAITS: &str = "bounds whole answers that are not streamed, and the wait for the \
                                first piece of streamed ones, which may last limits.stream_timeout";

/// An entry that can be served.
pub(super) struct Served {
    /// What clients call the model, and where that is written.
    pub(super) model: Sourced,
    /// The deployment, without what its group decides.
    pub(super) entry: Entry,
    /// Most tries beyond the first.
    pub(super) retries: Option<Sourced>,
}

impl Lowering<'_> {
    /// Reads an entry; `None` when it cannot be served, which is told.
    pub(super) fn deployment(
        &mut self,
        place: &Place<'_>,
        server: &mut Server<'_>,
    ) -> Option<Served> {
        let entry = self.fields(place, ENTRY, Strangers::Mistakes);
        let model = self.required(&entry, "model_name", place)?;
        let params = entry.get("litellm_params");
        let Some(params_at) = params else {
            self.problem(place.origin(), "has no `litellm_params`");
            return None;
        };
        let target = self.target(&model, params_at)?;
        let (fit, draft) = self.within(|this| {
            let params = this.fields(params_at, PARAMS, Strangers::Mistakes);
            let info = entry.get("model_info");
            let info = info.map(|info| this.fields(info, INFO, Strangers::Notes));
            let info = info.unwrap_or_default();
            this.put(MODEL, target.name.as_str(), &target.origin);
            let fit = this.mode(&target, &info) & this.served(&params, &info);
            this.sizes(&entry, &params, &info, server);
            this.timeouts(&params);
            this.prices(&params, &info);
            let retries = this.retries(&params);
            let backend = fit.then(|| this.server(&target, &params, &info, server)).flatten()?;
            this.put(BACKEND, backend, &target.origin);
            Some(retries)
        });
        let retries = fit?;
        Some(Served { model, entry: Entry { origin: place.origin(), draft }, retries })
    }

    fn required(&mut self, fields: &Fields<'_>, key: &str, at: &Place<'_>) -> Option<Sourced> {
        let Some(place) = fields.get(key) else {
            self.problem(at.origin(), format!("has no `{key}`"));
            return None;
        };
        Some(Sourced { raw: Raw::Scalar(self.text(place)?), origin: place.origin() })
    }

    /// What `model` and `custom_llm_provider` say.
    fn target(&mut self, model: &Sourced, params: &Place<'_>) -> Option<Target> {
        let fields = params.fields().unwrap_or_default();
        let find = |key: &str| fields.iter().find(|(name, _)| *name == key).map(|(_, at)| at);
        let Some(at) = find("model") else {
            self.problem(params.origin(), "has no `model`");
            return None;
        };
        let written = self.text(at)?;
        let custom = find("custom_llm_provider").and_then(|custom| {
            let text = self.text(custom)?;
            self.exact(custom.origin(), "says what kind of server it is, instead of `model`");
            Some(text)
        });
        let (provider, name) = provider::split(&written, custom.as_deref());
        let origin = at.origin();
        match &provider {
            Provider::Compatible | Provider::HostedVllm => {}
            Provider::Unsaid => self.approximated(
                origin.clone(),
                "names no provider, so the server is taken for one that speaks OpenAI's API",
            ),
            Provider::Embedded => self.approximated(
                origin.clone(),
                "a running server is asked; no engine is started for the model",
            ),
            Provider::Completions => self.approximated(
                origin.clone(),
                "serves /v1/completions; chats are not rewritten into prompts",
            ),
            Provider::Other(other) => {
                let what = format!("the provider `{other}` is not served: the entry is left out");
                let hint = format!("if its server speaks OpenAI's API, write openai/{name}");
                self.unsupported(origin, what, &hint);
                return None;
            }
        }
        if let Some(why) = misplaced_star(model, name) {
            self.unsupported(origin, format!("{why}: the entry is left out"), "name one model");
            return None;
        }
        Some(Target { provider, name: name.to_owned(), origin })
    }

    /// Whether requests can be answered as the entry says.
    fn served(&mut self, params: &Fields<'_>, info: &Fields<'_>) -> bool {
        if let Some(mock) = params.get("mock_response").or_else(|| params.get("mock_timeout")) {
            let what = "there are no mock answers: the entry is left out";
            self.unsupported(mock.origin(), what, "remove it to ask the server");
            return false;
        }
        let blocked = info.get("blocked").filter(|blocked| !blocked.is_off());
        if let Some(blocked) = blocked {
            self.approximated(blocked.origin(), "the entry is left out until the file changes");
        }
        blocked.is_none()
    }

    fn mode(&mut self, target: &Target, info: &Fields<'_>) -> bool {
        let written = info.get("mode").and_then(|at| Some((self.text(at)?, at.origin())));
        let Some((mode, at)) = written else {
            if target.provider == Provider::Completions {
                self.put(MODE, "completion", &target.origin);
            }
            return true;
        };
        match mode.as_str() {
            "chat" | "completion" | "embedding" | "rerank" => self.put(MODE, mode, &at),
            "responses" => {
                self.put(MODE, "chat", &at);
                self.approximated(at, "responses are made from chat completions");
            }
            _ => {
                let what = format!("the mode `{mode}` is not served: the entry is left out");
                self.unsupported(at, what, "chat, completion, embedding and rerank are");
                return false;
            }
        }
        true
    }

    fn sizes(
        &mut self,
        entry: &Fields<'_>,
        params: &Fields<'_>,
        info: &Fields<'_>,
        server: &Server<'_>,
    ) {
        for (key, path) in [("rpm", RPM), ("tpm", TPM)] {
            if let Some(place) = self.first(key, &[entry, params, info]) {
                self.copy(path, place);
            }
        }
        for (key, path) in [("order", ORDER), ("weight", WEIGHT)] {
            params.get(key).and_then(|value| self.copy(path, value));
        }
        if let Some(parallel) = server.usual.parallel.clone() {
            self.draft.put(PARALLEL, parallel.raw, parallel.origin);
        }
        if let Some(tags) = params.get("tags") {
            let words = self.texts(tags).into_iter().map(|(word, _)| word).collect();
            self.draft.put("models[].deployments[].tags", Raw::List(words), tags.origin());
            self.approximated(tags.origin(), "is kept and shown; tags do not steer the choice");
        }
    }

    fn timeouts(&mut self, params: &Fields<'_>) {
        if let Some(first) = params.get("stream_timeout") {
            self.copy(FIRST_CHUNK_TIMEOUT, first);
        }
        let whole = params.get("timeout");
        if let Some(whole) = whole.filter(|whole| self.copy(REQUEST_TIMEOUT, whole).is_some()) {
            self.copy(FIRST_CHUNK_TIMEOUT, whole);
            self.approximated(whole.origin(), WAITS);
        }
    }

    fn prices(&mut self, params: &Fields<'_>, info: &Fields<'_>) {
        let prices = [
            ("input_cost_per_token", "models[].deployments[].price_input"),
            ("output_cost_per_token", "models[].deployments[].price_output"),
        ];
        for (key, path) in prices {
            let Some(place) = self.first(key, &[params, info]) else { continue };
            let Some(text) = self.text(place) else { continue };
            match Decimal::parse(&text) {
                Some(price) => self.put(path, price.shifted(MILLION), &place.origin()),
                None => self.problem(place.origin(), format!("`{text}` is not a price")),
            }
        }
    }

    /// A key that several mappings may hold: the first counts.
    fn first<'f, 'p>(&mut self, key: &str, maps: &[&'f Fields<'p>]) -> Option<&'f Place<'p>> {
        let mut places = maps.iter().filter_map(|fields| fields.get(key));
        let first = places.next()?;
        for place in places {
            self.no_effect(place.origin(), format!("{} says otherwise", first.origin()));
        }
        Some(first)
    }

    fn retries(&mut self, params: &Fields<'_>) -> Option<Sourced> {
        let place = params.get("num_retries").or_else(|| params.get("max_retries"))?;
        let raw = Raw::Scalar(self.text(place)?);
        self.approximated(place.origin(), "counts for the model, whose retries go anywhere in it");
        Some(Sourced { raw, origin: place.origin() })
    }
}

/// What an entry asks for, and of whom.
pub(super) struct Target {
    /// What kind of server it is.
    pub(super) provider: Provider,
    /// The model's name there.
    pub(super) name: String,
    /// Where it is written.
    pub(super) origin: Origin,
}

/// A `*` in the name at the server stands for what the one in the model's name matched.
fn misplaced_star(model: &Sourced, name: &str) -> Option<&'static str> {
    let Raw::Scalar(model) = &model.raw else { return None };
    match (model.matches('*').count(), name.matches('*').count()) {
        (2.., _) => Some("the model's name has more than one `*`"),
        (_, 2..) => Some("has more than one `*`"),
        (0, 1) => Some("has a `*`, and the model's name has none"),
        _ => None,
    }
}
