//! Which entries are needed for ever
//! ([P-51](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-51), and
//! [P-57](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-57) for entries by Lance).

use crate::vouched::{Vouched, witnesses};
use crate::{Inventory, ManifestFacts, Policy};
use fencepost_fence::{Rule, rules};
use fencepost_format::Position;
use std::collections::BTreeSet;

/// The entries that are needed, as far as they are known.
///
/// * An entry whose kind is `Fence`. That is what its writer said when it opened: the predecessor had not
///   closed, so appends of it may be on their way, and the first that is not in the log must collide here.
///   Fillers, clean fences and close entries are not needed. A tombstone may stand for a fence entry.
/// * Of entries by Lance, the lowest of each epoch: Lance's first epoch, and each of its bare appenders, begin
///   without a sentinel. Its sentinels count as `Fence` besides.
/// * Positions that the published boundary names as kept.
///
/// What was not read is not in the answer; the plan keeps it for a reason of its own.
// P-93.
#[must_use]
pub fn guarding_fences(inventory: &Inventory) -> BTreeSet<Position> {
    if !rules::on(Rule::KeepGuardingFences) {
        return BTreeSet::new();
    }
    let mut needed = recorded_fences(inventory);
    let mut lance_epochs = BTreeSet::new();
    for (&at, header) in inventory.known.iter().filter_map(|(at, known)| Some((at, known.header()?))) {
        let is_by_lance = header.is_by_lance();
        let begins_lance_epoch = is_by_lance && lance_epochs.insert(header.epoch);
        let is_fence = header.kind.is_kept_for_ever() || begins_lance_epoch;
        if is_fence && (!is_by_lance || rules::on(Rule::KeepLanceFirsts)) {
            needed.insert(at);
        }
    }
    needed
}

/// The fence entries of ours that begin a fence range, and what may stand for one, as far as they are known.
// P-93.
pub(crate) fn our_fences(inventory: &Inventory) -> BTreeSet<Position> {
    let known = inventory.known.iter().filter_map(|(at, known)| Some((at, known.header()?)));
    let ours = known.filter(|(_, header)| header.kind.is_kept_for_ever() && !header.is_by_lance());
    ours.map(|(at, _)| *at).chain(recorded_fences(inventory)).collect()
}

/// The guarding fences that the published boundary records and that need not be read again.
pub(crate) fn recorded_fences(inventory: &Inventory) -> BTreeSet<Position> {
    if !rules::on(Rule::KeepGuardingFences) {
        return BTreeSet::new();
    }
    inventory.guarding_fences.iter().filter(|at| inventory.entries.contains(**at)).copied().collect()
}

/// The guarding fences of ours at or below `boundary`: what its document records.
///
/// Those of Lance are left out: which entry of an epoch is the first is known only to who reads its epoch, so
/// they are read in every pass. Fence entries beyond what a document holds are left out too, and are then
/// read in every pass.
#[must_use]
pub fn fences_to_record(inventory: &Inventory, boundary: Position) -> Vec<Position> {
    our_fences(inventory).into_iter().take_while(|&at| at <= boundary).take(RECORDED_FENCES_MAX).collect()
}

/// The entries to read next, none if all is known that decides: first what shows whether openers' records count,
/// then what the bound may reach, but for what the records vouch for and the fence entries that the boundary
/// records.
// P-51, P-136.
pub(crate) fn headers_to_read(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
    reach: Position,
) -> BTreeSet<Position> {
    let witnesses = witnesses(inventory, facts);
    if !witnesses.is_empty() {
        return witnesses;
    }
    let recorded = recorded_fences(inventory);
    let vouched = Vouched::new(inventory, facts, policy.window());
    let reached = inventory.entries.range(..=reach).map(|(at, _)| at);
    let open =
        |at: &Position| !vouched.contains(*at) && !recorded.contains(at) && !inventory.known.contains_key(at);
    reached.filter(open).collect()
}

/// Keeps the document below its limit of 1 MiB, at 20 digits and a comma each.
const RECORDED_FENCES_MAX: usize = 40_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{InventoryExt, inventory};

    fn check(entries: &str, expect: &[u64]) {
        let needed: Vec<_> = guarding_fences(&inventory(entries)).iter().map(|at| at.get()).collect();
        assert_eq!(needed, expect, "{entries}");
    }

    /// [P-51](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-51).
    #[test]
    fn only_fences_after_an_unclean_end_are_needed() {
        check("1:h1 2:d1 3:c1 4:h2 5:d2", &[]);
        check("1:h1 2:d1 3:p2 4:f2 5:f2 6:d2", &[3]);
        check("1:p1 2:p2 3:p3", &[1, 2, 3]);
        check("1:h1 2:t1 3:d1", &[2]);
    }

    /// Epoch 1 and bare appenders have no sentinel.
    // P-57.
    #[test]
    fn of_lances_entries_the_first_of_every_epoch_is_needed() {
        check("1:D1 2:D1 3:P2 4:D2 5:D3 6:D3", &[1, 3, 5]);
        check("7:D1 9:P2 12:D2", &[7, 9]);
    }

    /// After a stalled opener, a sentinel may stand above rows of its own epoch.
    #[test]
    fn lances_sentinels_are_needed_wherever_they_stand() {
        check("1:D1 2:D2 3:D2 4:P3 9:P2", &[1, 2, 4, 9]);
    }

    #[test]
    fn a_first_entry_that_cannot_be_read_makes_the_second_needed_too() {
        check("1:? 2:D1 3:D1", &[2]);
    }

    #[test]
    fn recorded_fences_are_needed_without_being_read_while_they_are_listed() {
        let mut inventory = inventory("1:h1 5:_ 9:d2");
        inventory.guarding_fences = [Position::new(3), Position::new(5)].into();
        assert_eq!(guarding_fences(&inventory), [Position::new(5)].into());
    }

    #[test]
    fn only_our_own_fences_within_the_boundary_are_recorded() {
        let inventory = inventory("1:D1 2:p2 3:P3 4:p4 9:p5").with_guarding_fences(&[2]);
        assert_eq!(fences_to_record(&inventory, Position::new(8)), [Position::new(2), Position::new(4)]);
    }
}
