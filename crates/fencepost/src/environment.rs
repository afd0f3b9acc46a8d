//! What the core is not allowed to have: a clock and randomness.

use fencepost_fence::Tick;
use fencepost_format::Nonce;
use std::fmt;
use std::sync::Arc;

/// The source of time and nonces. The default is right for programs; simulators bring their own.
#[derive(Clone)]
pub struct Environment {
    now: Arc<dyn Fn() -> Tick + Send + Sync>,
    nonce: Arc<dyn Fn() -> Nonce + Send + Sync>,
    jitter_seed: Option<u64>,
}

impl Environment {
    /// The system's clock, which counts suspended time too, and random nonces.
    #[must_use]
    pub fn system() -> Self {
        let nonce = || Nonce(uuid::Uuid::new_v4().as_u128());
        Self { now: Arc::new(boot_time), nonce: Arc::new(nonce), jitter_seed: None }
    }

    /// An environment for a simulator. `now` must never go back, and `nonce` must never repeat. The pauses
    /// between attempts take their jitter from `jitter_seed`.
    pub fn simulated(
        now: impl Fn() -> Tick + Send + Sync + 'static,
        nonce: impl Fn() -> Nonce + Send + Sync + 'static,
        jitter_seed: u64,
    ) -> Self {
        Self { now: Arc::new(now), nonce: Arc::new(nonce), jitter_seed: Some(jitter_seed) }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Tick {
        (self.now)()
    }

    pub(crate) const fn jitter_seed(&self) -> Option<u64> {
        self.jitter_seed
    }

    /// A fresh nonce.
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        (self.nonce)()
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// Milliseconds since boot, suspended time included.
// P-23.
#[cfg(target_os = "linux")]
fn boot_time() -> Tick {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (secs, nanos) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
    Tick(secs * 1_000 + nanos / 1_000_000)
}

/// Milliseconds since the first call. `Instant` counts suspended time on macOS and Windows.
#[cfg(not(target_os = "linux"))]
fn boot_time() -> Tick {
    static ORIGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let origin = ORIGIN.get_or_init(std::time::Instant::now);
    Tick(u64::try_from(origin.elapsed().as_millis()).unwrap_or(u64::MAX))
}
