//! The judgement of the Lance model.

use super::party::{Phase, Row};
use super::state::{Broken, State};
use fencepost_format::{EntryHeader, Position};
use std::collections::BTreeSet;
use std::sync::Arc;

impl State {
    /// The promises that do not hold.
    pub(super) const fn broken(&self) -> &BTreeSet<Broken> {
        &self.broken
    }

    /// Judges the state, and forgets what nobody asks any more.
    pub(super) fn judge(&mut self) {
        // An SSTable holds what its memtable did, and what we checkpointed is with those who read it.
        let lost = |row: &Row| !self.applied.contains(row) && !self.is_replayed(*row);
        if self.acked.iter().any(lost) {
            self.broken.insert(Broken::Lost);
        }
        let there = |row: &Row| self.applied.contains(row) || self.is_read_by_us(*row);
        if self.refused.iter().any(there) {
            self.broken.insert(Broken::RefusedIsInLog);
        }
        // Rows that are applied stay so, and who is fenced or done never asks again.
        self.acked.retain(|row| !self.applied.contains(row));
        self.applied.clear();
        for ours in &mut self.ours {
            Arc::make_mut(ours).tidy(&self.store);
        }
        for party in &mut self.parties {
            let superseded = self.store.epoch() > party.epoch;
            if superseded && party.flushes > 0 {
                Arc::make_mut(party).flushes = 0;
            }
            let idle = party.flushes == 0 && !party.can_step();
            if (idle || party.flushes == 0) && !party.memory.is_empty() {
                Arc::make_mut(party).memory.clear();
            }
            if idle && party.phase != Phase::Fenced {
                Arc::make_mut(party).fenced();
            }
        }
    }

    /// Whether whoever opens next replays it, Lance or we.
    fn is_replayed(&self, row: Row) -> bool {
        if self.ours.is_empty() { self.is_replayed_by_lance(row) } else { self.is_read_by_us(row) }
    }

    /// P-40: our readers and openers see what Lance's do, without what stands above an entry of a later epoch.
    fn is_read_by_us(&self, row: Row) -> bool {
        self.is_replayed_by_lance(row) && !self.upward_to(row.0).flatten().any(|entry| entry.epoch > row.1)
    }

    /// A fresh opener of Lance's replays everything from `replay_after + 1` to the first absent position.
    fn is_replayed_by_lance(&self, (at, epoch): Row) -> bool {
        at > self.store.replay_after()
            && self.upward_to(at).all(|entry| entry.is_some())
            && self.store.entry(at).is_some_and(|entry| entry.epoch == epoch)
    }

    fn upward_to(&self, at: Position) -> impl Iterator<Item = Option<&EntryHeader>> {
        let from = self.store.replay_after().get() + 1;
        (from..=at.get()).map(|at| self.store.entry(Position::new(at)))
    }
}
