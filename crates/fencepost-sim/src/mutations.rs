//! Every rule of the protocol taken out, one at a time: some check must notice.
//!
//! Needs a build with `--cfg fencepost_mutations`. A dropped rule is dropped for the whole process, so they
//! are tried one after the other.

use crate::model::suite;
use crate::ring::Plan;
use crate::run;
use fencepost_fence::Rule;
use serde::Serialize;

/// A rule, and how its absence is noticed.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// The rule.
    pub rule: Rule,
    /// Its clause.
    pub clause: &'static str,
    /// The model that must fall.
    pub model: &'static str,
    /// The seeds that are tried besides, from 0; 0 if the core ring cannot notice.
    pub seeds: u64,
}

/// What happened without a rule.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The rule.
    pub rule: String,
    /// Its clause.
    pub clause: &'static str,
    /// The model that was searched.
    pub model: &'static str,
    /// The promise that fell there.
    pub promise: Option<String>,
    /// After how many states.
    pub states: usize,
    /// The steps that led there.
    pub trace: Vec<String>,
    /// The first seed of the core ring that failed.
    pub seed: Option<u64>,
    /// What fell there.
    pub seed_promises: Vec<String>,
}

impl Outcome {
    /// Whether any check noticed.
    #[must_use]
    pub const fn is_caught(&self) -> bool {
        self.promise.is_some() || self.seed.is_some()
    }
}

macro_rules! mutations {
    ($($rule:ident $clause:literal $model:literal $seeds:literal,)*) => {
        /// Every rule of [`Rule::ALL`], in that order.
        pub const ALL: &[Mutation] = &[$(Mutation { rule: Rule::$rule, clause: $clause, model: $model, seeds: $seeds },)*];
    };
}

mutations! {
    ProbeManifests "P-1" "manifest/lagging" 0,
    ListManifestsTwice "P-1" "manifest/searches" 0,
    WarmLookLists "P-111" "manifest/looks" 0,
    WarmLookProbes "P-111" "manifest/lagging-looks" 0,
    WarmLookKnowsNonce "P-111" "manifest/restored" 0,
    SearchToRefuse "P-112" "manifest/watched" 0,
    ConfirmCommit "P-3" "manifest/pruned" 4_000,
    FencedByManifest "P-4" "manifest/lagging" 0,
    ClaimNextEpoch "P-10" "manifest/pruned" 100,
    RefuseSealed "P-10" "manifest/sealed" 0,
    ReadUponItsClaim "P-114" "log/claims" 0,
    Fence "P-12" "log/three-writers" 100,
    FencedByEntry "P-13" "log/three-writers" 2_000,
    ReadPastFence "P-14" "log/three-writers" 4_000,
    CleanFenceAfterClose "P-15" "log/three-writers" 2_000,
    ReadBeforeFillers "P-16" "log/window-of-three" 0,
    Fillers "P-17" "log/three-writers" 2_000,
    ReadBackFillers "P-17" "log/conflicts" 1_000,
    FinalRead "P-18" "log/three-writers" 8_000,
    BoundedWindow "P-20" "log/window-of-one" 200,
    AckInOrder "P-21" "log/three-writers" 200,
    ReadBack "P-22" "log/losses" 500,
    AbsentIsRetried "P-22" "log/conflicts" 1_000,
    NeverStepOver "P-22" "log/strangers" 0,
    UnknownIsUnknown "P-23" "log/losses" 2_000,
    RefuseAboveReplay "P-26" "log/losses" 0,
    OneBesideLance "P-27" "lance/after-lance" 0,
    CheckpointBelowTail "P-30" "log/three-writers" 500,
    CheckpointMonotone "P-30" "manifest/pruned" 8_000,
    CheckpointOutsideFenceRanges "P-31" "log/three-writers" 200,
    EpochAtCheckpoint "P-32" "manifest/pruned" 1_000,
    CloseWhenSettled "P-35" "log/closing" 1_000,
    SkipStaleEntries "P-40" "log/reader" 4_000,
    StopAtAbsent "P-41" "log/reader" 500,
    TruncatedBelowReplay "P-42" "log/reader" 0,
    PassFlushed "P-44" "log/flushed" 0,
    LookToConclude "P-45" "log/reader" 0,
    LookAfterRead "P-46" "log/reader-two-takeovers" 0,
    WindowAboveBoundary "P-47" "log/reader-anywhere" 0,
    RepeatLook "P-46" "large/log/reader-misled" 0,
    LookToPassFlushed "P-48" "log/flushed" 0,
    DeleteBelowBound "P-50" "log/three-writers" 200,
    KeepGuardingFences "P-51" "log/three-writers" 2_000,
    KeepHighest "P-52" "log/three-writers" 2_000,
    KeepLanceFirsts "P-57" "lance/memtable" 0,
    KeepLanceHint "P-57" "lance/no-highest" 0,
    KeepLanceClaims "P-58" "lance/memtable" 0,
    SettleByData "P-58" "lance/memtable" 0,
    KeepNamedSsTables "P-80" "sstables/clock-free" 0,
    FlushedElsewhere "P-80" "sstables/pruned" 0,
    KeepRunningFlushes "P-81" "sstables/clock-free" 0,
    EveryTableVersion "P-83" "reclaim/strict" 0,
    TableHasFragments "P-83" "reclaim/without-fragments" 0,
    PlanBeforeDrain "P-84" "reclaim/strict" 0,
    DrainRelative "P-85" "reclaim/strict" 0,
    DrainAsTheirs "P-85" "lance/drained" 0,
    NamedSinceDrain "P-86" "reclaim/unheard" 0,
    SettleDrain "P-86" "reclaim/strict" 0,
    BoundaryBeforeCursors "P-53" "cursors" 0,
    CheckBoundary "P-54" "cursors" 0,
    HoldWhereMade "P-95" "cursors" 0,
    DecideOnce "P-97" "cursors/openers" 0,
    KeepBoundaries "P-98" "cursors/boundaries" 0,
    MarkBeforeBreak "P-163" "cursors/leash" 0,
    LookAfterMove "P-164" "cursors/leash" 0,
    OpenUnbroken "P-165" "cursors/leash-anew" 0,
    BoundOutsideFenceRanges "P-99" "cursors/fence_range" 0,
    KeepFencedOff "P-101" "log/fenced-off" 0,
    RecordSeenFences "P-135" "log/records" 0,
    RecordWhatIsRegular "P-135" "log/records-fenced-off" 0,
    VerifyRecords "P-136" "log/records" 0,
    ConsecutiveEpochs "P-137" "log/records" 0,
    VouchToNextClaim "P-137" "log/records-lost-later" 0,
    ReadFenceRanges "P-137" "log/records-fenced-off" 0,
    ClaimWatchedEpoch "P-11" "lease" 0,
    LookBeforeFence "P-91" "log/lost" 0,
    LookAboveTail "P-91" "log/lost-under-a-reader" 0,
    ReadAgainBelowProof "P-92" "log/closing" 0,
    SearchBeforeVerdict "P-92" "log/three-writers" 0,
    LeaseIsNoProof "P-60" "log/three-writers" 0,
    AwaitLease "P-64" "lease" 0,
    AdoptFirstShard "P-68" "first-shard" 0,
    SealOwnEpoch "P-150" "manifest/sealed" 0,
    RestoreSealed "P-152" "restore" 0,
}

