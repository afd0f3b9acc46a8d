//! The cures of the protocol as named rules.
//!
//! In every ordinary build [`on`] is the constant `true` and the optimiser removes it. A build with
//! `--cfg fencepost_mutations` can drop one rule at a time, so that the model checker and the simulator can show that they
//! notice. It is a `--cfg` and not a feature: features unify and could reach a user's build.

/// A rule whose removal must be noticed. Each names the clause in `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// P-1: the tail of the manifest chain is probed, not taken from the list.
    ProbeManifests,
    /// P-1: a search lists once more before it ends.
    ListManifestsTwice,
    /// P-3: after a create the latest manifest is read again.
    ConfirmCommit,
    /// P-4: a committer that finds a higher epoch is fenced.
    FencedByManifest,
    /// P-10: a claim takes the next epoch.
    ClaimNextEpoch,
    /// P-10: a sealed shard refuses claims.
    RefuseSealed,
    /// P-12: an epoch begins with a post.
    Post,
    /// P-13: an entry of a higher epoch fences the opener.
    FencedByEntry,
    /// P-14: what stands where the post should go is read, not stepped over.
    ReadPastPost,
    /// P-15: only a close entry makes a handover.
    HandoverAfterClose,
    /// P-16: the manifest is read between post and fillers.
    ReadBeforeFillers,
    /// P-17: the window above a post is filled.
    Fillers,
    /// P-17: a filler that "exists" is read back.
    ReadBackFillers,
    /// P-18: the manifest is read after the post.
    FinalRead,
    /// P-20: at most a window of undecided positions.
    BoundedWindow,
    /// P-21: acknowledgements in order.
    AckInOrder,
    /// P-22: "exists" is read back.
    ReadBack,
    /// P-22: an absent position after "exists" is tried again, not skipped.
    AbsentIsRetried,
    /// P-22: a foreign entry is never stepped over.
    NeverStepOver,
    /// P-23: an append of unknown outcome is not reported as failed for certain.
    UnknownIsUnknown,
    /// P-26: a fenced append counts as refused only above `R`.
    RefuseAboveReplay,
    /// P-27: where Lance has been, one append at a time.
    OneBesideLance,
    /// P-30: the checkpoint stays at or below the acknowledged tail.
    CheckpointBelowTail,
    /// P-30: the checkpoint never goes back.
    CheckpointMonotone,
    /// P-31: the checkpoint stays out of zones.
    CheckpointOutsideZones,
    /// P-32: only the epoch's holder commits.
    EpochAtCheckpoint,
    /// P-35: nothing undecided at the close.
    CloseWhenSettled,
    /// P-40: entries of a lower epoch are skipped.
    SkipLeftovers,
    /// P-41: a reader stops at the first absent position.
    StopAtAbsent,
    /// P-42: absent at or below `R` is truncated.
    TruncatedBelowReplay,
    /// P-44: what Lance flushed is not handed out again.
    PassFlushed,
    /// P-45: a reader concludes nothing without a look at the boundary.
    LookToConclude,
    /// P-46: a look bears out only what was read before it.
    LookAfterRead,
    /// P-47: a start in the middle learns nothing from what lies at or below the boundary.
    WindowAboveBoundary,
    /// P-48: a reader passes nothing as flushed without a look at the boundary.
    LookToPassFlushed,
    /// P-50: nothing above the bound is deleted.
    DeleteBelowBound,
    /// P-51: needed posts stay.
    KeepNeededPosts,
    /// P-52: the highest entry stays.
    KeepHighest,
    /// P-57: the first entry of each of Lance's epochs, and each of its sentinels, stays.
    KeepLanceFirsts,
    /// P-57: what Lance's search for the tail may start from stays, and all above.
    KeepLanceHint,
    /// P-58: what the opener of an unsettled claim may still replay stays.
    KeepLanceClaims,
    /// P-58: only a data entry settles a claim.
    SettleByData,
    /// P-80: an SSTable that any manifest names stays.
    KeepNamedSsTables,
    /// P-80: a folder goes only if its generation was flushed into another one.
    FlushedElsewhere,
    /// P-81: what a flush that is under way may have written stays.
    KeepRunningFlushes,
    /// P-53: the boundary is published before the cursors are read.
    BoundaryBeforeCursors,
    /// P-54: a cursor is checked against the boundary after it is written.
    CheckBoundary,
    /// P-95: a cursor whose positions are not seen holds what is above the place where it was made.
    HoldWhereMade,
    /// P-97: whether a cursor was granted or given up is decided once.
    DecideOnce,
    /// P-98: a superseded boundary stays while a cursor may be in the making.
    KeepBoundaries,
    /// P-99: the bound of a collection stays out of zones.
    BoundOutsideZones,
    /// P-11: a waiting candidate claims only the epoch it watched.
    ClaimWatchedEpoch,
    /// P-91: an opener looks above the first absent position before it posts there.
    LookBeforePost,
    /// P-91: a reader looks above the first absent position before it takes it for the tail.
    LookAboveTail,
    /// P-92: an absent position is read once more after what proves that it was occupied.
    ReadAgainBelowProof,
    /// P-92: an entry is lost only if a manifest read after its absence has `R` below it.
    SearchBeforeVerdict,
    /// P-60: a lease that stood still proves nothing: its holder is fenced like any other.
    LeaseIsNoProof,
    /// P-64: a lease that is not there yet is waited for.
    AwaitLease,
    /// P-68: who finds the first shard named takes that one.
    AdoptFirstShard,
}

