//! What happens to each object, and why.

use fencepost_format::{CursorName, Epoch, Position, ShardPaths, SsTableName, Version};
use std::fmt;

/// An object of a shard, as a collection sees it. Ordered as a collection deletes: entries upward, then the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Object {
    /// The entry at this position.
    Entry(Position),
    /// The folder of one of Lance's SSTables, or what a failed flush left, with all that is in it (P-80). Before the manifests, which
    /// are the evidence (P-82).
    SsTable(SsTableName),
    /// The manifest of this version.
    Manifest(Version),
    /// The boundary document of this position.
    Boundary(Position),
    /// The lease document of this epoch.
    Lease(Epoch),
    /// The record that an operator released this epoch (P-59). Never deleted.
    Release(Epoch),
    /// The documents of this cursor. They are its consumer's, and never deleted here.
    Cursor(CursorName),
    /// Something whose path is not understood. Never deleted.
    Other(String),
}

impl Object {
    /// Where it lies, relative to the root of the store. For a cursor and for an SSTable, its folder.
    #[must_use]
    pub fn path(&self, paths: &ShardPaths) -> String {
        match self {
            Self::Entry(at) => paths.entry(*at),
            Self::Manifest(version) => paths.manifest(*version),
            Self::Boundary(at) => paths.boundary(*at),
            Self::Lease(epoch) => paths.lease(*epoch),
            Self::Release(epoch) => paths.release(*epoch),
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
            Self::Release(epoch) => write!(f, "release of epoch {epoch}"),
            Self::Cursor(name) => write!(f, "cursor {name}"),
            Self::SsTable(name) => write!(f, "SSTable {name}"),
            Self::Other(path) => write!(f, "{}", path.escape_debug()),
        }
    }
}

/// What happens to an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It goes.
    Delete,
    /// It stays, for this reason: the first that applies, in the order of [`Reason`].
    Keep(Reason),
}

impl Verdict {
    /// Whether the object goes.
    #[must_use]
    pub const fn is_delete(&self) -> bool {
        matches!(self, Self::Delete)
    }
}

