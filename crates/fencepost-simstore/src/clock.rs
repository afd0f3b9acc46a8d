//! The store's own clock, from which `last_modified` comes.

use crate::random::Random;
use std::time::{Duration, SystemTime};

/// A store's clock. It starts on 1 January 2026 unless told otherwise, and may be wrong in every way that
/// clocks are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct StoreClock {
    start: SystemTime,
    rate_ppm: u32,
    skew: Duration,
    pub(crate) seed: u64,
}

impl Default for StoreClock {
    fn default() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        Self { start, rate_ppm: 1_000_000, skew: Duration::ZERO, seed: 0 }
    }
}

impl StoreClock {
    /// A clock that is right.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it shows at the beginning.
    pub const fn with_start(mut self, start: SystemTime) -> Self {
        self.start = start;
        self
    }

    /// How many microseconds it counts for each second that passes. Default: a million.
    pub const fn with_rate_ppm(mut self, rate: u32) -> Self {
        self.rate_ppm = rate;
        self
    }

    /// By how much each object's time may be off, to either side: the servers behind a store each have a clock.
    pub const fn with_skew(mut self, most: Duration) -> Self {
        self.skew = most;
        self
    }

    pub(crate) fn stamp(&self, now: Duration, object: u64) -> SystemTime {
        let passed = now.as_nanos() * u128::from(self.rate_ppm) / 1_000_000;
        let passed = Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX));
        let most = u64::try_from(self.skew.as_millis()).unwrap_or(u64::MAX >> 2);
        let skew = Random::new(self.seed, "store clock", object).between(0, most * 2);
        self.start + passed + Duration::from_millis(skew) - Duration::from_millis(most)
    }
}
