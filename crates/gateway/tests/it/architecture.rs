//! The rules of the repository that no compiler checks. `ARCHITECTURE.md` says why they are so.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::repository::{File, files, read, root};

/// Which crates of ours a crate depends on. Arrows point towards `core`; only the binary names an
/// adapter.
const GRAPH: &[(&str, &[&str])] = &[
    ("bench", &[]),
    ("core", &[]),
    ("process", &[]),
    ("testkit", &[]),
    ("config", &["core"]),
    ("routing", &["core"]),
    ("sealing", &["core"]),
    ("store", &["core"]),
    ("upstream", &["core"]),
    ("wire", &["core"]),
    ("engine", &["core", "routing", "sealing", "wire"]),
    ("server", &["core", "engine", "wire"]),
    (
        "gateway",
        &["config", "core", "engine", "process", "sealing", "server", "store", "upstream", "wire"],
    ),
];

/// Foreign crates that must not spread, with the crates of ours that may use them.
const CONFINED: &[(&str, &[&str])] = &[
    ("aws-lc-rs", &["sealing"]),
    ("axum", &["server", "gateway"]),
    ("clap", &["config"]),
    ("hyper", &["bench", "server", "upstream"]),
    ("tokio-tungstenite", &["server"]),
    ("rustls", &["server", "testkit", "upstream"]),
    ("sqlx", &["store"]),
    ("tokio", &["bench", "engine", "gateway", "process", "server", "store", "testkit", "upstream"]),
    ("anyhow", &["bench", "testkit"]),
];

/// No Rust file is longer.
const MOST_LINES: usize = 600;
/// Half of the files are no longer.
const MEDIAN_LINES: usize = 150;
/// Nine of ten are no longer.
const P90_LINES: usize = 400;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build` or nothing.
    kind: Option<String>,
}

/// The normal dependencies of every crate, by the folder's name.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo's metadata");
    let normal = |package: Package| {
        let manifest = package.manifest_path.replace('\\', "/");
        let folder = manifest.rsplit('/').nth(1).expect("a folder").to_owned();
        let names = package.dependencies.into_iter().filter(|dep| dep.kind.is_none());
        (folder, names.map(|dependency| dependency.name).collect())
    };
    metadata.packages.into_iter().map(normal).collect()
}

#[test]
fn crates_depend_on_each_other_as_the_rule_says() {
    let ours = |names: &BTreeSet<String>| -> BTreeSet<String> {
        names.iter().filter_map(|name| name.strip_prefix("transom-").map(str::to_owned)).collect()
    };
    let found: BTreeMap<_, _> =
        graph().iter().map(|(name, all)| (name.clone(), ours(all))).collect();
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let rule: BTreeMap<_, _> =
        GRAPH.iter().map(|&(name, names)| (name.to_owned(), set(names))).collect();
    assert_eq!(found, rule);
}

#[test]
fn foreign_crates_stay_where_they_belong() {
    let strays = |(owner, names): (&String, &BTreeSet<String>)| {
        let confined = CONFINED.iter().filter(|(name, _)| names.contains(*name));
        let wrong = confined.filter(|(_, homes)| !homes.contains(&owner.as_str()));
        wrong.map(|(name, _)| format!("{owner} must not use {name}")).collect::<Vec<_>>()
    };
    let strays: Vec<_> = graph().iter().flat_map(strays).collect();
    assert_eq!(strays, [""; 0]);
}

#[test]
fn no_crate_declares_a_dependency_that_it_does_not_use() {
    let sources = files(".rs");
    let used = |owner: &str, name: &str| {
        let path = format!("{}::", name.replace('-', "_"));
        let product =
            |file: &&File| file.owner() == owner && (owner == "testkit" || !file.is_test());
        sources.iter().filter(product).any(|file| file.text.contains(&path))
    };
    let graph = graph();
    let declared = graph.iter().flat_map(|(owner, all)| all.iter().map(move |name| (owner, name)));
    let idle: Vec<_> = declared.filter(|(owner, name)| !used(owner, name)).collect();
    assert_eq!(idle, [], "declared and never named");
}

/// Whether the text holds this identifier as a whole word.
fn names(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

#[test]
fn versions_are_chosen_in_one_place_and_each_has_its_reason() {
    for manifest in files("Cargo.toml").iter().filter(|file| !file.owner().is_empty()) {
        assert!(
            !manifest.text.contains("version = "),
            "{}: use `.workspace = true`",
            manifest.path
        );
    }
    let root = read("Cargo.toml");
    let declared = root.split("[workspace.dependencies]").nth(1).expect("the section");
    let declared = declared.split("\n[").next().expect("its lines").lines();
    let declared = declared.filter(|line| !line.starts_with('#'));
    let declared = declared.filter_map(|line| Some(line.split_once(" = ")?.0));
    let declared: BTreeSet<_> = declared.filter(|name| !name.starts_with("transom-")).collect();
    let document = read("ARCHITECTURE.md");
    let section = document.split("\n## Dependencies").nth(1).expect("a section on dependencies");
    let section = section.split("\n## ").next().expect("its lines");
    let explained = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(explained.collect::<BTreeSet<_>>(), declared, "the table of ARCHITECTURE.md");
}

#[test]
fn files_stay_within_the_size_budget() {
    let mut sizes: Vec<_> =
        files(".rs").into_iter().map(|file| (file.text.lines().count(), file.path)).collect();
    sizes.sort();
    let (median, p90) = (sizes[sizes.len() / 2].0, sizes[sizes.len() * 9 / 10].0);
    let (largest, path) = sizes.last().expect("a file");
    let report = format!("median {median}, p90 {p90}, largest {largest} lines ({path})");
    assert!(*largest <= MOST_LINES && median <= MEDIAN_LINES && p90 <= P90_LINES, "{report}");
}

#[test]
fn every_crate_says_what_is_where() {
    let opens =
        |file: &File| file.text.starts_with("//! ") && head(&file.text).contains("# Layout");
    for (name, _) in GRAPH {
        let entry = if ["bench", "gateway"].contains(name) { "main.rs" } else { "lib.rs" };
        let path = format!("crates/{name}/src/{entry}");
        let file = File { text: read(&path), path };
        assert!(opens(&file), "{} must open with a `# Layout`", file.path);
    }
}

/// The `//!` lines at the top.
fn head(text: &str) -> String {
    text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n")
}

#[test]
fn untyped_json_and_unsafe_code_stay_out() {
    let mut found = Vec::new();
    for file in files(".rs").iter().filter(|file| !file.is_test()) {
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let untyped = names(code, "serde_json") && names(code, "Value");
            let dangerous = names(code, "unsafe") && file.owner() != "process";
            if untyped || dangerous {
                found.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn every_snapshot_belongs_to_a_test() {
    let sources = files(".rs");
    let orphans = files(".snap").into_iter().filter(|snapshot| {
        let source = snapshot.text.lines().find_map(|line| line.strip_prefix("source: "));
        let file = sources.iter().find(|file| Some(file.path.as_str()) == source);
        let stem = snapshot.path.trim_end_matches(".snap");
        let name = stem.rsplit("__").next().expect("a name");
        !file.is_some_and(|file| names(&file.text, name))
    });
    assert_eq!(orphans.map(|file| file.path).collect::<Vec<_>>(), [""; 0]);
}
