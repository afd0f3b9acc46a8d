//! What Lance's own writers and openers need kept (P-57).

use crate::{Inventory, Known, ManifestFacts, Policy};
use fencepost_format::{EntryKind, Epoch, Position};
use std::collections::BTreeMap;

/// Whether Lance writes to this shard, as far as is known.
pub(crate) fn writes_here(inventory: &Inventory, facts: &ManifestFacts) -> bool {
    facts.by_lance || has_entries(inventory)
}

fn has_entries(inventory: &Inventory) -> bool {
    inventory.known.values().any(|known| known.header().is_some_and(|header| header.is_by_lance()))
}

/// The position from which on nothing is deleted for the sake of Lance's search for the tail: it starts from the object
/// that `H` names, if that is there, and takes the first gap above for the tail.
///
/// SUBTLE: three cases.
/// * An entry of Lance's is known: nothing at or above `min(R + 1, H)` goes, as P-57 says.
/// * All entries are known to be ours: no guard.
/// * Some entry was not read (those above the bound never are) and may be Lance's: nothing *above* `H` goes. If the
///   entry at `H` itself goes, Lance lists instead and finds the highest entry. fencepost's own manifests have `H` at or
///   above `R` (P-33), so this costs them nothing.
pub(crate) fn tail_guard(inventory: &Inventory, facts: &ManifestFacts) -> Option<Position> {
    if has_entries(inventory) {
        return Some(facts.replay_after.next().min(facts.last_seen));
    }
    let read = |at| matches!(inventory.known.get(at), Some(Known::Header(_)));
    let all_ours = inventory.entries.keys().all(read);
    (!all_ours).then(|| facts.last_seen.next())
}

/// The lowest `R` from which an opener of Lance's may still replay; `None` if there is no such opener.
///
/// Such an opener shows as a superseded epoch with one manifest version, its claim, and without a data entry: it may have
/// stalled anywhere between the two, and will replay from the `R` that it read. After the policy's time it is given up.
pub(crate) fn opener_floor(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
) -> Option<Position> {
    if !writes_here(inventory, facts) {
        return None;
    }
    let mut versions: BTreeMap<Epoch, Vec<ManifestFacts>> = BTreeMap::new();
    for version in manifests_to_read(inventory, facts, policy) {
        match inventory.claims.get(&version) {
            Some(Some(claim)) => versions.entry(claim.epoch).or_default().push(*claim),
            // Not known what it says: it may be a claim from anywhere.
            Some(None) | None => return Some(Position::NONE),
        }
    }
    let is_alive = |epoch| {
        let mut headers = inventory.known.values().filter_map(Known::header);
        headers.any(|header| header.epoch == epoch && header.kind == EntryKind::Data)
    };
    let silent = versions.into_iter().filter_map(|(epoch, versions)| match versions.as_slice() {
        [claim] if claim.by_lance && !epoch.is_none() && epoch < facts.epoch && !is_alive(epoch) => {
            Some(claim.replay_after)
        }
        _ => None,
    });
    silent.min()
}

/// The manifest versions that [`opener_floor`] wants to know: those young enough to be an opener's that is still trusted to live.
pub(crate) fn manifests_to_read(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
) -> impl Iterator<Item = fencepost_format::Version> {
    let now = inventory.now();
    let age = policy.lance_opener_age();
    let older = inventory.manifests.range(..facts.version);
    older.filter(move |(_, modified)| now.since(**modified) < age).map(|(&version, _)| version)
}
