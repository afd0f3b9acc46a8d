//! Entries that need not be read, since openers' records vouch for them.
// P-135 to P-138.

use crate::{Inventory, ManifestFacts, lance};
use fencepost_fence::{Rule, Window, rules};
use fencepost_format::{EntryKind, OpeningRecord, Position};
use std::collections::BTreeSet;

/// The entries that a collection may pass unread: none of them is needed, and none of them tells of a refused
/// write or of a loss.
///
/// An opener vouches for the stretch in which it alone moved the replay point: from that of its own claim to that
/// of the *next* epoch's or, if there is none, to the manifest's. It had replayed or acknowledged all of that, and
/// its record names what must stay. If the record of the next epoch is missing, nobody knows where the stretch ends.
///
/// What the records name is not vouched for, nor is a window above it and above guarding fences, where late
/// appends of dead writers land: that is read and counted.
///
/// SUBTLE: what an opener replayed above the next claim's replay point, it does not vouch for. If an entry was lost
/// there since, the fence entry of somebody who stalled may stand in its place, and fences off acknowledged rows
/// that nobody has covered. The next opener meets that, and its record says so.
///
/// SUBTLE: a record counts only if its writer's nonce was found where it says. Records and entries may be of
/// different times, in a bucket that was restored.
// P-136, P-137.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// Upward, without overlap; both ends belong to it.
    ranges: Vec<(Position, Position)>,
}

impl Vouched {
    pub(crate) fn new(inventory: &Inventory, facts: &ManifestFacts, window: Window) -> Self {
        let records = usable(inventory, facts);
        let verified: Vec<_> = records.filter(|record| is_verified(inventory, record)).collect();
        let mut ranges = Vec::new();
        let mut own = BTreeSet::new();
        for (index, record) in verified.iter().enumerate() {
            if !rules::on(Rule::VouchToNextClaim) {
                ranges.push((record.replay_after.next(), record.fence));
            }
            let later = verified.get(index + 1);
            let follows = |next: &OpeningRecord| {
                next.epoch == record.epoch.next() || !rules::on(Rule::ConsecutiveEpochs)
            };
            let to = match later {
                Some(next) if follows(next) => Some(next.replay_after),
                Some(_) => None,
                None if record.epoch == facts.epoch || !rules::on(Rule::ConsecutiveEpochs) => {
                    Some(facts.replay_after)
                }
                None => None,
            };
            ranges.extend(to.map(|to| (record.replay_after.next(), to)));
            own.extend(record.kept.iter().copied());
            // What was collected was a clean fence.
            let is_there = inventory.entries.contains(record.fence);
            let fence = inventory.known.get(&record.fence).and_then(|known| known.header());
            if is_there && fence.is_none_or(guards) {
                own.insert(record.fence);
            }
        }
        let collected = inventory.published_before;
        let read = own.into_iter().map(|at| {
            // P-56: what stands at or below a boundary is not judged by its epoch.
            let through = at.plus(window.get());
            let alone = through <= collected || !rules::on(Rule::ReadFenceRanges);
            (at, if alone { at } else { through })
        });
        Self { ranges: without(merged(ranges), read) }
    }

    /// Whether this entry need not be read.
    pub(crate) fn contains(&self, at: Position) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= at);
        after > 0 && at <= self.ranges[after - 1].1
    }
}

/// The entries that show whether the records count, as far as they were not read yet.
// P-136.
pub(crate) fn witnesses(inventory: &Inventory, facts: &ManifestFacts) -> BTreeSet<Position> {
    let wanted = usable(inventory, facts).filter_map(|record| witness(inventory, record));
    wanted.filter(|at| !inventory.known.contains_key(at)).collect()
}

/// The records that may vouch for something: none if Lance was ever here, since its entries have neither nonce
/// nor record; and none of epochs that were claimed since the manifest was found.
// P-138.
fn usable<'a>(inventory: &'a Inventory, facts: &'a ManifestFacts) -> impl Iterator<Item = &'a OpeningRecord> {
    let lance_was_here = facts.lance_before || lance::writes_here(inventory, facts);
    let records = inventory.opening_records.values();
    records.filter(move |record| !lance_was_here && record.epoch <= facts.epoch)
}

/// Where the writer of a record shows: at its fence entry or, if that was collected, at the lowest entry above
/// what was.
fn witness(inventory: &Inventory, record: &OpeningRecord) -> Option<Position> {
    if inventory.entries.contains(record.fence) {
        return Some(record.fence);
    }
    let above = record.fence.max(inventory.published_before).next();
    inventory.entries.range(above..).next().map(|(at, _)| at)
}

/// Whether the writer with this nonce was there: only an opener that was open appends.
pub(crate) fn is_verified(inventory: &Inventory, record: &OpeningRecord) -> bool {
    if !rules::on(Rule::VerifyRecords) {
        return true;
    }
    let found = witness(inventory, record).and_then(|at| inventory.known.get(&at)?.header());
    found.is_some_and(|header| {
        let is_there = if header.position == record.fence {
            header.kind.begins_epoch()
        } else {
            header.kind == EntryKind::Data
        };
        is_there && header.epoch == record.epoch && header.nonce == Some(record.nonce)
    })
}

fn guards(header: &fencepost_format::EntryHeader) -> bool {
    header.kind.is_kept_for_ever()
}

fn merged(mut ranges: Vec<(Position, Position)>) -> Vec<(Position, Position)> {
    ranges.retain(|(first, last)| first <= last);
    ranges.sort_unstable();
    let mut merged: Vec<(Position, Position)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, before)) if first <= before.next() => *before = last.max(*before),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// `holes` come upward by their beginnings.
fn without(
    ranges: Vec<(Position, Position)>,
    holes: impl Iterator<Item = (Position, Position)>,
) -> Vec<(Position, Position)> {
    let holes = merged(holes.collect());
    let mut left = Vec::new();
    let mut next = 0;
    for (mut first, last) in ranges {
        while next < holes.len() && holes[next].1 < first {
            next += 1;
        }
        for &(hole, through) in holes[next..].iter().take_while(|(hole, _)| *hole <= last) {
            if first < hole {
                left.push((first, hole.prev()));
            }
            first = through.next();
        }
        if first <= last {
            left.push((first, last));
        }
    }
    left
}

#[cfg(test)]
mod tests;
