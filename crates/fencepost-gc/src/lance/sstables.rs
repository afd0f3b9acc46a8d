//! Which folders of SSTables are the remains of flushes that failed.
// P-80, P-81, P-86, P-89.

use crate::{Inventory, ManifestFacts, Object, Policy, Reason, Verdict};
use fencepost_fence::{Rule, rules};
use fencepost_format::{Generation, ReclaimName, ReclaimPart, SsTableName, Version};
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

/// The folders to look into: those that no manifest read so far names, and those that were taken out of the manifest.
pub(crate) fn folders_to_list(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
) -> BTreeSet<SsTableName> {
    let is_wanted = |name: &&SsTableName| {
        let was_drained = policy.drained() || inventory.drained.contains_key(name);
        let named = inventory.named.get(&name.to_string());
        named.is_none_or(|(_, version)| was_drained && *version < facts.version)
    };
    inventory.sstables.keys().filter(is_wanted).copied().collect()
}

/// The reclaims whose ends are to be read: all of them, if there is a folder that the latest manifest does not name.
// P-88.
pub(crate) fn reclaims_to_read(inventory: &Inventory, facts: &ManifestFacts) -> BTreeSet<u64> {
    let is_out = |name: &SsTableName| {
        inventory.named.get(&name.to_string()).is_none_or(|(_, version)| *version < facts.version)
    };
    if !inventory.sstables.keys().any(is_out) && inventory.reclaims.len() <= RECLAIMS_KEEP {
        return BTreeSet::new();
    }
    inventory.reclaims.iter().filter(|(_, listed)| listed.ended).map(|(number, _)| *number).collect()
}

/// The documents of reclaims, and which of them may go.
///
/// SUBTLE: the latest reclaim always stays: by it the next one is numbered, and finishes what was left.
// P-84, P-88.
pub(crate) fn reclaim_verdicts(
    inventory: &Inventory,
    policy: &Policy,
) -> impl Iterator<Item = (Object, Verdict)> {
    let now = inventory.now();
    let is_there = |name: &SsTableName| inventory.sstables.contains_key(name);
    let all = inventory.reclaims.iter().rev().enumerate();
    all.flat_map(move |(newer, (number, listed))| {
        let is_over =
            listed.ended && listed.folders.as_ref().is_some_and(|folders| !folders.iter().any(is_there));
        let is_old = newer >= RECLAIMS_KEEP && now.since(listed.modified) >= policy.manifests_age();
        let verdict = if is_over && is_old { Verdict::Delete } else { Verdict::Keep(Reason::ReclaimRecord) };
        let parts = [(listed.planned, ReclaimPart::Plan), (listed.ended, ReclaimPart::End)];
        let there = parts.into_iter().filter(|(there, _)| *there);
        there.map(move |(_, part)| (Object::Reclaim(ReclaimName { number: *number, part }), verdict.clone()))
    })
}

const RECLAIMS_KEEP: usize = 64;

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
///   manifest is not ours to delete. (What a reclaim took out is, and what an operator says that a compactor did:
///   then no version from that one on names it, and somebody committed after that.)
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
            (None, None, None) if self.drained_since(name).is_some_and(|since| !self.is_settled(since)) => {
                Reason::SsTableDrained(self.drained_since(name).unwrap_or_default())
            }
            (None, None, None) if self.drained_since(name).is_some() => return Verdict::Delete,
            // Not its own name, that is: what is named was kept above.
            _ if self.flushed.contains(&name.generation) || !rules::on(Rule::FlushedElsewhere) => {
                return Verdict::Delete;
            }
            _ => Reason::SsTableFlushUnknown,
        };
        Verdict::Keep(reason)
    }

    /// The version from which on no manifest named it when it was taken out of the manifest, if that is known: a
    /// reclaim says so, or an operator says that whoever did it has the rows elsewhere.
    // P-86, P-89.
    fn drained_since(&self, name: SsTableName) -> Option<Version> {
        let by_reclaim = self.inventory.drained.get(&name).copied();
        let by_word = || {
            let named = self.inventory.named.get(&name.to_string());
            let last = named.map_or(Version::NONE, |(_, version)| *version);
            // What was flushed into another folder is the remains of a failed flush.
            let remains = named.is_none() && self.flushed.contains(&name.generation);
            (self.policy.drained() && !remains && last < self.facts.version).then(|| last.next())
        };
        by_reclaim.or_else(by_word)
    }

    /// Whether nobody who counts goes by a manifest from before that version any more: somebody committed on top of it.
    /// In a collection that is not clock-free, age tells as well.
    ///
    /// SUBTLE: a version above is created by who has read the one below it, and so on down to that one. Only drains do
    /// not count: the holder of the epoch has not seen them.
    // P-86.
    fn is_settled(&self, since: Version) -> bool {
        let is_commit = |(version, read): (&Version, &bool)| {
            *read && *version > since && !self.inventory.drains.contains(version)
        };
        let old = || {
            let modified = self.inventory.manifests.get(&since);
            modified.is_some_and(|modified| {
                self.inventory.now().since(*modified) >= self.policy.lance_flush_age()
            })
        };
        self.inventory.names_read.iter().any(is_commit)
            || (!self.policy.clock_free() && old())
            || !rules::on(Rule::SettleDrain)
    }

    fn waits_for_manifests(&self, name: SsTableName) -> bool {
        self.held_whatever_manifests_say(name).is_none()
    }

    fn held_whatever_manifests_say(&self, name: SsTableName) -> Option<Reason> {
        let named =
            self.inventory.named.get(&name.to_string()).filter(|_| rules::on(Rule::KeepNamedSsTables));
        if let Some((_, version)) = named
            && !self.drained_since(name).is_some_and(|since| is_over(since, *version))
        {
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

/// Whether a folder that this version names, and none above, is out of the manifest since then.
fn is_over(since: Version, named: Version) -> bool {
    named < since || !rules::on(Rule::NamedSinceDrain)
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
