//! How many PUTs are in flight at once, where what waits can share the next one. Plain data, no clock.
//!
//! On an object store, PUTs do not wait for each other: 64 take as long as one, and the deeper the better. On a
//! disk they queue for one device: whatever is sent besides makes all the others slower, and had better wait and
//! share a PUT. Which it is shows in the time that small ones take; large ones do not wait. Safety does not depend on it: the core's window
//! bounds what is in flight, whatever is decided here.
// P-120.

use std::time::Duration;

/// Goes as deep as the store's latency rewards.
///
/// There are levels of 2, 4, 8 and so on. A level is tried once the one below is known, and kept if a PUT takes
/// hardly longer at it than at those below. If it does, the level is left, and tried again later, each time after
/// more PUTs than the time before.
#[derive(Clone, Debug)]
pub(super) struct Depth {
    level: usize,
    level_max: usize,
    limit_max: usize,
    latency: [Estimate; LEVELS],
    /// Whether the level is new.
    trying: bool,
    /// How many PUTs from now the next level may be tried.
    hold: u32,
    /// How long the next hold will be.
    next_hold: u32,
}

/// How long PUTs take: the mean of the logarithms, so that a few slow ones tell little.
#[derive(Clone, Copy, Debug, Default)]
struct Estimate {
    log: f64,
    samples: u32,
}

impl Depth {
    /// At most `limit_max` in flight.
    pub(super) fn new(limit_max: usize) -> Self {
        let level_max = level_of(limit_max.max(1));
        let latency = [Estimate::default(); LEVELS];
        let level = LEVEL_MIN.min(level_max);
        Self { level, level_max, limit_max, latency, trying: false, hold: 0, next_hold: HOLD_MIN }
    }

    /// How many may be in flight while what waits can still grow.
    pub(super) fn limit(&self) -> usize {
        (1 << self.level).min(self.limit_max)
    }

    /// How many may be in flight at the most.
    pub(super) const fn limit_max(&self) -> usize {
        self.limit_max
    }

    /// One that was sent as the `in_flight`th of those in flight took so long.
    pub(super) fn answered(&mut self, in_flight: usize, took: Duration) {
        let level = level_of(in_flight);
        let Some(estimate) = self.latency.get_mut(level).filter(|_| level <= self.level) else { return };
        estimate.add(took);
        if level < self.level {
            return;
        }
        self.hold = self.hold.saturating_sub(1);
        if estimate.samples < SAMPLES_MIN {
            return;
        }
        let was_tried = std::mem::take(&mut self.trying);
        match self.pays() {
            false if was_tried => {
                self.go_to(self.level - 1);
                self.hold = self.next_hold;
                self.next_hold = (self.next_hold * 2).min(HOLD_MAX);
            }
            // It did once. Perhaps the store has become slower at all depths alike: then the level below,
            // looked at again, pays no more either, and at the bottom all are tried again.
            false => self.go_to(self.level - 1),
            true if was_tried => self.next_hold = HOLD_MIN,
            true if self.hold == 0 && self.level < self.level_max => {
                self.go_to(self.level + 1);
                self.trying = true;
            }
            true => {}
        }
    }

    /// Whether PUTs take hardly longer at this level than at any below.
    fn pays(&self) -> bool {
        let below = &self.latency[LEVEL_MIN..self.level.max(LEVEL_MIN)];
        let known = below.iter().filter(|estimate| estimate.samples > 0).map(|estimate| estimate.log);
        known.fold(f64::INFINITY, f64::min) > self.latency[self.level].log - LONGER_MAX.log2()
    }

    /// What was known of that level is of another time.
    fn go_to(&mut self, level: usize) {
        self.level = level;
        self.latency[level] = Estimate::default();
    }
}

impl Estimate {
    fn add(&mut self, took: Duration) {
        self.samples = (self.samples + 1).min(SAMPLES_MIN);
        let change = took.as_secs_f64().max(1e-6).log2() - self.log;
        // One that takes a hundred times as long tells no more than one that takes twice as long.
        let change = if self.samples > 1 { change.clamp(-1.0, 1.0) } else { change };
        self.log += change / f64::from(self.samples);
    }
}

/// 0 for 1, 1 for 2, 2 for 3 and 4, 3 for 5 to 8, and so on.
const fn level_of(in_flight: usize) -> usize {
    in_flight.next_power_of_two().trailing_zeros() as usize
}

/// Up to a depth of 64, the protocol's window.
const LEVELS: usize = 7;

/// With one in flight, a caller who just missed it would wait for all the others' PUT and then have one to
/// himself, in turns with them.
const LEVEL_MIN: usize = 1;

/// How much longer a PUT may take for the sake of depth. What waits can share a PUT, so depth is not needed to get
/// it all done: it saves at most half of the waiting, and not at the price of slower PUTs.
const LONGER_MAX: f64 = 1.25;

/// How many PUTs tell how long they take; also the weight of the past.
const SAMPLES_MIN: u32 = 16;

/// After so many PUTs a level that did not pay is tried again; then after twice as many, and so on.
const HOLD_MIN: u32 = 64;
const HOLD_MAX: u32 = 2_048;

#[cfg(test)]
mod tests;
