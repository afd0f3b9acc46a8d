//! Batches into entries, in two steps: the rows in their caller's task, the entry where its position is known.

mod assemble;
mod compression;
mod layout;

pub use self::assemble::{EntryAssembler, assemble_entry, encode_marker};
pub use self::compression::Compression;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::writer::{DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteOptions, write_message};
use arrow_schema::{DataType, Schema, SchemaRef};
use bytes::Bytes;

use self::layout::{Layout, is_laid_out};
use super::limits::Fault;
use super::metadata::check_user_schema;
use super::readable::{Readable, check_seldom_types, unreadable};
use crate::FormatError;

/// Encodes batches of one schema.
///
/// What depends on the schema alone is looked at once, when this is made: whether its keys are the user's to
/// set, and whether it can be read again. Keep one for each schema that is appended often. It can be shared
/// by threads; each call is independent of the others.
#[derive(Clone, Debug)]
pub struct BatchEncoder {
    schema: SchemaRef,
    /// The schema as readers have it, with the ids of dictionaries.
    read: SchemaRef,
    compression: Compression,
    options: IpcWriteOptions,
    /// Whether the buffers of all columns can be sent as they are.
    is_laid_out: bool,
    /// Whether any column needs a dictionary, at any depth.
    has_dictionaries: bool,
    /// Whether each batch brings its own dictionaries along.
    alone: bool,
    /// Whether large columns are copied, too.
    copies: bool,
}

impl BatchEncoder {
    /// An encoder for batches of `schema`, as they come: not compressed.
    ///
    /// # Errors
    /// [`FormatError::Refused`]: the schema's metadata has a key that logs use themselves; Arrow writes a
    /// schema that it could not read again; or the [default limits](super::DecodeLimits::DEFAULT) of readers are too
    /// tight for it.
    // F-6.
    pub fn new(schema: SchemaRef) -> Result<Self, FormatError> {
        check_user_schema(&schema)?;
        let compression = Compression::None;
        let options = compression.options();
        let mut messages = Messages::new(&options);
        let message = messages.schema(&schema);
        let read = Readable::check_schema(&schema, &message).map_err(unreadable)?.into();
        let fields = schema.flattened_fields();
        let has_dictionaries =
            fields.iter().any(|field| matches!(field.data_type(), DataType::Dictionary(..)));
        let alone = fields.iter().any(|field| is_compared_badly(field.data_type()));
        let is_laid_out = schema.fields().iter().all(|field| is_laid_out(field.data_type()));
        Ok(Self { is_laid_out, has_dictionaries, alone, copies: false, compression, options, read, schema })
    }

    /// Compresses columns. See [`Compression`] for what that costs.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        (self.compression, self.options) = (compression, compression.options());
        self
    }

    /// Copies large columns at once, too, for memory that somebody may write to before the entry is stored.
    #[must_use]
    pub const fn with_copies(mut self, copies: bool) -> Self {
        self.copies = copies;
        self
    }

    /// The schema of the batches.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether batches of `schema` are for this encoder.
    #[must_use]
    pub fn takes(&self, schema: &SchemaRef) -> bool {
        std::sync::Arc::ptr_eq(&self.schema, schema) || self.schema == *schema
    }

    /// Encodes `batches`, which all have this encoder's schema.
    ///
    /// Buffers above 16 KiB are shared with the batches until the entry is stored, and are not copied, unless that
    /// would keep more than twice their memory. Compressed columns, and those of rare types, are copied once.
    /// [`with_copies`](Self::with_copies) copies all.
    ///
    /// # Errors
    /// [`FormatError::Refused`]: there are none; one has another schema, in fields or in metadata; Arrow
    /// cannot write them to a stream, or writes one that it could not read again; or the
    /// [default limits](super::DecodeLimits::DEFAULT) of readers are too tight for them.
    pub fn encode(&self, batches: &[RecordBatch]) -> Result<EncodedBatches, FormatError> {
        if batches.is_empty() {
            return Err(FormatError::Refused { reason: "there are no batches".into() });
        }
        if batches.iter().any(|batch| !self.takes(batch.schema_ref())) {
            return Err(FormatError::Refused {
                reason: "the batches do not all have the same schema".into(),
            });
        }
        let mut messages = Messages::new(&self.options);
        let mut readable = Readable::new(&self.read);
        if self.has_dictionaries {
            messages.forget_dictionaries(&self.schema);
        }
        let as_they_are = self.is_laid_out && self.compression == Compression::None;
        for (index, batch) in batches.iter().enumerate() {
            if self.alone && index > 0 {
                messages.forget_dictionaries(&self.schema);
            }
            let written = if as_they_are {
                messages.layout(Layout::of(batch), self.copies, &mut readable)
            } else {
                messages.batch(batch, &mut readable)
            };
            written.map_err(unreadable)?;
        }
        messages.flush();
        let chunks = messages.chunks;
        check_seldom_types(&self.schema, &self.options, &chunks, batches).map_err(unreadable)?;
        Ok(EncodedBatches {
            schema: SchemaRef::clone(&self.schema),
            bytes: chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum(),
            decoded_bytes: readable.decoded_bytes(),
            chunks,
            batches: u32::try_from(batches.len())
                .map_err(|_| FormatError::Refused { reason: "there are more than 2^32 batches".into() })?,
            rows: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
        })
    }
}