impl Rule {
    /// Every rule, in the order of the clauses.
    pub const ALL: &'static [Self] = &[
        Self::ProbeManifests,
        Self::ListManifestsTwice,
        Self::ConfirmCommit,
        Self::FencedByManifest,
        Self::ClaimNextEpoch,
        Self::RefuseSealed,
        Self::Post,
        Self::FencedByEntry,
        Self::ReadPastPost,
        Self::HandoverAfterClose,
        Self::ReadBeforeFillers,
        Self::Fillers,
        Self::ReadBackFillers,
        Self::FinalRead,
        Self::BoundedWindow,
        Self::AckInOrder,
        Self::ReadBack,
        Self::AbsentIsRetried,
        Self::NeverStepOver,
        Self::UnknownIsUnknown,
        Self::RefuseAboveReplay,
        Self::OneBesideLance,
        Self::CheckpointBelowTail,
        Self::CheckpointMonotone,
        Self::CheckpointOutsideZones,
        Self::EpochAtCheckpoint,
        Self::CloseWhenSettled,
        Self::SkipLeftovers,
        Self::StopAtAbsent,
        Self::TruncatedBelowReplay,
        Self::PassFlushed,
        Self::LookToConclude,
        Self::LookAfterRead,
        Self::WindowAboveBoundary,
        Self::LookToPassFlushed,
        Self::DeleteBelowBound,
        Self::KeepNeededPosts,
        Self::KeepHighest,
        Self::KeepLanceFirsts,
        Self::KeepLanceHint,
        Self::KeepLanceClaims,
        Self::SettleByData,
        Self::KeepNamedSsTables,
        Self::FlushedElsewhere,
        Self::KeepRunningFlushes,
        Self::BoundaryBeforeCursors,
        Self::CheckBoundary,
        Self::HoldWhereMade,
        Self::DecideOnce,
        Self::KeepBoundaries,
        Self::BoundOutsideZones,
        Self::ClaimWatchedEpoch,
        Self::LookBeforePost,
        Self::LookAboveTail,
        Self::ReadAgainBelowProof,
        Self::SearchBeforeVerdict,
        Self::LeaseIsNoProof,
        Self::AwaitLease,
        Self::AdoptFirstShard,
    ];
}

/// Whether the rule holds in this build. Always, unless a mutation dropped it.
#[cfg(not(fencepost_mutations))]
#[inline(always)]
#[must_use]
pub const fn on(_rule: Rule) -> bool {
    true
}

#[cfg(fencepost_mutations)]
pub use mutated::{drop_rule, on, restore_rules};

#[cfg(fencepost_mutations)]
mod mutated {
    use super::Rule;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static DROPPED: AtomicUsize = AtomicUsize::new(usize::MAX);

    /// Whether the rule holds: all but the dropped one do.
    #[must_use]
    pub fn on(rule: Rule) -> bool {
        DROPPED.load(Ordering::Relaxed) != rule as usize
    }

    /// Drops one rule for the whole process, until [`restore_rules`] or another drop.
    pub fn drop_rule(rule: Rule) {
        DROPPED.store(rule as usize, Ordering::Relaxed);
    }

    /// Puts all rules back.
    pub fn restore_rules() {
        DROPPED.store(usize::MAX, Ordering::Relaxed);
    }
}
