//! The cures of the protocol as named rules.
//!
//! In every ordinary build [`on`] is the constant `true` and the optimiser removes it. A build with `--cfg
//! fencepost_mutations` can drop one rule at a time, so that the model checker and the simulator can show
//! that they notice. It is a `--cfg` and not a feature: features unify and could reach a user's build.

/// A rule whose removal must be noticed. Each names the clause in `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The tail of the manifest chain is probed, not taken from the list.
    // P-1.
    ProbeManifests,
    /// A search lists once more before it ends.
    // P-1.
    ListManifestsTwice,
    /// A look at what was the latest counts only if a listing shows nothing above it.
    // P-111.
    WarmLookLists,
    /// It counts only if the next version is not there either.
    // P-111.
    WarmLookProbes,
    /// It counts only if the version still has the nonce that is known.
    // P-111.
    WarmLookKnowsNonce,
    /// A commit is refused by a whole search only.
    // P-112.
    SearchToRefuse,
    /// After a create the latest manifest is read again.
    // P-3.
    ConfirmCommit,
    /// A committer that finds a higher epoch is fenced.
    // P-4.
    FencedByManifest,
    /// A claim takes the next epoch.
    // P-10.
    ClaimNextEpoch,
    /// A sealed shard refuses claims.
    // P-10.
    RefuseSealed,
    /// What was read before the claim won counts only on top of the manifest that was read.
    // P-114.
    ReadUponItsClaim,
    /// An epoch begins with a fence entry.
    // P-12.
    Fence,
    /// An entry of a higher epoch fences the opener.
    // P-13.
    FencedByEntry,
    /// What stands where the fence entry should go is read, not stepped over.
    // P-14.
    ReadPastFence,
    /// Only a close entry makes a clean fence.
    // P-15.
    CleanFenceAfterClose,
    /// The manifest is read between fence entry and fillers.
    // P-16.
    ReadBeforeFillers,
    /// The window above a fence entry is filled.
    // P-17.
    Fillers,
    /// A filler that "exists" is read back.
    // P-17.
    ReadBackFillers,
    /// The manifest is read after the fence entry.
    // P-18.
    FinalRead,
    /// At most a window of undecided positions.
    // P-20.
    BoundedWindow,
    /// Acknowledgements in order.
    // P-21.
    AckInOrder,
    /// "exists" is read back.
    // P-22.
    ReadBack,
    /// An absent position after "exists" is tried again, not skipped.
    // P-22.
    AbsentIsRetried,
    /// A foreign entry is never stepped over.
    // P-22.
    NeverStepOver,
    /// An append of unknown outcome is not reported as failed for certain.
    // P-23.
    UnknownIsUnknown,
    /// A fenced append counts as refused only above `replay_after`.
    // P-26.
    RefuseAboveReplay,
    /// Where Lance has been, one append at a time.
    // P-27.
    OneBesideLance,
    /// The checkpoint stays at or below the acknowledged tail.
    // P-30.
    CheckpointBelowTail,
    /// The checkpoint never goes back.
    // P-30.
    CheckpointMonotone,
    /// The checkpoint stays out of fence ranges.
    // P-31.
    CheckpointOutsideFenceRanges,
    /// Only the epoch's holder commits.
    // P-32.
    EpochAtCheckpoint,
    /// Nothing undecided at the close.
    // P-35.
    CloseWhenSettled,
    /// Entries of a lower epoch are skipped.
    // P-40.
    SkipStaleEntries,
    /// A reader stops at the first absent position.
    // P-41.
    StopAtAbsent,
    /// Absent at or below `replay_after` is truncated.
    // P-42.
    TruncatedBelowReplay,
    /// What Lance flushed is not handed out again.
    // P-44.
    PassFlushed,
    /// A reader concludes nothing without a look at the boundary.
    // P-45.
    LookToConclude,
    /// A look bears out only what was read before it.
    // P-46.
    LookAfterRead,
    /// A start in the middle learns nothing from what lies at or below the boundary.
    // P-47.
    WindowAboveBoundary,
    /// A listing that shows less than one before it is repeated.
    // P-46.
    RepeatLook,
    /// A reader passes nothing as flushed without a look at the boundary.
    // P-48.
    LookToPassFlushed,
    /// Nothing above the bound is deleted.
    // P-50.
    DeleteBelowBound,
    /// Guarding fences stay.
    // P-51.
    KeepGuardingFences,
    /// The highest entry stays.
    // P-52.
    KeepHighest,
    /// The first entry of each of Lance's epochs, and each of its sentinels, stays.
    // P-57.
    KeepLanceFirsts,
    /// What Lance's search for the tail may start from stays, and all above.
    // P-57.
    KeepLanceHint,
    /// What the opener of an unsettled claim may still replay stays.
    // P-58.
    KeepLanceClaims,
    /// Only a data entry settles a claim.
    // P-58.
    SettleByData,
    /// An SSTable that any manifest names stays.
    // P-80.
    KeepNamedSsTables,
    /// A folder goes only if its generation was flushed into another one.
    // P-80.
    FlushedElsewhere,
    /// What a flush that is under way may have written stays.
    // P-81.
    KeepRunningFlushes,
    /// Every version of the table that exists must have what is reclaimed.
    // P-83.
    EveryTableVersion,
    /// A version of the table without fragments holds everything.
    // P-83.
    TableHasFragments,
    /// What is taken out of the manifest is planned before.
    // P-84.
    PlanBeforeDrain,
    /// A drain takes its names out of the version that it builds on.
    // P-85.
    DrainRelative,
    /// A drain of a version of Lance's is no version of ours.
    // P-85.
    DrainAsTheirs,
    /// A folder that was named again after its drain stays.
    // P-86.
    NamedSinceDrain,
    /// A folder stays until somebody has committed on top of its drain.
    // P-86.
    SettleDrain,
    /// The boundary is published before the cursors are read.
    // P-53.
    BoundaryBeforeCursors,
    /// A cursor is checked against the boundary after it is written.
    // P-54.
    CheckBoundary,
    /// A cursor whose positions are not seen holds what is above the place where it was made.
    // P-95.
    HoldWhereMade,
    /// Whether a cursor was granted or given up is decided once.
    // P-97.
    DecideOnce,
    /// A superseded boundary stays while a cursor may be in the making.
    // P-98.
    KeepBoundaries,
    /// A collection goes on without a cursor only after that is marked.
    // P-163.
    MarkBeforeBreak,
    /// Whoever moves a cursor with a leash looks afterwards whether it was broken.
    // P-164.
    LookAfterMove,
    /// A cursor that was broken is not opened.
    // P-165.
    OpenUnbroken,
    /// The bound of a collection stays out of fence ranges.
    // P-99.
    BoundOutsideFenceRanges,
    /// What a loss fenced off stays.
    // P-101.
    KeepFencedOff,
    /// An opener's record names every guarding fence of its replay.
    // P-135.
    RecordSeenFences,
    /// An opener that met stale entries which no fence range accounts for leaves no record.
    // P-135.
    RecordWhatIsRegular,
    /// An opener's record counts only if its writer's nonce is found where it says.
    // P-136.
    VerifyRecords,
    /// Where the record of an epoch is missing, nothing goes unread from the claim before it to the one after it.
    // P-137.
    ConsecutiveEpochs,
    /// What an opener replayed goes unread only up to where the next epoch was claimed.
    // P-137.
    VouchToNextClaim,
    /// A window from what the records name, and from guarding fences, is read.
    // P-137.
    ReadFenceRanges,
    /// A waiting candidate claims only the epoch it watched.
    // P-11.
    ClaimWatchedEpoch,
    /// An opener looks above the first absent position before it puts its fence entry there.
    // P-91.
    LookBeforeFence,
    /// A reader looks above the first absent position before it takes it for the tail.
    // P-91.
    LookAboveTail,
    /// An absent position is read once more after what proves that it was occupied.
    // P-92.
    ReadAgainBelowProof,
    /// An entry is lost only if a manifest read after its absence has `replay_after` below it.
    // P-92.
    SearchBeforeVerdict,
    /// A lease that stood still proves nothing: its holder is fenced like any other.
    // P-60.
    LeaseIsNoProof,
    /// A lease that is not there yet is waited for.
    // P-64.
    AwaitLease,
    /// Who finds the first shard named takes that one.
    // P-68.
    AdoptFirstShard,
    /// Only the holder of the latest epoch seals.
    // P-150.
    SealOwnEpoch,
    /// A copy takes the place of a log only if that log was sealed when the copy was begun, and is under that epoch.
    // P-152.
    RestoreSealed,
}

