//! The production reclaim and collection next to Lance's flushes, compactors and a table whose versions come and go:
//! no row that was flushed is missing from any version of the table that exists.
//!
//! Lance's writers claim and flush as in the model [`sstables`](super::sstables); a flush may commit and not hear of
//! it, and then it commits the same folder once more on top of whatever is the latest by then. Each writer has a reader
//! of its own that goes by the manifest which that writer last created. A compactor reads the SSTables that the manifest
//! names, and commits their rows to the table together with the marker, or fails if another marker came first,
//! or a restore; two of them run at the same time. A hand at the table cleans up old versions, restores one that is there, and publishes a
//! version without fragments, as Lance did before 11.0.0. A compactor that knows no markers appends the rows and takes
//! the SSTable out of the manifest by itself.
//!
//! A reclaim stops for ever after any of its requests. The collection's deletions happen at any later time. A reader
//! has any version of the table that exists, and any manifest: what it may miss without noticing is judged for the
//! latest manifest and every version.

mod collect;
mod reclaims;
mod state;
mod world;

pub use state::{Action, State};

use super::{Finding, Marks};
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// How many flushes each writer makes, in the order in which they claim.
    pub flushes: &'static [u8],
    /// How many flushes commit without hearing of it.
    pub unheard: u8,
    /// How many compactions there are.
    pub compactions: u8,
    /// How many compactors take an SSTable out of the manifest by themselves, and set no marker.
    pub unmarked: u8,
    /// How often old versions of the table are cleaned up.
    pub cleanups: u8,
    /// How often a version of the table is restored.
    pub restores: u8,
    /// How often a version without fragments is published.
    pub blanks: u8,
    /// How many reclaims there are.
    pub reclaims: u8,
    /// How many of them stop for ever.
    pub crashes: u8,
    /// How many collections there are. They are clock-free.
    pub collections: u8,
    /// Whether collections delete what others took out of the manifest.
    pub drained: bool,
}

/// What CI searches.
#[must_use]
pub fn small() -> Vec<Bounds> {
    let strict = Bounds {
        name: "reclaim/strict",
        flushes: &[1, 1],
        unheard: 0,
        compactions: 1,
        unmarked: 0,
        cleanups: 1,
        restores: 1,
        blanks: 0,
        reclaims: 1,
        crashes: 0,
        collections: 1,
        drained: false,
    };
    vec![
        Bounds {
            name: "reclaim/two-at-once",
            reclaims: 2,
            crashes: 1,
            restores: 0,
            collections: 0,
            ..strict.clone()
        },
        Bounds {
            name: "reclaim/unheard",
            unheard: 1,
            restores: 0,
            flushes: &[1, 0],
            reclaims: 2,
            ..strict.clone()
        },
        Bounds {
            name: "reclaim/without-fragments",
            blanks: 1,
            // With rows added to such a version, and the version itself cleaned up, nobody could know any more.
            compactions: 0,
            restores: 0,
            cleanups: 1,
            collections: 0,
            ..strict.clone()
        },
        Bounds {
            name: "reclaim/two-compactors",
            compactions: 2,
            restores: 1,
            collections: 0,
            ..strict.clone()
        },
        Bounds {
            name: "reclaim/drained-by-others",
            compactions: 0,
            unmarked: 1,
            restores: 0,
            cleanups: 0,
            reclaims: 0,
            drained: true,
            ..strict.clone()
        },
        strict,
    ]
}

const FLUSHED: &str =
    "what was flushed is in each version of the table, or in an SSTable that the manifest names";
const NAMED: &str = "what the latest manifest names is there";
const OWN_READER: &str = "what the holder last knew to be named is there";
const PLANNED: &str = "nothing is taken out of the manifest that no plan has";
const DRAINED: &str = "a reclaim takes an SSTable out of the manifest";
const DELETED: &str = "what was taken out of the manifest is deleted";
const AGAIN: &str = "a drain is lost to another commit, and made again";
const FINISHED: &str = "a reclaim is finished by another";

/// Searches it; with `states_max`, up to about as many steps.
#[must_use]
pub fn search(bounds: &Bounds, states_max: Option<usize>) -> Finding {
    super::search(bounds.name, ReclaimModel::new(bounds.clone()), states_max)
}

/// The model.
#[derive(Debug)]
pub struct ReclaimModel {
    bounds: Bounds,
    reached: Marks,
}

impl ReclaimModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }
}

const REACHED_DRAIN: u32 = 0;
const REACHED_DELETION: u32 = 1;
const REACHED_SECOND_TRY: u32 = 2;
const REACHED_FINISH: u32 = 3;

impl Model for ReclaimModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.bounds)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        state.actions(&self.bounds, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.act(self, action);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(NAMED, |_: &Self, state: &State| state.world.named_are_there()),
            Property::always(OWN_READER, |_: &Self, state: &State| state.holder_finds_all()),
            Property::always(PLANNED, |_: &Self, state: &State| state.world.drains_were_planned()),
        ];
        let Bounds { unmarked, compactions, crashes, collections, .. } = self.bounds;
        if unmarked == 0 {
            // Whoever takes it out without a marker answers for the rows.
            properties
                .push(Property::always(FLUSHED, |_: &Self, state: &State| state.world.nothing_is_missed()));
        }
        let mut sometimes = |wanted: bool, property| {
            if wanted {
                properties.push(property);
            }
        };
        sometimes(
            compactions > 0,
            Property::sometimes(DRAINED, |model: &Self, _: &State| model.reached.has(REACHED_DRAIN)),
        );
        sometimes(
            compactions > 0,
            Property::sometimes(AGAIN, |model: &Self, _: &State| model.reached.has(REACHED_SECOND_TRY)),
        );
        sometimes(
            crashes > 0,
            Property::sometimes(FINISHED, |model: &Self, _: &State| model.reached.has(REACHED_FINISH)),
        );
        sometimes(
            collections > 0,
            Property::sometimes(DELETED, |model: &Self, _: &State| model.reached.has(REACHED_DELETION)),
        );
        properties
    }
}
