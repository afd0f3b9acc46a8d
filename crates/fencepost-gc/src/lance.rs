//! What Lance's own writers and openers need kept, and what their failed flushes left.
// P-57, P-58, P-80, P-81.

mod claims;
mod compaction;
mod history;
mod search;
mod sstables;

pub use claims::{Claim, ClaimState, Claims, Hold, claims};
pub use compaction::Compaction;
pub use history::TableHistory;
pub(crate) use search::manifests_to_read;
pub use sstables::SsTableFolder;
pub(crate) use sstables::{SsTableJudge, folders_to_list, names_to_read, reclaim_verdicts, reclaims_to_read};

use crate::{Inventory, Known, ManifestFacts};
use fencepost_fence::{Rule, rules};
use fencepost_format::{Generation, Position};

/// Whether Lance writes to this shard, as far as is known: it wrote the latest manifest, or an entry, or a claim.
pub(crate) fn writes_here(inventory: &Inventory, facts: &ManifestFacts) -> bool {
    let mut claims = inventory.claims.values().flatten();
    facts.by_lance || has_entries(inventory) || claims.any(|claim| claim.by_lance)
}

/// Whether Lance may have flushed here, or tried to.
pub(crate) fn may_have_flushed(inventory: &Inventory, facts: &ManifestFacts) -> bool {
    facts.generation > Generation(1) || !inventory.named.is_empty() || writes_here(inventory, facts)
}

fn has_entries(inventory: &Inventory) -> bool {
    inventory.known.values().any(|known| known.header().is_some_and(|header| header.is_by_lance()))
}

/// The position from which on nothing is deleted for the sake of Lance's search for the tail: it starts from
/// the object that `last_seen` names, if that is there, and takes the first gap above for the tail.
///
/// SUBTLE: three cases.
/// * Lance wrote an entry or the latest manifest: nothing at or above `min(replay_after + 1, last_seen)`
///   goes, as [P-57](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-57) says.
/// * All entries are known to be ours: no guard.
/// * Some entry was not read (those above the bound seldom are) and may be Lance's: nothing *above*
///   `last_seen` goes. If the entry at `last_seen` itself goes, Lance lists instead and finds the highest
///   entry. fencepost's own manifests have `last_seen` at or above `replay_after`, so this costs them
///   nothing.
// P-33.
pub(crate) fn tail_guard(inventory: &Inventory, facts: &ManifestFacts) -> Option<Position> {
    if !rules::on(Rule::KeepLanceHint) {
        return None;
    }
    if facts.by_lance || has_entries(inventory) {
        return Some(facts.replay_after.next().min(facts.last_seen));
    }
    let read = |at| matches!(inventory.known.get(&at), Some(Known::Header(_)));
    let all_ours = inventory.entries.positions().all(read);
    (!all_ours).then(|| facts.last_seen.next())
}
