//! What an entry proves about the positions below it, and which entries of a whole log are lost by that.
// P-90.

use crate::Window;
use fencepost_format::{EntryHeader, EntryKind, Epoch, Position};
use std::collections::BTreeMap;

/// The highest position that this entry proves to have been occupied when it was put, together with all below
/// down to `replay_after`; [`Position::NONE`] if it proves nothing.
///
/// * A fence entry, guarding or clean, and a close entry: everything below it. Whoever put it had read or had
///   acknowledged all that lies there.
/// * Any other entry of ours: what lies a window below. Undecided appends span no more, and neither do fillers.
/// * A tombstone, and whatever Lance wrote: nothing. Lance's opener may put its sentinel above a gap that
///   fills later.
///
/// What is proven of a position at or below `replay_after` is of no use: it may have been collected.
// P-90, P-20, P-17, P-27.
#[must_use]
pub fn proven_below(entry: &EntryHeader, window: Window) -> Position {
    if entry.is_by_lance() {
        return Position::NONE;
    }
    match entry.kind {
        EntryKind::Fence | EntryKind::CleanFence | EntryKind::Close => entry.position.prev(),
        EntryKind::Data | EntryKind::Filler => entry.position.minus(window.get()),
        EntryKind::Tombstone => Position::NONE,
    }
}

/// Empty positions above `replay_after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gap {
    /// The first of them.
    pub first: Position,
    /// The last of them.
    pub last: Position,
    /// The entry that proves that all of them were occupied. Without one this cannot be known: a writer that
    /// dies with several appends in flight leaves such a gap as well, and acknowledged nothing in it.
    pub proof: Option<Position>,
}

/// Acknowledged entries that no reader sees any more: an opener took the lost entry below them for the tail,
/// and put its fence entry there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FencedOff {
    /// The position of the entry that should not be there: the lowest, if there are several of that epoch.
    pub at: Position,
    /// Its epoch.
    pub by: Epoch,
    /// The entry of a lower epoch that proves that another entry was there.
    pub proof: Position,
}

/// The losses of a log, as far as its entries show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Losses {
    /// The gaps above `replay_after`, upward.
    pub gaps: Vec<Gap>,
    /// Entries above `replay_after` that occupy the positions of others, upward.
    pub fenced_off: Vec<FencedOff>,
}

/// Looks through all entries above `replay_after`: for each position on which something stands, what it is,
/// or `None` for what is damaged or could not be read.
///
/// The entries must have been read *before* what is absent was found absent, and `replay_after` after that. A
/// gap that nothing stands above is the tail, and no gap.
// P-92.
#[must_use]
pub fn losses(
    entries: &BTreeMap<Position, Option<EntryHeader>>,
    replay_after: Position,
    window: Window,
) -> Losses {
    let live = || entries.range(replay_after.next()..);
    let known: Vec<&EntryHeader> = live().filter_map(|(_, entry)| entry.as_ref()).collect();
    let proofs = proofs(&known, replay_after, window);
    let mut gaps = Vec::new();
    let mut next = replay_after.next();
    for (&at, _) in live() {
        if at > next {
            split(&mut gaps, (next, at.prev()), &proofs);
        }
        next = at.next();
    }
    let fenced_off = fenced_off(&known, replay_after, window);
    Losses { gaps, fenced_off }
}

