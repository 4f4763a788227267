//! What a server's list of models says of one deployment.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// The server lists models, and the deployment's name is not among them.
    pub(super) unserved: bool,
    /// The longest prompt and answer together, in tokens.
    pub(super) length: Option<u32>,
}

/// The bits of the number of a list. It is kept one higher: 0 is none.
const NUMBER: u32 = 0x3fff_ffff;

/// What was found in the last list that was looked at, readable without a lock: the number of the
/// list, whether the name is unserved, and the length, of which 0 is none.
#[derive(Default)]
pub(super) struct ListingCell(AtomicU64);

impl ListingCell {
    /// What the list of this number says; it is read where another one was looked at last.
    #[inline]
    pub(super) fn of(&self, list: u32, read: impl FnOnce() -> Listing) -> Listing {
        let number = u64::from(list & NUMBER) + 1;
        let packed = self.0.load(Ordering::Relaxed);
        if packed >> 33 == number {
            let length = u32::try_from(packed & u64::from(u32::MAX)).unwrap_or_default();
            return Listing {
                unserved: packed >> 32 & 1 == 1,
                length: Some(length).filter(|length| *length > 0),
            };
        }
        let found = read();
        let length = u64::from(found.length.unwrap_or_default());
        self.0.store(number << 33 | u64::from(found.unserved) << 32 | length, Ordering::Relaxed);
        found
    }
}
