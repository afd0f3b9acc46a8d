//! An entry as readers and recoveries hand it out.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use fencepost_format::{Entry, EntryHeader, EntrySummary, Epoch, Generation, Position};

/// The rows of one data entry, with its position and the epoch of its writer.
#[derive(Clone, Debug)]
pub struct LogEntry(Entry);

impl LogEntry {
    /// The entry's position.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.header().position
    }

    /// The epoch of the writer that wrote it.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.header().epoch
    }

    /// Everything that the protocol knows of the entry.
    #[must_use]
    pub const fn header(&self) -> EntryHeader {
        self.0.header()
    }

    /// Counts and sizes.
    #[must_use]
    pub const fn summary(&self) -> &EntrySummary {
        self.0.summary()
    }

    /// Lance's memtable generation, if Lance wrote it in memtable mode.
    #[must_use]
    pub const fn generation(&self) -> Option<Generation> {
        self.0.generation()
    }

    /// The schema as its writer submitted it.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        self.0.schema()
    }

    /// The batches as they were submitted.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        self.0.batches()
    }

    /// The batches as they were submitted.
    #[must_use]
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.0.into_batches()
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.batches().iter().map(|batch| batch.num_rows() as u64).sum()
    }
}

impl From<Entry> for LogEntry {
    fn from(entry: Entry) -> Self {
        Self(entry)
    }
}
