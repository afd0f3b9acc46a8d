//! Batches into entries, in two steps: the rows in their caller's task, the entry where its position is known.

use arrow_array::RecordBatch;
use arrow_ipc::writer::{DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteOptions, write_message};
use arrow_schema::{DataType, Schema, SchemaRef};
use bytes::Bytes;

use super::limits::{DecodeLimits, Fault};
use super::metadata::{check_user_schema, marker_schema, stored_schema};
use super::readable::{Readable, check_seldom_types, unreadable};
use super::records::{records_schema, schema_message};
use crate::trailer::END_OF_STREAM;
use crate::{BODY_BYTES_MAX, EntryKind, Epoch, FormatError, Nonce, Position, TRAILER_BYTES, Trailer};

/// One submission's batches as the messages of a stream, before it is known which entry they will be in.
///
/// Costs one copy of the columns, and one pass for the checksum; that of small ones is taken when their entry is
/// put together. The messages are complete in themselves: dictionaries come with them, so that submissions can
/// stand in one entry in any order.
// F-12.
#[derive(Clone, Debug)]
pub struct EncodedBatches {
    schema: SchemaRef,
    chunks: Vec<Bytes>,
    bytes: u64,
    /// Of all chunks; `None` if they are too few bytes for combining two checksums to be the cheaper way.
    crc: Option<u32>,
    batches: u32,
    rows: u64,
}

impl EncodedBatches {
    /// Encodes `batches`, which all have the same schema.
    ///
    /// # Errors
    /// [`FormatError::Refused`]: there are none; their schemas differ, in fields or in metadata; the schema's
    /// metadata has a key that logs use themselves; Arrow cannot write them to a stream, or writes one that it
    /// could not read again; or the [default limits](DecodeLimits::DEFAULT) of readers are too tight for them.
    // F-6.
    pub fn encode(batches: &[RecordBatch]) -> Result<Self, FormatError> {
        let Some(first) = batches.first() else {
            return Err(FormatError::Refused { reason: "there are no batches".into() });
        };
        let schema = first.schema();
        check_user_schema(&schema)?;
        if batches.iter().any(|batch| batch.schema_ref() != &schema) {
            return Err(FormatError::Refused {
                reason: "the batches do not all have the same schema".into(),
            });
        }
        let mut messages = Messages::new();
        // Not to be stored: the entry's schema has the epoch too. This gives dictionaries their ids, the same
        // as there.
        let schema_message = messages.schema(&schema);
        let mut readable = Readable::new(&schema, &schema_message).map_err(unreadable)?;
        let alone = schema.flattened_fields().iter().any(|field| is_compared_badly(field.data_type()));
        for (index, batch) in batches.iter().enumerate() {
            if alone && index > 0 {
                messages.forget_dictionaries(&schema);
            }
            messages.batch(batch, &mut readable).map_err(unreadable)?;
        }
        messages.flush();
        let Messages { options, chunks, .. } = messages;
        check_seldom_types(schema_message, &options, &chunks, batches).map_err(unreadable)?;
        let count = u32::try_from(batches.len())
            .map_err(|_| FormatError::Refused { reason: "there are more than 2^32 batches".into() })?;
        let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        Ok(Self::of_chunks(schema, chunks, count, rows))
    }

    /// What was encoded to `chunks`.
    pub(super) fn of_chunks(schema: SchemaRef, chunks: Vec<Bytes>, batches: u32, rows: u64) -> Self {
        let bytes = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        let checksum = || chunks.iter().fold(0, |crc, chunk| crc32c::crc32c_append(crc, chunk));
        let crc = (bytes > COMBINED_BYTES_MIN).then(checksum);
        Self { schema, chunks, bytes, crc, batches, rows }
    }

    /// The schema of the batches. Only those of equal schemas can stand in one entry.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many bytes they will take in the entry.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many batches they are.
    #[must_use]
    pub const fn batches(&self) -> u32 {
        self.batches
    }

    /// How many rows they have in all.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }
}

/// Makes a data entry of `groups`, in this order: the chunks of its object, to be stored one after the other.
///
/// Costs the encoding of the schema and nothing for each byte of the groups, whose chunks are shared. The same
/// arguments make the same bytes.
///
/// # Errors
/// [`FormatError::Refused`]: there are no groups, their schemas differ, or together they exceed 2^32 batches or the
/// [default limits](DecodeLimits::DEFAULT) of readers.
pub fn assemble_entry(
    position: Position,
    epoch: Epoch,
    nonce: Nonce,
    groups: &[EncodedBatches],
) -> Result<Vec<Bytes>, FormatError> {
    let Some(first) = groups.first() else {
        return Err(FormatError::Refused { reason: "there is nothing to make an entry of".into() });
    };
    if groups.iter().any(|group| group.schema != first.schema) {
        return Err(FormatError::Refused { reason: "the groups do not all have the same schema".into() });
    }
    let mut body = if first.schema == records_schema() {
        Body::with(Bytes::copy_from_slice(schema_message(epoch).as_slice()))
    } else {
        Body::begin(&stored_schema(&first.schema, epoch))
    };
    for group in groups {
        body.append(group);
    }
    let batches = groups.iter().try_fold(0_u32, |sum, group| sum.checked_add(group.batches));
    let rows = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.rows));
    let fits = body.bytes <= BODY_BYTES_SEALED_MAX && rows <= DecodeLimits::DEFAULT.rows_max;
    let Some(batches) = batches.filter(|_| fits) else {
        return Err(FormatError::Refused { reason: "together they are too large for one entry".into() });
    };
    Ok(body.seal(|body_bytes, body_crc| Trailer {
        kind: EntryKind::Data,
        position,
        epoch,
        nonce,
        rows,
        batches,
        body_bytes,
        body_crc,
    }))
}

