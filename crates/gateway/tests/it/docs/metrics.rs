//! Every metric, as a scraper sees it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use transom_engine::metrics::fleet::{
    AttemptLabel, DeploymentLabel, FallbackLabel, Fleet, ModelLabel, StateLabel, SymptomLabel,
};
use transom_engine::metrics::{
    AdoptedLabel, Exchange, Metrics, OutcomeLabel, RouteLabel, StreamLabel, TokenLabel, ToolLabel,
};

const HEAD: &str = "<!-- Generated from crates/engine; do not edit. -->

# Metrics

Served at `/metrics` in the OpenMetrics text format (`VR_METRICS_ENABLED`, `VR_METRICS_PATH`). Where
an API key is configured, scraping needs it too. Names that begin with `vllm_responses_` are those
of the system whose dashboards they feed; the others are Transom's own.

| Metric | Type | Labels | Meaning |
|---|---|---|---|
";

#[derive(Default)]
struct Row {
    kind: String,
    help: String,
    labels: Vec<String>,
}

pub(super) fn page() -> String {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for line in scrape().lines() {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match *words.as_slice() {
            ["#", "HELP", name, help] => help.clone_into(&mut row(&mut rows, name).help),
            ["#", "TYPE", name, kind] => kind.clone_into(&mut row(&mut rows, name).kind),
            _ => add_labels(&mut rows, line),
        }
    }
    let mut page = HEAD.to_owned();
    for (name, Row { kind, help, labels }) in &rows {
        let name = if kind == "counter" { format!("{name}_total") } else { name.clone() };
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let (labels, help) = (labels.join(", "), help.trim_end_matches('.'));
        writeln!(page, "| `{name}` | {kind} | {labels} | {help} |").expect("writing to a string");
    }
    page
}

fn row<'a>(rows: &'a mut BTreeMap<String, Row>, name: &str) -> &'a mut Row {
    rows.entry(name.to_owned()).or_default()
}

/// A sample line: `name_suffix{label="value",…} number`.
fn add_labels(rows: &mut BTreeMap<String, Row>, line: &str) {
    let Some((sample, rest)) = line.split_once('{') else { return };
    let row = rows.iter_mut().rfind(|(name, _)| sample.starts_with(name.as_str()));
    let (_, row) = row.expect("a sample follows its description");
    let labels = rest.split("=\"").filter_map(|part| part.rsplit([',', '{', '"']).next());
    let labels = labels.filter(|label| !label.is_empty() && *label != "le" && !label.contains('}'));
    for label in labels.map(str::to_owned) {
        if !row.labels.contains(&label) {
            row.labels.push(label);
        }
    }
}

/// The metrics page after everything has happened once.
fn scrape() -> String {
    let mut registry = Registry::default();
    // All fields by name: a new metric does not compile here until it is in the page.
    let Metrics {
        requests,
        request_seconds,
        in_flight: _,
        streams: _,
        stream_seconds,
        tool_calls,
        sockets: _,
        background: _,
        adopted,
        outcomes,
        tokens,
        first_token: _,
        commit: _,
        usage_missing: _,
        fleet,
    } = Metrics::register(&mut registry);
    let (method, route) = ("GET", Arc::<str>::from("/health"));
    drop(requests.get_or_create(&Exchange { method, route: route.clone(), status: 200 }));
    drop(request_seconds.get_or_create(&RouteLabel { method, route }));
    drop(stream_seconds.get_or_create(&StreamLabel { route: "/v1/responses" }));
    drop(tool_calls.get_or_create(&ToolLabel { tool_type: "function" }));
    drop(outcomes.get_or_create(&OutcomeLabel { route: "/v1/responses", outcome: "completed" }));
    drop(tokens.get_or_create(&TokenLabel { kind: "input" }));
    drop(adopted.get_or_create(&AdoptedLabel { outcome: "run_again" }));
    fleet_once(&fleet);
    let mut text = String::new();
    encode(&mut text, &registry).expect("the metrics page");
    text
}

/// The same for models, deployments and their servers.
fn fleet_once(fleet: &Fleet) {
    let Fleet {
        attempts,
        retries: _,
        fallbacks,
        symptoms,
        queue_seconds,
        queue_position,
        queue_length,
        in_flight,
        states,
        revision: _,
        rejected: _,
        reloads: _,
    } = fleet;
    let (model, deployment) = (Arc::<str>::from("chat"), Arc::<str>::from("chat@one"));
    let label = AttemptLabel { deployment: deployment.clone(), outcome: "ok" };
    drop(attempts.get_or_create(&label));
    drop(fallbacks.get_or_create(&FallbackLabel { model: model.clone(), to: model.clone() }));
    drop(symptoms.get_or_create(&SymptomLabel { symptom: "engine_dead" }));
    drop(queue_seconds.get_or_create(&ModelLabel { model: model.clone() }));
    drop(queue_position.get_or_create(&ModelLabel { model: model.clone() }));
    drop(queue_length.get_or_create(&ModelLabel { model }));
    drop(in_flight.get_or_create(&DeploymentLabel { deployment: deployment.clone() }));
    drop(states.get_or_create(&StateLabel { deployment, state: "ready" }));
}
