//! The look for lost entries that follows a collection (P-100).

use super::error::{Fault, give_up};
use super::options::CollectOptions;
use super::perform::perform;
use crate::{Collection, LossSearch};
use fencepost_fence::{Gap, GaveUp, Tick};
use fencepost_format::ShardPaths;
use fencepost_store::LogStore;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

/// What a collection says about entries above `R` that should be there. Damage: see `docs/repair.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// What is lost, upward, each with what proves it (P-90).
    pub lost: Vec<Gap>,
    /// Why nobody can tell whether anything is; `None` if it was found out.
    pub failed: Option<String>,
}

/// Looks for them, if the collection's listing had gaps.
pub(super) async fn look(
    store: &LogStore,
    paths: &ShardPaths,
    options: &CollectOptions,
    collection: &Collection,
    now: impl Fn() -> Tick,
) -> Losses {
    let facts = collection.facts().expect("a collection that is done has found a manifest");
    let search = LossSearch::new(options.params(), now(), collection.inventory(), facts, options.policy());
    let Some(mut search) = search else { return Losses::default() };
    let mut running = FuturesUnordered::new();
    let mut fault: Option<Fault> = None;
    loop {
        while let Some(request) = search.poll_request() {
            running.push(perform(store, paths, request, options));
        }
        let (reply, met) = running.next().await.expect("a search that goes on waits for an answer");
        fault = met.or(fault);
        match search.handle(now(), reply) {
            None => {}
            Some(Ok(lost)) => return Losses { lost, failed: None },
            Some(Err(why)) => return Losses { lost: Vec::new(), failed: Some(text(paths, why, fault)) },
        }
    }
}

fn text(paths: &ShardPaths, why: GaveUp, fault: Option<Fault>) -> String {
    match fault {
        Some(Fault::Store(error)) => error.to_string(),
        Some(Fault::Format(error)) => error.to_string(),
        None => give_up(paths.root(), why, None).to_string(),
    }
}