/// Why an object stays. `Display` gives a sentence for people, [`name`](Self::name) a stable word for programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// An entry above `R` (P-50).
    Live,
    /// An entry above the lowest cursor (P-50).
    Cursor(CursorName),
    /// Something in the folder of cursors is not understood and may be a cursor on any entry.
    CursorNotUnderstood,
    /// An entry that the opener of this epoch, Lance's, may still replay (P-58).
    LanceOpener(Epoch),
    /// This manifest version could not be read and may be a claim by Lance from anywhere (P-58).
    LanceClaimUnread(Version),
    /// An entry that was acknowledged and fenced off by a loss, or one above it (P-101).
    FencedOff,
    /// An entry that the policy retains (P-50).
    Retention,
    /// An entry of a zone that goes as a whole, once nothing holds any of it (P-99).
    Zone,
    /// An entry above the boundary that this pass published (P-53).
    AboveBoundary,
    /// A post that late appends of a dead writer collide with (P-51), or the first entry of an epoch of Lance's (P-57).
    NeededPost,
    /// An entry that is there and could not be read or understood (P-51).
    Unreadable,
    /// An entry that was not read in this pass.
    Unread,
    /// The highest entry (P-52).
    HighestEntry,
    /// An entry from which Lance's search for the tail may start (P-57).
    LanceTailGuard,
    /// The entry that shows that this epoch, Lance's, came to write (P-58).
    LanceEvidence(Epoch),
    /// One of the newest manifest versions (P-9).
    NewestManifests,
    /// A manifest version younger than the policy lets go (P-9).
    YoungManifest,
    /// A manifest version that may be needed as evidence, in a strict collection (P-58).
    StrictManifest,
    /// The record of an operator's release (P-59).
    ReleaseRecord,
    /// The boundary that counts.
    LatestBoundary,
    /// A boundary that a new cursor may be about to look at (P-98).
    SupersededBoundary,
    /// The lease of the current epoch, or of one that was claimed meanwhile.
    CurrentLease,
    /// A cursor.
    ConsumersCursor,
    /// What is left of a cursor that was removed. It holds nothing.
    CursorLeftover,
    /// This manifest version names it as an SSTable (P-80).
    SsTableNamed(Version),
    /// Its generation is not flushed yet (P-80).
    SsTableNotFlushed,
    /// It could not be listed.
    SsTableUnlisted,
    /// A flush by the holder of this epoch may be under way (P-81), in a strict collection.
    SsTableOfEpoch(Epoch),
    /// A flush may be under way (P-81).
    YoungSsTable,
    /// This manifest version could not be understood and may name it (P-80).
    SsTableManifestUnread(Version),
    /// No manifest that is left says where its generation was flushed (P-80).
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
            Self::Zone => "zone",
            Self::AboveBoundary => "above_boundary",
            Self::NeededPost => "needed_post",
            Self::Unreadable => "unreadable",
            Self::Unread => "unread",
            Self::HighestEntry => "highest_entry",
            Self::LanceTailGuard => "lance_tail_guard",
            Self::LanceEvidence(_) => "lance_evidence",
            Self::StrictManifest => "strict_manifest",
            Self::ReleaseRecord => "release_record",
            Self::NewestManifests => "newest_manifests",
            Self::YoungManifest => "young_manifest",
            Self::LatestBoundary => "latest_boundary",
            Self::SupersededBoundary => "superseded_boundary",
            Self::CurrentLease => "current_lease",
            Self::ConsumersCursor => "consumers_cursor",
            Self::CursorLeftover => "cursor_leftover",
            Self::SsTableNamed(_) => "sstable",
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
                "An object in the folder of cursors is not understood and may be a cursor; see which, and remove it or upgrade."
            }
            Self::LanceOpener(epoch) => {
                return write!(
                    f,
                    "The opener of epoch {epoch}, Lance's, was superseded before it wrote, and may still replay it; see gc claims."
                );
            }
            Self::LanceClaimUnread(version) => {
                return write!(f, "Manifest {version} could not be read, and may be a claim whose opener still replays it.");
            }
            Self::LanceEvidence(epoch) => {
                return write!(f, "It shows that epoch {epoch}, Lance's, came to write, so that its claim holds nothing.");
            }
            Self::StrictManifest => "A strict collection prunes no manifest where Lance writes.",
            Self::ReleaseRecord => "It records that an operator released an epoch.",
            Self::FencedOff => {
                "An entry was lost, and what was acknowledged above it is read by nobody; it stays until its rows are saved and it is given up."
            }
            Self::Retention => "The policy retains it.",
            Self::AboveBoundary => "It lies above the boundary of this pass; the next pass looks at it.",
            Self::Zone => "A takeover's post and fillers go together, and something still holds the last of them.",
            Self::NeededPost => "It is what a dead writer's late appends collide with; it stays for ever.",
            Self::Unreadable => "It could not be read or understood, so nobody knows whether it is needed.",
            Self::Unread => "It was not read, so nobody knows whether it is needed.",
            Self::HighestEntry => "It is the highest entry: whoever looks for the tail by listing finds it.",
            Self::LanceTailGuard => "Lance looks for the tail from a position at or below it, and must find no gap.",
            Self::NewestManifests => "It is one of the newest manifest versions.",
            Self::YoungManifest => "It is a young manifest version.",
            Self::LatestBoundary => "It is the boundary that counts.",
            Self::SupersededBoundary => "It is superseded; a later pass deletes it, when no new cursor may be looking at it.",
            Self::CurrentLease => "It is the lease of the current epoch.",
            Self::ConsumersCursor => "It is a consumer's cursor; it stays until it is removed by name.",
            Self::CursorLeftover => "It is left of a cursor that was removed, and holds nothing; removing it once more deletes it.",
            Self::SsTableNamed(version) => {
                return write!(f, "Manifest {version} names it: it is an SSTable, and Lance's to delete.");
            }
            Self::SsTableNotFlushed => {
                "Its generation is not flushed yet: whoever flushes it may still put this folder into the manifest."
            }
            Self::SsTableUnlisted => "It could not be listed.",
            Self::SsTableOfEpoch(epoch) => {
                return write!(
                    f,
                    "The writer of epoch {epoch} may have written it, and its flush may be under way; it goes once a later epoch is claimed."
                );
            }
            Self::YoungSsTable => "It is young: the flush that wrote it may be under way.",
            Self::SsTableManifestUnread(version) => {
                return write!(f, "What manifest {version} names is not known, and may be this.");
            }
            Self::SsTableFlushUnknown => {
                "No manifest that is left says where its generation was flushed: it may be an SSTable that was compacted."
            }
            Self::NotUnderstood => "It is none of the objects that this program knows.",
        })
    }
}
