//! Entries as Arrow IPC streams: ours with a trailer, Lance's without.

mod check_batch;
mod check_schema;
mod decode;
mod encode;
mod frames;
mod lance;
mod limits;
mod metadata;
mod readable;
mod records;
mod sound;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

pub use self::decode::decode_header;
pub use self::encode::{
    BatchEncoder, Compression, EncodedBatches, EntryAssembler, assemble_entry, encode_marker,
};
pub use self::lance::{LanceHead, decode_lance_head};
pub use self::limits::DecodeLimits;
pub use self::records::{Record, records_in, records_schema};
pub use self::sound::SoundEntry;
use crate::{EntryHeader, Generation, Trailer};

/// An entry that was read whole, checked and decoded.
///
/// Uncompressed columns share memory with the object's bytes: keeping one small array keeps the object.
#[derive(Clone, Debug)]
pub struct Entry {
    summary: EntrySummary,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Entry {
    /// Position, epoch, kind, nonce and generation.
    #[must_use]
    pub const fn header(&self) -> EntryHeader {
        self.summary.header
    }

    /// Everything about the entry but its rows.
    #[must_use]
    pub const fn summary(&self) -> &EntrySummary {
        &self.summary
    }

    /// The memtable generation, if Lance noted one.
    #[must_use]
    pub const fn generation(&self) -> Option<Generation> {
        self.summary.header.generation
    }

    /// The trailer; `None` for entries by Lance.
    #[must_use]
    pub const fn trailer(&self) -> Option<&Trailer> {
        self.summary.trailer.as_ref()
    }

    /// The user's schema: the stored schema without the keys that the log itself keeps in it.
    // F-6.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows, in the order in which they were appended. Empty for fence entries and other markers.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The rows, without the rest.
    #[must_use]
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }
}

/// Everything about an entry but its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EntrySummary {
    /// Position, epoch, kind, nonce and generation.
    pub header: EntryHeader,
    /// The trailer; `None` for entries by Lance.
    pub trailer: Option<Trailer>,
    /// How many record batches the stream has.
    pub batches: u64,
    /// How many rows these have in all.
    pub rows: u64,
    /// How long the object is, in bytes.
    pub object_bytes: u64,
}
