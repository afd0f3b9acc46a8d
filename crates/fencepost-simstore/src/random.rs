//! Randomness from a seed: the same on every platform, and apart for each client and request.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The randomness of one request.
///
/// Each request of each client has a stream of its own. So leaving out one client does not change the luck of
/// the others, which is what makes failing seeds shrink well.
#[derive(Debug)]
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64, client: &str, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ fnv(FNV_START, client.as_bytes()));
        rng.set_stream(stream);
        Self(rng)
    }

    pub(crate) fn happens(&mut self, chance: f64) -> bool {
        // Always drawn, so that changing one chance leaves the draws after it in place.
        let draw = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        draw < chance
    }

    /// Any of `min..=max`.
    pub(crate) fn between(&mut self, min: u64, max: u64) -> u64 {
        let span = u128::from(max.saturating_sub(min)) + 1;
        let offset = (u128::from(self.0.next_u64()) * span) >> 64;
        min + u64::try_from(offset).expect("less than the span")
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let last = (of.len() as u64).checked_sub(1)?;
        of.get(usize::try_from(self.between(0, last)).expect("an index"))
    }
}

/// FNV-1a: a checksum that is the same for ever and everywhere.
pub(crate) fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

pub(crate) const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
