//! Submissions into an entry, once its position is known.

use std::sync::Arc;

use arrow_ipc::writer::IpcWriteOptions;
use arrow_schema::SchemaRef;
use bytes::Bytes;

use super::{Chunk, Compression, EncodedBatches, Messages};
use crate::entry::limits::DecodeLimits;
use crate::entry::metadata::{marker_schema, stored_schema};
use crate::entry::records::{records_schema, schema_message};
use crate::trailer::END_OF_STREAM;
use crate::{BODY_BYTES_MAX, EntryKind, Epoch, FormatError, Nonce, Position, TRAILER_BYTES, Trailer};

/// Makes the data entries of one writer.
///
/// How an entry begins depends on its epoch and its schema alone, so that is made once and kept for the
/// entries that follow.
#[derive(Clone, Debug)]
pub struct EntryAssembler {
    epoch: Epoch,
    nonce: Nonce,
    head: Option<Head>,
}

/// How entries of one schema begin.
#[derive(Clone, Debug)]
struct Head {
    /// The user's schema.
    schema: SchemaRef,
    message: Bytes,
    crc: u32,
}

impl EntryAssembler {
    /// For the entries of the writer that claimed `epoch` with `nonce`.
    #[must_use]
    pub const fn new(epoch: Epoch, nonce: Nonce) -> Self {
        Self { epoch, nonce, head: None }
    }

    /// Makes a data entry of `groups`, in this order: the chunks of its object, to be stored one after the
    /// other. What was in `groups` is taken out.
    ///
    /// Large columns are shared, small ones are copied together, so that the object has few chunks; their memory is
    /// let go as they are. The same arguments make the same bytes, whatever was made before.
    ///
    /// # Errors
    /// [`FormatError::Refused`]: there are no groups, their schemas differ, or together they exceed 2^32
    /// batches or the [default limits](DecodeLimits::DEFAULT) of readers. They are as they were then.
    pub fn assemble(
        &mut self,
        position: Position,
        groups: &mut Vec<EncodedBatches>,
    ) -> Result<Vec<Bytes>, FormatError> {
        let Some(first) = groups.first() else {
            return Err(FormatError::Refused { reason: "there is nothing to make an entry of".into() });
        };
        let same = |group: &EncodedBatches| {
            Arc::ptr_eq(&group.schema, &first.schema) || group.schema == first.schema
        };
        if !groups.iter().all(same) {
            return Err(FormatError::Refused { reason: "the groups do not all have the same schema".into() });
        }
        let (epoch, nonce) = (self.epoch, self.nonce);
        let head = self.head(&first.schema);
        let batches = groups.iter().try_fold(0_u32, |sum, group| sum.checked_add(group.batches));
        let rows = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.rows));
        let bytes = groups.iter().fold(head.message.len() as u64, |sum, group| sum + group.bytes);
        // Each fits by itself. Together, few compressed bytes may be more than a reader takes.
        let decoded = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.decoded_bytes));
        let fits = bytes <= BODY_BYTES_SEALED_MAX
            && rows <= DecodeLimits::DEFAULT.rows_max
            && decoded <= DecodeLimits::DEFAULT.decoded_bytes_max;
        let Some(batches) = batches.filter(|_| fits) else {
            return Err(FormatError::Refused { reason: "together they are too large for one entry".into() });
        };
        let mut body = Body::begin(&head.message, head.crc, bytes);
        groups.drain(..).flat_map(|group| group.chunks).for_each(|chunk| body.append(chunk));
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

    fn head(&mut self, schema: &SchemaRef) -> &Head {
        let known = |head: &Head| Arc::ptr_eq(&head.schema, schema) || head.schema == *schema;
        let kept = self.head.take().filter(known);
        self.head.insert(kept.unwrap_or_else(|| {
            let message: Bytes = if *schema == records_schema() {
                Bytes::copy_from_slice(schema_message(self.epoch).as_slice())
            } else {
                let options = Compression::None.options();
                Messages::new(&options).into_schema_message(&stored_schema(schema, self.epoch)).into()
            };
            Head { schema: Arc::clone(schema), crc: crc32c::crc32c(&message), message }
        }))
    }
}

