//! Models of the admin API.

use transom_core::model::Source;

use super::*;
use crate::{admin_model, admin_model_of_litellm};

const FILE: &str = "backends: [{name: a, url: 'http://a'}]\nmodels: [{name: m, deployments: [{backend: a}]}]\n\
     admin: {variables: [NODE]}\n";
const LINE: &str = "serve --code-interpreter disabled --api-key env:MASTER";

fn machine() -> Machine {
    Machine::new().file("transom.yaml", FILE).variable("MASTER", "k").variable("NODE", "n")
}

fn told(result: Result<AdminModel, Vec<Problem>>) -> Result<String, Vec<String>> {
    result.map(|row| row.json).map_err(|found| found.iter().map(ToString::to_string).collect())
}

#[test]
fn a_row_is_a_model_like_those_of_files() {
    let json = r#"{"model": {"name": "n", "retries": 1,
        "deployments": [{"backend": "a"}, {"backend": "own", "model": "up", "tags": ["x"]}]},
        "backends": [{"name": "own", "url": "http://b", "api_key": "env:NODE"}]}"#;
    let row = admin_model(json, &machine().invocation(LINE)).unwrap();
    assert_eq!(row.name, "n");
    let again = admin_model(&row.json, &machine().invocation(LINE)).unwrap();
    assert_eq!(row, again, "the form that is kept does not change");
    let machine = machine().row(&row.name, &row.json);
    let (config, notices) = machine.serve("--code-interpreter disabled");
    assert_eq!(notices, Vec::<String>::new());
    let sources: Vec<_> =
        config.fleet.models.iter().map(|model| (model.name.as_str(), model.source)).collect();
    assert_eq!(sources, [("m", Source::File), ("n", Source::Admin)]);
    assert_eq!(config.fleet.backends.len(), 2);
    assert!(machine.show("").contains("\n# model n: admin API, n model.name\n"));
}

#[test]
fn a_row_that_cannot_be_is_refused_with_every_reason() {
    let machine = machine();
    let check = |json: &str| told(admin_model(json, &machine.invocation(LINE))).unwrap_err();
    assert_eq!(
        check("[1"),
        ["is not JSON", "has no model with a name"].map(|said| format!("model: {said}"))
    );
    assert_eq!(
        check(
            r#"{"model": {"name": "n", "wait": 1, "deployments": [{"backend": "a", "mode": {}}]}}"#
        ),
        [
            "model.wait: is not a setting (docs/reference/config.md lists every setting)",
            "model.deployments[0].mode: must be a value or a list of values"
        ]
    );
    assert_eq!(
        check(r#"{"model": {"name": "m", "deployments": [{"backend": "b"}]}}"#),
        [
            "admin API, m model.name: `m` is not used: transom.yaml:2 models[0].name declares it and \
          wins"
        ]
    );
    assert_eq!(
        check(
            r#"{"model": {"name": "n", "deployments": [{"backend": "b"}]}, "backends": [
            {"name": "x", "url": "http://x", "api_key": "env:MASTER", "ca": "c.pem"},
            {"name": "y", "url": "http://x", "api_key": "file:/etc/passwd"},
            {"name": "z", "url": "http://x", "api_key": "env:VR_API_KEY"},
            {"name": "w", "url": "http://x", "api_key": "env:HOME"}]}"#
        ),
        [
            "admin API, n backends[0].ca: a row names no files (declare the server in a file)",
            "admin API, n backends[0].api_key: this variable holds a key of the gateway itself (use \
             another variable, or give the key itself)",
            "admin API, n backends[1].api_key: a row names no files (give the key itself, or \
             declare the server in a file)",
            "admin API, n backends[2].api_key: this variable holds a key of the gateway itself (use \
             another variable, or give the key itself)",
            "admin API, n backends[3].api_key: HOME is not among `admin.variables` (name it there, \
             or give the key itself)",
        ]
    );
}

#[test]
fn a_row_that_no_longer_fits_is_left_out_with_what_needs_it() {
    let row = |name: &str, backend: &str, fallback: &str| {
        format!(
            r#"{{"model": {{"name": "{name}", "fallbacks": [{fallback}],
                "deployments": [{{"backend": "{backend}"}}]}}}}"#
        )
    };
    let machine = machine()
        .row("x", &row("x", "gone", ""))
        .row("y", &row("y", "a", "\"x\""))
        .row("z", &row("z", "a", "\"m\""));
    let (config, notices) = machine.serve("--code-interpreter disabled");
    let names: Vec<_> = config.fleet.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["m", "z"]);
    assert_eq!(
        notices,
        [
            "admin API, x model.deployments[0].backend: the model is left out: no backend is \
             called `gone`",
            "admin API, y model.fallbacks: the model is left out: no model is called `x`",
        ]
    );
}

#[test]
fn an_entry_of_litellm_becomes_a_row() {
    let body = r#"{"model_name": "n", "litellm_params": {"model": "openai/up",
        "api_base": "http://b:8000/v1", "api_key": "os.environ/NODE"}}"#;
    let machine = machine();
    let (row, _) = admin_model_of_litellm(body, &machine.invocation(LINE)).unwrap();
    assert_eq!(row.name, "n");
    let config = machine.row(&row.name, &row.json).config("");
    let model = &config.fleet.models[1];
    assert_eq!((model.name.as_str(), model.source), ("n", Source::Admin));
    assert_eq!(&*config.fleet.backends[1].url, "http://b:8000/v1");
    assert!(row.json.contains("env:NODE"), "{}", row.json);
}
