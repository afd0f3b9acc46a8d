//! Acknowledged entries that a loss fenced off: no stale entries, and nothing that a collection deletes by itself.
// P-90, P-101.

use crate::{Inventory, Policy};
use fencepost_fence::{FencedOff, RulingEpoch, Window};
use fencepost_format::{EntryHeader, Position};
use std::collections::BTreeSet;

/// What was fenced off, as far as the entries are known.
///
/// SUBTLE: above every boundary of others nothing was collected, so what stands there belongs there, and a
/// lost entry is the only reason for one of a later epoch to stand where another entry says that an earlier
/// epoch was. At or below a boundary nothing follows.
// P-56.
pub(crate) fn fenced_off(inventory: &Inventory, policy: &Policy) -> Vec<FencedOff> {
    let known: Vec<_> = above_boundaries(inventory).collect();
    fencepost_fence::fenced_off(&known, inventory.published_by_others(), policy.window())
}

/// Entries above `reach` that may show that what looks like stale entries at or below it was acknowledged:
/// those within a window above an entry that has entries of a lower epoch above it. If those go on for a
/// window or more, one of them proves it; if they end before that, they all lie within.
// P-91.
pub(crate) fn proofs_to_read(inventory: &Inventory, reach: Position, window: Window) -> BTreeSet<Position> {
    let (mut ruling, mut since) = (RulingEpoch::NONE, Position::NONE);
    let mut wanted = BTreeSet::new();
    for header in above_boundaries(inventory).take_while(|header| header.position <= reach) {
        let before = ruling;
        if !ruling.pass(header) {
            let within = inventory.entries.range(reach.next()..).map(|(at, _)| at);
            let within = within.take_while(|at| *at <= since.plus(window.get()));
            wanted.extend(within.filter(|at| !inventory.known.contains_key(at)));
        } else if ruling > before {
            since = header.position;
        }
    }
    wanted
}

fn above_boundaries(inventory: &Inventory) -> impl Iterator<Item = &EntryHeader> {
    let above = inventory.known.range(inventory.published_by_others().next()..);
    above.filter_map(|(_, known)| known.header())
}
