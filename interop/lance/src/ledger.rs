//! What was promised: which rows were acknowledged, by whom, and which were refused.

use std::collections::{BTreeMap, BTreeSet};

/// Whose acknowledgement it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    Lance,
    Fencepost,
}

/// All rows of one scenario.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    drawn: i64,
    acknowledged: BTreeMap<i64, By>,
    refused: BTreeSet<i64>,
    saved: BTreeSet<i64>,
}

impl Ledger {
    /// A ledger whose ids begin above `last`: for tables that have rows already.
    pub(crate) fn after(last: i64) -> Self {
        Self { drawn: last, ..Self::default() }
    }

    /// Ids that nobody wrote yet.
    pub(crate) fn draw(&mut self, rows: usize) -> Vec<i64> {
        (0..rows)
            .map(|_| {
                self.drawn += 1;
                self.drawn
            })
            .collect()
    }

    /// A writer was told that these rows are durable.
    pub(crate) fn acknowledge(&mut self, by: By, ids: &[i64]) {
        self.acknowledged.extend(ids.iter().map(|id| (*id, by)));
    }

    /// A writer was told that these rows were not written, or that nobody knows.
    pub(crate) fn refuse(&mut self, ids: &[i64]) {
        self.refused.extend(ids);
    }

    /// A consumer of ours has these rows: a checkpoint may cover them.
    pub(crate) fn save(&mut self, ids: &[i64]) {
        self.saved.extend(ids);
    }

    /// Adds what another ledger, of other ids, says.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.acknowledged.extend(&other.acknowledged);
        self.refused.extend(&other.refused);
        self.saved.extend(&other.saved);
    }

    /// The rows that were promised, in order of their ids.
    pub(crate) fn acknowledged(&self) -> impl Iterator<Item = i64> {
        self.acknowledged.keys().copied()
    }

    /// How many rows that party acknowledged.
    pub(crate) fn acknowledged_by(&self, by: By) -> usize {
        self.acknowledged.values().filter(|whose| **whose == by).count()
    }

    /// The rows that were refused.
    pub(crate) const fn refused(&self) -> &BTreeSet<i64> {
        &self.refused
    }

    /// The rows that a consumer of ours has.
    pub(crate) const fn saved(&self) -> &BTreeSet<i64> {
        &self.saved
    }
}
