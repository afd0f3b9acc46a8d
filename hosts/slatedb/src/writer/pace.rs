//! How often an entry is put: so many on average, and more at once after a quiet time.

use std::time::Duration;
use tokio::time::Instant;

/// A bucket that fills with one entry each period. It is kept as the time at which it would be full.
pub(super) struct Pace {
    period: Duration,
    full: Instant,
}

impl Pace {
    /// Full at the beginning.
    pub(super) fn new(period: Duration) -> Self {
        Self { period, full: Instant::now() }
    }

    /// When the next entry may go.
    pub(super) fn due(&self) -> Instant {
        let burst = self.period * (BURST - 1);
        self.full.checked_sub(burst).unwrap_or(self.full)
    }

    /// An entry goes, whether it is due or not.
    pub(super) fn spend(&mut self, now: Instant) {
        self.full = self.full.max(now) + self.period;
    }
}

/// As many may go at once after a quiet time.
const BURST: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_then_one_each_period() {
        let mut pace = Pace::new(Duration::from_millis(10));
        let begun = Instant::now();
        let mut now = begun;
        for _ in 0..BURST {
            assert!(pace.due() <= now);
            pace.spend(now);
        }
        for n in 1..5 {
            assert!(pace.due() > now, "the {n}th after the burst waits");
            now = pace.due();
            pace.spend(now);
        }
        assert!(now.duration_since(begun) > Duration::from_millis(35), "{:?}", now.duration_since(begun));
        // A second of quiet fills it again, and an hour no more than that.
        now += Duration::from_secs(3_600);
        for _ in 0..BURST {
            assert!(pace.due() <= now);
            pace.spend(now);
        }
        assert!(pace.due() > now);
    }

    #[test]
    fn without_a_period_everything_is_due() {
        let mut pace = Pace::new(Duration::ZERO);
        let now = Instant::now();
        (0..1_000).for_each(|_| pace.spend(now));
        assert!(pace.due() <= now);
    }
}
