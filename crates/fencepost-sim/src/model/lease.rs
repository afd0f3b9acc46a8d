//! Leases: a holder and candidates whose clocks run at any rate (P-11, P-60 to P-63).
//!
//! A clock goes on by one whenever the search likes, so that every ratio of rates, and every stall, is met.
//! Reads of leases are answered late, and lease writes land late.

mod state;

pub use state::{Action, State};

use super::Marks;
use crate::world::Broken;
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// How many candidates there are beside the holder.
    pub candidates: usize,
    /// Where each clock ends.
    pub ticks: u64,
    /// The ttl of every lease, in ticks.
    pub ttl: u64,
}

/// The model.
#[derive(Debug)]
pub struct LeaseModel {
    bounds: Bounds,
    reached: Marks,
}

impl LeaseModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }
}

/// A candidate took over after the lease stood still.
const TOOK_OVER: u32 = 0;
/// A candidate came too late and watches the next epoch.
const CAME_LATE: u32 = 1;
/// A holder that still renewed was superseded.
const LIVE_SUPERSEDED: u32 = 2;

impl Model for LeaseModel {
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
        macro_rules! promises {
            ($($name:ident),*) => {
                vec![$(Property::always(Broken::$name.promise(), |_: &Self, state: &State| {
                    !state.broken().contains(&Broken::$name)
                })),*]
            };
        }
        let mut properties = promises![EpochOutOfOrder, ClaimOfOther, ClaimTooEarly];
        properties.extend([
            Property::sometimes("a candidate takes over", |model: &Self, _| model.reached.has(TOOK_OVER)),
            Property::sometimes("a candidate comes too late", |model: &Self, _| model.reached.has(CAME_LATE)),
            Property::sometimes("a holder that still renews is superseded", |model: &Self, _| {
                model.reached.has(LIVE_SUPERSEDED)
            }),
        ]);
        properties
    }
}
