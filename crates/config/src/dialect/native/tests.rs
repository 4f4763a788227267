use std::path::Path;

use super::*;
use crate::{
    dialect::{self, Policies},
    variables::Variables,
};

fn lower(text: &str) -> (Draft, Vec<String>) {
    let mut found = Findings::default();
    let (variables, machine) = (Variables::default(), crate::Disk);
    let context = Context::new(&machine, Path::new("/"), &variables, Policies::Required);
    let draft = dialect::lower("transom.yaml", text, &context, &mut found);
    (draft, found.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn values_remember_their_line_and_their_spelling() {
    let (draft, problems) = lower(
        "listen:\n  port: 0080\n  cors:\n    origins:\n      - https://a.example\n\nauth:\n  \
         api_key: 00123\nlog:\n  directory: \"yes\"\nmetrics: ~\nstore:\n  path: null\n",
    );
    assert_eq!(problems, Vec::<String>::new());
    let best =
        |path: &str| draft.best(path).map(|found| (found.raw.clone(), found.origin.to_string()));
    let scalar = |text: &str| Raw::Scalar(text.to_owned());
    assert_eq!(best("listen.port"), Some((scalar("0080"), "transom.yaml:2 listen.port".into())));
    assert_eq!(best("auth.api_key"), Some((scalar("00123"), "transom.yaml:8 auth.api_key".into())));
    assert_eq!(best("log.directory").map(|(raw, _)| raw), Some(scalar("yes")));
    assert_eq!(
        best("listen.cors.origins").map(|(raw, _)| raw),
        Some(Raw::List(vec!["https://a.example".into()]))
    );
    assert_eq!(best("store.path"), None);
}

#[test]
fn every_unknown_key_is_reported_with_its_line_and_the_nearest_known_one() {
    let (_, problems) = lower(
        "listen:\n  prot: 80\n  tls:\n    crt: a\nlimit:\n  body_bytes: 1\nport: 1\nlog: 5\n\
         shield:\n  mode: {a: b}\nfrobnicate: 1\n",
    );
    assert_eq!(
        problems,
        [
            "transom.yaml:2 listen.prot: is not a setting (did you mean `port`?)",
            "transom.yaml:4 listen.tls.crt: is not a setting (did you mean `cert`?)",
            "transom.yaml:5 limit: is not a setting (did you mean `limits`?)",
            "transom.yaml:7 port: is not a setting (did you mean `listen.port`?)",
            "transom.yaml:8 log: must be a mapping (write one `key: value` per line, indented)",
            "transom.yaml:10 shield.mode: must be a value or a list of values",
            "transom.yaml:11 frobnicate: is not a setting \
             (docs/reference/config.md lists every setting)",
        ]
    );
}

#[test]
fn what_is_not_yaml_is_one_problem_with_a_line() {
    for (text, line) in
        [("a: b\nc: [1\n", "transom.yaml:"), ("store: 1\nstore: 2\n", "transom.yaml:2")]
    {
        let (_, problems) = lower(text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].starts_with(line) && problems[0].contains("is not YAML"),
            "{problems:?}"
        );
    }
    assert_eq!(lower("").1, Vec::<String>::new(), "an empty file is good");
}
