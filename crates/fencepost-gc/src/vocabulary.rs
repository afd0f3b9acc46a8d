//! The requests and replies between a collection and its driver.

use crate::{Inventory, Object, Plan, Progress, Report, SsTableFolder, StoreTime};
use fencepost_fence::{CreateReply, GaveUp, ReadReply, Reply, Request};
use fencepost_format::{
    CursorBreak, CursorName, EntryHeader, Epoch, Nonce, OpeningRecord, Position, ReclaimEnd, SsTableName,
};
use std::collections::BTreeSet;

/// A folder to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `wal/`.
    Entries,
    /// `manifest/`.
    Manifests,
    /// `fencepost/`: boundaries, leases, cursors and openers' records.
    Documents,
    /// The names of the folders of SSTables in the shard's folder, without their contents.
    SsTables,
}

/// A request of a collection. The driver performs it and answers with the [`CollectReply`] of the same name.
///
/// `attempt` counts from 0. Before an attempt above 0, the driver waits as its retry policy says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CollectRequest {
    /// A request of the manifest search, or of reading older versions; it only lists and reads.
    Manifest(Request),
    /// LIST a folder and answer with its contents, and nothing else.
    List {
        /// The folder.
        part: Part,
        /// Which try this is.
        attempt: u32,
    },
    /// GET the boundary document of this position and answer with the fence entries that it records.
    ReadBoundary {
        /// The boundary's position.
        at: Position,
        /// Which try this is.
        attempt: u32,
    },
    /// GET the record of the opener of this epoch.
    // P-135.
    ReadOpening {
        /// The epoch.
        epoch: Epoch,
        /// Which try this is.
        attempt: u32,
    },
    /// GET enough of an entry to know for certain what it is.
    ReadHeader {
        /// The position.
        at: Position,
        /// The object's size, as listed.
        bytes: u64,
        /// Which try this is.
        attempt: u32,
    },
    /// LIST a folder of an SSTable and answer with the amount of its contents.
    ListSsTable {
        /// The folder's name.
        name: SsTableName,
        /// Which try this is.
        attempt: u32,
    },
    /// GET the end of a reclaim.
    // P-88.
    ReadReclaim {
        /// The reclaim's number.
        number: u64,
        /// Which try this is.
        attempt: u32,
    },
    /// Create the mark that breaks this cursor, if absent.
    // P-163.
    BreakCursor {
        /// The cursor's name.
        name: CursorName,
        /// Which cursor of that name.
        nonce: Nonce,
        /// What the mark says.
        mark: CursorBreak,
        /// Which try this is.
        attempt: u32,
    },
    /// Is the mark that breaks this cursor there?
    FindBreak {
        /// The cursor's name.
        name: CursorName,
        /// Which cursor of that name.
        nonce: Nonce,
        /// Which try this is.
        attempt: u32,
    },
    /// Create the boundary document of this position, if absent.
    PublishBoundary {
        /// The boundary.
        at: Position,
        /// The fence entries to record in it.
        guarding_fences: Vec<Position>,
        /// Which try this is.
        attempt: u32,
    },
    /// Write the stamp, and answer with the time that the store gives it.
    Stamp {
        /// Which try this is.
        attempt: u32,
    },
    /// Delete these objects, in any order. Objects that are gone already count as deleted.
    ///
    /// An SSTable's folder comes alone, and everything in it is deleted: first `_versions`, by which Lance
    /// would take it for complete, then the rest.
    Delete {
        /// The number of the batch; batches are requested one after the other.
        batch: u32,
        /// The objects to delete: only entries, manifests, boundaries, leases, openers' records
        /// and folders of SSTables.
        objects: Vec<Object>,
    },
}

/// The answer to a [`CollectRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CollectReply {
    /// To [`CollectRequest::Manifest`].
    Manifest(Reply),
    /// To [`CollectRequest::List`]: an inventory of that folder. An absent folder is an empty one.
    Listed(Part, ReadReply<Inventory>),
    /// To [`CollectRequest::ReadBoundary`].
    Boundary(Position, ReadReply<BTreeSet<Position>>),
    /// To [`CollectRequest::ReadOpening`].
    Opening(Epoch, ReadReply<OpeningRecord>),
    /// To [`CollectRequest::ReadHeader`].
    Header(Position, ReadReply<EntryHeader>),
    /// To [`CollectRequest::ListSsTable`]. A folder with nothing in it is absent.
    SsTable(SsTableName, ReadReply<SsTableFolder>),
    /// To [`CollectRequest::ReadReclaim`].
    Reclaim(u64, ReadReply<ReclaimEnd>),
    /// To [`CollectRequest::BreakCursor`].
    CursorBroken(CursorName, Nonce, CreateReply),
    /// To [`CollectRequest::FindBreak`].
    BreakFound(CursorName, Nonce, ReadReply<()>),
    /// To [`CollectRequest::PublishBoundary`].
    Published(Position, CreateReply),
    /// To [`CollectRequest::Stamp`].
    Stamped(ReadReply<StoreTime>),
    /// To [`CollectRequest::Delete`].
    Deleted {
        /// The batch.
        batch: u32,
        /// The objects that were not deleted, or are not known to be deleted, and why.
        failed: Vec<(Object, String)>,
    },
}

/// An event of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CollectEvent {
    /// It made progress.
    Progress(Progress),
    /// The plan of what it is about to delete or, if it only plans, would delete.
    Planned(Plan),
    /// It ended.
    Done(Report),
    /// The shard has no manifest: there is no log here, and nothing was deleted.
    NoLog,
    /// It ended without an answer. Nothing was deleted; collecting again is safe.
    GaveUp(GaveUp),
}
