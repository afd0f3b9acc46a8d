//! Which entries count.
// P-40.

use fencepost_format::{EntryHeader, Epoch};

/// The epoch that rules, as one reads upward: the highest among the entries that were passed.
///
/// An entry of a lower epoch is stale: its writer had been fenced when it landed, and readers, openers and
/// collections pass it. What follows from an entry at or below a boundary is another question.
// P-45, P-49.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulingEpoch(Epoch);

impl RulingEpoch {
    /// Where nothing was passed yet: the next entry counts, whatever it is.
    pub const NONE: Self = Self(Epoch::NONE);

    /// Where this is the highest epoch below.
    #[must_use]
    pub const fn above(highest: Epoch) -> Self {
        Self(highest)
    }

    /// The epoch; [`Epoch::NONE`] where nothing was passed.
    #[must_use]
    pub const fn epoch(self) -> Epoch {
        self.0
    }

    /// Whether the next entry counts if it is this one.
    #[must_use]
    pub fn counts(self, entry: &EntryHeader) -> bool {
        entry.epoch >= self.0
    }

    /// Passes an entry, and says whether it counts.
    pub fn pass(&mut self, entry: &EntryHeader) -> bool {
        let counts = self.counts(entry);
        self.0 = self.0.max(entry.epoch);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header;

    /// Whatever its kind, an entry of a lower epoch than one below it is stale, and changes nothing.
    // P-40.
    #[test]
    fn entries_of_a_lower_epoch_are_stale() {
        let mut ruling = RulingEpoch::NONE;
        let log = ["d1", "p2", "d1", "c1", "f2", "d2", "h3", "t2", "d3"];
        let counts: Vec<_> = (1..).zip(log).map(|(at, words)| ruling.pass(&header(at, words))).collect();
        assert_eq!(counts, [true, true, false, false, true, true, true, false, true]);
        assert_eq!(ruling.epoch(), Epoch::new(3));
    }
}
