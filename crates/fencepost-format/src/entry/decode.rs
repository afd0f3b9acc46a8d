//! Bytes into entries.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_buffer::Buffer;
use arrow_ipc::MessageHeader;
use arrow_ipc::convert::try_schema_from_flatbuffer_bytes;
use arrow_ipc::reader::{read_dictionary, read_record_batch};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use bytes::Bytes;

use super::check_batch::{BATCH_VERSION, check_batch};
use super::check_schema::{check_schema, dictionary_type};
use super::frames::{Frame, Frames};
use super::limits::{Budget, DecodeLimits, Fault};
use super::metadata::{EntryMetadata, user_schema};
use super::{Entry, EntrySummary, records};
use crate::error::damaged;
use crate::{EntryHeader, EntryKind, EntryTail, FormatError, Position, TRAILER_BYTES, Trailer};

impl Entry {
    /// Reads the whole object named after `expected`: framing, checksum, metadata and rows.
    ///
    /// Nothing is taken on trust, and nothing is skipped: an error means that the object is not a whole and sound
    /// entry of this position. Columns share the memory of `bytes` unless they are compressed or misaligned.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Refused`.
    // F-13.
    pub fn decode(
        object: &str,
        expected: Position,
        bytes: &Bytes,
        limits: DecodeLimits,
    ) -> Result<Self, FormatError> {
        Stream::open(object, expected, bytes, limits)?.entry(bytes, limits)
    }
}

/// Reads all messages of the stream that `frames` walks and that `bytes` begins with: the schema as it is stored,
/// and the batches with that schema.
pub(super) fn read_stream(
    object: &str,
    mut frames: Frames<'_>,
    bytes: &Bytes,
    limits: DecodeLimits,
) -> Result<(SchemaRef, Vec<RecordBatch>), FormatError> {
    let stored = read_schema(object, &mut frames, limits)?;
    let mut rows = Rows {
        object,
        bytes,
        stored: Arc::clone(&stored),
        dictionaries: HashMap::new(),
        dictionary_bytes: HashMap::new(),
        budget: Budget::new(limits),
    };
    let mut batches = Vec::new();
    while let Some(frame) = frames.next()? {
        batches.extend(rows.message(&frame)?);
    }
    Ok((stored, batches))
}

/// Reads everything of the object named after `expected` but its rows: framing, checksum and metadata.
///
/// Passes over the bytes once, for the checksum, and allocates next to nothing.
///
/// # Errors
/// Any [`FormatError`] but `Refused`. Rows that Arrow cannot read are not noticed here.
pub fn decode_header(
    object: &str,
    expected: Position,
    bytes: &[u8],
    limits: DecodeLimits,
) -> Result<EntrySummary, FormatError> {
    let stream = Stream::open(object, expected, bytes, limits)?;
    if let Some(trailer) = &stream.trailer
        && let Some((batches, rows)) = records::glance(trailer, stream.body(), limits)
    {
        return stream.counted(trailer.header(), batches, rows);
    }
    let mut frames = stream.frames();
    let (mut budget, stored) = (Budget::new(limits), read_schema(object, &mut frames, limits)?);
    let mut batches = 0;
    let mut rows = 0;
    while let Some(frame) = frames.next()? {
        match frame.message.header_type() {
            MessageHeader::DictionaryBatch => {}
            MessageHeader::RecordBatch => {
                let length = frame.message.header_as_record_batch().map(|batch| batch.length());
                let length = length.and_then(|length| u64::try_from(length).ok());
                let length =
                    length.ok_or_else(|| damaged(object, frame.offset, "a batch without a length"))?;
                budget.take_rows(length).map_err(|fault| fault.at(object, frame.offset))?;
                rows += length;
                batches += 1;
            }
            other => return Err(unexpected(object, &frame, other)),
        }
    }
    stream.summary(&stored, batches, rows)
}

/// An object whose end has been looked at: where its stream ends, and whose entry it is.
pub(super) struct Stream<'a> {
    object: &'a str,
    expected: Position,
    bytes: &'a [u8],
    trailer: Option<Trailer>,
}

impl<'a> Stream<'a> {
    /// First the end of the object, which says whether there is a checksum; then, if so, the checksum.
    // F-10.
    fn open(
        object: &'a str,
        expected: Position,
        bytes: &'a [u8],
        limits: DecodeLimits,
    ) -> Result<Self, FormatError> {
        let size = bytes.len() as u64;
        if size > limits.object_bytes_max {
            let limit = limits.object_bytes_max;
            return Err(Fault::TooLarge { what: "the object in bytes", size, limit }.at(object, 0));
        }
        if bytes.is_empty() {
            return Err(damaged(object, 0_u64, "the object is empty"));
        }
        let tail = &bytes[bytes.len().saturating_sub(TRAILER_BYTES)..];
        let trailer = match EntryTail::decode(object, tail, size, expected)? {
            EntryTail::Lances => None,
            EntryTail::Ours(trailer) => {
                trailer.check_body(object, &bytes[..bytes.len() - TRAILER_BYTES])?;
                Some(trailer)
            }
        };
        Ok(Self { object, expected, bytes, trailer })
    }

