//! Cursors against collection: who writes first and looks second sees the other (P-53, P-54, P-95 to P-99); and a
//! cursor over its leash is broken, and its consumer is told (P-160 to P-165).
//!
//! A log of some entries whose owner moves `replay_after`; collections that go request by request, each with
//! its own idea of `replay_after`, and whose deletions may be carried out at any later time; consumers that
//! open a cursor anywhere, move on, die at any request, which may then land at any later time, and come back;
//! and somebody who removes cursors by name. Listings come in two pages, between which everything goes on.

mod consumer;
mod marks;
mod pages;
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
    /// Where a takeover left a fence entry, with a window of three.
    pub fence: Option<u64>,
    /// How many collections there are.
    pub collections: u32,
    /// The consumers, each with the name of its cursor.
    pub consumers: &'static [u8],
    /// Where they may begin.
    pub starts: &'static [u64],
    /// How often consumers move on, in all.
    pub moves: u32,
    /// How many consumers die.
    pub deaths: u32,
    /// How often the cursor 0 is removed by name.
    pub removals: u32,
    /// How many entries a cursor may hold before a collection breaks it. It stands for any leash: what is over it
    /// may be broken at any time, whatever a clock says.
    pub leash: Option<u64>,
    /// The dangerous states that must be met.
    pub reach: &'static [Reached],
}

/// A dangerous state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A consumer came too late.
    Truncated,
    /// A collection published its boundary while a consumer had written its cursor and not looked yet.
    Crossed,
    /// A collection found less to delete because of a cursor.
    Held,
    /// A cursor was opened below the boundary.
    OpenedBelowBoundary,
    /// A cursor was opened that somebody else had made.
    Reopened,
    /// A cursor was given up while its consumer was making it.
    GivenUp,
    /// What a dead consumer had sent landed.
    LandedLate,
    /// A superseded boundary was deleted.
    BoundaryDeleted,
    /// A cursor stood inside a fence range when a collection planned.
    CursorInFenceRange,
    /// A collection marked a cursor whose consumer had been told that it holds.
    Broken,
    /// A consumer moved between the look and the mark.
    MovedUnderTheMark,
    /// A consumer that moved was told that its cursor is broken.
    ToldAtMove,
    /// One that opened it was told.
    ToldAtOpening,
    /// A cursor was made in place of one that was broken.
    Remade,
}

impl Reached {
    const ALL: [(Self, &'static str); 14] = [
        (Self::Truncated, "a consumer comes too late and is told"),
        (Self::Crossed, "a boundary is published between cursor and look"),
        (Self::Held, "a cursor holds a collection back"),
        (Self::OpenedBelowBoundary, "a cursor is opened below the boundary"),
        (Self::Reopened, "a cursor is opened that another consumer made"),
        (Self::GivenUp, "a cursor is given up while its consumer lives"),
        (Self::LandedLate, "a dead consumer's request lands"),
        (Self::BoundaryDeleted, "a superseded boundary is deleted"),
        (Self::CursorInFenceRange, "a collection meets a cursor inside a fence range"),
        (Self::Broken, "a cursor that holds is broken"),
        (Self::MovedUnderTheMark, "a consumer moves between the look and the mark"),
        (Self::ToldAtMove, "a consumer that moves is told that its cursor is broken"),
        (Self::ToldAtOpening, "a consumer that opens its cursor is told that it is broken"),
        (Self::Remade, "a cursor is made in place of a broken one"),
    ];
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

    fn note(&self, reached: Reached) {
        self.reached.note(reached as u32);
    }
}

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

