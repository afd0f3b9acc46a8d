//! Collecting: deleting what is safe elsewhere, and keeping what must stay.

use crate::Wal;
use fencepost_format::Release;
use fencepost_gc::exec::{CollectError, CollectOptions, Collected, collect};
use fencepost_gc::{Claim, CollectEvent, Mode, Policy};
use fencepost_store::{Refusal, StoreError};

/// A collector of one log.
///
/// Run it whenever you like, by whom you like, at the same time as others: deleting is idempotent and monotone, and no collection lets a
/// stalled or fenced writer acknowledge an append that will not be replayed.
#[derive(Clone, Debug)]
#[must_use]
pub struct Collector {
    wal: Wal,
    policy: Policy,
}

impl Wal {
    /// A collector with the default policy: everything up to the checkpoint and the lowest cursor may go.
    pub fn collector(&self) -> Collector {
        Collector { wal: self.clone(), policy: Policy::new() }
    }

    /// Records, for ever, that the process behind one of Lance's claims is gone (P-59): collections no longer keep anything for it.
    /// `false` if that was recorded before. A plan has the [claims](fencepost_gc::Plan::claims). Costs one PUT.
    ///
    /// It is the caller's word. If the process opens after all and writes, its rows may be lost.
    ///
    /// # Errors
    /// The store's. The record may have been made all the same; making it again is harmless.
    pub async fn release_claim(&self, claim: &Claim) -> Result<bool, StoreError> {
        let Claim { epoch, version, replay_after, .. } = *claim;
        let record = Release { epoch, version, replay_after };
        let path = self.io.paths.release(epoch);
        match self.io.store.put_new(path, record.encode().into()).await {
            Ok(_) => Ok(true),
            Err(refused) => match refused.why {
                Refusal::Exists => Ok(false),
                Refusal::NotDone { source, .. } | Refusal::Unknown { source } => Err(source),
            },
        }
    }
}

impl Collector {
    /// What is kept longer than safety asks for.
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Finds out what would be deleted, and why everything else stays. Writes nothing.
    ///
    /// # Errors
    /// [`CollectError`].
    pub async fn plan(&self) -> Result<Collected, CollectError> {
        self.go(Mode::PlanOnly, |_| ()).await
    }

    /// Collects.
    ///
    /// # Errors
    /// [`CollectError`]: nothing was deleted. Objects that could not be deleted are in the report instead.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: what was deleted was right to delete.
    pub async fn run(&self) -> Result<Collected, CollectError> {
        self.run_with(|_| ()).await
    }

    /// As [`run`](Self::run), telling how far it is.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_with(&self, on_event: impl FnMut(&CollectEvent)) -> Result<Collected, CollectError> {
        self.go(Mode::Delete, on_event).await
    }

    /// As [`plan`](Self::plan), telling how far it is.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub async fn plan_with(&self, on_event: impl FnMut(&CollectEvent)) -> Result<Collected, CollectError> {
        self.go(Mode::PlanOnly, on_event).await
    }

    async fn go(&self, mode: Mode, on_event: impl FnMut(&CollectEvent)) -> Result<Collected, CollectError> {
        let mut options = CollectOptions::new().with_policy(self.policy.clone()).with_mode(mode);
        options = options.with_patience(self.wal.io.patience());
        if let Some(seed) = self.wal.io.environment.jitter_seed() {
            options = options.with_jitter_seed(seed);
        }
        collect(&self.wal.io.store, &self.wal.io.paths, &options, on_event).await
    }
}