/// One submission's batches as the messages of a stream, before it is known which entry they will be in.
///
/// The messages are complete in themselves: dictionaries come with them, so that submissions can stand in one
/// entry in any order.
// F-12.
#[derive(Clone, Debug)]
pub struct EncodedBatches {
    schema: SchemaRef,
    chunks: Vec<Chunk>,
    bytes: u64,
    /// What their columns take once they are decompressed.
    decoded_bytes: u64,
    batches: u32,
    rows: u64,
}

/// A part of a stream. The checksum of a long one is made where it is encoded, which is a thread of its own.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    bytes: Bytes,
    crc: Option<u32>,
    /// Whether it is copied together with what is beside it.
    is_small: bool,
}

impl Chunk {
    fn new(bytes: Bytes, small_bytes_max: usize) -> Self {
        let crc = (bytes.len() > COMBINED_BYTES_MIN).then(|| crc32c::crc32c(&bytes));
        Self { crc, is_small: bytes.len() <= small_bytes_max, bytes }
    }

    pub(super) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl EncodedBatches {
    /// Encodes `batches`, which all have the same schema, by a [`BatchEncoder`] that is made for them alone.
    ///
    /// # Errors
    /// As [`BatchEncoder::new`] and [`BatchEncoder::encode`].
    pub fn encode(batches: &[RecordBatch]) -> Result<Self, FormatError> {
        let Some(first) = batches.first() else {
            return Err(FormatError::Refused { reason: "there are no batches".into() });
        };
        BatchEncoder::new(first.schema())?.encode(batches)
    }

    /// One batch of so many rows that was encoded to `chunks`, of which those up to `small_bytes_max` may be copied.
    pub(super) fn of_chunks(
        schema: SchemaRef,
        chunks: Vec<Bytes>,
        small_bytes_max: usize,
        rows: u64,
        decoded_bytes: u64,
    ) -> Self {
        let chunks: Vec<_> = chunks.into_iter().map(|bytes| Chunk::new(bytes, small_bytes_max)).collect();
        let bytes = chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum();
        Self { schema, chunks, bytes, decoded_bytes, batches: 1, rows }
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

/// Writes the messages of a stream as chunks: large column data as it comes, everything small together.
pub(super) struct Messages<'a> {
    options: &'a IpcWriteOptions,
    dictionaries: DictionaryTracker,
    chunks: Vec<Chunk>,
    pending: Vec<u8>,
}

impl<'a> Messages<'a> {
    pub(super) fn new(options: &'a IpcWriteOptions) -> Self {
        let (chunks, pending) = (Vec::new(), Vec::new());
        Self { options, dictionaries: DictionaryTracker::new(false), chunks, pending }
    }

    pub(super) fn schema(&mut self, schema: &Schema) -> EncodedData {
        IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            schema,
            &mut self.dictionaries,
            self.options,
        )
    }

    /// Makes the next batch bring all its dictionaries along, under the ids that the schema gives them.
    fn forget_dictionaries(&mut self, schema: &Schema) {
        self.dictionaries = DictionaryTracker::new(false);
        let _ = self.schema(schema);
    }

    fn batch(&mut self, batch: &RecordBatch, readable: &mut Readable<'_>) -> Result<(), Fault> {
        let (dictionaries, batch) = IpcDataGenerator::default()
            .encode(batch, &mut self.dictionaries, self.options, &mut Default::default())
            .map_err(|error| Fault::Damaged(error.to_string()))?;
        for mut message in dictionaries.into_iter().chain([batch]) {
            readable.check(&message)?;
            let body = std::mem::take(&mut message.arrow_data);
            assert_eq!(body.len() % ALIGNMENT, 0, "Arrow pads bodies to the alignment it was told");
            if body.len() <= SMALL_BYTES {
                self.pending.reserve(message.ipc_message.len() + body.len() + FRAME_BYTES_MAX);
            }
            self.small(message);
            self.body(body);
        }
        Ok(())
    }

    /// Writes a batch whose buffers are as they are to be.
    fn layout(&mut self, layout: Layout, copies: bool, readable: &mut Readable<'_>) -> Result<(), Fault> {
        readable.take(layout.rows(), layout.body_bytes() as u64)?;
        let message = EncodedData { ipc_message: layout.message(), arrow_data: Vec::new() };
        let buffers = layout.into_buffers();
        let small = buffers.iter().map(Buffer::len).take_while(|bytes| *bytes <= SMALL_BYTES);
        let room: usize = small.map(|bytes| bytes.next_multiple_of(ALIGNMENT)).sum();
        self.pending.reserve(message.ipc_message.len() + FRAME_BYTES_MAX + room);
        self.small(message);
        buffers.into_iter().for_each(|buffer| self.buffer(buffer, copies));
        Ok(())
    }

    fn buffer(&mut self, buffer: Buffer, copies: bool) {
        let padding = buffer.len().next_multiple_of(ALIGNMENT) - buffer.len();
        if buffer.len() <= SMALL_BYTES {
            self.pending.extend_from_slice(&buffer);
        } else {
            self.flush();
            // Memory is accounted for by what is written. A small part of a large allocation would keep all of it.
            let bytes = if !copies && buffer.capacity() / 2 <= buffer.len() {
                Bytes::from_owner(Shared(buffer))
            } else {
                Bytes::copy_from_slice(&buffer)
            };
            self.chunks.push(Chunk::new(bytes, SMALL_BYTES));
        }
        self.pending.extend_from_slice(&[0; ALIGNMENT][..padding]);
    }

    /// Writes a message without a body.
    fn small(&mut self, message: EncodedData) {
        write_message(&mut self.pending, message, self.options).expect("writing to a Vec does not fail");
    }

    fn body(&mut self, mut body: Vec<u8>) {
        if body.len() <= SMALL_BYTES {
            self.pending.append(&mut body);
            return;
        }
        self.flush();
        body.shrink_to_fit();
        self.chunks.push(Chunk::new(body.into(), SMALL_BYTES));
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.chunks.push(Chunk::new(std::mem::take(&mut self.pending).into(), SMALL_BYTES));
        }
    }

    /// A stream's first message, alone.
    pub(super) fn into_schema_message(mut self, schema: &Schema) -> Vec<u8> {
        let message = self.schema(schema);
        self.small(message);
        self.pending
    }
}

/// A column's memory, for as long as an entry needs it.
struct Shared(Buffer);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
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

/// What the largest numbers in columns ask for, so that they are decoded in place. (Lance writes with 64.)
// F-4.
const ALIGNMENT: usize = 16;

/// Column data up to this size is copied once more, to save a chunk.
const SMALL_BYTES: usize = 16 << 10;

/// What a message has besides its flatbuffer and its body: a prefix of 8 bytes and padding.
const FRAME_BYTES_MAX: usize = 8 + ALIGNMENT;

/// From this length on, it takes less time to combine two checksums than to run through the bytes.
const COMBINED_BYTES_MIN: usize = 256 << 10;
