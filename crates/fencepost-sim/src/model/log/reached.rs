//! The dangerous states that a search must have met, lest it prove nothing.

use super::{Bounds, LogModel, State};
use crate::model::Marks;
use stateright::Property;

macro_rules! reached {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A dangerous thing that happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reached {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        fn all() -> Vec<(Reached, Property<LogModel>)> {
            vec![$((
                Reached::$name,
                Property::sometimes($text, |model: &LogModel, _: &State| model.coverage.has(Reached::$name)),
            ),)*]
        }
    };
}

reached! {
    LandedInCollectedSpace = "a late create lands in collected space",
    AckedAfterTakeover = "an append is acknowledged after a successor claimed",
    ZombieWokeAfterCollection = "a zombie meets a fence entry after a collection",
    OpenerFenced = "an opener is fenced",
    FillerCollided = "a filler collides",
    ReadBackAbsent = "a read-back finds absent",
    OwnEntryReadBack = "an append that exists turns out to be the writer's own",
    StaleInFenceRange = "a dead writer's append lands in its successor's fence range",
    CleanFence = "an epoch ends with a close and the next begins with a clean fence",
    DeletedInTheWay = "a collector deletes what a late create would collide with",
    AckedBelowReplay = "an append is acknowledged after a successor covered it",
    LossFound = "an opener finds that an entry is lost",
    FencedOff = "a collection finds what a loss fenced off",
    ReadAgainThere = "an absent position below a proof is occupied when it is read again",
    LossRuledOut = "an absent position below a proof turns out to be collected",
    ReaderTruncated = "a reader meets a collected position",
    ReaderConcludes = "a reader looks at the boundary, and goes on",
    ReaderConcludesBelowReplay = "a reader goes on below replay_after, where nothing was collected",
    ReaderCannotConclude = "a reader meets what may have landed late, and stops",
    PassedUnread = "a collection deletes what it has not read",
    LateFencePassedUnread = "a collection deletes a fence entry that landed late, and has not read it",
    ReaderIgnoresBelow = "a reader passes over what lies below its start and may have landed late",
}

/// What was met so far.
#[derive(Debug, Default)]
pub(super) struct Coverage(Marks);

impl Coverage {
    pub(super) fn note(&self, reached: Reached) {
        self.0.note(reached as u32);
    }

    fn has(&self, reached: Reached) -> bool {
        self.0.has(reached as u32)
    }

    /// Those that can be met within these bounds.
    pub(super) fn properties(&self, bounds: &Bounds) -> Vec<Property<LogModel>> {
        all()
            .into_iter()
            .filter(|(reached, _)| bounds.reach.contains(reached))
            .map(|(_, property)| property)
            .collect()
    }
}