/// Tries one rule's absence. The caller drops the rule first and puts it back afterwards.
#[must_use]
pub fn attempt(mutation: &Mutation) -> Outcome {
    let case = suite::find(mutation.model).expect("every mutation names a model of the suite");
    let finding = case.search(Some(STEPS_MAX));
    let states = finding.states;
    let (promise, trace) =
        finding.broken.into_iter().next().map_or((None, Vec::new()), |counterexample| {
            (Some(counterexample.promise), counterexample.trace)
        });
    let failing = (0..mutation.seeds).find_map(|seed| {
        let verdict = run::run(&Plan::of(seed), false);
        (!verdict.is_clean()).then_some((seed, verdict))
    });
    let (seed, seed_promises) = failing.map_or((None, Vec::new()), |(seed, verdict)| {
        (Some(seed), verdict.broken.iter().map(ToString::to_string).collect())
    });
    Outcome {
        rule: format!("{:?}", mutation.rule),
        clause: mutation.clause,
        model: mutation.model,
        promise,
        states,
        trace,
        seed,
        seed_promises,
    }
}

/// Drops each rule in turn and tells what noticed.
#[cfg(fencepost_mutations)]
#[must_use]
pub fn all() -> Vec<Outcome> {
    let tried = ALL.iter().map(|mutation| {
        fencepost_fence::rules::drop_rule(mutation.rule);
        attempt(mutation)
    });
    let outcomes = tried.collect();
    fencepost_fence::rules::restore_rules();
    outcomes
}

/// Searches that find nothing for so many steps are given up.
const STEPS_MAX: usize = 8_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_mutation_and_every_mutation_a_model() {
        let rules: Vec<_> = ALL.iter().map(|mutation| mutation.rule).collect();
        assert_eq!(rules, Rule::ALL);
        for mutation in ALL {
            assert!(suite::find(mutation.model).is_some(), "{mutation:?}");
        }
    }
}
