//! Records: rows of plain bytes, encoded and decoded without touching the bytes.
//!
//! To everybody else an entry of records is an Arrow stream with three columns. Here the stream of such an entry
//! has one fixed layout, so it is written and read by place: no array is built, and no value is copied unless it
//! is small.
// F-30.

mod layout;
mod rows;

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;

pub(super) use self::layout::schema_message;
use self::layout::{Layout, MESSAGE_ALIGNMENT, Next, next};
use super::encode::EncodedBatches;
use super::limits::{Budget, DecodeLimits, Fault};
use super::readable::unreadable;
use crate::error::damaged;
use crate::{EntryKind, FormatError, TRAILER_BYTES, Trailer};

pub use self::rows::records_in;
pub(super) use self::rows::records_of;

/// A record: bytes, and perhaps a key and a time, which the log keeps and never looks at.
///
/// ```
/// use fencepost_format::Record;
///
/// let record = Record::new("paid").with_key("order 7").with_timestamp_us(1_700_000_000_000_000);
/// assert_eq!(record.value, "paid");
/// assert_eq!(Record::from(&b"paid"[..]).key, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// The bytes; there may be none. Written and handed out without a copy, unless they are at most 2 KiB: copying
    /// those is cheaper than sending them apart.
    pub value: Bytes,
    /// Small, since it is copied. `None` and an empty key are different.
    pub key: Option<Bytes>,
    /// Microseconds since 1970 began, UTC.
    pub timestamp_us: Option<i64>,
}

impl Record {
    /// One without key and time.
    #[must_use]
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self { value: value.into(), key: None, timestamp_us: None }
    }

    /// Sets the key.
    #[must_use]
    pub fn with_key(self, key: impl Into<Bytes>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Sets the time, in microseconds since 1970 began, UTC.
    #[must_use]
    pub const fn with_timestamp_us(mut self, timestamp_us: i64) -> Self {
        self.timestamp_us = Some(timestamp_us);
        self
    }

    /// How many bytes of its user it has: those of the value and of the key.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.value.len() as u64 + self.key.as_ref().map_or(0, |key| key.len() as u64)
    }
}

macro_rules! from_bytes {
    ($($bytes:ty),*) => {$(
        impl From<$bytes> for Record {
            fn from(value: $bytes) -> Self {
                Self::new(value)
            }
        }
    )*};
}

from_bytes!(Bytes, Vec<u8>, String, &'static [u8], &'static str);

/// The schema of records: `timestamp`, `key` and `value`.
///
/// Batches with these very fields are records, whoever wrote them. `value` is a large binary column, which Lance
/// and every other reader of Arrow knows, and whose rows can be joined without a limit of 2 GiB.
// F-30.
#[must_use]
pub fn records_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Arc::new(Schema::new(vec![
            Field::new("timestamp", utc, true),
            Field::new("key", DataType::Binary, true),
            Field::new("value", DataType::LargeBinary, false),
        ]))
    });
    Arc::clone(&SCHEMA)
}

impl EncodedBatches {
    /// Encodes `records` as one batch.
    ///
    /// Values above 2 KiB are shared and not copied. Costs one pass for the checksum, here or when the entry is put
    /// together.
    ///
    /// # Errors
    /// [`FormatError::Refused`]: there are none; the keys are 2 GiB or more; or the
    /// [default limits](DecodeLimits::DEFAULT) of readers are too tight for them.
    // F-30, F-23.
    pub fn encode_records(records: &[Record]) -> Result<Self, FormatError> {
        if records.is_empty() {
            return Err(FormatError::Refused { reason: "there are no records".into() });
        }
        let Some(layout) = Layout::of(records) else {
            return Err(FormatError::Refused { reason: "the keys are 2 GiB or more".into() });
        };
        within(&layout, &mut Budget::new(DecodeLimits::DEFAULT)).map_err(unreadable)?;
        let shares = records.iter().filter(|record| is_shared(record)).count();
        let mut chunks = Vec::with_capacity(1 + 2 * shares);
        // Exact where nothing is shared, so that nothing is moved.
        let pending_bytes = if shares == 0 { layout.body_bytes() } else { layout.value_from() };
        let mut pending = Vec::with_capacity(layout::HEADER_BYTES + pending_bytes as usize);
        pending.extend_from_slice(&layout.header());
        layout.columns(records, &mut pending);
        for record in records {
            if is_shared(record) {
                flush(&mut pending, &mut chunks);
                chunks.push(record.value.clone());
            } else {
                pending.extend_from_slice(&record.value);
            }
        }
        let padding = &PADDING[..layout.padding_bytes()];
        if pending.is_empty() && !padding.is_empty() {
            chunks.push(Bytes::from_static(padding));
        } else {
            pending.extend_from_slice(padding);
            flush(&mut pending, &mut chunks);
        }
        Ok(Self::of_chunks(records_schema(), chunks, SMALL_BYTES, layout.rows, layout.body_bytes()))
    }
}

/// What the stream of `body` has in the fixed layout: how many batches and rows. `None` if it has any other layout,
/// which only Arrow's reader can tell about.
///
/// The caller has compared the body with its checksum.
pub(super) fn glance(trailer: &Trailer, body: &[u8], limits: DecodeLimits) -> Option<(u64, u64)> {
    if trailer.kind != EntryKind::Data {
        return None;
    }
    let mut budget = Budget::new(limits);
    let (mut batches, mut rows) = (0, 0);
    let mut at = schema_message(trailer.epoch).is_prefix_of(body)?;
    loop {
        match next(body, at)? {
            Next::End => return Some((batches, rows)),
            Next::Batch { layout, end, .. } => {
                within(&layout, &mut budget).ok()?;
                batches += 1;
                rows += layout.rows;
                at = end;
            }
        }
    }
}

/// The records of an object that [`glance`] knows; their bytes are the object's.
///
/// # Errors
/// [`FormatError::Damaged`]: values that do not lie one behind the other. The checksum was right, so whoever wrote
/// the entry was wrong.
pub(super) fn read(object: &str, trailer: &Trailer, bytes: &Bytes) -> Result<Vec<Record>, FormatError> {
    let body = bytes.slice(..bytes.len() - TRAILER_BYTES);
    let mut records = Vec::with_capacity(usize::try_from(trailer.rows).unwrap_or(0));
    let mut at = schema_message(trailer.epoch).len();
    while let Some(Next::Batch { layout, body: place, end }) = next(&body, at) {
        let offset = place.start;
        layout
            .records(&body.slice(place), &mut records)
            .ok_or_else(|| damaged(object, offset, "records whose values do not follow one another"))?;
        at = end;
    }
    Ok(records)
}

/// Takes from `budget` what reading a batch takes.
fn within(layout: &Layout, budget: &mut Budget) -> Result<(), Fault> {
    budget.take_rows(layout.rows)?;
    budget.take_bytes(layout.body_bytes())
}

/// Whether the value becomes a chunk of its own.
const fn is_shared(record: &Record) -> bool {
    record.value.len() > SMALL_BYTES
}

fn flush(pending: &mut Vec<u8>, chunks: &mut Vec<Bytes>) {
    if !pending.is_empty() {
        chunks.push(std::mem::take(pending).into());
    }
}

/// Up to here, copying costs less than another chunk, which a store's client sends by itself.
const SMALL_BYTES: usize = 2 << 10;
static PADDING: [u8; MESSAGE_ALIGNMENT] = [0; MESSAGE_ALIGNMENT];

#[cfg(test)]
mod tests;
