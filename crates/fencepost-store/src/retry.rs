//! The policy of retries: how long to wait before another attempt, and when to give up.

use crate::error::{Failure, StoreError};
use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait before attempt number `attempt`, counted from 0, of a request that is given up after
/// `retry_timeout`.
///
/// There is no wait before the first attempt. Then it is 50 ms and doubles up to 5 s or an eighth of the
/// retry timeout, whichever is less, so that the end of the retry timeout is noticed soon. A random part of
/// at most the same length is added. With a `jitter_seed` that part is always the same. Use one only in
/// simulations: clients that share a seed retry in step.
pub fn pause_before(attempt: u32, retry_timeout: Duration, jitter_seed: Option<u64>) -> Duration {
    let Some(earlier) = attempt.checked_sub(1) else { return Duration::ZERO };
    let longest = (retry_timeout / 8).clamp(PAUSE_MIN, PAUSE_MAX);
    let pauses = ExponentialBuilder::new()
        .with_min_delay(PAUSE_MIN)
        .with_max_delay(longest)
        .without_max_times()
        .with_jitter();
    let pauses = match jitter_seed {
        Some(seed) => pauses.with_jitter_seed(seed.wrapping_add(u64::from(attempt))),
        None => pauses,
    };
    pauses.build().nth(earlier.min(PAUSES_GROWING) as usize).unwrap_or(longest)
}

/// Decides how long to go on after failures.
#[derive(Debug)]
pub(crate) struct RetryTimeout {
    started: Instant,
    budget: Duration,
    jitter_seed: Option<u64>,
    attempts: u32,
    unrecognised: u32,
}

impl RetryTimeout {
    pub(crate) fn new(budget: Duration, jitter_seed: Option<u64>) -> Self {
        Self { started: Instant::now(), budget, jitter_seed, attempts: 0, unrecognised: 0 }
    }

    /// How long to wait before another attempt; `None` to give up. No attempt begins after the end of the budget.
    pub(crate) fn pause_after(&mut self, error: &StoreError) -> Option<Duration> {
        self.attempts += 1;
        if error.failure() == Failure::Unrecognised {
            self.unrecognised += 1;
        }
        let left = self.budget.saturating_sub(self.started.elapsed());
        let goes_on = error.is_retryable() && self.unrecognised < UNRECOGNISED_MAX && !left.is_zero();
        goes_on.then(|| pause_before(self.attempts, self.budget, self.jitter_seed).min(left))
    }
}

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
const PAUSES_GROWING: u32 = 8;
const UNRECOGNISED_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Operation;

    fn error(failure: Failure) -> StoreError {
        StoreError::new(Operation::Get, "x", Duration::ZERO, failure)
    }

    #[test]
    fn pauses_grow_up_to_a_part_of_the_retry_timeout() {
        let minute = Duration::from_secs(60);
        assert_eq!(pause_before(0, minute, None), Duration::ZERO);
        for (attempt, least) in [(1, 50), (2, 100), (4, 400), (8, 5_000), (1_000, 5_000)] {
            let pause = pause_before(attempt, minute, None).as_millis();
            assert!((least..=2 * least).contains(&pause), "attempt {attempt}: {pause} ms");
        }
        for attempt in 1..50 {
            assert!(pause_before(attempt, Duration::from_secs(2), None) <= Duration::from_millis(500));
            assert!(pause_before(attempt, Duration::ZERO, None) <= Duration::from_millis(100));
        }
        assert_eq!(pause_before(5, minute, Some(7)), pause_before(5, minute, Some(7)));
        // Those who failed together do not try again together.
        assert_ne!(pause_before(5, minute, Some(7)), pause_before(5, minute, Some(70)));
    }

    /// A pause of seconds just before the end used to be slept through, and then one more attempt made.
    #[tokio::test(start_paused = true)]
    async fn no_attempt_begins_after_the_end() {
        let budget = Duration::from_secs(3);
        let (started, mut retry_timeout) = (Instant::now(), RetryTimeout::new(budget, None));
        let mut attempts = 1;
        while let Some(pause) = retry_timeout.pause_after(&error(Failure::Unreachable)) {
            tokio::time::sleep(pause).await;
            attempts += 1;
            assert!(started.elapsed() <= budget);
        }
        assert!(attempts > 5 && started.elapsed() == budget, "{attempts} in {:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_pass_is_not_repeated_and_the_unknown_a_few_times() {
        let attempts = |failure| {
            let mut retry_timeout = RetryTimeout::new(Duration::from_secs(60), None);
            1 + std::iter::from_fn(|| retry_timeout.pause_after(&error(failure))).count()
        };
        assert_eq!([Failure::Denied, Failure::Unrecognised].map(attempts), [1, 3]);
    }
}