/// Entries that stand where others were, upward: one that vouches for the position has a lower epoch.
///
/// `known` are the entries above `above`, upward, as far as they were read. Nothing above `above` may ever
/// have been collected: then an entry gives way to one of a higher epoch only if it was lost.
#[must_use]
pub fn fenced_off(known: &[&EntryHeader], above: Position, window: Window) -> Vec<FencedOff> {
    let mut proofs = proofs(known, above, window);
    // From the highest position that anything proves downward: the lowest epoch that has vouched for what is
    // below.
    proofs.sort_by_key(|(proven, entry)| (*proven, std::cmp::Reverse(entry.epoch)));
    let mut vouched: Option<&EntryHeader> = None;
    let mut fenced_off = Vec::new();
    for entry in known.iter().rev() {
        while let Some((_, proof)) = proofs.pop_if(|(proven, _)| *proven >= entry.position) {
            if vouched.is_none_or(|lowest| proof.epoch < lowest.epoch) {
                vouched = Some(proof);
            }
        }
        // What Lance wrote may have come later, and a tombstone says itself that something is missing.
        let counts = !entry.is_by_lance() && entry.kind != EntryKind::Tombstone;
        if let Some(proof) = vouched.filter(|proof| counts && proof.epoch < entry.epoch) {
            fenced_off.push(FencedOff { at: entry.position, by: entry.epoch, proof: proof.position });
        }
    }
    fenced_off.reverse();
    fenced_off.dedup_by_key(|off| (off.by, off.proof));
    fenced_off
}

/// What proves something above `above`: the highest position that it proves, and the entry.
fn proofs<'a>(
    known: &[&'a EntryHeader],
    above: Position,
    window: Window,
) -> Vec<(Position, &'a EntryHeader)> {
    let proven = known.iter().map(|entry| (proven_below(entry, window), *entry));
    proven.filter(|(proven, _)| *proven > above).collect()
}

/// Notes a gap, in two parts if something proves only the lower one.
fn split(gaps: &mut Vec<Gap>, (first, last): (Position, Position), proofs: &[(Position, &EntryHeader)]) {
    let reach = proofs.iter().map(|(proven, _)| *proven).max().unwrap_or(Position::NONE).min(last);
    if reach >= first {
        let mut proving =
            proofs.iter().filter(|(proven, _)| *proven >= reach).map(|(_, entry)| entry.position);
        gaps.push(Gap { first, last: reach, proof: proving.next() });
    }
    if reach < last {
        gaps.push(Gap { first: first.max(reach.next()), last, proof: None });
    }
}

/// The epoch of a tombstone at `at`, so that it neither hides what counts above it, nor makes count what did not.
///
/// * If an epoch has entries above and no beginning, then the beginning is among what is missing: the highest
///   missing position below its first entry. There the tombstone takes its place, and what it fenced off
///   stays fenced off.
/// * Else it takes the highest epoch below, which fences nothing off; else the epoch of the first entry above.
///
/// `missing` are all positions above `replay_after` that are lost, damaged or unreadable, and below the
/// highest entry.
// P-93.
#[must_use]
pub fn tombstone_epoch(
    entries: &BTreeMap<Position, Option<EntryHeader>>,
    missing: impl Fn(Position) -> bool,
    replay_after: Position,
    at: Position,
) -> Option<Epoch> {
    let live = || entries.range(replay_after.next()..).filter_map(|(_, entry)| entry.as_ref());
    let below = live().take_while(|entry| entry.position < at).map(|entry| entry.epoch).max();
    let mut firsts: BTreeMap<Epoch, &EntryHeader> = BTreeMap::new();
    for entry in live().filter(|entry| entry.kind != EntryKind::Tombstone && !entry.is_by_lance()) {
        firsts.entry(entry.epoch).or_insert(entry);
    }
    let nearest_missing = |first: &EntryHeader| {
        let mut below = first.position.prev();
        while below > at && !missing(below) {
            below = below.prev();
        }
        below
    };
    let begins_here = firsts.iter().rev().filter(|(epoch, first)| {
        let lost_beginning = !live().any(|entry| entry.epoch == **epoch && entry.kind.begins_epoch());
        lost_beginning
            && below.is_none_or(|below| **epoch > below)
            && first.position > at
            && nearest_missing(first) == at
    });
    let begins_here = begins_here.map(|(epoch, _)| *epoch).next();
    let above = live().find(|entry| entry.position > at).map(|entry| entry.epoch);
    begins_here.or(below).or(above)
}

#[cfg(test)]
mod tests;
