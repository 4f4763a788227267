//! Which files a configuration depends on.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use super::Files;

/// Files that remember which of them were read or looked for.
pub struct Recorder<'a> {
    files: &'a dyn Files,
    seen: RefCell<BTreeSet<PathBuf>>,
}

impl<'a> Recorder<'a> {
    /// Watches the use of `files`.
    pub fn new(files: &'a dyn Files) -> Self {
        Self { files, seen: RefCell::default() }
    }

    /// Every file that was read or looked for, whether it exists or not, in the order of names.
    /// Programs do not count: a running child does not change with its file.
    pub fn seen(&self) -> Vec<PathBuf> {
        self.seen.borrow().iter().cloned().collect()
    }

    fn note(&self, path: &Path) {
        self.seen.borrow_mut().insert(path.to_owned());
    }
}

impl Files for Recorder<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.note(path);
        self.files.read(path)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.note(path);
        self.files.is_file(path)
    }

    fn is_program(&self, path: &Path) -> bool {
        self.files.is_program(path)
    }
}
