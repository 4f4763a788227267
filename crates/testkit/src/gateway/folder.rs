//! The folder that gateways run in, and how its files change under them.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

/// A temporary folder; clones are the same one, which goes with the last of them.
#[derive(Clone, Debug)]
pub struct Folder(Arc<TempDir>);

impl Default for Folder {
    fn default() -> Self {
        Self(Arc::new(TempDir::new().expect("a temporary folder")))
    }
}

impl Folder {
    /// A new, empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file in place, as an editor without care does: for a moment it is empty or half there.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).expect("writing into the folder");
        path
    }

    /// Puts a whole new file in the place of the old one (by renaming), as careful editors and mounted
    /// config maps do.
    pub fn replace(&self, name: &str, text: &str) -> PathBuf {
        let fresh = self.write(&format!("{name}.new"), text);
        let path = self.path().join(name);
        fs::rename(fresh, &path).expect("renaming within the folder");
        path
    }

    /// Writes a file in place with a pause in the middle: `between` runs while only the first `at` bytes
    /// are there.
    pub async fn write_in_two<T>(
        &self,
        name: &str,
        text: &str,
        at: usize,
        between: impl Future<Output = T>,
    ) -> T {
        let (first, second) = text.as_bytes().split_at(at.min(text.len()));
        let path = self.path().join(name);
        fs::write(&path, first).expect("writing into the folder");
        let result = between.await;
        let file = OpenOptions::new().append(true).open(&path);
        file.and_then(|mut file| file.write_all(second)).expect("writing the rest");
        result
    }

    /// What a file holds.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a file of the folder")
    }

    /// Takes a file away.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).expect("removing a file of the folder");
    }
}