    /// One that was opened before, when `summary` was made from the same bytes.
    pub(super) const fn checked(object: &'a str, summary: &EntrySummary, bytes: &'a [u8]) -> Self {
        Self { object, expected: summary.header.position, bytes, trailer: summary.trailer }
    }

    /// Decodes the rows; `bytes` are those of this stream.
    pub(super) fn entry(&self, bytes: &Bytes, limits: DecodeLimits) -> Result<Entry, FormatError> {
        let (stored, batches) = read_stream(self.object, self.frames(), bytes, limits)?;
        let row_count = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let summary = self.summary(&stored, batches.len() as u64, row_count)?;
        let schema = user_schema(&stored, summary.header.kind);
        let relabelled = batches.into_iter().map(|batch| relabel(self.object, batch, &schema));
        let batches = relabelled.collect::<Result<_, _>>()?;
        Ok(Entry { summary, schema, batches })
    }

    fn frames(&self) -> Frames<'a> {
        Frames::new(self.object, self.body())
    }

    /// Everything but the trailer.
    fn body(&self) -> &'a [u8] {
        let trailer_bytes = if self.trailer.is_some() { TRAILER_BYTES } else { 0 };
        &self.bytes[..self.bytes.len() - trailer_bytes]
    }

    /// Puts together what metadata, trailer and messages say, and refuses it if they contradict each other.
    fn summary(&self, stored: &Schema, batches: u64, rows: u64) -> Result<EntrySummary, FormatError> {
        let metadata = EntryMetadata::of(stored).map_err(|fault| fault.at(self.object, 0))?;
        let is_bare = stored.fields().is_empty() && batches == 0;
        let header = match &self.trailer {
            Some(trailer) => trailer.header(),
            None => EntryHeader {
                position: self.expected,
                epoch: metadata.epoch,
                kind: metadata.kind_by_lance(is_bare),
                nonce: None,
                generation: metadata.generation,
            },
        };
        let contradiction = match &self.trailer {
            None if metadata.kind.is_some() => Some("the trailer of a marker is cut off"),
            None => None,
            Some(trailer) if trailer.epoch != metadata.epoch => {
                Some("trailer and metadata differ in the epoch")
            }
            Some(trailer) if trailer.kind == EntryKind::Data => (metadata.kind.is_some()
                || metadata.has_sentinel_key)
                .then_some("a data entry that says it is a marker"),
            Some(trailer) => {
                let agrees = metadata.kind == Some(trailer.kind) && metadata.is_sentinel && is_bare;
                (!agrees).then_some("trailer and metadata differ in what the entry is for")
            }
        };
        match contradiction {
            Some(reason) => Err(damaged(self.object, 0_u64, reason)),
            None => self.counted(header, batches, rows),
        }
    }

    /// The summary, if the trailer counted the same.
    fn counted(&self, header: EntryHeader, batches: u64, rows: u64) -> Result<EntrySummary, FormatError> {
        let reason = match &self.trailer {
            Some(trailer) if u64::from(trailer.batches) != batches => "batches are missing or too many",
            Some(trailer) if trailer.rows != rows => "rows are missing or too many",
            _ => {
                let object_bytes = self.bytes.len() as u64;
                return Ok(EntrySummary { header, trailer: self.trailer, batches, rows, object_bytes });
            }
        };
        Err(damaged(self.object, 0_u64, reason))
    }
}

/// Reads the first message, which must be the schema.
fn read_schema(
    object: &str,
    frames: &mut Frames<'_>,
    limits: DecodeLimits,
) -> Result<SchemaRef, FormatError> {
    let Some(frame) = frames.next()? else {
        return Err(damaged(object, 0_u64, "a stream without a schema"));
    };
    schema_of(object, &frame, limits)
}

/// Converts the schema message `frame`.
pub(super) fn schema_of(
    object: &str,
    frame: &Frame<'_>,
    limits: DecodeLimits,
) -> Result<SchemaRef, FormatError> {
    let schema = frame.message.header_as_schema();
    let schema = schema.filter(|_| frame.body.is_empty());
    let schema = schema.ok_or_else(|| damaged(object, frame.offset, "the first message is not a schema"))?;
    check_schema(schema, &mut Budget::new(limits)).map_err(|fault| fault.at(object, frame.offset))?;
    arrow(object, frame.offset, || try_schema_from_flatbuffer_bytes(frame.flatbuffer)).map(Arc::new)
}