    /// Two openers of one name may give each other up again and again. What the second round can do, the
    /// first could.
    fn within_boundary(&self, state: &State) -> bool {
        state.restarts() <= RESTARTS_MAX
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(Broken::DeletedAboveBound.promise(), |_, state: &State| {
                !state.broken().contains(&Broken::DeletedAboveBound)
            }),
            Property::always(Broken::HighestDeleted.promise(), |_, state: &State| {
                !state.broken().contains(&Broken::HighestDeleted)
            }),
            Property::always(Broken::BreakNotTold.promise(), |_, state: &State| {
                !state.broken().contains(&Broken::BreakNotTold)
            }),
            Property::always(Broken::BoundInsideFenceRange.promise(), |_, state: &State| {
                !state.broken().contains(&Broken::BoundInsideFenceRange)
            }),
        ];
        properties.extend(
            Reached::ALL.into_iter().filter(|(reached, _)| self.bounds.reach.contains(reached)).map(
                |(reached, text)| {
                    let met = MET[reached as usize];
                    Property::sometimes(text, met)
                },
            ),
        );
        properties
    }
}

/// How often an opener begins anew with a cursor of its own.
const RESTARTS_MAX: u128 = 1;

/// Properties are plain functions, so there is one for each mark.
const MET: [fn(&CursorModel, &State) -> bool; 14] = [
    |model, _| model.reached.has(0),
    |model, _| model.reached.has(1),
    |model, _| model.reached.has(2),
    |model, _| model.reached.has(3),
    |model, _| model.reached.has(4),
    |model, _| model.reached.has(5),
    |model, _| model.reached.has(6),
    |model, _| model.reached.has(7),
    |model, _| model.reached.has(8),
    |model, _| model.reached.has(9),
    |model, _| model.reached.has(10),
    |model, _| model.reached.has(11),
    |model, _| model.reached.has(12),
    |model, _| model.reached.has(13),
];

/// What CI searches.
#[must_use]
pub fn small() -> Vec<Bounds> {
    let base = Bounds {
        name: "cursors",
        entries: 4,
        fence: None,
        collections: 2,
        consumers: &[0],
        starts: &[0, 1, 2, 3],
        moves: 1,
        deaths: 0,
        removals: 0,
        leash: None,
        reach: &[Reached::Truncated, Reached::Crossed, Reached::Held],
    };
    vec![
        base.clone(),
        Bounds {
            name: "cursors/boundaries",
            entries: 3,
            collections: 3,
            starts: &[0],
            moves: 0,
            reach: &[Reached::Truncated, Reached::Crossed, Reached::BoundaryDeleted],
            ..base.clone()
        },
        Bounds {
            name: "cursors/openers",
            entries: 2,
            collections: 1,
            consumers: &[0, 0],
            starts: &[0, 1],
            moves: 0,
            reach: &[Reached::Reopened, Reached::GivenUp],
            ..base.clone()
        },
        Bounds {
            name: "cursors/fence_range",
            entries: 7,
            fence: Some(3),
            collections: 1,
            starts: &[2, 3, 4],
            moves: 1,
            reach: &[Reached::CursorInFenceRange, Reached::Held],
            ..base.clone()
        },
        Bounds {
            name: "cursors/leash",
            entries: 3,
            collections: 2,
            starts: &[0],
            moves: 1,
            leash: Some(1),
            reach: &[Reached::Broken, Reached::MovedUnderTheMark, Reached::ToldAtMove, Reached::Held],
            ..base.clone()
        },
        Bounds {
            name: "cursors/leash-anew",
            entries: 2,
            collections: 1,
            consumers: &[0, 0],
            starts: &[0],
            moves: 0,
            leash: Some(1),
            reach: &[Reached::Broken, Reached::Remade, Reached::Reopened, Reached::ToldAtOpening],
            ..base
        },
    ]
}

/// What is searched on demand.
#[must_use]
pub fn large() -> Vec<Bounds> {
    let base = small().swap_remove(0);
    vec![
        Bounds { name: "large/cursors", collections: 1, starts: &[0, 1], consumers: &[0, 1], ..base.clone() },
        Bounds {
            name: "large/cursors/one-name",
            entries: 2,
            collections: 1,
            consumers: &[0, 0],
            starts: &[0, 1],
            moves: 1,
            deaths: 1,
            removals: 1,
            reach: &[Reached::GivenUp, Reached::Reopened, Reached::LandedLate],
            ..base
        },
    ]
}
