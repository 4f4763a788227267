//! `docs/reference/` is made from the code and must be fresh; links must lead somewhere.
//!
//! `UPDATE_DOCS=1 cargo test -p transom --test it docs::` writes the pages anew.

mod errors;
mod metrics;
mod responses;

use std::fs;
use std::path::Path;

use crate::repository::{File, files, root};

/// Every generated page, by its name in `docs/reference/`.
fn pages() -> [(&'static str, String); 6] {
    [
        ("config.md", transom_config::reference::config()),
        ("environment.md", transom_config::reference::environment()),
        ("flags.md", transom_config::reference::flags()),
        ("responses.md", responses::page()),
        ("metrics.md", metrics::page()),
        ("errors.md", errors::page()),
    ]
}

#[test]
fn the_reference_says_what_the_code_does() {
    let folder = root().join("docs/reference");
    for (name, page) in pages() {
        let path = folder.join(name);
        if wants_update() {
            fs::create_dir_all(&folder).expect("a folder for the reference");
            fs::write(&path, page).expect("writing a page");
            continue;
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page, "docs/reference/{name} is stale: run the tests with UPDATE_DOCS=1");
    }
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test, not of the program")]
fn wants_update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1")
}

#[test]
fn links_in_documents_lead_somewhere() {
    let documents = files(".md");
    let broken: Vec<_> = documents.iter().flat_map(broken_links).collect();
    assert_eq!(broken, [""; 0]);
}

/// Links to files that do not exist, or to headings that the file does not have.
fn broken_links(document: &File) -> Vec<String> {
    let folder = root().join(&document.path);
    let folder = folder.parent().expect("a folder");
    let wrong = |target: &&str| {
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        let path = if file.is_empty() { root().join(&document.path) } else { folder.join(file) };
        !path.exists() || (!heading.is_empty() && !has_heading(&path, heading))
    };
    let local = links(&document.text).filter(|target| !target.contains("://"));
    local.filter(wrong).map(|target| format!("{}: {target}", document.path)).collect()
}

/// The targets of `[text](target)`, fenced blocks left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
}

fn has_heading(path: &Path, wanted: &str) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let prose: String = text.split("```").step_by(2).collect();
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).any(|anchor| anchor == wanted)
}

/// A heading as the fragment of a link.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
