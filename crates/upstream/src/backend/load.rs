//! A server's load, readable without a lock: a choice among a hundred servers reads it a hundred
//! times.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use transom_core::backend::Load;

/// The load. The counts are one number, so that they belong together; the share of the cache may
/// be a moment older or newer.
pub(super) struct LoadCell {
    /// `running` in the upper half, `waiting` in the lower.
    counts: AtomicU64,
    /// The bits of a float; not a number: nothing is known.
    kv_cache: AtomicU32,
}

impl Default for LoadCell {
    fn default() -> Self {
        Self { counts: AtomicU64::new(0), kv_cache: AtomicU32::new(f32::NAN.to_bits()) }
    }
}

impl LoadCell {
    pub(super) fn set(&self, load: Option<Load>) {
        let kv_cache = load.map_or(f32::NAN, |load| load.kv_cache);
        let Load { running, waiting, .. } = load.unwrap_or_default();
        self.counts.store(u64::from(running) << 32 | u64::from(waiting), Ordering::Relaxed);
        self.kv_cache.store(kv_cache.to_bits(), Ordering::Relaxed);
    }

    /// How many wait; 0 where nothing is known.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    pub(super) fn waiting(&self) -> u32 {
        self.counts.load(Ordering::Relaxed) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves of the number are meant")]
    pub(super) fn get(&self) -> Option<Load> {
        let kv_cache = f32::from_bits(self.kv_cache.load(Ordering::Relaxed));
        let counts = self.counts.load(Ordering::Relaxed);
        let (running, waiting) = ((counts >> 32) as u32, counts as u32);
        (!kv_cache.is_nan()).then_some(Load { running, waiting, kv_cache })
    }
}
