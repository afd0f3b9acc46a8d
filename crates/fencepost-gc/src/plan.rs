//! Plans which objects of a shard are deleted, and why the others stay.
// P-50 to P-57, P-80, P-9.

use crate::bound::{self, Limits};
use crate::guarding_fence::guarding_fences;
use crate::receipt::receipt_verdicts;
use crate::runs::{self, EntryRun};
use crate::vouched::{Vouched, is_verified};
use crate::{
    Claims, Inventory, Known, LeashOutcome, ManifestFacts, Object, OverLeash, Policy, Reason, SsTableFolder,
    StoreTime, Verdict, lance, over_leash,
};
use fencepost_fence::{CursorDocuments, FencedOff, Rule, RulingEpoch, rules};
use fencepost_format::{Epoch, Position, SsTableName};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A verdict on every object of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The boundary that must be published before anything is deleted; [`Position::NONE`] for none.
    pub boundary: Position,
    /// No entry above this is deleted. Never above the boundary.
    pub bound: Position,
    /// The verdicts on entries, upward: neighbours that fare alike are one run.
    pub entries: Vec<EntryRun>,
    /// The verdicts on everything else.
    pub verdicts: BTreeMap<Object, Verdict>,
    /// How many of the entries to be deleted are stale entries: refused appends of dead writers.
    // P-56.
    pub stale_entries: u64,
    /// How many of the entries to be deleted stand below an earlier boundary: either they landed late, or an
    /// earlier collection was cut off. It cannot be known which.
    // P-56.
    pub swept: u64,
    /// Damage: where a loss fenced off acknowledged entries. Nothing from there upward is deleted.
    // P-101.
    pub fenced_off: Vec<FencedOff>,
    /// How many of the entries to be deleted may be fenced off in this way, and are deleted because the
    /// [policy](Policy::with_fenced_off_accepted) accepts it.
    pub accepted: u64,
    /// The size of all entries to be deleted, in bytes.
    pub entry_bytes: u64,
    /// The contents of the SSTable folders that were listed: those that the latest manifest does not name.
    pub sstables: BTreeMap<SsTableName, SsTableFolder>,
    /// The claims by Lance that were looked at, and what each holds back.
    // P-58.
    pub claims: Claims,
    /// The cursors that are over their leash, and what became of each.
    // P-162, P-163.
    pub over_leash: Vec<(OverLeash, LeashOutcome)>,
}

impl Plan {
    /// How many objects stay, by the [name](Reason::name) of the reason.
    #[must_use]
    pub fn kept(&self) -> BTreeMap<&'static str, u64> {
        let mut kept = BTreeMap::new();
        let entries = self.entries.iter().map(|run| (&run.verdict, run.count()));
        for (verdict, count) in entries.chain(self.verdicts.values().map(|verdict| (verdict, 1))) {
            if let Verdict::Keep(reason) = verdict {
                *kept.entry(reason.name()).or_default() += count;
            }
        }
        kept
    }

    /// Notes which cursors were broken, and which were to be.
    pub(crate) fn note_breaks(&mut self, breaks: &[(OverLeash, LeashOutcome)]) {
        self.over_leash.retain(|(over, _)| breaks.iter().all(|(of, _)| of.nonce != over.nonce));
        self.over_leash.extend_from_slice(breaks);
        self.over_leash.sort();
    }

    /// Whether it deletes what readers and cursors look at, or says what only holds above the boundaries of
    /// others.
    pub(crate) fn concerns_documents(&self) -> bool {
        let boundary = |(object, verdict): (&Object, &Verdict)| {
            matches!(object, Object::Boundary(_)) && verdict.is_delete()
        };
        !self.fenced_off.is_empty() || self.deletes_entries() || self.verdicts.iter().any(boundary)
    }

    pub(crate) fn deletes_entries(&self) -> bool {
        self.deleted_runs().next().is_some()
    }
}

/// Decides about every object in `inventory`, as if the plan's boundary were published.
///
/// It is pure: the same arguments give the same plan. Where the inventory knows too little about an entry,
/// the plan assumes the worst.
#[must_use]
pub fn plan(inventory: &Inventory, facts: &ManifestFacts, policy: &Policy) -> Plan {
    let bound = Limits::new(inventory, facts, policy).bound();
    plan_within(inventory, facts, policy, bound.max(inventory.published()))
}

