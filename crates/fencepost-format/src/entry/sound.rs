//! Entries that were checked, and whose rows nobody has asked for yet.

use bytes::Bytes;

use super::decode::{Stream, decode_header};
use super::{DecodeLimits, Entry, EntrySummary, Record, records};
use crate::{EntryHeader, FormatError, Position, TRAILER_BYTES};

/// An entry of which everything but its rows was read and found sound: framing, checksum and metadata.
///
/// It holds the very bytes that were checked, so the rows are decoded from it without taking the checksum
/// once more. A reader that has to know what an entry is before it may hand out its rows keeps one of these
/// meanwhile.
#[derive(Clone, Debug)]
pub struct SoundEntry {
    object: String,
    bytes: Bytes,
    limits: DecodeLimits,
    summary: EntrySummary,
}

impl SoundEntry {
    /// Checks the whole object named after `expected`, as [`decode_header`] does: one pass over the bytes.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Refused`. Rows that Arrow cannot read are not noticed here.
    pub fn check(
        object: &str,
        expected: Position,
        bytes: Bytes,
        limits: DecodeLimits,
    ) -> Result<Self, FormatError> {
        let summary = decode_header(object, expected, &bytes, limits)?;
        Ok(Self { object: object.to_owned(), bytes, limits, summary })
    }

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

    /// Decodes the rows. Columns share the memory of the object's bytes unless they are compressed or misaligned.
    ///
    /// # Errors
    /// As [`Entry::decode`]: the rows cannot be decoded. The same each time.
    pub fn decode(&self) -> Result<Entry, FormatError> {
        let Self { object, bytes, limits, summary } = self;
        Stream::checked(object, summary, bytes).entry(bytes, *limits)
    }

    /// The records, which share the memory of the object's bytes: keeping one keeps the object.
    ///
    /// Builds no array and copies no byte, if the entry was submitted as records. Others with the same columns are
    /// decoded as by [`decode`](Self::decode) first.
    ///
    /// # Errors
    /// [`FormatError::NotRecords`] if the rows have other columns, or as [`decode`](Self::decode). The same each
    /// time.
    // F-30.
    pub fn decode_records(&self) -> Result<Vec<Record>, FormatError> {
        let Self { object, bytes, limits, summary } = self;
        if let Some(trailer) = &summary.trailer
            && records::glance(trailer, &bytes[..bytes.len() - TRAILER_BYTES], *limits).is_some()
        {
            return records::read(object, trailer, bytes);
        }
        records::records_of(object, &self.decode()?)
    }
}
