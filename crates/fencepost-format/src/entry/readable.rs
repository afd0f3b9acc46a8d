//! Looking at what Arrow wrote with a reader's eyes, before anybody relies on it.
// F-23.

use arrow_array::RecordBatch;
use arrow_ipc::convert::try_schema_from_flatbuffer_bytes;
use arrow_ipc::root_as_message;
use arrow_ipc::writer::{EncodedData, IpcWriteOptions};
use arrow_schema::{DataType, Schema};
use bytes::Bytes;

use super::check_batch::check_batch;
use super::check_schema::{check_schema, dictionary_type};
use super::decode::read_stream;
use super::encode::{Chunk, Messages};
use super::frames::Frames;
use super::limits::{Budget, DecodeLimits, Fault, ensure};
use crate::FormatError;
use crate::trailer::END_OF_STREAM;

/// Makes sure that what is written can be read again.
///
/// Arrow's writer makes some messages that no reader takes, for example of run-end encoded views without
/// rows. A writer must not acknowledge such rows; so the structure, though not the values, is looked through
/// as when reading.
pub(super) struct Readable<'a> {
    schema: &'a Schema,
    budget: Budget,
}

impl<'a> Readable<'a> {
    /// For messages after a schema that was [checked](Self::check_schema).
    pub(super) const fn new(schema: &'a Schema) -> Self {
        Self { schema, budget: Budget::new(DecodeLimits::DEFAULT) }
    }

    /// How many bytes the columns so far have for a reader.
    pub(super) const fn decoded_bytes(&self) -> u64 {
        self.budget.taken()
    }

    /// Makes sure that the schema `message` reads as the `user` schema, and returns it as it is read: only that one
    /// knows the ids of dictionaries.
    pub(super) fn check_schema(user: &Schema, message: &EncodedData) -> Result<Schema, Fault> {
        let not_read =
            |error: &dyn std::fmt::Display| Fault::Damaged(format!("the schema is not read: {error}"));
        let header = root_as_message(&message.ipc_message).map_err(|error| not_read(&error))?;
        let header = header.header_as_schema().ok_or_else(|| not_read(&"it is none"))?;
        check_schema(header, &mut Budget::new(DecodeLimits::DEFAULT))?;
        let schema =
            try_schema_from_flatbuffer_bytes(&message.ipc_message).map_err(|error| not_read(&error))?;
        ensure(&schema == user, || "the schema is read as another one".to_owned())?;
        Ok(schema)
    }

    /// Takes the next batch as it is, of so many rows and of buffers with so many bytes in all.
    pub(super) fn take(&mut self, rows: u64, bytes: u64) -> Result<(), Fault> {
        self.budget.take_rows(rows)?;
        self.budget.take_bytes(bytes)
    }

    /// Looks through the next message, a dictionary or a batch.
    pub(super) fn check(&mut self, message: &EncodedData) -> Result<(), Fault> {
        let header = root_as_message(&message.ipc_message)
            .map_err(|error| Fault::Damaged(format!("the message is not read: {error}")))?;
        let body = &message.arrow_data;
        ensure(u64::try_from(header.bodyLength()) == Ok(body.len() as u64), || {
            "a body of other length".to_owned()
        })?;
        if let Some(batch) = header.header_as_record_batch() {
            self.budget.take_rows(u64::try_from(batch.length()).unwrap_or(u64::MAX))?;
            let types = self.schema.fields().iter().map(|field| field.data_type());
            return check_batch(batch, body, types, &mut self.budget);
        }
        let dictionary = header.header_as_dictionary_batch();
        let parts = dictionary.and_then(|it| Some((it.data()?, dictionary_type(self.schema, it.id())?)));
        let Some((values, data_type)) = parts else {
            return Err(Fault::Damaged("neither a batch nor a dictionary of the schema".to_owned()));
        };
        check_batch(values, body, std::iter::once(&data_type), &mut self.budget)
    }
}

/// Makes sure that the `batches` which are written in `stream` come back as they were, if their types call for it.
///
/// Costs nothing for most types. For the others, another copy and about as much time as writing.
pub(super) fn check_seldom_types(
    schema: &Schema,
    options: &IpcWriteOptions,
    chunks: &[Chunk],
    batches: &[RecordBatch],
) -> Result<(), Fault> {
    if !schema.fields().iter().any(|field| is_seldom_written(field.data_type())) {
        return Ok(());
    }
    let mut stream = Messages::new(options).into_schema_message(schema);
    chunks.iter().for_each(|chunk| stream.extend_from_slice(chunk.bytes()));
    stream.extend_from_slice(&END_OF_STREAM);
    let stream = Bytes::from(stream);
    let frames = Frames::new("batches to be written", &stream);
    let (_, read) = read_stream("batches to be written", frames, &stream, DecodeLimits::DEFAULT)
        .map_err(|error| Fault::Damaged(error.to_string()))?;
    ensure(read == batches, || "other values come back".to_owned())
}

/// What a caller is told about batches that could not be read again.
pub(super) fn unreadable(fault: Fault) -> FormatError {
    let reason = match fault {
        Fault::Damaged(reason) => format!("as Arrow writes them, they could not be read again: {reason}"),
        Fault::TooLarge { what, size, limit } => format!("{what} is {size}, and readers allow only {limit}"),
    };
    FormatError::Refused { reason: reason.into() }
}

/// Types whose writers in Arrow were wrong in one of the versions that this crate goes with.
///
/// Arrow 58 writes run ends of 0 for runs that are cut; the others here share code with them, or are as young.
fn is_seldom_written(data_type: &DataType) -> bool {
    match data_type {
        DataType::RunEndEncoded(..) | DataType::Union(..) => true,
        DataType::ListView(_) | DataType::LargeListView(_) => true,
        DataType::Dictionary(_, values) => is_seldom_written(values),
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::FixedSizeList(child, _)
        | DataType::Map(child, _) => is_seldom_written(child.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| is_seldom_written(field.data_type())),
        _ => false,
    }
}
