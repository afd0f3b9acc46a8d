//! Collecting: deletes what is safe elsewhere, and keeps what must stay.

mod error;
mod losses;
mod pace;
mod receipts;

pub use error::CollectError;
pub use losses::Losses;
pub use pace::RequestBudget;
pub use receipts::{Receipt, ReceiptLeft, ReceiptListed, Receipts};

use crate::drive::Driver;
use crate::shard::{Io, Performed};
use crate::telemetry::{self, Stopwatch};
use crate::{Staging, Wal};
use error::{give_up, no_manifest};
use fencepost_format::Forgotten;
use fencepost_gc::{
    Claim, CollectEvent, CollectParams, CollectReply, CollectRequest, Collection, Mode, Plan, Policy, Report,
};
use fencepost_store::{Refusal, RequestCounts, StoreError};
use std::time::Duration;
use tokio::time::Instant;

/// A collector of one log.
///
/// Anybody may run it at any time, also at the same time as others: deleting is idempotent and monotone, and
/// no collection lets a stalled or fenced writer acknowledge an append that will not be replayed.
///
/// Objects that could not be deleted are not an error: they are in the [report](Report::failed), and the next
/// pass tries again. It spawns nothing; all work happens in the returned futures. [`Collection`] says which
/// requests it makes; repeated attempts come on top.
#[derive(Clone, Debug)]
#[must_use]
pub struct Collector {
    io: Io,
    policy: Policy,
    params: CollectParams,
    budget: Option<RequestBudget>,
    receipts: Receipts,
}

/// What a collection did, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// What was deleted, what stays and what failed.
    pub report: Report,
    /// The verdict on each object.
    pub plan: Plan,
    /// What is lost above `replay_after`. A collection that did its work may have met damage all the same.
    // P-100.
    pub losses: Losses,
    /// What killed writers left in a local directory.
    pub staging: Staging,
    /// The receipt that it left.
    // P-140.
    pub receipt: ReceiptLeft,
    /// The requests made, those for the receipt's second part apart.
    pub requests: RequestCounts,
    /// How long it took.
    pub elapsed: Duration,
}

impl Wal {
    /// A collector with the default policy: everything up to the checkpoint and the lowest cursor may be deleted.
    pub fn collector(&self) -> Collector {
        let params =
            CollectParams { retry_timeout: self.io.params.retry_timeout, ..CollectParams::default() };
        Collector {
            io: self.io.clone(),
            policy: Policy::new(),
            params,
            budget: None,
            receipts: Receipts::default(),
        }
    }

    /// Records, for ever, that the process behind a claim by Lance is gone: collections no longer keep
    /// anything for it.
    ///
    /// Returns `false` if that was recorded before. A plan has the [claims](fencepost_gc::Plan::claims).
    /// Costs one PUT.
    ///
    /// The caller must be sure. If the process opens after all and writes, its rows may be lost.
    ///
    /// # Errors
    /// The store's error. The record may exist all the same; calling again is harmless.
    // P-59.
    pub async fn forget_claim(&self, claim: &Claim) -> Result<bool, StoreError> {
        let Claim { epoch, version, replay_after, .. } = *claim;
        match self.io.put_forget(&Forgotten { epoch, version, replay_after }).await {
            Ok(_) => Ok(true),
            Err(refused) => match refused.why {
                Refusal::Exists => Ok(false),
                Refusal::NotDone { source, .. } | Refusal::Unknown { source } => Err(source),
            },
        }
    }
}

