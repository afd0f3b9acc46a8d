//! What happens to each object, and why.

use fencepost_format::{
    CursorName, Epoch, Position, ReceiptName, ReclaimName, ShardPaths, SsTableName, Version,
};
use std::fmt;

/// An object of a shard, as a collection sees it. Ordered as a collection deletes: entries upward, then the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Object {
    /// The entry at this position.
    Entry(Position),
    /// The folder of an SSTable of Lance's, or of a failed flush, with everything in it. It comes before the
    /// manifests, which are the evidence.
    // P-80, P-82.
    SsTable(SsTableName),
    /// The manifest of this version.
    Manifest(Version),
    /// The boundary document of this position.
    Boundary(Position),
    /// The lease document of this epoch.
    Lease(Epoch),
    /// The record of the opener of this epoch.
    // P-135.
    Opening(Epoch),
    /// A part of a collection's receipt.
    // P-141.
    Receipt(ReceiptName),
    /// A document of a reclaim.
    // P-88.
    Reclaim(ReclaimName),
    /// The record that an operator had this epoch forgotten. Never deleted.
    // P-59.
    Forgotten(Epoch),
    /// The documents of this cursor. They belong to its consumer, and a collection never deletes them.
    Cursor(CursorName),
    /// An object whose path is not understood. Never deleted.
    Other(String),
}

impl Object {
    /// The object's path, relative to the root of the store. For a cursor and for an SSTable, its folder.
    #[must_use]
    pub fn path(&self, paths: &ShardPaths) -> String {
        match self {
            Self::Entry(at) => paths.entry(*at),
            Self::Manifest(version) => paths.manifest(*version),
            Self::Boundary(at) => paths.boundary(*at),
            Self::Lease(epoch) => paths.lease(*epoch),
            Self::Opening(epoch) => paths.opening_record(*epoch),
            Self::Receipt(name) => paths.receipt(name),
            Self::Reclaim(name) => paths.reclaim(name),
            Self::Forgotten(epoch) => paths.forgotten(*epoch),
            Self::Cursor(name) => paths.cursor_dir(name),
            Self::SsTable(name) => paths.sstable_dir(*name),
            Self::Other(path) => path.clone(),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(at) => write!(f, "entry {at}"),
            Self::Manifest(version) => write!(f, "manifest {version}"),
            Self::Boundary(at) => write!(f, "boundary {at}"),
            Self::Lease(epoch) => write!(f, "lease of epoch {epoch}"),
            Self::Opening(epoch) => write!(f, "opener's record of epoch {epoch}"),
            Self::Receipt(name) => write!(f, "receipt {}", name.object_name()),
            Self::Reclaim(name) => write!(f, "{}", name.object_name()),
            Self::Forgotten(epoch) => write!(f, "forgotten epoch {epoch}"),
            Self::Cursor(name) => write!(f, "cursor {name}"),
            Self::SsTable(name) => write!(f, "SSTable {name}"),
            Self::Other(path) => write!(f, "{}", path.escape_debug()),
        }
    }
}

/// What happens to an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is deleted.
    Delete,
    /// It stays, for this reason: the first that applies, in the order of [`Reason`].
    Keep(Reason),
}

impl Verdict {
    /// Whether the object is deleted.
    #[must_use]
    pub const fn is_delete(&self) -> bool {
        matches!(self, Self::Delete)
    }
}

