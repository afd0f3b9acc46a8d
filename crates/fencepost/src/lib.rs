//! A write-ahead log on object storage, in the layout of Lance's MemWAL.
//!
//! A durable append costs one PUT, many are in flight at once, and no collection ever lets a stalled or
//! fenced writer acknowledge a write that will not be replayed. [The book](book::safety) explains why. These
//! pages cite clauses `P-…`, which are in [the protocol](book::protocol).
//!
//! ```text
//!   Wal ──── open_writer ────► Writer ──── append, submit, flush, checkpoint, close
//!    │  └─── begin_writing ──► Opening ─── what must be replayed, then a Writer
//!    ├────── reader, tail ───► Reader, Tail
//!    ├────── cursor ─────────► Cursor ──── a consumer's place, which collectors respect
//!    ├────── collector ──────► Collector ─ plan, run
//!    └────── inspect, verify, repair
//! ```
//!
//! # Example
//!
//! ```
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//! use fencepost::{ReadFrom, Wal, WriterOptions};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_from_iter([("id", ids)])?;
//!
//! let wal = Wal::at("memory://example").or_new_shard().open().await?;
//! let writer = wal.open_writer(WriterOptions::new()).await?;
//! let ticket = writer.submit(vec![batch.clone()]).await?;
//! assert!(writer.append(&[batch.clone()]).await?.position >= ticket.await?.position);
//! writer.close().await?;
//!
//! let mut reader = wal.reader(ReadFrom::Checkpoint).await?;
//! assert_eq!(reader.next().await?.expect("an entry").batches()[0], batch);
//! # Ok(())
//! # }
//! ```
//!
//! Whoever has plain bytes and no use for Arrow appends [records](Record) with [`Writer::append_records`] and
//! reads them with [`Reader::next_records`].
//!
//! # Costs
//!
//! Each method says how many requests it makes, and the README has a table of them. [`Writer::status`],
//! [`Reader::requests`] and [`Wal::requests`] count the requests that were really made.
//!
//! # Limits
//!
//! A shard has one writer at a time and at most 64 entries in flight. An entry is one object of at most 64
//! MiB by default, and its reader holds it in memory whole. A writer holds at most `buffer_bytes_max` of
//! submitted bytes, a reader at most `read_ahead` entries and `read_ahead_bytes` bytes, and one entry more.
//!
//! # Cancel safety
//!
//! Futures of a [`Writer`] only wait: dropping one never takes back what was handed over, and never loses
//! what was acknowledged. Openings, readers and collections stop where they are when they are dropped, which
//! is safe anywhere. Reading again from the [resume point](Reader::resume_point) misses nothing and repeats
//! nothing.
//!
//! # Features
//!
//! * `cloud` (default): S3, Google Cloud Storage and Azure.
//! * `doctor`: the `doctor` module, which checks whether a store is safe for a log.
//! * `metrics`: counts and times for the recorder of the `metrics` crate that the program installed; [`metrics`] has
//!   the list. Without it nothing is measured. Spans and [events](EVENTS) of `tracing` are always told.
//!
//! # What it is not
//!
//! It is not a queue, not a database, and not a way to have several writers on one shard. It does not judge
//! what is stored safely elsewhere: you say so by moving the checkpoint.
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

// Only where pages are made of it: nothing else needs the files.
#[cfg(all(doc, not(doctest)))]
pub mod book;
mod collector;
#[cfg(feature = "doctor")]
pub mod doctor;
mod drive;
mod entry;
mod environment;
mod error;
mod export;
mod find;
mod first_shard;
mod inspect;
mod manifests;
pub mod metrics;
mod one_entry;
mod options;
mod overview;
mod reader;
mod reclaimer;
mod repair;
mod same;
mod seal;
mod shard;
mod table;
mod telemetry;
mod verify;
mod wal;
mod writer;

/// Record batches, in the version that this crate's functions take.
#[doc(no_inline)]
pub use arrow_array;
/// Schemas, in the version that this crate's functions take.
#[doc(no_inline)]
pub use arrow_schema;
/// Stores, in the version that [`Wal::on`] takes.
#[doc(no_inline)]
pub use object_store;

pub use collector::{
    CollectError, Collected, Collector, Losses, Receipt, ReceiptLeft, ReceiptListed, Receipts, RequestBudget,
};
pub use entry::LogEntry;
pub use environment::Environment;
pub use error::{
    AppendError, Cause, CheckpointError, ErrorKind, OpenWriterError, ReadError, SubmitError, WalError,
    with_sources,
};
pub use export::{ExportError, Exported, Import, ImportError, Imported};
pub use fencepost_fence::{
    Ailment, FencedOff, Gap, GaveUp, NotAiling, Pipelining, RestoreRefused, Takeover, Tick,
};
pub use fencepost_format::{
    Compression, Consumed, CursorBreak, CursorName, DecodeLimits, EntryHeader, EntryKind, Epoch, Exceeded,
    Export, Generation, Lease, Leash, LeashLimit, Manifest, MemWalDetails, Nonce, OnExceed, Position,
    ReceiptBasis, ReceiptCursor, ReceiptEnd, ReceiptFailure, ReceiptKept, ReceiptLeash, ReceiptObjects,
    ReceiptPlan, ReclaimEnd, ReclaimPlan, Record, ShardId, ShardStatus, SsTableName, TableManifest,
    TableWriter, Version, records_in, records_schema,
};
pub use fencepost_gc::{
    Claim, ClaimState, Claims, CollectEvent, Compaction, EntryRun, Hold, LeashOutcome, Object, OverLeash,
    Plan, Policy, Progress, Reason, Report, SsTableFolder, TableHistory, Verdict,
};
pub use fencepost_store::{
    Escaped, Failure, LogStore, OpenError, ReadOutcome, RequestCounts, StoreError, StoreOptions, WAITING,
};
pub use find::{FoundLog, find_logs, find_shards};
pub use inspect::{EntryContent, EntryState, InspectError, InspectedEntry, Inspection, kind_name};
pub use manifests::ManifestVersion;
pub use options::{PutRate, WriterOptions};
pub use overview::{Amount, LeaseStatus, Overview, Pending};
pub use reader::{
    Cursor, CursorOptions, CursorStart, CursorStatus, ReadFrom, ReadOptions, Reader, RecordsEntry,
    ResumePoint, Tail, TailEvent, TailState,
};
pub use reclaimer::{NothingToReclaim, ReclaimError, ReclaimReport, Reclaimer};
pub use repair::{GiveUp, PlanError, RepairError, RepairPlan, RepairStep, Repaired};
pub use seal::{SealError, Sealed, Unsealed};
pub use shard::Staging;
pub use table::{TableError, TableVersions, read_table, read_table_versions};
pub use telemetry::EVENTS;
pub use verify::{Problem, ProblemKind, Verification};
pub use wal::{Wal, WalBuilder};
pub use writer::{
    Acknowledgement, Acknowledgements, Appended, Opening, Permit, Recovered, Ticket, WaitingFor, Writer,
    WriterStatus,
};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct PackageReadme;