/// Makes a guarding fence, clean fence, filler or close entry: an object of about 350 bytes.
///
/// # Panics
/// For [`EntryKind::Data`], which is made by [`assemble_entry`].
// F-7.
#[must_use]
pub fn encode_marker(kind: EntryKind, position: Position, epoch: Epoch, nonce: Nonce) -> Bytes {
    assert!(!kind.is_data(), "a marker has no rows");
    let body = Body::begin(&marker_schema(kind, epoch));
    let chunks = body.seal(|body_bytes, body_crc| Trailer {
        kind,
        position,
        epoch,
        nonce,
        rows: 0,
        batches: 0,
        body_bytes,
        body_crc,
    });
    chunks.concat().into()
}

/// An entry's stream while it is put together, with the checksum of what it has so far.
struct Body {
    chunks: Vec<Bytes>,
    bytes: u64,
    crc: u32,
}

impl Body {
    fn begin(schema: &Schema) -> Self {
        let mut messages = Messages::new();
        let message = messages.schema(schema);
        messages.small(message);
        Self::with(messages.pending.into())
    }

    /// Begins with the schema `message`.
    fn with(message: Bytes) -> Self {
        Self { bytes: message.len() as u64, crc: crc32c::crc32c(&message), chunks: vec![message] }
    }

    fn append(&mut self, group: &EncodedBatches) {
        let bytes = usize::try_from(group.bytes).expect("the group is in memory");
        self.crc = match group.crc {
            Some(crc) => crc32c::crc32c_combine(self.crc, crc, bytes),
            None => group.chunks.iter().fold(self.crc, |crc, chunk| crc32c::crc32c_append(crc, chunk)),
        };
        self.bytes += group.bytes;
        self.chunks.extend_from_slice(&group.chunks);
    }

    fn seal(mut self, trailer: impl FnOnce(u64, u32) -> Trailer) -> Vec<Bytes> {
        let body_crc = crc32c::crc32c_append(self.crc, &END_OF_STREAM);
        let body_bytes = self.bytes + END_OF_STREAM.len() as u64;
        let end = [&END_OF_STREAM[..], &trailer(body_bytes, body_crc).encode()].concat();
        self.chunks.push(end.into());
        self.chunks
    }
}

/// Writes the messages of a stream as chunks: large column data as it comes, everything small together.
struct Messages {
    options: IpcWriteOptions,
    dictionaries: DictionaryTracker,
    chunks: Vec<Bytes>,
    pending: Vec<u8>,
}

impl Messages {
    fn new() -> Self {
        Self {
            // The defaults are those that Lance writes with: aligned to 64 bytes, not compressed.
            options: IpcWriteOptions::default(),
            dictionaries: DictionaryTracker::new(false),
            chunks: Vec::new(),
            pending: Vec::new(),
        }
    }

    fn schema(&mut self, schema: &Schema) -> EncodedData {
        IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            schema,
            &mut self.dictionaries,
            &self.options,
        )
    }

    /// Makes the next batch bring all its dictionaries along, under the same ids.
    fn forget_dictionaries(&mut self, schema: &Schema) {
        self.dictionaries = DictionaryTracker::new(false);
        let _ = self.schema(schema);
    }

    fn batch(&mut self, batch: &RecordBatch, readable: &mut Readable) -> Result<(), Fault> {
        let (dictionaries, batch) = IpcDataGenerator::default()
            .encode(batch, &mut self.dictionaries, &self.options, &mut Default::default())
            .map_err(|error| Fault::Damaged(error.to_string()))?;
        for mut message in dictionaries.into_iter().chain([batch]) {
            readable.check(&message)?;
            let body = std::mem::take(&mut message.arrow_data);
            assert_eq!(body.len() % ALIGNMENT, 0, "Arrow pads bodies to the alignment it was told");
            self.small(message);
            self.body(body);
        }
        Ok(())
    }

    /// Writes a message without a body.
    fn small(&mut self, message: EncodedData) {
        write_message(&mut self.pending, message, &self.options).expect("writing to a Vec does not fail");
    }

    fn body(&mut self, mut body: Vec<u8>) {
        if body.len() <= SMALL_BYTES {
            self.pending.append(&mut body);
            return;
        }
        self.flush();
        body.shrink_to_fit();
        self.chunks.push(body.into());
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.chunks.push(std::mem::take(&mut self.pending).into());
        }
    }
}

/// Whether this is a dictionary that Arrow may take for another one.
///
/// A dictionary that equals the one sent before is not sent again. Arrow 58 compares lists of views with
/// nulls by the sizes of one side only, and nulls of string views at the wrong index: rows would come back
/// with other values, and no error. Where values are not simple, each batch therefore brings its own.
fn is_compared_badly(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => {
            let simple = values.is_primitive()
                || matches!(
                    **values,
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary
                );
            !simple
        }
        _ => false,
    }
}

/// What readers take by default, less the end of the stream and the trailer.
// F-23.
const BODY_BYTES_SEALED_MAX: u64 = DecodeLimits::DEFAULT.object_bytes_max - 8 - TRAILER_BYTES as u64;
const _: () = assert!(BODY_BYTES_SEALED_MAX < BODY_BYTES_MAX, "the trailer can state what readers take");

/// Arrow's default, and so Lance's.
const ALIGNMENT: usize = 64;

/// Above this, the checksum of what is encoded is taken at once, and combined with that of what precedes it in the
/// entry. Combining costs as much as the checksum of some 100 KiB, however few the bytes are.
const COMBINED_BYTES_MIN: u64 = 128 << 10;

/// Column data up to this size is copied once more, to save a chunk.
const SMALL_BYTES: usize = 16 << 10;
