//! `providers.targets[]`: each is a backend, and a deployment of the models that name it.

use std::collections::BTreeMap;

use super::{
    backend,
    provider::Vendor,
    reader::{Fate, Mapping, Reader, Setting, approximated, exact, no_effect, unsupported},
    route::{self, Route},
};
use crate::{Draft, Origin, draft::Entry, value::Raw};

/// What `timeout_seconds` is when it is not written (guide 002, "Provider Fields").
const USUAL_TIMEOUT: &str = "30";
/// What `stream_timeout_seconds` is then.
const USUAL_STREAM_TIMEOUT: &str = "120";

const KEYS: &[(&str, Fate)] = &[
    ("id", exact("names the backend and its deployments")),
    ("provider", Fate::Read),
    ("model", Fate::Read),
    ("base_url", Fate::Read),
    ("secret_key_ref", Fate::Read),
    ("timeout_seconds", exact("is `request_timeout` of the deployment")),
    ("stream_timeout_seconds", exact("is `stream_timeout` of the deployment")),
    (
        "max_context_tokens",
        approximated(
            "a request that is longer is not sent to this target; the model server's own \
                      limit stays as it is",
        ),
    ),
    ("format", Fate::Read),
    ("description", exact("is kept for people")),
    ("weight", Fate::Read),
    ("health_probe", exact("is `probe` of the backend")),
    ("allow_insecure_tls", exact("is `insecure_tls` of the backend")),
    ("data_policy", no_effect(DATA_RULES)),
    ("zdr", no_effect(DATA_RULES)),
    ("data_collection", no_effect(DATA_RULES)),
    ("escalation_routing", unsupported("nothing is escalated")),
    ("api_key_header", Fate::Read),
    ("api_key_prefix", Fate::Read),
    ("provider_type", Fate::Read),
    ("circuit_breaker", unsupported("the breaker is set for all targets: `circuit_breaker`")),
    ("api_key", unsupported("a key is not read from this file: write `secret_key_ref: {env: …}`")),
];
const DATA_RULES: &str = "only policies that choose targets by it would read it";

/// Settings of the deployment that are a key of the target under another name.
const COPIED: [(&str, &str); 2] = [
    ("max_context_tokens", "models[].deployments[].max_context_tokens"),
    ("description", "models[].deployments[].description"),
];

/// A target that can be served.
pub(super) struct Target {
    pub(super) id: String,
    pub(super) at: Origin,
    /// The provider string, when it names a model: clients may ask for it.
    pub(super) provider: Option<String>,
    /// The model as the provider string or `model` names it; `None`: whatever the server has.
    pub(super) model: Option<String>,
    /// Whether the server is a vLLM.
    pub(super) vendor: Vendor,
    /// The name that is sent to the server.
    pub(super) upstream: Option<Setting>,
    pub(super) weight: Option<Setting>,
    /// Everything else about the deployment.
    settings: Vec<Setting>,
}

impl Target {
    /// The deployment, without name, weight and order.
    pub(super) fn deployment(&self) -> Draft {
        let mut draft = Draft::default();
        for setting in &self.settings {
            setting.put(&mut draft);
        }
        draft
    }
}

/// The targets of a file.
pub(super) struct Targets {
    /// Those that can be served, as they stand in the file.
    pub(super) served: Vec<Target>,
    /// The line of each id, those of targets that are left out included.
    pub(super) lines: BTreeMap<String, u64>,
}

impl Targets {
    pub(super) fn none() -> Self {
        Self { served: Vec::new(), lines: BTreeMap::new() }
    }
}

/// Reads every target and puts its backend into the draft.
pub(super) fn read<'a>(
    reader: &mut Reader<'a>,
    providers: &Mapping<'a>,
    draft: &mut Draft,
) -> Targets {
    let mut targets = Targets::none();
    for mapping in reader.mappings(providers, "targets") {
        reader.survey(&mapping, KEYS);
        let id = id(reader, &mapping, &mut targets.lines);
        let route = route::read(reader, &mapping);
        let backend = backend::read(reader, &mapping);
        let settings = settings(reader, &mapping);
        let (Some(id), Some(route), Some(mut backend)) = (id, route, backend) else { continue };
        let at = reader.at(mapping.line, &mapping.path);
        backend.put("backends[].name", Raw::Scalar(id.clone()), at.clone());
        draft.push("backends[]", Entry { origin: at.clone(), draft: backend });
        targets.served.push(target(reader, &mapping, id, route, settings));
    }
    targets
}

fn target<'a>(
    reader: &mut Reader<'a>,
    mapping: &Mapping<'a>,
    id: String,
    route: Route,
    mut settings: Vec<Setting>,
) -> Target {
    let at = reader.at(mapping.line, &mapping.path);
    settings.push(Setting::new("models[].deployments[].backend", &id, at.clone()));
    let mode = Setting::new("models[].deployments[].mode", route.mode.word(), route.at.clone());
    settings.push(mode);
    let upstream = |name| Setting::new("models[].deployments[].model", name, route.at.clone());
    Target {
        id,
        at,
        provider: route.provider,
        model: route.model,
        vendor: route.vendor,
        upstream: route.upstream.map(upstream),
        weight: reader.setting(mapping, "weight", "models[].deployments[].weight"),
        settings,
    }
}

fn id<'a>(
    reader: &mut Reader<'a>,
    mapping: &Mapping<'a>,
    lines: &mut BTreeMap<String, u64>,
) -> Option<String> {
    let Some(field) = mapping.get("id") else {
        let at = reader.at(mapping.line, &mapping.path);
        reader.problem(at, "has no `id`", "every target needs one");
        return None;
    };
    let id = reader.value::<String>(&field)?;
    if let Some(first) = lines.get(&id) {
        let message = format!("`{id}` is the target of line {first} already");
        let at = reader.place(&field);
        reader.problem(at, message, "every target needs its own id");
        return None;
    }
    lines.insert(id.clone(), field.line);
    Some(id)
}

/// Timeouts and the settings that are only copied.
fn settings<'a>(reader: &mut Reader<'a>, mapping: &Mapping<'a>) -> Vec<Setting> {
    let usual = || Origin::Default(Some("of a Keeptrusts target"));
    let path = "models[].deployments[].request_timeout";
    let request = reader.setting(mapping, "timeout_seconds", path);
    let request = request.unwrap_or_else(|| Setting::new(path, USUAL_TIMEOUT, usual()));
    let path = "models[].deployments[].stream_timeout";
    let stream = reader.setting(mapping, "stream_timeout_seconds", path);
    let stream = stream.unwrap_or_else(|| Setting::new(path, USUAL_STREAM_TIMEOUT, usual()));
    // The one limit on streams there is: nothing shorter may cut one.
    let within =
        ["models[].deployments[].first_chunk_timeout", "models[].deployments[].idle_timeout"];
    let within = within.map(|path| stream.under(path));
    let copied = COPIED.iter().filter_map(|(key, path)| reader.setting(mapping, key, path));
    let copied: Vec<_> = copied.collect();
    [request, stream].into_iter().chain(within).chain(copied).collect()
}