/// Why an object stays. `Display` gives a sentence for people, [`name`](Self::name) a stable word for programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// An entry above `replay_after`.
    // P-50.
    Live,
    /// An entry above the lowest cursor.
    // P-50.
    Cursor(CursorName),
    /// Something in the folder of cursors is not understood and may be a cursor on any entry.
    CursorNotUnderstood,
    /// An entry that Lance's opener of this epoch may still replay.
    // P-58.
    LanceOpener(Epoch),
    /// This manifest version could not be read and may be a claim by Lance from anywhere.
    // P-58.
    LanceClaimUnread(Version),
    /// An entry that was acknowledged and fenced off by a loss, or one above it.
    // P-101.
    FencedOff,
    /// An entry that the policy retains.
    // P-50.
    Retention,
    /// An entry of a fence range: a fence range is deleted as a whole, once nothing holds any part of it.
    // P-99.
    FenceRange,
    /// An entry above the boundary that this pass published.
    // P-53.
    AboveBoundary,
    /// A fence entry that late appends of a dead writer collide with, or the first entry of an epoch of Lance's.
    // P-51, P-57.
    GuardingFence,
    /// An entry that is there and could not be read or understood.
    // P-51.
    Unreadable,
    /// An entry that was not read in this pass.
    Unread,
    /// The highest entry.
    // P-52.
    HighestEntry,
    /// An entry from which Lance's search for the tail may start.
    // P-57.
    LanceTailGuard,
    /// The entry that shows that Lance's epoch with this number came to write.
    // P-58.
    LanceEvidence(Epoch),
    /// One of the newest manifest versions.
    // P-9.
    NewestManifests,
    /// A manifest version that is too young for the policy to delete.
    // P-9.
    YoungManifest,
    /// A manifest version that may be needed as evidence, in a clock-free collection.
    // P-58.
    ClockFreeManifest,
    /// The record that an operator had a claim forgotten.
    // P-59.
    ForgottenRecord,
    /// A document of a reclaim: one of the newest, a young one, or one whose folders are not gone yet.
    // P-88.
    ReclaimRecord,
    /// The boundary that counts.
    LatestBoundary,
    /// A boundary that a new cursor may be about to look at.
    // P-98.
    SupersededBoundary,
    /// The lease of the current epoch, or of an epoch that was claimed meanwhile.
    CurrentLease,
    /// An opener's record: it spares collections reading entries.
    // P-139.
    OpeningRecord,
    /// A receipt of a collection, one of the newest or young.
    // P-141.
    Receipt,
    /// A cursor.
    ConsumersCursor,
    /// The remains of a cursor that was removed. They hold nothing back.
    RemovedCursor,
    /// A cursor that was broken. It holds nothing back, and stays so that its consumer is told.
    // P-163.
    BrokenCursor,
    /// This manifest version names it as an SSTable.
    // P-80.
    SsTableNamed(Version),
    /// It was taken out of the manifest in this version or before, and nobody is known to have committed after that.
    // P-86.
    SsTableDrained(Version),
    /// Its generation is not flushed yet.
    // P-80.
    SsTableNotFlushed,
    /// It could not be listed.
    SsTableUnlisted,
    /// A flush by the holder of this epoch may be under way, in a clock-free collection.
    // P-81.
    SsTableOfEpoch(Epoch),
    /// A flush may be under way.
    // P-81.
    YoungSsTable,
    /// This manifest version could not be understood and may name it.
    // P-80.
    SsTableManifestUnread(Version),
    /// No remaining manifest names the SSTable of its generation.
    // P-80.
    SsTableFlushUnknown,
    /// A path that is not understood.
    NotUnderstood,
}

