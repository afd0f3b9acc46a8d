//! The chain of manifests: claims and checkpoints by several committers, under pruning of all but the latest.
//!
//! Every request of a commit is a step of its own. A create may land late, after its sender gave up or died,
//! or twice, and its reply may be lost. Pruning deletes the lowest version at any moment, as long as as many
//! stay as the bounds say: with one, a stalled committer finds the version that it wants to create free
//! again, in pruned space.

mod state;

pub use state::{Action, State};

use super::Marks;
use crate::world::Broken;
use fencepost_fence::Tick;
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// For each claimant, how many checkpoints it makes once it holds an epoch.
    pub checkpoints: &'static [u32],
    /// How many of the newest versions pruning leaves; 0 for no pruning.
    pub keep: usize,
    /// Replies to creates that are lost.
    pub losses: u8,
    /// Creates that land twice.
    pub duplicates: u8,
    /// Commits that give up.
    pub give_ups: u8,
    /// Listings that miss the newest version.
    pub lags: u8,
    /// Searches for the latest manifest by somebody who does not commit.
    pub searches: u8,
    /// Looks at a manifest that is known, by an opener.
    pub looks: u8,
    /// How often the bucket is put back while nobody commits.
    pub restores: u8,
    /// Whether requests that are out together are performed in any order; otherwise in that in which they were put.
    // P-110.
    pub any_order: bool,
    /// Whether a claim is only for the epoch of the moment when it began.
    pub watched: bool,
    /// Whether a holder, perhaps a former one, seals the shard at some time, and an operator unseals it later.
    pub seals: bool,
}

/// The model.
#[derive(Debug)]
pub struct ManifestModel {
    bounds: Bounds,
    reached: Marks,
}

impl ManifestModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }
}

const NOW: Tick = Tick(0);
const LATE: Tick = Tick(u64::MAX);

/// A create landed below the latest version.
const LANDED_IN_PRUNED_SPACE: u32 = 0;
/// A commit was superseded.
const SUPERSEDED: u32 = 1;
/// A commit learnt of its win from its own object.
const FOUND_OWN: u32 = 2;
/// A holder noticed that the bucket was put back.
const ROLLED_BACK: u32 = 3;
/// The shard was sealed.
const SEALED: u32 = 4;
/// Somebody committed after it was to be unsealed.
const UNSEALED: u32 = 5;

impl Model for ManifestModel {
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
        let mut properties = Vec::new();
        macro_rules! promises {
            ($($name:ident),* $(,)?) => {
                $(properties.push(Property::always(Broken::$name.promise(), |_: &Self, state: &State| {
                    !state.broken().contains(&Broken::$name)
                }));)*
            };
        }
        promises![
            EpochOutOfOrder,
            ReplayMovedByOther,
            ReplayWentBack,
            WonOffChain,
            SealedClaimed,
            StaleSearch,
            FalseRollback,
        ];
        if self.bounds.keep == 0 || self.bounds.losses == 0 {
            // SUBTLE: not under both pruning and losses. A claimant whose reply was lost may read back only
            // after its win was superseded and pruned and a late create of another's landed on its place. It
            // takes its win for a version lost, and claims once more, which is impolite and safe.
            promises![CommitAfterWin];
        }
        if self.bounds.keep > 0 {
            properties.push(Property::sometimes("a create lands in pruned space", |model: &Self, _| {
                model.reached.has(LANDED_IN_PRUNED_SPACE)
            }));
        }
        properties.push(Property::sometimes("a commit is superseded", |model: &Self, _| {
            model.reached.has(SUPERSEDED)
        }));
        if self.bounds.restores > 0 {
            properties.push(Property::sometimes("a rollback is noticed", |model: &Self, _| {
                model.reached.has(ROLLED_BACK)
            }));
        }
        if self.bounds.seals {
            properties.push(Property::sometimes("the shard is sealed", |model: &Self, _| {
                model.reached.has(SEALED)
            }));
            properties.push(Property::sometimes(
                "a commit is won after the shard was unsealed",
                |model: &Self, _| model.reached.has(UNSEALED),
            ));
        }
        if self.bounds.losses > 0 {
            properties
                .push(Property::sometimes("a lost reply is made good by a read-back", |model: &Self, _| {
                    model.reached.has(FOUND_OWN)
                }));
        }
        properties
    }
}
