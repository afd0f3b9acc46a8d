//! What a caller may choose about a collection.

use crate::{CollectParams, Mode, Policy};
use std::time::Duration;

/// How to collect.
///
/// ```
/// use fencepost_gc::exec::CollectOptions;
/// use fencepost_gc::{Mode, Policy};
///
/// let options = CollectOptions::new()
///     .with_policy(Policy::new().with_retain_entries(1_000))
///     .with_mode(Mode::PlanOnly);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct CollectOptions {
    policy: Policy,
    mode: Mode,
    params: CollectParams,
    jitter_seed: Option<u64>,
}

impl CollectOptions {
    /// The defaults, each explained at its setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is kept longer than safety asks for. Default: [`Policy::new`].
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether to delete or only to plan. Default: [`Mode::Delete`]. A dry run makes the same reads and no write.
    pub const fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// How long a step may go without an answer before it is given up. Default: 60 s.
    ///
    /// It stands in for the store's own retry budget. Shorter gives up sooner, which is harmless; longer keeps a pass waiting for a store
    /// that is gone.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.params.patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// How many entries are read at the same time. Default: 32, which hides most of the latency without crowding out a
    /// writer that shares the connection; at least 1. Each takes a few KiB of memory.
    pub const fn with_reads_in_flight(mut self, reads: usize) -> Self {
        self.params.reads_in_flight = if reads == 0 { 1 } else { reads };
        self
    }

    /// How many entries are deleted in one batch. Default: 1,000, as many as S3 takes in a request; at least 1.
    ///
    /// Smaller batches report progress more often and cost more requests on S3; larger ones gain nothing.
    pub const fn with_batch(mut self, objects: usize) -> Self {
        self.params.batch = if objects == 0 { 1 } else { objects };
        self
    }

    /// Makes the jitter between attempts reproducible. Default: random. For simulations only: collectors that share a seed try again in step.
    pub const fn with_jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = Some(seed);
        self
    }

    pub(super) const fn patience(&self) -> Duration {
        Duration::from_millis(self.params.patience)
    }

    pub(super) const fn jitter_seed(&self) -> Option<u64> {
        self.jitter_seed
    }

    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) const fn params(&self) -> CollectParams {
        self.params
    }
}
