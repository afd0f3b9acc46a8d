//! Repair: gives up entries that are lost, damaged or unreadable, durably and for everybody.
// P-93, P-94.

mod perform;

pub use perform::{RepairError, Repaired};

use crate::verify::Survey;
use crate::{Epoch, Position, Problem, ProblemKind, Verification};
use fencepost_fence::{Ailment, tombstone_epoch};
use snafu::Snafu;

/// An entry or a gap that an operator is ready to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever repairs a log must say what each gives up")]
pub enum GiveUp {
    /// Lost entries at these positions.
    Gap {
        /// The first of them.
        first: Position,
        /// The last of them.
        last: Position,
    },
    /// The damaged entry at this position.
    Damaged(Position),
    /// The entry at this position, which could not be read. It may be sound; its bytes are lost afterwards.
    Unreadable(Position),
}

/// What a repair will do: one tombstone for each entry that is given up. See [`Verification::plan_repair`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RepairPlan {
    steps: Vec<RepairStep>,
    given_up_before: Vec<Position>,
}

/// One entry that is to be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairStep {
    /// Where it is, or was.
    pub position: Position,
    /// What is wrong with it.
    pub ailment: Ailment,
    /// The epoch of the tombstone.
    pub epoch: Epoch,
}

/// Why something cannot be given up. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
#[non_exhaustive]
pub enum PlanError {
    /// Nothing is wrong at that position, or something else is.
    #[snafu(display("position {position}: {}", found.as_ref().map_or(NOTHING, |what| what.as_str())))]
    NotThat {
        /// The position.
        position: Position,
        /// What is wrong there; `None` for nothing.
        found: Option<String>,
    },
    /// There are too many positions to repair one by one.
    #[snafu(display(
        "{positions} positions are more than the {limit} that one repair takes; this is not a gap, the log was overwritten"
    ))]
    TooMany {
        /// How many were asked for.
        positions: u64,
        /// The limit.
        limit: u64,
    },
}

impl RepairPlan {
    /// The entries that will be given up, upward.
    #[must_use]
    pub fn steps(&self) -> &[RepairStep] {
        &self.steps
    }

    /// The requested positions that were given up before, upward. Nothing is left to do for them.
    #[must_use]
    pub fn given_up_before(&self) -> &[Position] {
        &self.given_up_before
    }
}

impl Verification {
    /// Everything that could be given up, upward. A person should decide whether to: a copy or an older
    /// version of the object may exist.
    #[must_use]
    pub fn ailing(&self) -> Vec<GiveUp> {
        let mut ailing: Vec<_> = self.problems.iter().filter_map(give_up).collect();
        ailing.sort_by_key(|choice| choice.first());
        ailing
    }

    /// Plans to give up exactly `choices`, each of which must be what this verification found, or was given
    /// up before.
    ///
    /// # Errors
    /// [`PlanError`]: one of them is not.
    pub fn plan_repair(&self, choices: &[GiveUp]) -> Result<RepairPlan, PlanError> {
        let ailing = self.ailing();
        let (mut steps, mut given_up_before) = (Vec::new(), Vec::new());
        let positions = choices.iter().fold(0_u64, |sum, choice| sum.saturating_add(choice.positions()));
        if positions > POSITIONS_MAX {
            return Err(PlanError::TooMany { positions, limit: POSITIONS_MAX });
        }
        for choice in choices {
            let mut position = choice.first();
            while position <= choice.last() {
                if self.given_up.contains(&position) {
                    given_up_before.push(position);
                } else {
                    steps.push(self.step(&ailing, choice, position)?);
                }
                position = position.next();
            }
        }
        steps.sort_by_key(|step: &RepairStep| step.position);
        steps.dedup();
        given_up_before.sort();
        given_up_before.dedup();
        Ok(RepairPlan { steps, given_up_before })
    }

    fn step(&self, ailing: &[GiveUp], choice: &GiveUp, position: Position) -> Result<RepairStep, PlanError> {
        let found = ailing.iter().find(|ailing| (ailing.first()..=ailing.last()).contains(&position));
        let ailment = match (choice, found) {
            (GiveUp::Gap { .. }, Some(GiveUp::Gap { .. })) => {
                Ailment::Lost { proof: self.proof_of(position).expect("a lost entry has a proof") }
            }
            (GiveUp::Damaged(_), Some(GiveUp::Damaged(_))) => Ailment::Damaged,
            (GiveUp::Unreadable(_), Some(GiveUp::Unreadable(_))) => Ailment::Unreadable,
            (_, found) => {
                let found = found.map(|found| found.what_it_is().to_owned());
                return Err(PlanError::NotThat { position, found });
            }
        };
        let Survey { entries, replay_after, epoch } = &self.survey;
        let missing =
            |at: Position| ailing.iter().any(|ailing| (ailing.first()..=ailing.last()).contains(&at));
        // Below `replay_after` a tombstone hides nothing, whatever it says: nobody replays there.
        let from = if position > *replay_after { *replay_after } else { Position::NONE };
        let epoch = tombstone_epoch(entries, missing, from, position).unwrap_or(*epoch);
        Ok(RepairStep { position, ailment, epoch })
    }

    fn proof_of(&self, position: Position) -> Option<Position> {
        self.problems.iter().find_map(|problem| match problem.kind {
            ProblemKind::Lost { first, last, proof } if (first..=last).contains(&position) => Some(proof),
            _ => None,
        })
    }
}

impl GiveUp {
    /// The first position.
    #[must_use]
    pub const fn first(&self) -> Position {
        match self {
            Self::Gap { first, .. } => *first,
            Self::Damaged(at) | Self::Unreadable(at) => *at,
        }
    }

    /// The last position.
    #[must_use]
    pub const fn last(&self) -> Position {
        match self {
            Self::Gap { last, .. } => *last,
            Self::Damaged(at) | Self::Unreadable(at) => *at,
        }
    }

    fn positions(&self) -> u64 {
        self.last().get().saturating_sub(self.first().get()).saturating_add(1)
    }

    const fn what_it_is(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "its entry is lost",
            Self::Damaged(_) => "its entry is damaged",
            Self::Unreadable(_) => {
                "its entry could not be read, so it may be sound; make sure that this identity may read it"
            }
        }
    }
}

/// The choice that gives up this problem, if there is one.
const fn give_up(problem: &Problem) -> Option<GiveUp> {
    match problem.kind {
        ProblemKind::Lost { first, last, .. } => Some(GiveUp::Gap { first, last }),
        ProblemKind::Damaged { at } => Some(GiveUp::Damaged(at)),
        ProblemKind::Unreadable { at } => Some(GiveUp::Unreadable(at)),
        _ => None,
    }
}

const NOTHING: &str = "nothing proves that anything is wrong there";
const POSITIONS_MAX: u64 = 100_000;
