//! Verdicts on entries, as runs of neighbours that fare alike.

use crate::{Object, Plan, Verdict};
use fencepost_format::Position;

/// Entries whose positions follow one another without a gap, with the same verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryRun {
    /// The lowest of them.
    pub first: Position,
    /// The highest of them.
    pub last: Position,
    /// The size of all of them, in bytes.
    pub bytes: u64,
    /// What happens to each.
    pub verdict: Verdict,
}

impl EntryRun {
    /// How many there are, at least one.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.last.get() - self.first.get() + 1
    }

    /// Their positions, upward.
    pub fn positions(&self) -> impl Iterator<Item = Position> + use<> {
        (self.first.get()..=self.last.get()).map(Position::new)
    }

    /// How many of them are at or below a position.
    pub(crate) fn count_through(&self, at: Position) -> u64 {
        (at.get() + 1).saturating_sub(self.first.get()).min(self.count())
    }
}

/// Adds the next entry upward to its run, or begins one.
pub(crate) fn push(runs: &mut Vec<EntryRun>, at: Position, bytes: u64, verdict: Verdict) {
    match runs.last_mut() {
        Some(run) if run.last.next() == at && run.verdict == verdict => {
            run.last = at;
            run.bytes = run.bytes.saturating_add(bytes);
        }
        _ => runs.push(EntryRun { first: at, last: at, bytes, verdict }),
    }
}

impl Plan {
    /// The verdict on an object; `None` if it was not listed.
    #[must_use]
    pub fn verdict(&self, object: &Object) -> Option<&Verdict> {
        let Object::Entry(at) = object else { return self.verdicts.get(object) };
        let after = self.entries.partition_point(|run| run.first <= *at);
        let run = self.entries[..after].last()?;
        (*at <= run.last).then_some(&run.verdict)
    }

    /// Every object with its verdict. Deletions come in the order in which they are made.
    pub fn objects(&self) -> impl Iterator<Item = (Object, &Verdict)> {
        let entries = self
            .entries
            .iter()
            .flat_map(|run| run.positions().map(move |at| (Object::Entry(at), &run.verdict)));
        entries.chain(self.verdicts.iter().map(|(object, verdict)| (object.clone(), verdict)))
    }

    /// The objects to delete, in order.
    pub fn deletions(&self) -> impl Iterator<Item = Object> {
        self.objects().filter(|(_, verdict)| verdict.is_delete()).map(|(object, _)| object)
    }

    /// How many objects are deleted, a folder counting as one.
    #[must_use]
    pub fn deletions_count(&self) -> u64 {
        let entries: u64 = self.deleted_runs().map(EntryRun::count).sum();
        entries + self.verdicts.values().filter(|verdict| verdict.is_delete()).count() as u64
    }

    pub(crate) fn deleted_runs(&self) -> impl Iterator<Item = &EntryRun> {
        self.entries.iter().filter(|run| run.verdict.is_delete())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, inventory};
    use crate::{Policy, Reason, plan};

    /// A plan of a million entries is a few runs.
    #[test]
    fn neighbours_that_fare_alike_are_one_run() {
        let plan = plan(&inventory("1:h1 2:d1 3:p2 4:d2 5:d2 7:d2 8:d2 9:d2"), &facts(2, 7), &Policy::new());
        let runs: Vec<_> = plan
            .entries
            .iter()
            .map(|run| (run.first.get(), run.last.get(), run.bytes, run.verdict.is_delete()))
            .collect();
        let expected =
            [(1, 2, 200, true), (3, 3, 100, false), (4, 5, 200, true), (7, 7, 100, true), (8, 9, 200, false)];
        assert_eq!(runs, expected);
        assert_eq!((plan.deletions_count(), plan.entry_bytes), (5, 500));
        let verdict = |at| plan.verdict(&Object::Entry(Position::new(at)));
        assert_eq!((verdict(6), verdict(10)), (None, None));
        assert_eq!((verdict(5), verdict(8)), (Some(&Verdict::Delete), Some(&Verdict::Keep(Reason::Live))));
    }
}
