//! Errors. Each answers three questions: what became of my data, what can I do, which object is it about.

mod kind;
mod sources;
mod text;

pub use kind::ErrorKind;
pub use sources::with_sources;
use text::broken_text;
pub(crate) use text::gave_up_text;

use fencepost_fence::GaveUp;
use fencepost_format::{CursorBreak, CursorName, Epoch, FormatError, Position, ShardId};
use fencepost_store::{Escaped, StoreError};
use snafu::Snafu;
use std::sync::Arc;

/// What lies beneath an error: the store, or the bytes in it.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum Cause {
    /// A request failed.
    #[snafu(transparent)]
    Store {
        /// The store's error; it names operation and object.
        source: StoreError,
    },
    /// An object could not be understood.
    #[snafu(transparent)]
    Format {
        /// The defect; it names object and offset.
        source: FormatError,
    },
    /// A manifest belongs to another shard: somebody copied a shard's folder under a new name.
    #[snafu(display(
        "{object}: it belongs to shard {found}, but lies in the folder of shard {expected}; a shard must keep its folder's name when it is copied"
    ))]
    OtherShard {
        /// The manifest.
        object: String,
        /// The shard in it.
        found: ShardId,
        /// The folder's shard.
        expected: ShardId,
    },
    /// Every listing shows an object, and every read says that it is not there.
    #[snafu(display(
        "{object}: the store lists it, but a read says that it is not there; the store's listings are wrong"
    ))]
    ListedNotThere {
        /// The object.
        object: String,
    },
    /// An entry is gone, and another proves that it was there.
    #[snafu(display("{object}: it is gone, though it was there"))]
    Lost {
        /// The object.
        object: String,
    },
    /// The writer's task went with its runtime, so no answer will come any more.
    #[snafu(display("the writer's task was torn down with its runtime"))]
    TornDown,
    /// An object went away between listing and reading.
    #[snafu(display("{object}: it was deleted after it was listed"))]
    Gone {
        /// The object.
        object: String,
    },
}

/// Why a log could not be found or set up.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum WalError {
    /// The location is not one that can be opened.
    #[snafu(transparent)]
    Open {
        /// What is wrong with it.
        source: fencepost_store::OpenError,
    },
    /// There is no shard below the base.
    #[snafu(display(
        "{base}: no log here (no folder below _mem_wal); check the path, or create a log with `append`"
    ))]
    NoShard {
        /// Where it was looked for.
        base: String,
    },
    /// There are several shards below the base, and none was named.
    #[snafu(display("{base}: {} shards here, name one of: {}", shards.len(), list(shards)))]
    ManyShards {
        /// Where it was looked for.
        base: String,
        /// All of them.
        shards: Vec<ShardId>,
    },
    /// There is no shard below the base, and the base is a Lance table: only the table knows which shards it has.
    #[snafu(display(
        "{base}: a Lance table without a shard. Name the shard to write to: the table must know it, so none is created here"
    ))]
    Table {
        /// Where a shard was looked for.
        base: String,
    },
    /// There is no shard below the base, and it is not known whether the base is a Lance table. Nothing was
    /// created.
    #[snafu(display(
        "{base}: no shard was created, since it is not known whether this is a Lance table; name a shard, or try again: {source}"
    ))]
    MaybeTable {
        /// Where a shard was looked for.
        base: String,
        /// Why that is not known.
        source: StoreError,
    },
    /// There is no shard below the base, and the processes that are creating one now could not settle which
    /// it is. No log was changed; trying again is safe.
    #[snafu(display(
        "{object}: it could not be settled which shard is the first one here: {}{}; no log was changed. Try again, or name a shard",
        why.as_ref().map_or_else(|| "it cannot be understood".to_owned(), gave_up_text),
        caused(cause)
    ))]
    FirstShard {
        /// The object that names it.
        object: String,
        /// How the attempt ended; `None` if the object is there and cannot be understood.
        why: Option<GaveUp>,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
    /// The store could not be listed.
    #[snafu(transparent)]
    Listing {
        /// The store's error.
        source: StoreError,
    },
}

