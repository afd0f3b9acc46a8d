//! The bytes of a fencepost log: names, entries, trailers, manifests. No IO.
//!
//! A log lives in the layout of Lance's MemWAL: entries are Arrow IPC streams, the manifest is a protobuf message,
//! and each object is written once, under a name made from its position or version.
//!
//! ```text
//! {base}/_mem_wal/{shard}/
//!   manifest/1100….binpb            Manifest            who owns the shard, where replay begins
//!   manifest/version_hint.json      encode_version_hint for Lance's readers
//!   wal/1010….arrow                 Entry               position 5
//!   0a1b2c3d_gen_5/                 SsTableName         an SSTable of Lance's, or the remains of a failed flush
//!   fencepost/gc/boundary-….json    Boundary            how far collection may have gone
//!   fencepost/gc/forgotten-….json   Forgotten           an operator's statement about a claim by Lance
//!   fencepost/gc/reclaim-….json     ReclaimPlan, ReclaimEnd   what is taken out of the manifest
//!   fencepost/cursor/{name}/….json  Cursor              how far a consumer has read
//!   fencepost/lease/….json          Lease               who holds the shard: advice only
//!
//! an entry:
//! ┌────────┬─────────────────────────┬─────────────┬───────────────────────────────────────────────────────┐
//! │ schema │ dictionaries and batches│ ff ff ff ff │ F P W L · kind · position · epoch · nonce · rows ·    │
//! │        │                         │ 00 00 00 00 │ batches · body bytes · CRC of body · CRC of these     │
//! └────────┴─────────────────────────┴─────────────┴───────────────────────────────────────────────────────┘
//! └─ an Arrow IPC stream, all that Lance sees ────┘└─ Trailer: 64 bytes, one range read; not in Lance's ──┘
//! ```
//!
//! The clauses `[F-1](https://docs.rs/fencepost/latest/fencepost/book/format/index.html#f-1)` and so on,
//! cited throughout, are in the description of the format, `docs/format.md`.
//!
//! # What it is, and what it is not
//!
//! It turns bytes into values and back, strictly. Errors are typed, name the object and the place in it, and
//! say whether the bytes are damaged, misplaced, newer than this code or above a limit. It knows no store, no
//! clock and no randomness, never decides who owns a shard, and never skips anything. The state machines that
//! decide are in `fencepost-fence`.
//!
//! # Features
//!
//! `codec` (default): rows, with Arrow 58 or 59. Without it there are ids, names, trailers, manifests and
//! documents, and no Arrow in the build.
//!
//! # Costs and limits
//!
//! Encoding copies columns once, and small ones once more into their entry; each byte is read once for the
//! checksum. A `BatchEncoder` looks at its schema once, and an `EntryAssembler` makes an entry's beginning
//! once: keep both. Decoding reads the bytes once, for the checksum, and then shares them with the columns.
//! `DecodeLimits` bounds what decoding may allocate, whatever the bytes are.
//!
//! A [`Record`](https://docs.rs/fencepost-format/latest/fencepost_format/struct.Record.html) is plain bytes. Its
//! value is shared when it is written and when it is read; only the checksum reads it.
//!
//! # Example
//!
#![cfg_attr(feature = "codec", doc = "```")]
#![cfg_attr(not(feature = "codec"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//! use bytes::Bytes;
//! use fencepost_format::{
//!     DecodeLimits, EncodedBatches, Entry, Epoch, Nonce, Position, entry_name, assemble_entry,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_from_iter([("id", ids)])?;
//!
//! // In the task that has the rows: the rows as messages of a stream.
//! let group = EncodedBatches::encode(&[batch.clone()])?;
//! // Where the position is known: the object, in chunks that share memory with the group.
//! let (position, epoch, nonce) = (Position::new(5), Epoch::new(2), Nonce(42));
//! let chunks = assemble_entry(position, epoch, nonce, &[group])?;
//!
//! let name = entry_name(position);
//! let object = Bytes::from(chunks.concat());
//! let entry = Entry::decode(&name, position, &object, DecodeLimits::DEFAULT)?;
//! assert_eq!(entry.batches(), [batch]);
//! assert_eq!((entry.header().epoch, entry.header().nonce), (epoch, Some(nonce)));
//! # Ok(())
//! # }
//! ```

mod boundary;
mod cursor;
mod documents;
#[cfg(feature = "codec")]
mod entry;
mod error;
mod export;
mod first_shard;
mod forgotten;
mod header;
mod hint;
mod ids;
mod lease;
mod leash;
mod manifest;
mod names;
mod opening_record;
mod receipt;
mod reclaim;
mod sstable_name;
mod table;
mod trailer;

pub use boundary::Boundary;
pub use cursor::{Consumed, CursorDecision, CursorDocument};
pub use documents::DOCUMENT_BYTES_MAX;
#[cfg(feature = "codec")]
pub use entry::{
    BatchEncoder, Compression, DecodeLimits, EncodedBatches, Entry, EntryAssembler, EntrySummary, LanceHead,
    Record, SoundEntry, assemble_entry, decode_header, decode_lance_head, encode_marker, records_in,
    records_schema,
};
pub use error::FormatError;
pub use export::{Export, export_entry_name};
pub use first_shard::FirstShard;
pub use forgotten::Forgotten;
pub use header::{EntryHeader, EntryKind};
pub use hint::{decode_version_hint, encode_version_hint};
pub use ids::{Epoch, Generation, ID_MAX, Nonce, Position, ShardId, Version};
pub use lease::Lease;
pub use leash::{CursorBreak, Exceeded, Leash, LeashLimit, OnExceed};
pub use manifest::{MANIFEST_BYTES_MAX, Manifest, ShardField, ShardStatus, SsTable, UnknownFields};
pub use names::{
    CursorName, ShardPaths, entry_name, manifest_name, parse_boundary_name, parse_entry_name,
    parse_forgotten_name, parse_lease_name, parse_manifest_name, parse_opening_name,
};
pub use opening_record::{OpeningRecord, RECORDED_KEPT_MAX};
pub use receipt::{
    NumberRange, ReceiptBasis, ReceiptCursor, ReceiptEnd, ReceiptFailure, ReceiptKept, ReceiptLeash,
    ReceiptName, ReceiptObjects, ReceiptPart, ReceiptPlan,
};
pub use reclaim::{RECLAIM_FOLDERS_MAX, ReclaimEnd, ReclaimName, ReclaimPart, ReclaimPlan};
pub use sstable_name::SsTableName;
pub use table::{
    MemWalDetails, TABLE_MANIFEST_BYTES_MAX, TableManifest, TableWriter, decode_table_tag,
    parse_detached_manifest_name, parse_table_manifest_name,
};
pub use trailer::{BODY_BYTES_MAX, EntryTail, TRAILER_BYTES, Trailer};

/// The example of the README compiles and runs.
#[cfg(all(doctest, feature = "codec"))]
#[doc = include_str!("../README.md")]
struct Readme;
