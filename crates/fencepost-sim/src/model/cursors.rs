//! Cursors against collection: who writes first and looks second sees the other (P-53, P-54).
//!
//! A log of some entries whose owner moves `R`; collections that go request by request, each with its own idea of `R`, and whose
//! deletions may be carried out at any later time; consumers that open a cursor anywhere, look at the boundary, and move
//! on. Listings of cursors come in two pages, between which cursors move.

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
    /// How many entries the log has.
    pub entries: u64,
    /// How many collections there are.
    pub collections: u32,
    /// How many consumers there are.
    pub consumers: usize,
    /// How often consumers move on, in all.
    pub moves: u32,
}

/// The model.
#[derive(Debug)]
pub struct CursorModel {
    bounds: Bounds,
    reached: Marks,
}

impl CursorModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }
}

/// A consumer came too late.
const TRUNCATED: u32 = 0;
/// A collection published its boundary while a consumer had written its cursor and not looked yet.
const CROSSED: u32 = 1;
/// A collection found less to delete because of a cursor.
const HELD: u32 = 2;

impl Model for CursorModel {
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
        vec![
            Property::always(Broken::DeletedAboveBound.promise(), |_, state: &State| {
                !state.broken().contains(&Broken::DeletedAboveBound)
            }),
            Property::always(Broken::HighestDeleted.promise(), |_, state: &State| {
                !state.broken().contains(&Broken::HighestDeleted)
            }),
            Property::sometimes("a consumer comes too late and is told", |model: &Self, _| {
                model.reached.has(TRUNCATED)
            }),
            Property::sometimes("a boundary is published between cursor and look", |model: &Self, _| {
                model.reached.has(CROSSED)
            }),
            Property::sometimes("a cursor holds a collection back", |model: &Self, _| {
                model.reached.has(HELD)
            }),
        ]
    }
}