/// Why a writer could not be opened. A failed opening touches nothing that was acknowledged, and trying again
/// is safe.
#[derive(Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum OpenWriterError {
    /// Another writer took the shard meanwhile.
    #[snafu(display("another writer holds the shard now, under epoch {by}; open again to take it over"))]
    Fenced {
        /// The epoch that was seen.
        by: Epoch,
    },
    /// Somebody holds the lease, and the options say not to take over.
    #[snafu(display(
        "epoch {epoch} (`{}`) holds the lease (ttl {ttl_ms} ms); wait for it, or take over now",
        Escaped(holder)
    ))]
    Held {
        /// The holder's epoch.
        epoch: Epoch,
        /// The name that the holder gave itself, verbatim: escape it before printing it.
        holder: String,
        /// The lease's time to live.
        ttl_ms: u64,
    },
    /// The shard is sealed: an operator stopped it, or Lance drops the table.
    #[snafu(display("the shard is sealed and takes no writers, until it is unsealed"))]
    Sealed,
    /// There is no manifest, but there are entries or a boundary: a writer would take places that readers are beyond.
    // P-116.
    #[snafu(display(
        "{folder} has no manifest, but the log has entries: its manifests are lost, and nothing was written. Put them back, from older versions of the bucket or a copy"
    ))]
    ManifestsLost {
        /// The folder that has none.
        folder: String,
    },
    /// It is not known whether manifests are lost. Nothing was written.
    #[snafu(display("nothing was written: {source}"))]
    Store {
        /// The store's error.
        source: StoreError,
    },
    /// The store does not keep its promise about create-if-absent.
    #[snafu(display("{source}"))]
    Unsafe {
        /// What the probe saw, and what would be lost.
        source: fencepost_store::ProbeError,
    },
    /// The lease could not be read, so nobody knows whether its holder lives. Nothing was changed.
    #[snafu(display(
        "the lease {object} could not be read{}; nothing was changed. Make it readable, or take over at once, which needs no lease",
        caused(cause)
    ))]
    LeaseUnread {
        /// The lease.
        object: String,
        /// What the store said last.
        cause: Option<Cause>,
    },
    /// The opening ended without an answer, or at something damaged.
    #[snafu(display("the writer was not opened: {}{}", gave_up_text(why), caused(cause)))]
    GaveUp {
        /// Where it ended.
        why: GaveUp,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
}

/// Why batches were not taken. Nothing was written, and the batches are handed back.
#[derive(Debug, Snafu)]
#[snafu(display("{why}"))]
#[expect(clippy::exhaustive_structs, reason = "callers take it apart")]
pub struct SubmitError {
    /// The batches, as they came.
    pub batches: Vec<arrow_array::RecordBatch>,
    /// The reason.
    #[snafu(source)]
    pub why: AppendError,
}