impl Reason {
    /// A stable name, for JSON and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Cursor(_) => "cursor",
            Self::CursorNotUnderstood => "cursor_not_understood",
            Self::LanceOpener(_) => "lance_opener",
            Self::LanceClaimUnread(_) => "lance_claim_unread",
            Self::FencedOff => "fenced_off",
            Self::Retention => "retention",
            Self::FenceRange => "fence_range",
            Self::AboveBoundary => "above_boundary",
            Self::GuardingFence => "guarding_fence",
            Self::Unreadable => "unreadable",
            Self::Unread => "unread",
            Self::HighestEntry => "highest_entry",
            Self::LanceTailGuard => "lance_tail_guard",
            Self::LanceEvidence(_) => "lance_evidence",
            Self::ClockFreeManifest => "clock_free_manifest",
            Self::ForgottenRecord => "forgotten_record",
            Self::ReclaimRecord => "reclaim_record",
            Self::NewestManifests => "newest_manifests",
            Self::YoungManifest => "young_manifest",
            Self::LatestBoundary => "latest_boundary",
            Self::SupersededBoundary => "superseded_boundary",
            Self::CurrentLease => "current_lease",
            Self::OpeningRecord => "opening_record",
            Self::Receipt => "receipt",
            Self::ConsumersCursor => "consumers_cursor",
            Self::RemovedCursor => "removed_cursor",
            Self::BrokenCursor => "broken_cursor",
            Self::SsTableNamed(_) => "sstable",
            Self::SsTableDrained(_) => "sstable_drained",
            Self::SsTableNotFlushed => "sstable_not_flushed",
            Self::SsTableUnlisted => "sstable_unlisted",
            Self::SsTableOfEpoch(_) => "sstable_of_epoch",
            Self::YoungSsTable => "young_sstable",
            Self::SsTableManifestUnread(_) => "sstable_manifest_unread",
            Self::SsTableFlushUnknown => "sstable_flush_unknown",
            Self::NotUnderstood => "not_understood",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "It lies above the replay point: whoever opens the log replays it.",
            Self::Cursor(name) => return write!(f, "The cursor {name} has not passed it yet."),
            Self::CursorNotUnderstood => {
                "An object in the folder of cursors is not understood and may be a cursor; find it, and remove it or upgrade this program."
            }
            Self::LanceOpener(epoch) => {
                return write!(
                    f,
                    "Lance's opener of epoch {epoch} was superseded before it wrote, and may still replay this entry; see `gc claims`."
                );
            }
            Self::LanceClaimUnread(version) => {
                return write!(f, "Manifest {version} could not be read, and may be a claim whose opener still replays this entry.");
            }
            Self::LanceEvidence(epoch) => {
                return write!(f, "It shows that Lance's epoch {epoch} came to write, so its claim holds nothing back.");
            }
            Self::ClockFreeManifest => "A clock-free collection prunes no manifest of a shard that Lance writes to.",
            Self::ForgottenRecord => "It records that an operator had an epoch forgotten.",
            Self::ReclaimRecord => "It records what was taken out of the shard's manifest.",
            Self::FencedOff => {
                "An entry was lost, and no reader sees the acknowledged entries above it; they stay until their rows are saved and they are given up."
            }
            Self::Retention => "The policy retains it.",
            Self::AboveBoundary => "It lies above the boundary of this pass; the next pass decides about it.",
            Self::FenceRange => "A takeover's fence entry and fillers are deleted together, and something still holds the last of them.",
            Self::GuardingFence => "Late appends of a dead writer must collide with it; it stays for ever.",
            Self::Unreadable => "It could not be read or understood, so nobody knows whether it is needed.",
            Self::Unread => "It was not read, so nobody knows whether it is needed.",
            Self::HighestEntry => "It is the highest entry, by which a listing finds the tail.",
            Self::LanceTailGuard => "Lance looks for the tail from a position at or below it, and must find no gap.",
            Self::NewestManifests => "It is one of the newest manifest versions.",
            Self::YoungManifest => "It is a young manifest version.",
            Self::LatestBoundary => "It is the current boundary.",
            Self::SupersededBoundary => "It is superseded; a later pass deletes it, once no new cursor can be looking at it.",
            Self::CurrentLease => "It is the lease of the current epoch.",
            Self::OpeningRecord => "It is an opener's record, which tells collections what they need not read.",
            Self::Receipt => "It is the receipt of a collection; `gc log` lists them.",
            Self::ConsumersCursor => "It is a consumer's cursor; it stays until it is removed by name.",
            Self::BrokenCursor => "It is the mark of a cursor that was over its leash and was broken: it holds nothing back, and its consumer is told.",
            Self::RemovedCursor => "It remains of a cursor that was removed, and holds nothing back; removing the cursor once more deletes it.",
            Self::SsTableNamed(version) => {
                return write!(f, "Manifest {version} names it: it is an SSTable, and only Lance deletes it.");
            }
            Self::SsTableDrained(version) => {
                return write!(
                    f,
                    "It was taken out of the shard's manifest by version {version}; it is deleted once the shard's holder, or a later one, has committed after that."
                );
            }
            Self::SsTableNotFlushed => {
                "Its generation is not flushed yet: a flush may still put this folder into the manifest."
            }
            Self::SsTableUnlisted => "It could not be listed.",
            Self::SsTableOfEpoch(epoch) => {
                return write!(
                    f,
                    "The writer of epoch {epoch} may have written it, and its flush may be under way; it is deleted once a later epoch is claimed."
                );
            }
            Self::YoungSsTable => "It is young: the flush that wrote it may be under way.",
            Self::SsTableManifestUnread(version) => {
                return write!(f, "It is not known which SSTables manifest {version} names; it may name this one.");
            }
            Self::SsTableFlushUnknown => {
                "No remaining manifest names the SSTable of this generation; this folder may be a compacted SSTable, so it stays."
            }
            Self::NotUnderstood => "This program does not know what it is.",
        })
    }
}