/// Like [`plan`], but deletes no entry above `boundary`: the one that was published before the cursors were read.
// P-53.
#[must_use]
pub fn plan_within(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
    boundary: Position,
) -> Plan {
    let limits = Limits::new(inventory, facts, policy);
    let bound = limits.bound_within(boundary);
    let mut verdicts = BTreeMap::new();
    let judge = EntryJudge {
        inventory,
        evidence: limits.claims().evidence(inventory, policy),
        limits,
        bound,
        needed: guarding_fences(inventory),
        highest: inventory.highest(),
        guard: lance::tail_guard(inventory, facts),
        vouched: Vouched::new(inventory, facts, policy.window()),
    };
    let mut entries = Vec::new();
    for (at, listed) in inventory.entries.iter() {
        runs::push(&mut entries, at, listed.bytes, judge.judge(at));
    }
    let deleted = || entries.iter().filter(|run| run.verdict.is_delete());
    let fenced_off_from = judge.limits.fenced_off_from();
    let (stale_entries, accepted) = refused(inventory, deleted(), fenced_off_from);
    let collected = inventory.published_by_others();
    let swept = deleted().map(|run| run.count_through(collected)).sum();
    let fenced_off = judge.limits.holding().copied().collect();
    let entry_bytes = deleted().fold(0, |sum: u64, run| sum.saturating_add(run.bytes));

    verdicts.extend(manifest_verdicts(inventory, facts, policy, inventory.now()));
    let boundaries = inventory.boundaries.keys();
    verdicts.extend(boundaries.map(|&at| (Object::Boundary(at), boundary_verdict(inventory, at))));
    verdicts.extend(inventory.leases.keys().map(|&epoch| {
        // P-63: void.
        let void = epoch < facts.epoch;
        (Object::Lease(epoch), if void { Verdict::Delete } else { Verdict::Keep(Reason::CurrentLease) })
    }));
    verdicts.extend(opening_verdicts(inventory, facts, bound));
    verdicts.extend(receipt_verdicts(inventory, policy));
    verdicts.extend(lance::reclaim_verdicts(inventory, policy));
    let forgotten = inventory.forgotten.iter();
    verdicts
        .extend(forgotten.map(|&epoch| (Object::Forgotten(epoch), Verdict::Keep(Reason::ForgottenRecord))));
    let cursors = inventory.cursors.iter();
    verdicts.extend(cursors.map(|(name, documents)| {
        let is_left = documents.cursors().next().is_none();
        let reason = match documents.held() {
            _ if is_left => Reason::RemovedCursor,
            None => Reason::BrokenCursor,
            Some(_) => Reason::ConsumersCursor,
        };
        (Object::Cursor(name.clone()), Verdict::Keep(reason))
    }));
    let sstables = lance::SsTableJudge::new(inventory, facts, policy);
    let folders = inventory.sstables.keys();
    verdicts.extend(folders.map(|&name| (Object::SsTable(name), sstables.judge(name))));
    let other = |path| (Object::Other(path), Verdict::Keep(Reason::NotUnderstood));
    let paths = inventory.not_understood.iter().chain(&inventory.cursors_not_understood);
    verdicts.extend(paths.cloned().map(other));
    let claims = judge.limits.claims().clone();
    let folders = inventory.sstables.iter();
    let sstables = folders.filter_map(|(name, folder)| Some((*name, (*folder)?))).collect();
    Plan {
        boundary,
        bound,
        entries,
        verdicts,
        stale_entries,
        swept,
        fenced_off,
        accepted,
        entry_bytes,
        sstables,
        claims,
        over_leash: over_leash(inventory, facts).into_iter().map(unbroken).collect(),
    }
}

/// What a cursor over its leash is as long as no mark is known to stand.
fn unbroken(over: OverLeash) -> (OverLeash, LeashOutcome) {
    let outcome = if over.is_to_be_broken() { LeashOutcome::NotMarked } else { LeashOutcome::Warned };
    (over, outcome)
}

struct EntryJudge<'a> {
    inventory: &'a Inventory,
    limits: Limits,
    bound: Position,
    evidence: BTreeMap<Position, Epoch>,
    needed: BTreeSet<Position>,
    highest: Position,
    guard: Option<Position>,
    vouched: Vouched,
}

impl EntryJudge<'_> {
    fn judge(&self, at: Position) -> Verdict {
        if at > self.bound {
            return Verdict::Keep(self.limits.reason_above(at));
        }
        if let Some(reason) = self.limits.held_by_claim(at).filter(|_| rules::on(Rule::DeleteBelowBound)) {
            return Verdict::Keep(reason);
        }
        let reason = match self.inventory.known.get(&at) {
            _ if self.needed.contains(&at) => Reason::GuardingFence,
            Some(Known::Unreadable) => Reason::Unreadable,
            None if !self.vouched.contains(at) => Reason::Unread,
            _ if at == self.highest && rules::on(Rule::KeepHighest) => Reason::HighestEntry,
            _ if self.guard.is_some_and(|guard| at >= guard) => Reason::LanceTailGuard,
            _ => match self.evidence.get(&at) {
                Some(&epoch) => Reason::LanceEvidence(epoch),
                None => return Verdict::Delete,
            },
        };
        Verdict::Keep(reason)
    }
}

