//! The look for lost entries that follows a collection (P-100).

use super::Collector;
use super::error::give_up;
use crate::shard::{Io, Performed};
use fencepost_fence::Gap;
use fencepost_gc::{Collection, LossSearch};
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

impl Collector {
    /// Looks for them, if the collection's listing had gaps.
    pub(super) async fn losses(&self, io: &Io, collection: &Collection) -> Losses {
        let now = || io.environment.now();
        let facts = collection.facts().expect("a collection that is done has found a manifest");
        let search = LossSearch::new(self.params, now(), collection.inventory(), facts, &self.policy);
        let Some(mut search) = search else { return Losses::default() };
        let mut running = FuturesUnordered::new();
        let mut cause = None;
        loop {
            while let Some(request) = search.poll_request() {
                running.push(io.perform_collect(request));
            }
            let Performed { reply, cause: met, .. } =
                running.next().await.expect("a search that goes on waits for an answer");
            cause = met.or(cause);
            match search.handle(now(), reply) {
                None => {}
                Some(Ok(lost)) => return Losses { lost, failed: None },
                Some(Err(why)) => {
                    let failed = match cause {
                        Some(cause) => cause.to_string(),
                        None => give_up(io, why, None).to_string(),
                    };
                    return Losses { lost: Vec::new(), failed: Some(failed) };
                }
            }
        }
    }
}
