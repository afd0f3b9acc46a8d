//! A collection against a store.
//!
//! [`collect`] drives one [`Collection`] to its end: it performs the requests, waits between attempts, and tells about the
//! progress. It spawns nothing; all work happens in the returned future.

mod error;
mod header;
mod listing;
mod losses;
mod options;
mod perform;
mod sstables;
mod staging;

pub use error::CollectError;
pub use losses::Losses;
pub use options::CollectOptions;
pub use staging::{Staging, count_staging};

use crate::{CollectEvent, Collection, Plan, Report};
use error::give_up;
use fencepost_fence::{GaveUp, Machine, Output, Tick};
use fencepost_format::ShardPaths;
use fencepost_store::{LogStore, RequestCounts};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use perform::perform;
use std::time::Duration;
use tokio::time::Instant;

/// What a collection did, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// What was deleted, what stays and what failed.
    pub report: Report,
    /// The verdict on each object.
    pub plan: Plan,
    /// What is lost above `R` (P-100). A collection that did its work may have met damage all the same.
    pub losses: Losses,
    /// What killed writers left in a local directory.
    pub staging: Staging,
    /// The requests made.
    pub requests: RequestCounts,
    /// How long it took.
    pub elapsed: Duration,
}

/// Collects one shard, or, in a dry run, finds out what would be collected.
///
/// `on_event` sees every [`CollectEvent`] as it happens; it should return at once. Objects that could not be deleted are not an error:
/// they are in the [report](Report::failed), and the next pass tries them again.
///
/// Safe to run at any time, next to writers, readers and other collectors, and on a shard that belongs to somebody else's
/// running writer. For its requests see [`Collection`]; repeated attempts come on top.
///
/// # Errors
/// [`CollectError`]. Nothing was deleted then, and collecting again is safe.
///
/// # Cancel safety
/// The future may be dropped at any await: what was deleted so far was right to delete, and the next pass goes on from
/// there. A deletion that was sent may still be carried out; so may the creation of a boundary document, which by itself deletes nothing.
///
/// # Panics
/// Outside of a tokio runtime with its clock enabled.
pub async fn collect(
    store: &LogStore,
    paths: &ShardPaths,
    options: &CollectOptions,
    mut on_event: impl FnMut(&CollectEvent),
) -> Result<Collected, CollectError> {
    let store = store.scoped().with_retry_budget(options.patience());
    let started = Instant::now();
    let now = || Tick(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    let mut collection = Collection::new(options.params(), now(), options.policy().clone(), options.mode());
    let mut running = FuturesUnordered::new();
    let mut plan = None;
    let mut fault = None;
    loop {
        let event = match collection.poll_output() {
            Output::Event(event) => event,
            Output::Request(request) => {
                running.push(perform(&store, paths, request, options));
                continue;
            }
            Output::Wait(_) => {
                let (reply, met) =
                    running.next().await.expect("a collection that goes on waits for an answer");
                fault = met.or(fault);
                collection.handle(now(), reply);
                continue;
            }
        };
        on_event(&event);
        match event {
            CollectEvent::Progress(_) => {}
            CollectEvent::Planned(planned) => plan = Some(planned),
            CollectEvent::Done(report) => {
                let plan = plan.expect("a collection plans before it is done");
                let min_age = options.policy().manifests_age();
                return Ok(Collected {
                    report,
                    plan,
                    losses: losses::look(&store, paths, options, &collection, now).await,
                    staging: staging::sweep(&store, paths, options.mode(), min_age).await,
                    requests: store.counts(),
                    elapsed: started.elapsed(),
                });
            }
            CollectEvent::NoLog => return Err(CollectError::NoLog { root: paths.root() }),
            CollectEvent::GaveUp(GaveUp::MissingManifest(version)) => {
                return Err(CollectError::ListedNotThere { object: paths.manifest(version) });
            }
            CollectEvent::GaveUp(why) => return Err(give_up(paths.root(), why, fault)),
        }
    }
}

#[cfg(test)]
mod tests;
