//! The log: writers that open, append, checkpoint, close, crash and stall, collectors, and a reader.
//!
//! The create of an entry is put in flight and lands at any later time, also after its sender died or gave
//! up, perhaps twice; its reply may be lost. What makes the search small enough to be exhaustive:
//!
//! * A read is answered with the store's state at the moment when it is performed. A party whose answer is
//!   late behaves like one that stalls after the answer.
//! * Commits are performed at one go, but for the creates of claims where the bounds say so (P-114). Nobody prunes
//!   here, so a create lands only on top of the manifest that its search found: the search might as well have been
//!   made when it landed. A committer that is told of
//!   its win although it was superseded at once goes on for longer than one that is told the truth. (The
//!   model [`manifest`](super::manifest) takes commits apart.)
//! * A collection stalls between the manifest and the listings. After that, each of its deletions may be
//!   carried out at any later time, any number of times, which is what any number of stale collectors could
//!   do; and it is carried out just before somebody touches the position, since nobody could tell the
//!   difference.
//! * A look above the tail is performed at one moment: a verdict rests on one entry that it sees, and what it
//!   sees later is more.
//! * Writers append as soon as there is room: an append that is made later is one that lands later.

mod action;
mod collect;
mod possible;
mod reached;
mod state;
mod step;
pub mod suite;

pub use action::Action;
pub use reached::Reached;
pub use state::State;

use crate::world::Broken;
use fencepost_fence::{Params, Pipelining, Tick, Window};
use reached::Coverage;
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// `W`.
    pub window: u64,
    /// For each writer, in the order in which they start to open, how many appends it makes.
    pub appends: &'static [u32],
    /// For each writer, how many checkpoints it makes.
    pub checkpoints: &'static [u32],
    /// How many writers open before anything else happens, one after the other and without a stall.
    pub opened: usize,
    /// Whether the create of a claim stalls, and its opener reads meanwhile.
    pub claims_stall: bool,
    /// Whether writers close.
    pub closes: bool,
    /// No entry is created above this position: runs that would are cut off there.
    pub positions: u64,
    /// How many collections there are.
    pub collections: u32,
    /// Whether an opener's replay goes in strides: it stalls before the first entry, before each that is
    /// condemned and at the tail, but not in between.
    pub strides: bool,
    /// Who reads.
    pub reading: Reading,
    /// Whether openers leave records, each of which lands at any time, or never.
    pub records: bool,
    /// Faults.
    pub faults: Faults,
    /// What a search within these bounds must meet.
    pub reach: &'static [Reached],
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Nobody.
    Nobody,
    /// A reader that begins at `replay_after`.
    Checkpoint,
    /// A reader that begins anywhere.
    Anywhere,
    /// A reader that begins at `replay_after` and at some time leaves a cursor where it is. From then on it
    /// comes back again and again, and reads from there.
    Consumer,
}

/// How often each fault happens at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A writer crashes.
    pub crashes: u8,
    /// A create lands twice.
    pub duplicates: u8,
    /// The reply to a create is lost, whether it landed or will.
    pub losses: u8,
    /// A create is told "exists" without having been tried.
    pub conflicts: u8,
    /// A writer gives up what has no answer.
    pub give_ups: u8,
    /// A foreign program writes an entry at the tail.
    pub strangers: u8,
    /// An entry of Lance's appears whose generation was flushed before: at the tail, where `replay_after`
    /// trails the flush (P-44), or late, in collected space. The latter takes an opener that slept for longer
    /// than its claim counts (P-58).
    pub flushed: u8,
    /// A record is there that is older than the bucket's restore: it has an epoch of today, and the fence entry
    /// of another.
    pub old_records: u8,
    /// An entry above `replay_after` is lost, and another proves that it was there. Then the promises about
    /// what is in the log are void; that nobody passes over the gap in silence is not.
    pub lost_entries: u8,
    /// Whether a data entry, and nothing else, may also be lost after an opener looked for losses, so that its
    /// fence entry takes the place. Then nobody passed over anything.
    pub lost_unseen: bool,
    /// A listing shows the reader no boundary although one before it did.
    pub lags: u8,
}

/// The model.
#[derive(Debug)]
pub struct LogModel {
    bounds: Bounds,
    params: Params,
    coverage: Coverage,
}

impl LogModel {
    /// The model within these bounds.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let window = Window::for_models(bounds.window);
        let params = Params {
            window,
            pipelining: Pipelining::UnlessLance,
            in_table: false,
            read_ahead: 1,
            retry_timeout: u64::MAX / 2,
        };
        Self { bounds, params, coverage: Coverage::default() }
    }
}

/// Time stands still; deadlines pass when the model says so.
const NOW: Tick = Tick(0);

impl Model for LogModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        state.actions(self, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.act(self, &action);
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.is_within(self.bounds.positions)
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
            AckedLost,
            AppliedTwice,
            PrefixTorn,
            ViewsDiffer,
            RefusedIsInLog,
            TailTooLow,
            ReaderPassedHole,
            FalseTruncation,
            HeldTruncated,
            DeletedAboveBound,
            GuardingFenceDeleted,
            HighestDeleted,
            ReplayInsideFenceRange,
            ReplayWentBack,
            ReplayAboveTail,
            ReplayMovedByOther,
            EpochOutOfOrder,
            WindowExceeded,
            ClosedUnsettled,
            EpochWithoutFence,
            WriterObstructed,
            FalseDamage,
            LossPassed,
            FencedOffDeleted,
            FalseRollback,
        ];
        properties.extend(self.coverage.properties(&self.bounds));
        properties
    }
}
