//! The options of an examination: how much it tries, and how long it may take.

use super::check::Check;
use super::price::Price;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How thoroughly a store is examined.
#[derive(Clone)]
#[must_use]
pub struct Options {
    pub(super) seed: u128,
    pub(super) checks: Vec<Check>,
    pub(super) racers: usize,
    pub(super) race_rounds: usize,
    pub(super) keys: usize,
    pub(super) list_objects: usize,
    pub(super) large_bytes: usize,
    pub(super) latency_samples: usize,
    pub(super) check_time: Duration,
    pub(super) time_max: Duration,
    pub(super) clock_skew_max: Duration,
    pub(super) price: Option<Price>,
    pub(super) clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Options {
    /// The defaults. `seed` names the folder and must be drawn at random, so that examinations do not meet.
    pub fn new(seed: u128) -> Self {
        Self {
            seed,
            checks: Check::ALL.to_vec(),
            racers: 8,
            race_rounds: 50,
            keys: 30,
            list_objects: 1_100,
            large_bytes: 8 << 20,
            latency_samples: 100,
            check_time: Duration::from_secs(30),
            time_max: Duration::from_secs(600),
            clock_skew_max: Duration::from_secs(300),
            price: None,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// A short examination: fewer rounds, listings of one page, and a large object of 1 MiB.
    pub fn quick(seed: u128) -> Self {
        Self::new(seed)
            .with_race_rounds(10)
            .with_keys(10)
            .with_list_objects(50)
            .with_large_bytes(1 << 20)
            .with_latency_samples(20)
            .with_check_time(Duration::from_secs(10))
    }

    /// Runs only these checks. Default: all. Checks that are left out do not count for the verdict.
    pub fn with_checks(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks = checks.into_iter().collect();
        self
    }

    /// How many creates race for one name; at least 2. Default: 8. More find rarer races. Some correct stores
    /// let racers wait for each other, a second or so for every four.
    pub fn with_racers(mut self, racers: usize) -> Self {
        self.racers = racers.max(2);
        self
    }

    /// How many races at most, if the [time](Self::with_check_time) allows; at least 1. Default: 50.
    pub fn with_race_rounds(mut self, rounds: usize) -> Self {
        self.race_rounds = rounds.max(1);
        self
    }

    /// How many objects are tried where one would do for a store that always lies; at least 2. Default: 30.
    pub fn with_keys(mut self, keys: usize) -> Self {
        self.keys = keys.max(2);
        self
    }

    /// How many objects a listing has that is taken while objects come and go. Default: 1,100, two pages on
    /// S3 and GCS; Azure's pages have 5,000. Fewer cost less and see no paging.
    pub fn with_list_objects(mut self, objects: usize) -> Self {
        self.list_objects = objects;
        self
    }

    /// Size of the large object in bytes. Default: 8 MiB, the size of a large entry. It is in memory twice.
    pub fn with_large_bytes(mut self, bytes: usize) -> Self {
        self.large_bytes = bytes.max(1);
        self
    }

    /// How many creates and reads are timed. Default: 100.
    pub fn with_latency_samples(mut self, samples: usize) -> Self {
        self.latency_samples = samples.max(1);
        self
    }

    /// The time after which a check starts no further round. Default: 30 s. A check that hangs is ended a
    /// minute later.
    pub fn with_check_time(mut self, time: Duration) -> Self {
        self.check_time = time;
        self
    }

    /// The time after which no further check begins. Default: 10 min.
    pub fn with_time_max(mut self, time: Duration) -> Self {
        self.time_max = time;
        self
    }

    /// The difference between the clocks above which the store is called unsafe. Default: 5 min; a fifth of
    /// it is a warning.
    pub fn with_clock_skew_max(mut self, skew: Duration) -> Self {
        self.clock_skew_max = skew;
        self
    }

    /// The price of creates, instead of the [list price](Price::of) of the kind of store.
    pub fn with_price(mut self, price: Price) -> Self {
        self.price = Some(price);
        self
    }

    /// The source of this machine's time. Default: the system's clock. For simulations.
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("checks", &self.checks)
            .field("racers", &self.racers)
            .field("race_rounds", &self.race_rounds)
            .field("keys", &self.keys)
            .field("list_objects", &self.list_objects)
            .field("large_bytes", &self.large_bytes)
            .field("latency_samples", &self.latency_samples)
            .field("check_time", &self.check_time)
            .field("time_max", &self.time_max)
            .finish_non_exhaustive()
    }
}
