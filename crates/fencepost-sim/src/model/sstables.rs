//! Lance's flushes next to the production collection: a folder that is in the manifest, or that will be, is
//! never deleted.
//!
//! The steps of a party are those of Lance 14.0.2. It claims. To flush, it reads the latest manifest: fenced
//! by a later epoch, done if the generation was flushed meanwhile. Then it writes a folder of a new name,
//! which may fail and leave the folder; then it creates the next manifest version, which names the folder.
//! That create may be lost on its way, or its reply, or both for as long as one likes: Lance then tries the
//! whole flush again, with a new folder, and the first create may land all the same. A create that exists is
//! made again on top of the latest manifest, if that is not of a later epoch; Lance does not look again at
//! the generation there.
//!
//! A compactor takes SSTables out of the manifest, and prunes old versions, at any time. The collection is
//! clock-free unless the bounds say otherwise: nothing here has an age, so one that is not clock-free waits
//! for nothing. Its deletions happen at any later time.

mod collect;
mod shard;
mod state;

pub use state::{Action, State};

use super::{Finding, Marks};
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// How many flushes each party makes, in the order in which they claim.
    pub flushes: &'static [u8],
    /// How many folders there are at most.
    pub folders: u8,
    /// How often a flush fails before its commit.
    pub failures: u8,
    /// How many commits, or their replies, are lost.
    pub losses: u8,
    /// How often a compactor takes the oldest SSTable out of the manifest.
    pub compactions: u8,
    /// How often all versions but the latest are pruned.
    pub prunings: u8,
    /// How many collections there are.
    pub collections: u8,
    /// Whether they are clock-free.
    pub clock_free: bool,
    /// Whether an SSTable is expected to be lost. Then a search that finds no loss fails.
    pub loses: bool,
}

/// What CI searches.
#[must_use]
pub fn small() -> Vec<Bounds> {
    let clock_free = Bounds {
        name: "sstables/clock-free",
        flushes: &[1, 1, 0],
        folders: 4,
        failures: 1,
        losses: 1,
        compactions: 1,
        prunings: 0,
        collections: 1,
        clock_free: true,
        loses: false,
    };
    vec![
        clock_free.clone(),
        Bounds {
            name: "sstables/pruned",
            losses: 0,
            failures: 1,
            compactions: 2,
            prunings: 2,
            ..clock_free.clone()
        },
        Bounds { name: "sstables/no-age", clock_free: false, loses: true, ..clock_free },
    ]
}

const NAMED: &str = "what the latest manifest names is there";
const COMPACTED: &str = "what was ever in the latest manifest is not deleted";
const REMAINS: &str = "what a failed flush left is deleted";
const LATE: &str = "a late commit puts a second folder of a generation into the manifest";
const ZOMBIE: &str = "a commit is refused after what its flush wrote was deleted";

/// Searches it; with `states_max`, up to about as many steps.
#[must_use]
pub fn search(bounds: &Bounds, states_max: Option<usize>) -> Finding {
    if !bounds.loses {
        return super::search(bounds.name, SsTableModel::new(bounds.clone()), states_max);
    }
    let lost = "an SSTable that the manifest names is lost";
    super::search_for(bounds.name, SsTableModel::new(bounds.clone()), NAMED, lost)
}

/// The model.
#[derive(Debug)]
pub struct SsTableModel {
    bounds: Bounds,
    reached: Marks,
}

impl SsTableModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }
}

const DELETED: u32 = 0;
const LANDED_LATE: u32 = 1;
const REFUSED_ZOMBIE: u32 = 2;

impl Model for SsTableModel {
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
            Property::always(NAMED, |_: &Self, state: &State| state.named_are_there()),
            Property::always(COMPACTED, |_: &Self, state: &State| state.compacted_are_there()),
            Property::sometimes(REMAINS, |model: &Self, _: &State| model.reached.has(DELETED)),
        ];
        if self.bounds.losses > 0 {
            properties
                .push(Property::sometimes(LATE, |model: &Self, _: &State| model.reached.has(LANDED_LATE)));
            properties.push(Property::sometimes(ZOMBIE, |model: &Self, _: &State| {
                model.reached.has(REFUSED_ZOMBIE)
            }));
        }
        properties
    }
}