/// Why an append was not acknowledged.
#[derive(Clone, Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum AppendError {
    /// A successor has the shard. Stand down, or open again.
    #[snafu(display(
        "fenced: epoch {by} has the shard (seen at position {at}); {}",
        if *definite { "these rows are not in the log" } else {
            "an earlier attempt of these rows may have landed and may have been replayed"
        }
    ))]
    Fenced {
        /// The successor's epoch.
        by: Epoch,
        /// Where it was met.
        at: Position,
        /// Whether these batches are definitely not in the log.
        // P-26.
        definite: bool,
    },
    /// An entry from an unknown writer occupies position `at`. Open again: the new epoch begins above it.
    #[snafu(display(
        "position {at} holds an entry that no known writer wrote; these rows are {}; open the log again",
        if *definite { "not in the log" } else { "perhaps in the log" }
    ))]
    Obstructed {
        /// The position.
        at: Position,
        /// Whether these batches are definitely not in the log.
        definite: bool,
    },
    /// The store never answered: the batches may be in the log now, or get there later. Open again to learn which.
    #[snafu(display(
        "the outcome of position {at} is unknown: these rows may be in the log; open again to learn which{}",
        detail(cause)
    ))]
    Unknown {
        /// The first position without an answer.
        at: Position,
        /// The last thing that went wrong.
        cause: Option<Arc<Cause>>,
    },
    /// The store refused. The batches are not in the log.
    #[snafu(display("the store refused position {at}: these rows are not in the log{}", detail(cause)))]
    NotDone {
        /// The first position that was refused.
        at: Position,
        /// The store's reason.
        cause: Option<Arc<Cause>>,
    },
    /// The bucket was rolled back or replaced beneath the writer. The batches may be in the bucket that is
    /// there now, above a gap. Open again.
    #[snafu(display(
        "the writer stopped at position {at}: {}; these rows are perhaps in the log, above a gap",
        gave_up_text(why)
    ))]
    RolledBack {
        /// The first position that was not acknowledged.
        at: Position,
        /// What showed it.
        why: GaveUp,
    },
    /// The writer had stopped before these batches were sent, so they are not in the log. Open again.
    #[snafu(display("the writer stopped at position {at}; these rows were not sent and are not in the log"))]
    Stopped {
        /// The position that made it stop.
        at: Position,
    },
    /// The writer was closed or is closing. The batches are not in the log.
    #[snafu(display("the writer is closed; these rows are not in the log"))]
    Closed,
    /// One submission is larger than an entry may be. The batches are not in the log.
    #[snafu(display(
        "a submission of {bytes} bytes is above the limit of {limit} bytes and is not in the log; split it"
    ))]
    TooLarge {
        /// Its size, encoded.
        bytes: u64,
        /// The limit of [`WriterOptions::with_entry_bytes_max`](crate::WriterOptions::with_entry_bytes_max).
        limit: u64,
    },
    /// The batches cannot be encoded. They are not in the log.
    #[snafu(display("{reason}"))]
    Refused {
        /// The reason.
        reason: String,
    },
}

impl AppendError {
    /// Whether the batches are definitely not in the log and never will be.
    #[must_use]
    pub const fn is_definite(&self) -> bool {
        match self {
            Self::Unknown { .. } | Self::RolledBack { .. } => false,
            Self::Fenced { definite, .. } | Self::Obstructed { definite, .. } => *definite,
            _ => true,
        }
    }

    /// The same stop, for batches that were never sent.
    pub(crate) fn for_unsent(&self) -> Self {
        match self {
            Self::Fenced { by, at, .. } => Self::Fenced { by: *by, at: *at, definite: true },
            Self::Obstructed { at, .. }
            | Self::Unknown { at, .. }
            | Self::RolledBack { at, .. }
            | Self::NotDone { at, .. } => Self::Stopped { at: *at },
            other => other.clone(),
        }
    }

    /// Whether a new writer may take the same batches. False only if their size or encoding was refused.
    ///
    /// After [`Unknown`](Self::Unknown), first look whether the batches are in the log.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, Self::TooLarge { .. } | Self::Refused { .. })
    }
}

/// Why a checkpoint did not move.
#[derive(Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The position is not acknowledged yet.
    #[snafu(display("cannot checkpoint at position {asked}: only positions up to {tail} are acknowledged"))]
    AboveTail {
        /// What was asked for.
        asked: Position,
        /// The acknowledged tail.
        tail: Position,
    },
    /// A successor has the shard.
    #[snafu(display("fenced: epoch {by} has the shard and decides about checkpoints"))]
    Fenced {
        /// Its epoch.
        by: Epoch,
    },
    /// The request ended without an answer: the checkpoint may or may not have moved. Trying again is safe.
    #[snafu(display("the checkpoint may or may not have moved: {}{}", gave_up_text(why), caused(cause)))]
    GaveUp {
        /// Where it ended.
        why: GaveUp,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
    /// The writer was closed.
    #[snafu(display("the writer is closed; open another to checkpoint"))]
    Closed,
}

