//! Reading plain bytes.

use super::{Reader, Step, Tail, TailEvent};
use crate::{Epoch, Position, ReadError, Record};
use fencepost_fence::Verify;
use fencepost_format::{Consumed, EntryHeader, EntrySummary, SoundEntry};
use futures::StreamExt;
use futures::stream::BoxStream;

/// The records of one data entry, with its position and the epoch of its writer.
///
/// Their bytes are those of the object: keeping one record keeps the object in memory.
#[derive(Clone, Debug)]
pub struct RecordsEntry {
    summary: EntrySummary,
    records: Vec<Record>,
}

impl RecordsEntry {
    /// The entry's position.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.summary.header.position
    }

    /// The epoch of the writer that wrote it.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.summary.header.epoch
    }

    /// Everything that the protocol knows of the entry.
    #[must_use]
    pub const fn header(&self) -> EntryHeader {
        self.summary.header
    }

    /// Counts and sizes.
    #[must_use]
    pub const fn summary(&self) -> &EntrySummary {
        &self.summary
    }

    /// The records, in the order in which they were appended.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records, in the order in which they were appended.
    #[must_use]
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }
}

impl From<&RecordsEntry> for Consumed {
    /// Up to and including this entry. Its epoch is the highest up to there, or it would not have been handed out.
    // P-40.
    fn from(entry: &RecordsEntry) -> Self {
        Self { position: entry.position(), epoch: entry.epoch() }
    }
}

impl Reader {
    /// The next data entry as [records](Record), as [`next`](Self::next) hands it out as batches. One reader may be
    /// asked for either.
    ///
    /// Copies no byte and builds no array, if the records were appended as such. Batches that were appended by
    /// others, with the columns of [`records_schema`](crate::records_schema), are records too.
    ///
    /// # Errors
    /// As [`next`](Self::next). [`ReadError::Rows`] with
    /// [`FormatError::NotRecords`](fencepost_format::FormatError::NotRecords) if the entry has other columns: it was
    /// not passed, and `next` hands it out.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next_records(&mut self) -> Result<Option<RecordsEntry>, ReadError> {
        self.resume(Verify::Always);
        loop {
            match self.step().await? {
                Step::Entry(Some(entry)) => return self.hand_out_records(entry).map(Some),
                Step::Entry(None) => {}
                Step::GivenUp(at) => self.given_up.push(at),
                Step::AtTail(..) | Step::End => return Ok(None),
            }
        }
    }

    /// The entries as a stream of records that ends where [`next_records`](Self::next_records) would say `None`.
    pub fn records_stream(&mut self) -> BoxStream<'_, Result<RecordsEntry, ReadError>> {
        let entries = futures::stream::try_unfold(self, |reader| async move {
            Ok(reader.next_records().await?.map(|entry| (entry, reader)))
        });
        entries.boxed()
    }

    /// The records of the entry just passed.
    fn hand_out_records(&mut self, entry: SoundEntry) -> Result<RecordsEntry, ReadError> {
        let summary = *entry.summary();
        let records = self.hand_out_as(entry, SoundEntry::decode_records)?;
        Ok(RecordsEntry { summary, records })
    }
}

impl Tail {
    /// The next data entry as [records](Record), however long it takes.
    ///
    /// # Errors
    /// As [`next`](Self::next) and [`Reader::next_records`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next_records(&mut self) -> Result<RecordsEntry, ReadError> {
        loop {
            match self.poll_records().await? {
                TailEvent::Entry(entry) => return Ok(entry),
                TailEvent::GivenUp { at } => self.reader.given_up.push(at),
                TailEvent::Waiting(_) => self.pause().await,
            }
        }
    }

    /// The next data entry as [records](Record) if it is there, otherwise why it is not. Does not wait.
    ///
    /// # Errors
    /// As [`next_records`](Self::next_records).
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn poll_records(&mut self) -> Result<TailEvent<RecordsEntry>, ReadError> {
        self.poll_with(Reader::hand_out_records).await
    }
}
