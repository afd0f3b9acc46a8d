//! Lance's own writers next to the production collection: what it must keep for them, and what nobody can do
//! for them.
//!
//! The steps of a party are those that Lance 14.0.2 was seen to take: it claims; looks for the tail from the
//! object that `last_seen` names, or by listing; creates a sentinel there (not in epoch 1); in memtable mode
//! replays from the `replay_after` of its claim to the first absent position and appends there; in WAL-only
//! mode appends above its sentinel; a bare appender looks for the tail at its first append. Nobody looks at
//! the manifest again but to flush. Each request is a step, and a party may stall before any of them for
//! ever.
//!
//! * A claim or a flush is performed at one go: nobody prunes here, so a manifest is created only on top of
//!   the one that was read.
//! * An append that exists fences its writer only if the entry in its way has a higher epoch. Lance asks the
//!   manifest, which fences it in more cases; being fenced is one way of stalling.
//! * A writer of ours has its production machines; its claims and checkpoints are performed at one go, as
//!   Lance's are, and its client appends as soon as there is room.
//! * The collection, and its deletions at any later time, are those of the model [`log`](super::log). Guards
//!   can be left out: then what only they keep goes as well.

mod collect;
mod discover;
mod judge;
mod ours;
mod party;
mod possible;
mod state;
pub mod suite;

pub use collect::Guard;
pub use party::Kind;
pub use state::{Action, Broken, State};

use super::{Finding, Marks};
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// The parties, in the order in which they claim, each with the number of its appends and of its flushes
    /// or checkpoints.
    pub parties: &'static [(Kind, u8, u8)],
    /// How many collections there are.
    pub collections: u8,
    /// How often somebody who tails the shard moves `last_seen`, with a manifest version of the current epoch.
    pub tailings: u8,
    /// How often a reclaim takes SSTables out of the manifest. Here, where none is named, it only creates its version.
    pub drains: u8,
    /// How often a foreign hand moves `last_seen` back to an entry that is there, before any collection.
    pub hints: u8,
    /// The guards that are left out.
    pub without: &'static [Guard],
    /// A promise that is expected not to hold. Then a search that finds it kept fails.
    pub breaks: Option<Broken>,
    /// The dangerous things that must be met.
    pub reach: &'static [Reached],
}

macro_rules! reached {
    ($($name:ident = $text:literal,)*) => {
        /// A dangerous thing that happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reached {
            $(#[doc = $text] $name,)*
        }

        fn properties() -> Vec<(Reached, Property<LanceModel>)> {
            vec![$((
                Reached::$name,
                Property::sometimes($text, |model: &LanceModel, _: &State| model.has(Reached::$name)),
            ),)*]
        }
    };
}

reached! {
    WriterFenced = "a writer that stalled collides with an entry of a later epoch",
    OpenerFenced = "an opener's replay meets an entry of a later epoch",
    WokeAfterCollection = "a superseded writer appends after a collection deleted something",
    OpenedAfterCollection = "an opener replays after a collection deleted something above its replay_after",
    HeldForOpener = "a collection keeps what an unsettled claim may replay",
    SentinelBelowReplay = "a sentinel lands in collected space",
    OursFenced = "a writer of ours, or its opening, is fenced",
}

/// Searches it; with `states_max`, up to about as many steps.
#[must_use]
pub fn search(bounds: &Bounds, states_max: Option<usize>) -> Finding {
    match bounds.breaks {
        Some(broken) => {
            let (promise, what) = (broken.promise(), broken.as_found());
            super::search_for(bounds.name, LanceModel::new(bounds.clone()), promise, what)
        }
        None => super::search(bounds.name, LanceModel::new(bounds.clone()), states_max),
    }
}

/// The model.
#[derive(Debug)]
pub struct LanceModel {
    bounds: Bounds,
    reached: Marks,
}

impl LanceModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }

    fn note(&self, reached: Reached) {
        self.reached.note(reached as u32);
    }

    fn has(&self, reached: Reached) -> bool {
        self.reached.has(reached as u32)
    }
}

impl Model for LanceModel {
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
            Property::always(Broken::Lost.promise(), |_: &Self, state: &State| {
                !state.broken().contains(&Broken::Lost)
            }),
            Property::always(Broken::RefusedIsInLog.promise(), |_: &Self, state: &State| {
                !state.broken().contains(&Broken::RefusedIsInLog)
            }),
            Property::always(Broken::FalseDamage.promise(), |_: &Self, state: &State| {
                !state.broken().contains(&Broken::FalseDamage)
            }),
        ];
        let wanted = |(reached, property): (Reached, Property<Self>)| {
            self.bounds.reach.contains(&reached).then_some(property)
        };
        properties.extend(self::properties().into_iter().filter_map(wanted));
        properties
    }
}
