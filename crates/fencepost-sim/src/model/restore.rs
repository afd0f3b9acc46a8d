//! A log that is made of a copy of another, while writers of that other are alive (P-150 to P-152).
//!
//! Commits and fences are single steps here; the models of manifests and of the log take them apart. What is left is
//! the order of things: a claim and its fence, the seal, the begin and the end of a copy, the look at the source,
//! and when the seal is lifted.

use super::Marks;
use crate::world::Broken;
use fencepost_fence::{Copied, Source, may_restore};
use fencepost_format::{Epoch, ShardStatus};
use stateright::{Model, Property};

/// How much happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A name for reports.
    pub name: &'static str,
    /// How many processes open the log, one after another.
    pub writers: u8,
    /// How many rows each appends.
    pub appends: u8,
    /// How often an operator seals.
    pub seals: u8,
    /// How often an operator lifts the seal.
    pub unseals: u8,
}

/// The model.
#[derive(Debug)]
pub struct RestoreModel {
    bounds: Bounds,
    reached: Marks,
}

impl RestoreModel {
    /// The model within these bounds.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, reached: Marks::new() }
    }
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it")]
pub enum Action {
    /// A writer, or who wants to seal, claims the next epoch.
    Claim { seals: bool },
    /// Who claimed last puts its fence entry and fillers.
    Fence { of: usize },
    /// A writer's append reaches the store: it collides above a later fence entry, or is acknowledged.
    Append { of: usize },
    /// Who wants to seal has fenced and closed, and commits the seal.
    Seal { of: usize },
    /// An operator lifts the seal.
    Unseal,
    /// An export begins: it reads the manifest.
    BeginCopy,
    /// It has read the entries to the tail.
    EndCopy,
    /// An import looks at the source and, if it may, makes the log.
    Restore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Party {
    epoch: Epoch,
    seals: bool,
    fenced: bool,
    appends: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Copy {
    of: Copied,
    /// How many rows it has, once it is whole.
    rows: Option<usize>,
}

/// The source, its writers, a copy of it, and what was made of that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    epoch: Epoch,
    status: ShardStatus,
    /// The highest epoch whose fence entry is in the log.
    fenced_by: Epoch,
    parties: Vec<Party>,
    /// The epoch of each acknowledged row.
    rows: Vec<Epoch>,
    copy: Option<Copy>,
    /// How many rows the restored log has, and the epoch that the source had when it was looked at.
    restored: Option<(usize, Epoch)>,
    writers: u8,
    seals: u8,
    unseals: u8,
}

/// A log was restored.
const RESTORED: u32 = 0;
/// A restore was refused.
const REFUSED: u32 = 1;
/// A writer from before was refused after the restore.
const COLLIDED: u32 = 2;

impl Model for RestoreModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let Bounds { writers, seals, unseals, .. } = self.bounds;
        vec![State {
            epoch: Epoch::NONE,
            status: ShardStatus::Active,
            fenced_by: Epoch::NONE,
            parties: Vec::new(),
            rows: Vec::new(),
            copy: None,
            restored: None,
            writers,
            seals,
            unseals,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let active = state.status.accepts_claims();
        if active && state.writers > 0 {
            actions.push(Action::Claim { seals: false });
        }
        if active && state.seals > 0 && !state.epoch.is_none() {
            actions.push(Action::Claim { seals: true });
        }
        for (of, party) in state.parties.iter().enumerate() {
            match party {
                // P-16, P-18: an opener that finds a later epoch does not open.
                Party { fenced: false, epoch, .. } if *epoch == state.epoch => {
                    actions.push(Action::Fence { of })
                }
                Party { fenced: true, seals: true, .. } if active => actions.push(Action::Seal { of }),
                Party { fenced: true, seals: false, appends: 1.., .. } => actions.push(Action::Append { of }),
                _ => {}
            }
        }
        if !active && state.unseals > 0 {
            actions.push(Action::Unseal);
        }
        match (&state.copy, state.restored) {
            (None, None) if !state.epoch.is_none() => actions.push(Action::BeginCopy),
            (Some(Copy { rows: None, .. }), _) => actions.push(Action::EndCopy),
            (Some(Copy { rows: Some(_), .. }), None) => actions.push(Action::Restore),
            _ => {}
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Claim { seals } => {
                let left = if seals { &mut state.seals } else { &mut state.writers };
                *left -= 1;
                state.epoch = state.epoch.next();
                let party = Party { epoch: state.epoch, seals, fenced: false, appends: self.bounds.appends };
                state.parties.push(party);
            }
            Action::Fence { of } => {
                state.parties[of].fenced = true;
                state.fenced_by = state.parties[of].epoch;
            }
            Action::Append { of } => {
                let Party { epoch, .. } = state.parties[of];
                if epoch < state.fenced_by {
                    state.parties[of].appends = 0;
                    if state.restored.is_some() {
                        self.reached.note(COLLIDED);
                    }
                } else {
                    state.parties[of].appends -= 1;
                    state.rows.push(epoch);
                }
            }
            Action::Seal { of } => {
                // P-150: only under its own epoch, and it appends nothing any more.
                state.parties[of].seals = false;
                state.parties[of].appends = 0;
                if state.parties[of].epoch == state.epoch {
                    state.status = ShardStatus::Sealed;
                }
            }
            Action::Unseal => {
                state.unseals -= 1;
                state.epoch = state.epoch.next();
                state.status = ShardStatus::Active;
            }
            Action::BeginCopy => {
                let of = Copied { epoch: state.epoch, sealed: !state.status.accepts_claims() };
                state.copy = Some(Copy { of, rows: None });
            }
            Action::EndCopy => {
                let rows = state.rows.len();
                state.copy = state.copy.map(|copy| Copy { rows: Some(rows), ..copy });
            }
            Action::Restore => {
                let copy = state.copy.take().expect("a copy is whole");
                let source = Source::There { epoch: state.epoch, status: state.status };
                if may_restore(copy.of, source).is_ok() {
                    self.reached.note(RESTORED);
                    state.restored = copy.rows.map(|rows| (rows, state.epoch));
                } else {
                    self.reached.note(REFUSED);
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(Broken::LostByRestore.promise(), |_: &Self, state: &State| state.is_whole()),
            Property::sometimes("a log is restored", |model: &Self, _| model.reached.has(RESTORED)),
            Property::sometimes("a restore is refused", |model: &Self, _| model.reached.has(REFUSED)),
            Property::sometimes("a writer from before is refused after a restore", |model: &Self, _| {
                model.reached.has(COLLIDED)
            }),
        ]
    }
}

impl State {
    /// Whether the restored log has every row that was acknowledged under the epochs that there were when the source
    /// was looked at. Later ones are of writers that an operator let in by lifting the seal.
    fn is_whole(&self) -> bool {
        self.restored.is_none_or(|(rows, seen)| !self.rows.iter().skip(rows).any(|epoch| *epoch <= seen))
    }
}