/// Why reading ended before the log did.
#[derive(Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum ReadError {
    /// The position was collected. Nothing was skipped: continue at `first` if that is acceptable.
    #[snafu(display("position {at} was collected; the first position that can be read is {first}"))]
    Truncated {
        /// The position that is gone.
        at: Position,
        /// The first one that can be read.
        first: Position,
    },
    /// There is no log.
    #[snafu(display("shard {shard} has no manifest: nobody ever wrote to it"))]
    NoLog {
        /// The shard.
        shard: ShardId,
    },
    /// There is no manifest, but there are entries or a boundary: there was a log, and its manifests are gone.
    // P-116.
    #[snafu(display(
        "{folder} has no manifest, but the log has entries: its manifests are lost. Put them back, from older versions of the bucket or a copy; the entries still have their rows"
    ))]
    ManifestsLost {
        /// The folder that has none.
        folder: String,
    },
    /// Reading ended without an answer, or at something damaged. Reading again from the same position is safe.
    #[snafu(display("reading stopped at position {at}: {}{}", gave_up_text(why), caused(cause)))]
    GaveUp {
        /// The position that was to be read next.
        at: Position,
        /// Where it ended.
        why: GaveUp,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
    /// A cursor was not opened, moved or removed, or it is not known whether it was. It holds at its old
    /// place, and perhaps at the new one too. Repeating the call is safe.
    #[snafu(display("cursor {name}: {}{}", gave_up_text(why), caused(cause)))]
    Cursor {
        /// Its name.
        name: CursorName,
        /// Where it ended.
        why: GaveUp,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
    /// There is no cursor of this name: it was removed, or never made. Nothing holds what its consumer had yet
    /// to read. A new one may begin at `first`, if what was below is not needed.
    #[snafu(display(
        "there is no cursor {name}; the first position that can be read for certain is {first}"
    ))]
    NoCursor {
        /// Its name.
        name: CursorName,
        /// The first position that no collection has passed.
        first: Position,
    },
    /// A collection broke the cursor, since it was over its leash. Nothing is held for its consumer any more: from
    /// `first` upward the log is there for certain, and what lies between `position` and that may be gone.
    ///
    /// To go on, make the cursor anew: [`CursorOptions::with_broken_remade`](crate::CursorOptions::with_broken_remade), with
    /// [`CursorStart::After`](crate::CursorStart::After) the position before `first`, or after `position` if that is higher.
    // P-164, P-165.
    #[snafu(display(
        "cursor {name} was broken at position {position}{}; the first position that can be read for certain is {first}",
        broken_text(mark.as_ref())
    ))]
    CursorBroken {
        /// Its name.
        name: CursorName,
        /// Where it stood.
        position: Position,
        /// The first position that no collection has passed.
        first: Position,
        /// When and why it was broken, if that could be read.
        mark: Option<CursorBreak>,
    },
    /// An entry is sound as far as the protocol goes, but its rows cannot be decoded.
    #[snafu(transparent)]
    Rows {
        /// The defect; it names object and offset.
        source: FormatError,
    },
    /// One of the reader's own requests failed.
    #[snafu(transparent)]
    Store {
        /// The store's error.
        source: StoreError,
    },
}

impl OpenWriterError {
    /// Whether opening again can succeed although nobody changes anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Fenced { .. } | Self::Held { .. } | Self::LeaseUnread { .. } => true,
            Self::GaveUp { why, .. } => matches!(why, GaveUp::Unread | GaveUp::Unknown),
            Self::Store { source } => source.is_retryable(),
            Self::Sealed | Self::Unsafe { .. } | Self::ManifestsLost { .. } => false,
        }
    }
}

pub(crate) fn caused(cause: &Option<Cause>) -> String {
    cause.as_ref().map_or_else(String::new, |cause| format!(" ({cause})"))
}

fn detail(cause: &Option<Arc<Cause>>) -> String {
    cause.as_ref().map_or_else(String::new, |cause| format!(" ({cause})"))
}

fn list(shards: &[ShardId]) -> String {
    shards.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
