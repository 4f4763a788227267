//! Draws out of a seed (the generator is splitmix64).

use std::f64::consts::TAU;

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let once = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let twice = (once ^ (once >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        twice ^ (twice >> 31)
    }

    /// Above 0 and below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        let upper = u32::try_from(self.bits() >> 32).expect("32 bits");
        (f64::from(upper) + 0.5) / (f64::from(u32::MAX) + 1.0)
    }

    /// Any number below `count`, all alike.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.share(&vec![1.0; count])
    }

    /// Times between independent events.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }

    /// Skewed sizes: half are above `median`, a few very far above, none above `most`.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64, most: f64) -> f64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (TAU * self.unit()).cos();
        (median * (sigma * normal).exp()).clamp(1.0, most)
    }

    /// Which of the shares is hit, each with a chance that is its part of the sum.
    pub(crate) fn share(&mut self, shares: &[f64]) -> usize {
        let mut left = self.unit() * shares.iter().sum::<f64>();
        let hit = shares.iter().position(|share| {
            left -= share;
            left <= 0.0
        });
        hit.unwrap_or(0)
    }
}