impl Collector {
    /// Sets what is kept longer than safety requires.
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets how many requests a second it makes at most. Default: no limit but what is in flight, 32 reads or 8 bulk
    /// deletions. Collectors that are given clones of one budget share it. Lower: others on the same store feel less of a
    /// large collection, and it takes longer.
    pub fn with_request_budget(mut self, budget: RequestBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Finds out what a collection would delete, and why everything else stays. Writes nothing.
    ///
    /// # Errors
    /// [`CollectError`].
    pub async fn plan(&self) -> Result<Collected, CollectError> {
        self.plan_with(|_| ()).await
    }

    /// Collects.
    ///
    /// # Errors
    /// [`CollectError`]: nothing was deleted. Objects that could not be deleted are in the report instead.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await: everything deleted so far was right to delete, and the next
    /// pass continues from there. A deletion that was sent may still be carried out; so may the creation of a
    /// boundary document, which by itself deletes nothing.
    pub async fn run(&self) -> Result<Collected, CollectError> {
        self.run_with(|_| ()).await
    }

    /// As [`run`](Self::run), and reports its progress. `on_event` sees every event as it happens; it should
    /// return at once.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_with(&self, on_event: impl FnMut(&CollectEvent)) -> Result<Collected, CollectError> {
        self.go(Mode::Delete, on_event).await
    }

    /// As [`plan`](Self::plan), and reports its progress.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub async fn plan_with(&self, on_event: impl FnMut(&CollectEvent)) -> Result<Collected, CollectError> {
        self.go(Mode::PlanOnly, on_event).await
    }

    #[tracing::instrument(name = "collect", level = "info", skip_all, fields(shard = %self.io.paths.shard(), ?mode))]
    async fn go(&self, mode: Mode, on_event: impl FnMut(&CollectEvent)) -> Result<Collected, CollectError> {
        let begun = Stopwatch::start();
        let result = self.collect(mode, on_event).await;
        telemetry::collection_ended(self.io.paths.shard(), mode, begun, &result);
        result
    }

    async fn collect(
        &self,
        mode: Mode,
        mut on_event: impl FnMut(&CollectEvent),
    ) -> Result<Collected, CollectError> {
        let io = self.io.scoped();
        let (started, now) = (Instant::now(), io.environment.now());
        let collection = Collection::new(self.params, now, self.policy.clone(), mode);
        let mut driver = Driver::new(collection, &io.environment);
        let (mut plan, mut leaving) = (None, None);
        loop {
            let event = driver.outcome(|request| self.perform(&io, request)).await;
            on_event(&event);
            match event {
                CollectEvent::Progress(_) => {}
                CollectEvent::Planned(planned) => {
                    // P-140: nothing of it is asked for before the next event.
                    if mode == Mode::Delete {
                        leaving = self.leave_plan(&io, &driver.machine, &planned).await;
                    }
                    plan = Some(planned);
                }
                CollectEvent::Done(report) => {
                    let plan = plan.expect("a collection plans before it is done");
                    let mut collected = Collected {
                        report,
                        plan,
                        losses: self.losses(&io, &driver.machine).await,
                        staging: self.staging(&io, mode).await,
                        receipt: ReceiptLeft::default(),
                        requests: io.store.counts(),
                        elapsed: started.elapsed(),
                    };
                    collected.receipt = self.leave_end(&io, leaving, &collected).await;
                    let facts =
                        driver.machine.facts().expect("a collection that is done has found a manifest");
                    telemetry::collected(io.paths.shard(), mode, facts.replay_after, &collected);
                    return Ok(collected);
                }
                CollectEvent::NoLog => return Err(no_manifest(&io).await),
                CollectEvent::GaveUp(why) => return Err(give_up(&io, why, driver.take_cause())),
            }
        }
    }

    /// Performs a request once the budget allows it.
    fn perform(
        &self,
        io: &Io,
        request: CollectRequest,
    ) -> impl Future<Output = Performed<CollectReply>> + Send + use<> {
        let (io, budget) = (io.clone(), self.budget.clone());
        async move {
            if let Some(budget) = budget {
                budget.take(pace::cost(&io, &request)).await;
            }
            io.perform_collect(request).await
        }
    }

    async fn staging(&self, io: &Io, mode: Mode) -> Staging {
        match mode {
            Mode::PlanOnly => io.count_staging().await,
            Mode::Delete => io.sweep_staging(self.policy.manifests_age()).await,
        }
    }
}

#[cfg(test)]
mod tests;
