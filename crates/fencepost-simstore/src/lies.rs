//! Stores that break their word: for tests that must fail.

use std::time::Duration;

/// The promises that a store breaks. None by default.
///
/// Use them to show that a test can fail: a check that passes on a lying store checks nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[must_use]
pub struct Lies {
    pub(crate) ignored_conditions: f64,
    pub(crate) racy_conditions: Option<Duration>,
    pub(crate) stale_lists: (f64, Duration),
    pub(crate) stale_reads: (f64, Duration),
    pub(crate) forgets: Duration,
}

impl Lies {
    /// An honest store.
    pub fn none() -> Self {
        Self::default()
    }

    /// With this chance, a create overwrites what is there and says done.
    pub const fn with_ignored_conditions(mut self, chance: f64) -> Self {
        self.ignored_conditions = chance;
        self
    }

    /// A create looks whether the name is free and writes only this much later, so that two can win.
    pub const fn with_racy_conditions(mut self, gap: Duration) -> Self {
        self.racy_conditions = Some(gap);
        self
    }

    /// With this chance, a page of a listing shows what was there this long ago.
    pub const fn with_stale_lists(mut self, chance: f64, by: Duration) -> Self {
        self.stale_lists = (chance, by);
        self
    }

    /// With this chance, a read finds what was there this long ago.
    pub const fn with_stale_reads(mut self, chance: f64, by: Duration) -> Self {
        self.stale_reads = (chance, by);
        self
    }

    /// [`SimStore::crash`](crate::SimStore::crash) undoes the writes and deletions of this last while,
    /// acknowledged or not.
    pub const fn with_forgetful_crashes(mut self, last: Duration) -> Self {
        self.forgets = last;
        self
    }

    /// How much of the past must be remembered.
    pub(crate) fn memory(&self) -> Duration {
        self.forgets.max(self.stale_lists.1).max(self.stale_reads.1)
    }
}
