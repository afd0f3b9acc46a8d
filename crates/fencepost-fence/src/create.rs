//! Create if absent, and find out what an unclear answer means.
//!
//! Everything that is written for good is written like this: manifests, entries, boundaries, the name of the
//! first shard. What is found in the way means something else to each of them; that stays with them.

use crate::{Attempt, CreateReply, GaveUp, ReadReply, Tick};

/// One object being created if absent.
///
/// ```text
///            ┌─ not done, or unknown: again ─┐
///   create ──┼─ done ─► Created              │
///     ▲      └─ exists ─► read it ──┬────────┴─► unknown: again
///     │                             ├─► found, or damaged ─► There, Damaged: the owner decides
///     └── absent: again ◄───────────┘
/// ```
///
/// SUBTLE: "exists" says that something is in the way. It may be ours, from an attempt whose answer was lost;
/// and some stores say so where two requests met and neither was carried out. So it is read, at once, and if
/// nothing is there it is created again.
// P-5, P-14, P-17, P-22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Create {
    step: Step,
    /// Whether an attempt may have landed, or may yet land, unseen.
    uncertain: bool,
    attempt: Attempt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Create,
    /// "Exists" is an answer and no failure: the first look does not wait.
    ReadAtOnce,
    ReadAgain,
}

/// What is to be asked about an object that is being created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreateAsk {
    /// Create it if absent, with this attempt.
    Create(u32),
    /// Read what is there, with this attempt.
    ReadBack(u32),
}

/// The answer to that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CreateAnswer<T> {
    /// To the create.
    Created(CreateReply),
    /// To the read.
    Read(ReadReply<T>),
}

/// What became of an object that was to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreateFate<T> {
    /// That is not known yet.
    Pending,
    /// It is there, by this create.
    Created,
    /// This is there: ours or another's.
    There(T),
    /// Something is there that cannot be understood.
    Damaged,
    /// It ended without an object. [`GaveUp::NotDone`]: it was refused, for certain, at every attempt.
    /// [`GaveUp::Unknown`]: it may be there, or come to be.
    GaveUp(GaveUp),
}

impl Create {
    /// A create that is tried until `deadline`.
    #[must_use]
    pub const fn until(deadline: Tick) -> Self {
        Self { step: Step::Create, uncertain: false, attempt: Attempt::until(deadline) }
    }

    /// What to ask now, if anything.
    pub const fn ask(&mut self) -> Option<CreateAsk> {
        let Some(attempt) = self.attempt.ask() else { return None };
        Some(match self.step {
            Step::Create => CreateAsk::Create(attempt),
            Step::ReadAtOnce => CreateAsk::ReadBack(0),
            Step::ReadAgain => CreateAsk::ReadBack(attempt),
        })
    }

    /// Whether this would answer what it asked.
    #[must_use]
    pub const fn awaits<T>(&self, answer: &CreateAnswer<T>) -> bool {
        let creates = matches!(self.step, Step::Create);
        self.attempt.is_out() && creates == matches!(answer, CreateAnswer::Created(_))
    }

    /// Takes an answer. Answers to questions that were not asked are ignored.
    pub fn handle<T>(&mut self, now: Tick, answer: CreateAnswer<T>) -> CreateFate<T> {
        if !self.awaits(&answer) {
            return CreateFate::Pending;
        }
        let end = match answer {
            CreateAnswer::Created(CreateReply::Done) => return CreateFate::Created,
            CreateAnswer::Created(CreateReply::Exists) => {
                self.step = Step::ReadAtOnce;
                self.attempt.turn();
                return CreateFate::Pending;
            }
            CreateAnswer::Created(CreateReply::NotDone { again: false }) => {
                return CreateFate::GaveUp(self.as_far_as_known());
            }
            CreateAnswer::Created(CreateReply::NotDone { again: true }) => self.as_far_as_known(),
            CreateAnswer::Created(CreateReply::Unknown) => {
                self.uncertain = true;
                GaveUp::Unknown
            }
            CreateAnswer::Read(ReadReply::Found(there)) => return CreateFate::There(there),
            CreateAnswer::Read(ReadReply::Damaged) => return CreateFate::Damaged,
            // Something answered "exists", and nobody knows what.
            CreateAnswer::Read(ReadReply::Absent) => {
                self.step = Step::Create;
                GaveUp::Unknown
            }
            CreateAnswer::Read(ReadReply::Unknown) => {
                self.step = Step::ReadAgain;
                GaveUp::Unknown
            }
        };
        if self.attempt.is_late(now) {
            return CreateFate::GaveUp(end);
        }
        self.attempt.again();
        CreateFate::Pending
    }

    const fn as_far_as_known(&self) -> GaveUp {
        if self.uncertain { GaveUp::Unknown } else { GaveUp::NotDone }
    }

    /// Whether an answer that settles nothing is the last.
    #[must_use]
    pub fn is_late(&self, now: Tick) -> bool {
        self.attempt.is_late(now)
    }

    /// When it is given up, if nothing else happens before.
    #[must_use]
    pub const fn deadline(&self) -> Tick {
        self.attempt.deadline()
    }

    /// Goes on until then, since there was a sign of life.
    pub const fn extend(&mut self, deadline: Tick) {
        self.attempt.extend(deadline);
    }
}

#[cfg(test)]
mod tests;
