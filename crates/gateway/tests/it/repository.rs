//! The repository's own files.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are not ours: built, installed or version control.
const FOREIGN: &[&str] = &[".git", ".demo", "target", "node_modules", "__pycache__"];

/// A file of the repository.
pub(crate) struct File {
    /// Its path below the root, with slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl File {
    /// The crate that it belongs to, by folder name.
    pub(crate) fn owner(&self) -> &str {
        self.path.strip_prefix("crates/").and_then(|rest| rest.split('/').next()).unwrap_or("")
    }

    /// Whether it holds tests: a module of tests, an integration test, or the test kit.
    pub(crate) fn is_test(&self) -> bool {
        let parts = ["/tests/", "/tests.rs", "/benches/", "crates/testkit/"];
        parts.iter().any(|part| self.path.contains(part))
    }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository's root")
}

/// A file by its path below the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files whose names end so, in order of their paths.
pub(crate) fn files(ending: &str) -> Vec<File> {
    let (root, mut found) = (root(), Vec::new());
    collect(&root, ending, &mut found);
    let mut files: Vec<_> = found.into_iter().map(|path| to_file(&root, &path)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn to_file(root: &Path, path: &Path) -> File {
    let below = path.strip_prefix(root).expect("a path below the root");
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", below.display()));
    File { path: below.to_string_lossy().into_owned(), text }
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("a folder entry");
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().expect("a file type").is_dir() {
            if !FOREIGN.contains(&name.as_str()) {
                collect(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}
