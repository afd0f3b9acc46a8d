//! Cursors that are over their leash.
// P-161.

use crate::{Inventory, ManifestFacts, StoreTime};
use fencepost_format::{CursorBreak, CursorName, Exceeded, Leash, Nonce, OnExceed, Position};
use std::fmt;

/// What a cursor holds: the entries above it that are checkpointed.
// P-161.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Held {
    /// How many there are.
    pub entries: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// When the lowest of them was written.
    pub oldest: Option<StoreTime>,
}

/// A cursor that is over its leash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OverLeash {
    /// Its name.
    pub name: CursorName,
    /// Which one of that name.
    pub nonce: Nonce,
    /// Where it stands.
    pub position: Position,
    /// Its leash.
    pub leash: Leash,
    /// The limit that it is over.
    pub exceeded: Exceeded,
}

/// What became of a cursor that is over its leash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeashOutcome {
    /// It holds, as its leash says: somebody should look.
    Warned,
    /// It is marked, and holds nothing any more. If the collection only planned: it would be.
    Broken,
    /// It was to be broken, and it is not known that the mark stands: it holds in this pass.
    NotMarked,
}

impl LeashOutcome {
    /// A stable word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warned => "warned",
            Self::Broken => "broken",
            Self::NotMarked => "not_marked",
        }
    }
}

impl OverLeash {
    /// The mark that breaks it.
    // P-163.
    #[must_use]
    pub const fn mark(&self, now: StoreTime) -> CursorBreak {
        CursorBreak { position: self.position, time_ms: now.0, exceeded: self.exceeded }
    }

    /// Whether a collection breaks it.
    #[must_use]
    pub fn is_to_be_broken(&self) -> bool {
        self.leash.on_exceed() == OnExceed::Break
    }
}

impl fmt::Display for OverLeash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cursor {} at position {}: {}", self.name, self.position, self.exceeded)
    }
}

/// What a cursor at this position holds.
// P-161.
#[must_use]
pub fn held_above(inventory: &Inventory, position: Position, replay_after: Position) -> Held {
    let mut held = Held::default();
    if position >= replay_after {
        return held;
    }
    for (_, entry) in inventory.entries.range(position.next()..=replay_after) {
        held.entries += 1;
        held.bytes = held.bytes.saturating_add(entry.bytes);
        held.oldest = held.oldest.or(Some(entry.modified));
    }
    held
}

/// The cursors that are over their leash and are not broken, in the order of their names.
///
/// It is pure. Ages are by the store's clock, as [`Inventory::now`] knows it: they come out too small rather than too
/// large. A cursor whose last move shows no time is not over an age.
// P-161.
#[must_use]
pub fn over_leash(inventory: &Inventory, facts: &ManifestFacts) -> Vec<OverLeash> {
    over_leash_at(inventory, facts, inventory.now())
}

/// Whether some cursor may be over its leash for an age: then it matters what time it is.
pub(crate) fn waits_for_time(inventory: &Inventory, facts: &ManifestFacts) -> bool {
    over_leash_at(inventory, facts, StoreTime(u64::MAX)) != over_leash(inventory, facts)
}

fn over_leash_at(inventory: &Inventory, facts: &ManifestFacts, now: StoreTime) -> Vec<OverLeash> {
    let mut all = Vec::new();
    for (name, documents) in &inventory.cursors {
        for found in documents.cursors().filter(|found| !found.broken) {
            let Some(leash) = found.leash.filter(|leash| !leash.is_unlimited()) else { continue };
            let position = found.held();
            let held = held_above(inventory, position, facts.replay_after);
            let Some(oldest) = held.oldest else { continue };
            let age = |since: StoreTime| u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX);
            let moved = inventory.cursor_moves.get(&(name.clone(), found.nonce));
            // While there was nothing to read, it did not stand still.
            let still = moved.map_or(0, |moved| age(oldest.max(*moved)));
            if let Some(exceeded) = leash.exceeded(still, age(oldest), held.entries, held.bytes) {
                all.push(OverLeash { name: name.clone(), nonce: found.nonce, position, leash, exceeded });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests;
