//! Appending plain bytes.

use super::{Appended, Permit, Ticket, Writer};
use crate::AppendError;
use fencepost_format::{EncodedBatches, Record};

impl Writer {
    /// Appends `records` as part of one entry and waits until it is durable and everything before it is.
    ///
    /// As [`append`](Self::append), for [records](Record): plain bytes, which are shared and not copied on their way
    /// to the store. Their keys and values together may have as many bytes as
    /// [an entry may](crate::WriterOptions::with_entry_bytes_max). A log may hold records and other batches; but
    /// whoever reads records is told of an entry that has none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use fencepost::{ReadFrom, Record, Wal, WriterOptions};
    ///
    /// let wal = Wal::at("memory://records").or_new_shard().open().await?;
    /// let writer = wal.open_writer(WriterOptions::new()).await?;
    /// writer.append_records(&["one".into(), Record::new("two").with_key("k")]).await?;
    /// writer.close().await?;
    ///
    /// let mut reader = wal.reader(ReadFrom::Checkpoint).await?;
    /// let entry = reader.next_records().await?.expect("an entry");
    /// assert_eq!(entry.records()[0].value, "one");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`append`](Self::append).
    ///
    /// # Cancel safety
    /// As [`append`](Self::append).
    pub async fn append_records(&self, records: &[Record]) -> Result<Appended, AppendError> {
        self.submit_records(records).await?.await
    }

    /// Hands over `records` and returns a ticket to wait on for durability, as [`submit`](Self::submit) does.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was written.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, nothing was handed over.
    pub async fn submit_records(&self, records: &[Record]) -> Result<Ticket, AppendError> {
        let encoded = self.encode_records(records)?;
        let room = self.room(encoded.bytes()).await?;
        self.send(encoded, room)
    }

    fn encode_records(&self, records: &[Record]) -> Result<EncodedBatches, AppendError> {
        // What is the caller's counts, so that a value may be as large as the limit.
        self.check_size(records.iter().map(Record::bytes).sum())?;
        EncodedBatches::encode_records(records)
            .map_err(|error| AppendError::Refused { reason: error.to_string() })
    }
}

impl Permit<'_> {
    /// Hands over `records`, as [`Writer::submit_records`] does, without waiting.
    ///
    /// An entry has about 1 KiB besides the bytes of the records, and 20 bytes for each.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was written. [`AppendError::TooLarge`] if they are larger than what was reserved, and
    /// the buffer has no room for the rest: reserve more.
    pub fn submit_records(self, records: &[Record]) -> Result<Ticket, AppendError> {
        let encoded = self.writer.encode_records(records)?;
        self.submit_encoded(encoded)
    }
}
