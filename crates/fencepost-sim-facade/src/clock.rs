//! The clocks of parties: wrong by an offset, a rate and jumps, but never going back.

use fencepost::{Environment, Nonce, Tick};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// One party's clock.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    offset: u64,
    rate: u64,
    jumped: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn new(origin: Instant, (offset, rate): (u64, u64)) -> Self {
        Self { origin, offset, rate, jumped: Arc::default() }
    }

    pub(crate) fn jump(&self, by: Duration) {
        self.jumped.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// What a process with this clock works with. `id` must be of this process alone.
    pub(crate) fn environment(&self, id: u64) -> Environment {
        let (clock, nonces) = (self.clone(), AtomicU64::new(1));
        let now = move || {
            let millis = u64::try_from(clock.origin.elapsed().as_millis()).unwrap_or(u64::MAX >> 16);
            Tick(clock.offset + millis * clock.rate / 1_000 + clock.jumped.load(Ordering::Relaxed))
        };
        let nonce =
            move || Nonce(u128::from(id + 1) << 64 | u128::from(nonces.fetch_add(1, Ordering::Relaxed)));
        Environment::simulated(now, nonce, id)
    }
}