/// Makes a data entry of `groups`, by an [`EntryAssembler`] that is made for it alone.
///
/// # Errors
/// As [`EntryAssembler::assemble`].
pub fn assemble_entry(
    position: Position,
    epoch: Epoch,
    nonce: Nonce,
    groups: &[EncodedBatches],
) -> Result<Vec<Bytes>, FormatError> {
    EntryAssembler::new(epoch, nonce).assemble(position, &mut groups.to_vec())
}

/// Makes a guarding fence, clean fence, filler or close entry: an object of about 350 bytes.
///
/// # Panics
/// For [`EntryKind::Data`], which is made by [`assemble_entry`].
// F-7.
#[must_use]
pub fn encode_marker(kind: EntryKind, position: Position, epoch: Epoch, nonce: Nonce) -> Bytes {
    assert!(!kind.is_data(), "a marker has no rows");
    let options = IpcWriteOptions::default();
    let message = Messages::new(&options).into_schema_message(&marker_schema(kind, epoch));
    let body = Body::begin(&message, crc32c::crc32c(&message), message.len() as u64);
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

/// An entry's stream while it is put together, with the checksum of what is in `chunks` so far.
struct Body {
    chunks: Vec<Bytes>,
    /// What is small and comes next.
    pending: Vec<u8>,
    /// How much of `pending` the checksum has.
    summed: usize,
    bytes: u64,
    crc: u32,
}

impl Body {
    /// Begins with the schema's message. So many bytes it will have in all, less its end.
    fn begin(message: &[u8], crc: u32, bytes: u64) -> Self {
        let room = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(END_BYTES);
        let mut pending = Vec::with_capacity(room.min(JOINED_BYTES.max(message.len())));
        pending.extend_from_slice(message);
        Self { chunks: Vec::new(), summed: message.len(), bytes: message.len() as u64, crc, pending }
    }

    fn append(&mut self, chunk: Chunk) {
        self.bytes += chunk.bytes.len() as u64;
        if chunk.is_small {
            if self.pending.len() + chunk.bytes.len() > JOINED_BYTES {
                self.flush();
                self.pending.reserve_exact(JOINED_BYTES.max(chunk.bytes.len()));
            }
            self.pending.extend_from_slice(&chunk.bytes);
            return;
        }
        self.flush();
        self.crc = match chunk.crc {
            Some(crc) => crc32c::crc32c_combine(self.crc, crc, chunk.bytes.len()),
            None => crc32c::crc32c_append(self.crc, &chunk.bytes),
        };
        self.chunks.push(chunk.bytes);
    }

    fn seal(mut self, trailer: impl FnOnce(u64, u32) -> Trailer) -> Vec<Bytes> {
        self.pending.extend_from_slice(&END_OF_STREAM);
        self.sum();
        let body_bytes = self.bytes + END_OF_STREAM.len() as u64;
        self.pending.extend_from_slice(&trailer(body_bytes, self.crc).encode());
        self.chunks.push(self.pending.into());
        self.chunks
    }

    fn flush(&mut self) {
        self.sum();
        self.summed = 0;
        if !self.pending.is_empty() {
            self.chunks.push(std::mem::take(&mut self.pending).into());
        }
    }

    fn sum(&mut self) {
        self.crc = crc32c::crc32c_append(self.crc, &self.pending[self.summed..]);
    }
}

/// What readers take by default, less the end of the stream and the trailer.
// F-23.
const BODY_BYTES_SEALED_MAX: u64 = DecodeLimits::DEFAULT.object_bytes_max - END_BYTES as u64;
const _: () = assert!(BODY_BYTES_SEALED_MAX < BODY_BYTES_MAX, "the trailer can state what readers take");

const END_BYTES: usize = END_OF_STREAM.len() + TRAILER_BYTES;

/// So many bytes of small chunks are joined. More would be fewer chunks, and more memory that is taken twice while a
/// group is put together.
const JOINED_BYTES: usize = 32 << 10;
