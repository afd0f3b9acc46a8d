//! What a reader may conclude from what it reads.
//!
//! What stands at or below `replay_after` may have landed there after the entry that belonged there was
//! collected: the fence entry of an opener that woke late, say. To read it is harmless. To *conclude* from it
//! is not: that a later epoch rules from here on, that nothing of the log was here, or that what was here is
//! in an SSTable of Lance's.
// P-45 to P-48.

use crate::{Attempt, ReadReply, Reply, Request, Rule, Tick, Window, rules};
use fencepost_format::{EntryHeader, EntryKind, Epoch, Position};

/// What was shown by looks at the boundary, as far as it still counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Shown {
    /// The boundary that was seen last, the highest so far.
    seen: Position,
    /// Nothing above this position had been collected when it was looked at last.
    kept: Position,
    /// What was read up to here had been read before that look.
    through: Position,
    /// The end of the fence range of the last fence entry that was found to belong to the log.
    fence_range_end: Position,
}

impl Shown {
    /// Whether a reader that passes this entry concludes something from it which these looks do not bear out.
    ///
    /// SUBTLE: three kinds of entries need no look.
    /// * Those of the epoch that rules. They change nothing, and a late one of these stands where the log had
    ///   it too.
    /// * The first entry that a reader meets, unless it is a fence entry: its writer had opened below it, so
    ///   no entry above it that counts is of an earlier epoch. The first entry of all, of the first epoch,
    ///   can be nobody else's.
    /// * A stale entry in a fence range: no row of the log was ever there.
    ///
    /// That it is flushed is a conclusion of its own, whatever its epoch.
    // P-18, P-48.
    pub(super) fn leaves_open(self, entry: &EntryHeader, highest: Epoch, flushed: bool) -> bool {
        let at = entry.position;
        let concludes = if highest.is_none() {
            let first = at == Position::FIRST && entry.epoch == Epoch::FIRST;
            matches!(entry.kind, EntryKind::Fence | EntryKind::CleanFence) && !first
        } else {
            entry.epoch > highest || (entry.epoch < highest && at > self.fence_range_end)
        };
        let read_before = at <= self.through || !rules::on(Rule::LookAfterRead);
        let concludes =
            (concludes && rules::on(Rule::LookToConclude)) || (flushed && rules::on(Rule::LookToPassFlushed));
        concludes && !(self.kept < at && read_before)
    }

    /// Whether a listing that shows this boundary missed none that was seen before.
    // P-46.
    fn bears(self, boundary: Position) -> bool {
        self.seen <= boundary || !rules::on(Rule::RepeatLook)
    }

    /// Notes a look: it saw this boundary, and that nothing above `kept` was collected, after everything up
    /// to `through` had been read.
    pub(super) const fn note(&mut self, seen: Position, kept: Position, through: Position) {
        (self.seen, self.kept, self.through) = (seen, kept, through);
    }

    /// Notes that an entry which belongs to the log is passed while `highest` rules below it.
    pub(super) fn pass(&mut self, entry: &EntryHeader, highest: Epoch, window: Window) {
        if entry.kind == EntryKind::Fence && entry.epoch > highest && !entry.is_by_lance() {
            self.fence_range_end = entry.position.plus(window.get() - 1);
        }
        if entry.position >= self.fence_range_end {
            self.fence_range_end = Position::NONE;
        }
        if entry.position >= self.through {
            self.through = Position::NONE;
        }
    }

    /// Forgets what was read: it will be read again.
    pub(super) fn forget_reads(&mut self) {
        self.through = Position::NONE;
    }
}

/// A look at the boundary: one LIST. Where that does not bear out what was read, and a cursor holds the
/// reader's place, one at the cursor too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Look {
    /// What is read up to here was read before this look began.
    pub(super) through: Position,
    at: At,
    attempt: Attempt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Boundary,
    /// The cursor, after this boundary was seen.
    Cursor(Position),
}

/// What became of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// Nothing above this position was collected before the look began.
    Kept(Position),
    Going,
    GaveUp,
}

impl Look {
    pub(super) const fn new(deadline: Tick, through: Position) -> Self {
        Self { through, at: At::Boundary, attempt: Attempt::until(deadline) }
    }

    pub(super) fn poll_request(&mut self) -> Option<Request> {
        let attempt = self.attempt.ask()?;
        Some(match self.at {
            At::Boundary => Request::ListBoundaries { attempt },
            At::Cursor(_) => Request::ReadCursor { attempt },
        })
    }

    /// Takes an answer. `cursor_too`: whether the cursor decides where a boundary is not below what was read.
    pub(super) fn handle(
        &mut self,
        now: Tick,
        reply: &Reply,
        shown: Shown,
        cursor_too: impl FnOnce(Position) -> bool,
    ) -> Looked {
        let (seen, position) = match (self.at, reply) {
            (At::Boundary, Reply::Boundary(read)) | (At::Cursor(_), Reply::Cursor(read)) => match read {
                ReadReply::Found(position) => (true, Some(*position)),
                ReadReply::Absent => (true, None),
                ReadReply::Damaged | ReadReply::Unknown => (false, None),
            },
            _ => return Looked::Going,
        };
        match self.at {
            // A cursor that is gone holds nothing.
            At::Cursor(boundary) if seen => {
                return Looked::Kept(position.map_or(boundary, |cursor| cursor.min(boundary)));
            }
            At::Boundary if seen && shown.bears(position.unwrap_or(Position::NONE)) => {
                let boundary = position.unwrap_or(Position::NONE);
                if !cursor_too(boundary) {
                    return Looked::Kept(boundary);
                }
                self.at = At::Cursor(boundary);
                self.attempt.restart();
            }
            _ if self.attempt.is_late(now) => return Looked::GaveUp,
            // No answer, or a listing that missed a boundary which was seen before.
            _ => self.attempt.again(),
        }
        Looked::Going
    }

    /// The highest boundary that it saw so far, for [`Shown::note`].
    pub(super) const fn boundary(&self, kept: Position) -> Position {
        match self.at {
            At::Boundary => kept,
            At::Cursor(boundary) => boundary,
        }
    }
}
