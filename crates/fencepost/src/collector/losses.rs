//! The look for lost entries that follows a collection.
// P-100.

use super::Collector;
use super::error::give_up;
use crate::drive::{Driver, Search, Searching};
use crate::shard::Io;
use fencepost_fence::{Gap, Tick};
use fencepost_gc::{CollectReply, CollectRequest, Collection, LossSearch, LossesFound};

/// What a collection says about entries above `replay_after` that should be there. Damage: see `docs/repair.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// What is lost, upward, each with what proves it.
    // P-90.
    pub lost: Vec<Gap>,
    /// Why nobody can tell whether anything is; `None` if it was found out.
    pub failed: Option<String>,
}

impl Collector {
    /// Looks for them, if the collection's listing had gaps.
    pub(super) async fn losses(&self, io: &Io, collection: &Collection) -> Losses {
        let facts = collection.facts().expect("a collection that is done has found a manifest");
        let search =
            LossSearch::new(self.params, io.environment.now(), collection.inventory(), facts, &self.policy);
        let Some(search) = search else { return Losses::default() };
        let mut driver = Driver::new(Searching::new(search), &io.environment);
        match driver.outcome(|request| self.perform(io, request)).await {
            Ok(lost) => Losses { lost, failed: None },
            Err(why) => {
                let failed = match driver.take_cause() {
                    Some(cause) => cause.to_string(),
                    None => give_up(io, why, None).to_string(),
                };
                Losses { lost: Vec::new(), failed: Some(failed) }
            }
        }
    }
}

impl Search for LossSearch {
    type Request = CollectRequest;
    type Reply = CollectReply;
    type Outcome = LossesFound;

    fn poll_request(&mut self) -> Option<CollectRequest> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: CollectReply) -> Option<LossesFound> {
        self.handle(now, reply)
    }
}
