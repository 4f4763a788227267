//! The settings of a store.

use std::path::PathBuf;
use std::time::Duration;

/// How long a write or an opening waits for a lock that another process holds, unless configured.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: it is on the disk (`synchronous=FULL`).
    #[default]
    Durable,
    /// The end of the process, not of the machine (`synchronous=NORMAL`): after power loss the file
    /// is whole, but the last writes may be missing.
    Fast,
}

/// Where a store is and how it behaves.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The file.
    pub path: PathBuf,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// The longest a write waits for another process's lock, and a read for a free connection.
    pub busy_limit: Duration,
    /// The size up to which the file may grow, in bytes. At the limit writes fail as on a full
    /// disk, and reads and deletions go on. `None` leaves the limit to the disk.
    pub max_bytes: Option<u64>,
}

impl StoreConfig {
    /// The defaults for a file: durable, 5 seconds, no limit but the disk's.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::default(),
            busy_limit: BUSY_LIMIT,
            max_bytes: None,
        }
    }
}
