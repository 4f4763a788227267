//! The file system as far as the configuration needs it, and the search for programs.

mod recorder;

pub use self::recorder::Recorder;

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Largest file read: a configuration, `.env` or a key is never near it.
const LARGEST_FILE: u64 = 1 << 20;

/// Files, as a parameter.
pub trait Files {
    /// The whole text of a file of at most 1 MiB.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// Whether it is a file.
    fn is_file(&self, path: &Path) -> bool;
    /// Whether it is a file that may be run.
    fn is_program(&self, path: &Path) -> bool;
}

/// The real file system.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        let mut text = String::new();
        std::fs::File::open(path)?.take(LARGEST_FILE + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LARGEST_FILE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(text)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    #[cfg(unix)]
    fn is_program(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }

    #[cfg(not(unix))]
    fn is_program(&self, path: &Path) -> bool {
        path.is_file()
    }
}

/// Finds a program as a shell would: a name with a slash is taken from `cwd`, any other is looked
/// for in the folders of `search` (the value of `PATH`).
pub fn find_program(name: &Path, search: &str, cwd: &Path, files: &dyn Files) -> Option<PathBuf> {
    let found = |candidate: PathBuf| files.is_program(&candidate).then_some(candidate);
    if name.components().count() > 1 || name.is_absolute() {
        return found(cwd.join(name));
    }
    std::env::split_paths(search).find_map(|folder| found(cwd.join(folder).join(name)))
}

#[cfg(test)]
mod tests;