impl Rule {
    /// Every rule, in the order of the clauses.
    pub const ALL: &'static [Self] = &[
        Self::ProbeManifests,
        Self::ListManifestsTwice,
        Self::WarmLookLists,
        Self::WarmLookProbes,
        Self::WarmLookKnowsNonce,
        Self::SearchToRefuse,
        Self::ConfirmCommit,
        Self::FencedByManifest,
        Self::ClaimNextEpoch,
        Self::RefuseSealed,
        Self::ReadUponItsClaim,
        Self::Fence,
        Self::FencedByEntry,
        Self::ReadPastFence,
        Self::CleanFenceAfterClose,
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
        Self::CheckpointOutsideFenceRanges,
        Self::EpochAtCheckpoint,
        Self::CloseWhenSettled,
        Self::SkipStaleEntries,
        Self::StopAtAbsent,
        Self::TruncatedBelowReplay,
        Self::PassFlushed,
        Self::LookToConclude,
        Self::LookAfterRead,
        Self::WindowAboveBoundary,
        Self::RepeatLook,
        Self::LookToPassFlushed,
        Self::DeleteBelowBound,
        Self::KeepGuardingFences,
        Self::KeepHighest,
        Self::KeepLanceFirsts,
        Self::KeepLanceHint,
        Self::KeepLanceClaims,
        Self::SettleByData,
        Self::KeepNamedSsTables,
        Self::FlushedElsewhere,
        Self::KeepRunningFlushes,
        Self::EveryTableVersion,
        Self::TableHasFragments,
        Self::PlanBeforeDrain,
        Self::DrainRelative,
        Self::DrainAsTheirs,
        Self::NamedSinceDrain,
        Self::SettleDrain,
        Self::BoundaryBeforeCursors,
        Self::CheckBoundary,
        Self::HoldWhereMade,
        Self::DecideOnce,
        Self::KeepBoundaries,
        Self::MarkBeforeBreak,
        Self::LookAfterMove,
        Self::OpenUnbroken,
        Self::BoundOutsideFenceRanges,
        Self::KeepFencedOff,
        Self::RecordSeenFences,
        Self::RecordWhatIsRegular,
        Self::VerifyRecords,
        Self::ConsecutiveEpochs,
        Self::VouchToNextClaim,
        Self::ReadFenceRanges,
        Self::ClaimWatchedEpoch,
        Self::LookBeforeFence,
        Self::LookAboveTail,
        Self::ReadAgainBelowProof,
        Self::SearchBeforeVerdict,
        Self::LeaseIsNoProof,
        Self::AwaitLease,
        Self::AdoptFirstShard,
        Self::SealOwnEpoch,
        Self::RestoreSealed,
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