/// The messages after the schema, and what they have in common.
struct Rows<'a> {
    object: &'a str,
    bytes: &'a Bytes,
    stored: SchemaRef,
    dictionaries: HashMap<i64, ArrayRef>,
    /// How many bytes each dictionary has, for the price of adding to it.
    dictionary_bytes: HashMap<i64, u64>,
    budget: Budget,
}

impl Rows<'_> {
    fn message(&mut self, frame: &Frame<'_>) -> Result<Option<RecordBatch>, FormatError> {
        match frame.message.header_type() {
            MessageHeader::DictionaryBatch => self.dictionary(frame).map(|()| None),
            MessageHeader::RecordBatch => self.batch(frame).map(Some),
            other => Err(unexpected(self.object, frame, other)),
        }
    }

    fn batch(&mut self, frame: &Frame<'_>) -> Result<RecordBatch, FormatError> {
        let batch = frame.message.header_as_record_batch();
        let batch = batch.ok_or_else(|| damaged(self.object, frame.offset, "a batch without its header"))?;
        let types = self.stored.fields().iter().map(|field| field.data_type());
        let rows = u64::try_from(batch.length()).unwrap_or(u64::MAX);
        (self.budget.take_rows(rows))
            .and_then(|()| check_batch(batch, &self.bytes[frame.body.clone()], types, &mut self.budget))
            .map_err(|fault| fault.at(self.object, frame.offset))?;
        let body = self.aligned(frame);
        arrow(self.object, frame.offset, || {
            let schema = Arc::clone(&self.stored);
            read_record_batch(&body, batch, schema, &self.dictionaries, None, &BATCH_VERSION)
        })
    }

    fn dictionary(&mut self, frame: &Frame<'_>) -> Result<(), FormatError> {
        let header = frame.message.header_as_dictionary_batch();
        let Some((header, data)) = header.and_then(|header| Some((header, header.data()?))) else {
            return Err(damaged(self.object, frame.offset, "a dictionary without its values"));
        };
        let Some(values) = dictionary_type(&self.stored, header.id()) else {
            let reason = format!("a dictionary with the id {}, which no field has", header.id());
            return Err(damaged(self.object, frame.offset, reason));
        };
        let taken = self.budget.taken();
        check_batch(data, &self.bytes[frame.body.clone()], std::iter::once(&values), &mut self.budget)
            .map_err(|fault| fault.at(self.object, frame.offset))?;
        let mut bytes = self.budget.taken() - taken;
        if header.isDelta() {
            // Arrow copies what was there before and what is added, so both count once more.
            bytes = bytes.saturating_add(self.dictionary_bytes.get(&header.id()).copied().unwrap_or(0));
            self.budget.take_bytes(bytes).map_err(|fault| fault.at(self.object, frame.offset))?;
        }
        self.dictionary_bytes.insert(header.id(), bytes);
        let body = self.aligned(frame);
        arrow(self.object, frame.offset, || {
            read_dictionary(&body, header, &self.stored, &mut self.dictionaries, &BATCH_VERSION)
        })
    }

    /// The body of a message at an address that suits every type.
    ///
    /// Arrow would align one buffer after the other, but for the offsets of unions, where it panics.
    fn aligned(&self, frame: &Frame<'_>) -> Buffer {
        let body = self.bytes.slice(frame.body.clone());
        if body.as_ptr().addr().is_multiple_of(ALIGNMENT) {
            return Buffer::from(body);
        }
        Buffer::from(body.as_ref())
    }
}

/// Gives a batch the user's schema in place of the stored one.
fn relabel(object: &str, batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, FormatError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let (_, columns, _) = batch.into_parts();
    arrow(object, 0, || RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options))
}

fn unexpected(object: &str, frame: &Frame<'_>, header: MessageHeader) -> FormatError {
    damaged(
        object,
        frame.offset,
        format!("a message of type {} has no place here", header.variant_name().unwrap_or("unknown")),
    )
}

/// Calls into Arrow, and makes an error of a panic.
///
/// What is known to make Arrow panic is refused before it gets here, and fuzzing finds nothing more. But this
/// crate goes with a range of Arrow versions, later ones included, and a reader of a log must not be stopped
/// by one bad object: so this is the one place that catches what nobody has found yet.
fn arrow<T>(
    object: &str,
    offset: usize,
    call: impl FnOnce() -> Result<T, ArrowError>,
) -> Result<T, FormatError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => {
            Err(FormatError::Arrow { object: object.to_owned(), offset: offset as u64, source })
        }
        Err(_) => Err(damaged(object, offset, "Arrow panicked over this message")),
    }
}

/// What the largest numbers in columns ask for.
const ALIGNMENT: usize = 16;
