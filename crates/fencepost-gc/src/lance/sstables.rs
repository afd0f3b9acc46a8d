//! Which folders of SSTables are the remains of flushes that failed.
// P-80, P-81.

use crate::{Inventory, ManifestFacts, Policy, Reason, Verdict};
use fencepost_fence::{Rule, rules};
use fencepost_format::{Generation, SsTableName, Version};
use std::collections::BTreeSet;

/// The contents of an SSTable's folder, as a listing shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SsTableFolder {
    /// How many objects are in it.
    pub objects: u64,
    /// Their sizes together.
    pub bytes: u64,
    /// When the newest of them was written.
    pub modified: crate::StoreTime,
}

/// The folders to look into: those that the latest manifest does not name.
pub(crate) fn folders_to_list(inventory: &Inventory) -> BTreeSet<SsTableName> {
    let unnamed = inventory.sstables.keys().filter(|name| !inventory.named.contains_key(&name.to_string()));
    unnamed.copied().collect()
}

/// The manifest versions to read before any folder may go; empty if none would go whatever they say.
pub(crate) fn names_to_read(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
) -> BTreeSet<Version> {
    let judge = SsTableJudge::new(inventory, facts, policy);
    let waits = inventory.sstables.keys().any(|name| judge.waits_for_manifests(*name));
    let unread = inventory.manifests.keys().filter(|version| !inventory.names_read.contains_key(version));
    if waits { unread.copied().collect() } else { BTreeSet::new() }
}

/// Decides about folders of SSTables.
///
/// SUBTLE: a folder goes only if three things are known of it, and each of them stays so.
/// * No manifest version names it, neither the latest one nor an older one: what a compactor took out of the
///   manifest is not ours to delete.
/// * Some version names *another* folder for its generation. So that generation was flushed; and Lance begins
///   a flush only of the generation that the manifest gives next, so nobody begins one of this generation
///   ever again. Without such evidence the folder may be an SSTable whose manifests were pruned, or its flush
///   may still come: then it stays.
/// * Nobody who already began a flush of that generation will still put this folder into the manifest. In a
///   *clock-free* collection: the latest epoch began above that generation, so the flush was begun by an
///   earlier one, and Lance refuses its commit. Otherwise: no object in it is younger than the minimum age.
// P-80, P-81.
pub(crate) struct SsTableJudge<'a> {
    inventory: &'a Inventory,
    facts: &'a ManifestFacts,
    policy: &'a Policy,
    /// What the manifest gave next when the latest epoch was claimed; `None` if the claim is not known.
    claimed_at: Option<Generation>,
    flushed: BTreeSet<Generation>,
    unread: Option<Version>,
    odd_name: Option<Version>,
}

impl<'a> SsTableJudge<'a> {
    pub(crate) fn new(inventory: &'a Inventory, facts: &'a ManifestFacts, policy: &'a Policy) -> Self {
        let mut versions = inventory.manifests.keys().copied();
        let named = inventory.named.iter();
        let mut odd_names = named.filter(|(path, _)| SsTableName::parse(path).is_none());
        Self {
            inventory,
            facts,
            policy,
            claimed_at: claimed_at(inventory, facts),
            flushed: inventory.named.values().map(|named| named.0).collect(),
            unread: versions.find(|version| inventory.names_read.get(version) != Some(&true)),
            odd_name: odd_names.next().map(|(_, named)| named.1),
        }
    }

    pub(crate) fn judge(&self, name: SsTableName) -> Verdict {
        let first = self.held_whatever_manifests_say(name);
        let reason = match (first, self.unread, self.odd_name) {
            (Some(reason), _, _) => reason,
            (None, Some(version), _) if rules::on(Rule::KeepNamedSsTables) => {
                Reason::SsTableManifestUnread(version)
            }
            (None, _, Some(version)) => Reason::SsTableManifestUnread(version),
            // Not its own name, that is: what is named was kept above.
            _ if self.flushed.contains(&name.generation) || !rules::on(Rule::FlushedElsewhere) => {
                return Verdict::Delete;
            }
            _ => Reason::SsTableFlushUnknown,
        };
        Verdict::Keep(reason)
    }

    fn waits_for_manifests(&self, name: SsTableName) -> bool {
        self.held_whatever_manifests_say(name).is_none()
    }

    fn held_whatever_manifests_say(&self, name: SsTableName) -> Option<Reason> {
        let named =
            self.inventory.named.get(&name.to_string()).filter(|_| rules::on(Rule::KeepNamedSsTables));
        if let Some((_, version)) = named {
            return Some(Reason::SsTableNamed(*version));
        }
        if name.generation >= self.facts.generation && rules::on(Rule::FlushedElsewhere) {
            return Some(Reason::SsTableNotFlushed);
        }
        let Some(folder) = self.inventory.sstables.get(&name).copied().flatten() else {
            return Some(Reason::SsTableUnlisted);
        };
        if !rules::on(Rule::KeepRunningFlushes) {
            return None;
        }
        if self.policy.clock_free() {
            let earlier = self.claimed_at.is_some_and(|generation| name.generation < generation);
            return (!earlier).then_some(Reason::SsTableOfEpoch(self.facts.epoch));
        }
        let age = self.inventory.now().since(folder.modified);
        (age < self.policy.lance_flush_age()).then_some(Reason::YoungSsTable)
    }
}

/// The generation that the manifest gave next when the latest epoch was claimed.
///
/// SUBTLE: epochs rise along the versions, and the generation does too. The lowest version that was read of
/// the epoch is the claim only if it is the very first version, or if the one before it was read and is of an
/// earlier epoch: otherwise it may be a flush of that epoch's.
fn claimed_at(inventory: &Inventory, facts: &ManifestFacts) -> Option<Generation> {
    let epoch_of = |version: Version| {
        if version == facts.version {
            return Some(*facts);
        }
        inventory.claims.get(&version).copied().flatten()
    };
    let read = inventory.claims.range(..facts.version).filter_map(|(_, read)| *read).chain([*facts]);
    let claim = read.filter(|read| read.epoch == facts.epoch).min_by_key(|read| read.version)?;
    let before = claim.version.prev();
    let is_claim = before.is_none() || epoch_of(before).is_some_and(|before| before.epoch < facts.epoch);
    is_claim.then_some(claim.generation)
}
