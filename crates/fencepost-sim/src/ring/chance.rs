//! Randomness that means the same on every machine and for ever.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of decisions. Streams with different numbers are independent, so that leaving out one party does
/// not change what happens to another.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of this number.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        assert!(from <= to, "there is a number between them");
        from + self.0.next_u64() % (to - from + 1)
    }

    /// Whether something happens that does so in `per_mille` of 1,000 cases.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.between(0, 999) < per_mille
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0, of.len() as u64 - 1) as usize]
    }

    /// A delay in microseconds: mostly milliseconds, sometimes seconds; if `long`, now and then hours or days.
    pub fn delay(&mut self, long: bool) -> u64 {
        match self.between(0, 99) {
            0..=79 => self.between(50, 30_000),
            80..=94 => self.between(30_000, 2_000_000),
            95..=97 => self.between(2_000_000, 60_000_000),
            98 if long => self.between(60_000_000, 3_600_000_000),
            99 if long => self.between(3_600_000_000, 7 * 86_400_000_000),
            _ => self.between(50, 2_000_000),
        }
    }
}