/// Entries that go and have one of a higher epoch below them, and those of them that may have been acknowledged.
///
/// SUBTLE: at or below a boundary, a fence entry may be that of an opener that woke late. Nothing follows
/// from its epoch for what is above it, so only entries above every boundary count, the one of this very pass
/// apart.
// P-101, P-56.
fn refused<'a>(
    inventory: &Inventory,
    mut deleted: impl Iterator<Item = &'a EntryRun>,
    fenced_off_from: Option<Position>,
) -> (u64, u64) {
    let collected = inventory.published_by_others();
    let mut run = deleted.next();
    let mut goes = |at: &Position| {
        while run.is_some_and(|run| run.last < *at) {
            run = deleted.next();
        }
        run.is_some_and(|run| run.first <= *at)
    };
    let mut ruling = RulingEpoch::NONE;
    let (mut stale_entries, mut accepted) = (0, 0);
    let above = inventory.known.range(collected.next()..);
    for (at, header) in above.filter_map(|(at, known)| Some((at, known.header()?))) {
        if !ruling.pass(header) && goes(at) {
            *if fenced_off_from.is_some_and(|from| *at > from) {
                &mut accepted
            } else {
                &mut stale_entries
            } += 1;
        }
    }
    (stale_entries, accepted)
}

/// A boundary goes once it was superseded before the cursors were read, and none of these may be about to
/// look at it.
// P-98.
fn boundary_verdict(inventory: &Inventory, at: Position) -> Verdict {
    if at >= inventory.published() {
        return Verdict::Keep(Reason::LatestBoundary);
    }
    let in_the_making = inventory.cursors.values().any(CursorDocuments::is_in_the_making);
    let is_looked_at = at >= inventory.published_before || in_the_making;
    if is_looked_at && rules::on(Rule::KeepBoundaries) {
        return Verdict::Keep(Reason::SupersededBoundary);
    }
    Verdict::Delete
}

/// Of the records whose fence entries lie at or below the bound, the highest that counts stays: what comes next
/// begins there. Those below it tell of what is collected.
// P-139.
fn opening_verdicts(
    inventory: &Inventory,
    facts: &ManifestFacts,
    bound: Position,
) -> impl Iterator<Item = (Object, Verdict)> {
    let records = inventory.opening_records.values().filter(|record| record.epoch <= facts.epoch);
    let passed = records.filter(|record| record.fence <= bound && is_verified(inventory, record));
    let last = passed.max_by_key(|record| record.epoch).map(|record| (record.epoch, record.fence));
    inventory.openings.iter().map(move |epoch| {
        let fence = inventory.opening_records.get(epoch).map(|record| record.fence);
        let superseded = last.is_some_and(|(by, at)| *epoch < by && fence.is_some_and(|fence| fence < at));
        let verdict = if superseded { Verdict::Delete } else { Verdict::Keep(Reason::OpeningRecord) };
        (Object::Opening(*epoch), verdict)
    })
}

/// Whether something stays for its age alone, as far as is known: then it matters what time it is.
pub(crate) fn waits_for_age(inventory: &Inventory, facts: &ManifestFacts, policy: &Policy) -> bool {
    let manifests = |now| manifest_verdicts(inventory, facts, policy, now);
    bound::waits_for_age(inventory, facts, policy)
        || (!policy.clock_free() && lance::may_have_flushed(inventory, facts))
        || manifests(inventory.now()) != manifests(StoreTime(u64::MAX))
}

/// [P-9](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-9). Neither the newest ones,
/// nor the one that was found as the latest, nor anything above it.
fn manifest_verdicts(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
    now: StoreTime,
) -> Vec<(Object, Verdict)> {
    // Where Lance writes, old versions are the evidence of unsettled claims (P-58); they stay as long as
    // these count.
    let lance = lance::writes_here(inventory, facts);
    let evidence = if lance { policy.lance_opener_age() } else { Duration::ZERO };
    let young = policy.manifests_age().max(evidence);
    let mut verdicts = Vec::new();
    for (newer, (&version, &modified)) in (0..).zip(inventory.manifests.iter().rev()) {
        let verdict = if newer < policy.manifests_keep() || version >= facts.version {
            Verdict::Keep(Reason::NewestManifests)
        } else if now.since(modified) < young {
            Verdict::Keep(Reason::YoungManifest)
        } else if lance && policy.clock_free() {
            Verdict::Keep(Reason::ClockFreeManifest)
        } else {
            Verdict::Delete
        };
        verdicts.push((Object::Manifest(version), verdict));
    }
    verdicts
}

#[cfg(test)]
mod tests;
