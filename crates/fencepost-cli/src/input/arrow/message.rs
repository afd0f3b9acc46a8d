//! One message of Arrow IPC, read in full once its sizes are known to be bearable.

use crate::input::fault::{DAMAGED, Fault};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::try_schema_from_flatbuffer_bytes;
use arrow::ipc::{Block, MessageHeader, MetadataVersion, RecordBatch, root_as_message};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// A message: prefix, metadata and body.
#[derive(Debug)]
pub(super) struct Message {
    bytes: Buffer,
    /// Where the metadata begins.
    prefix: usize,
    /// Where the body begins.
    body: usize,
}

/// What a message is for.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Schema,
    Dictionary(Block),
    Batch(Block),
    /// The mark at the end of a stream.
    End,
}

fn columns<'a>(schema: arrow::ipc::Schema<'a>) -> impl Iterator<Item = (Option<&'a str>, u8, bool)> {
    let fields = schema.fields().into_iter().flatten();
    fields.map(|field| (field.name(), field.type_type().0, field.nullable()))
}

impl Message {
    /// The next message; `None` where there is not a byte more.
    pub(super) fn read(input: &mut impl Read, bytes_max: u64) -> Result<Option<Self>, Fault> {
        let mut bytes = Vec::new();
        if take(input, &mut bytes, 4)? == 0 {
            return Ok(None);
        }
        whole(&bytes, 4)?;
        if bytes == CONTINUATION {
            take(input, &mut bytes, 4)?;
            whole(&bytes, 8)?;
        }
        let prefix = bytes.len();
        let length = u32::from_le_bytes(bytes[prefix - 4..].try_into().expect("four bytes"));
        if length == 0 {
            return Ok(Some(Self { bytes: bytes.into(), prefix, body: prefix }));
        }
        let length = u64::from(length);
        if i32::try_from(length).is_err() {
            return Err(Fault::new("this is not an Arrow message").with_advice(DAMAGED));
        }
        bearable(length, bytes_max)?;
        take(input, &mut bytes, length)?;
        let body = prefix + length as usize;
        whole(&bytes, body)?;
        let message = root_as_message(&bytes[prefix..]).map_err(|error| damaged(&error))?;
        let body_length = u64::try_from(message.bodyLength()).map_err(|error| damaged(&error))?;
        bearable(body_length, bytes_max)?;
        take(input, &mut bytes, body_length)?;
        whole(&bytes, body + body_length as usize)?;
        Ok(Some(Self { bytes: bytes.into(), prefix, body }))
    }

    pub(super) const fn bytes(&self) -> &Buffer {
        &self.bytes
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) fn is_end(&self) -> bool {
        self.bytes.len() == self.prefix
    }

    fn root(&self) -> Result<arrow::ipc::Message<'_>, Fault> {
        root_as_message(&self.bytes[self.prefix..self.body]).map_err(|error| damaged(&error))
    }

    /// The schema that it holds, if it begins a stream.
    pub(super) fn schema(&self) -> Result<(SchemaRef, MetadataVersion), Fault> {
        let found = if self.is_end() { None } else { Some(self.root()?) };
        let begins = found.filter(|message| message.header_as_schema().is_some());
        let Some(message) = begins else {
            return Err(Fault::new("an Arrow stream begins with a schema, and there is none here")
                .with_advice(DAMAGED));
        };
        let schema = try_schema_from_flatbuffer_bytes(&self.bytes[self.prefix..self.body])?;
        Ok((Arc::new(schema), message.version()))
    }

    /// Whether its schema has the columns of `other`: names, kinds of types, and which may be null.
    pub(super) fn has_columns_of(&self, other: arrow::ipc::Schema<'_>) -> bool {
        let message = if self.is_end() { None } else { self.root().ok() };
        let schema = message.and_then(|message| message.header_as_schema());
        schema.is_some_and(|own| columns(own).eq(columns(other)))
    }

    /// What it is for. Fails if what it holds takes too much memory.
    pub(super) fn content(&self, sizes: &mut Sizes) -> Result<Content, Fault> {
        if self.is_end() {
            return Ok(Content::End);
        }
        let message = self.root()?;
        let block =
            Block::new(0, i32::try_from(self.body).map_err(|error| damaged(&error))?, message.bodyLength());
        match message.header_type() {
            MessageHeader::Schema => Ok(Content::Schema),
            MessageHeader::RecordBatch => {
                let batch =
                    message.header_as_record_batch().ok_or_else(|| Fault::new("a batch without a header"))?;
                sizes.batch(self.unpacked(batch)?)?;
                Ok(Content::Batch(block))
            }
            MessageHeader::DictionaryBatch => {
                let header =
                    message.header_as_dictionary_batch().and_then(|header| Some((header, header.data()?)));
                let (header, data) = header.ok_or_else(|| Fault::new("a dictionary without values"))?;
                sizes.dictionary(header.id(), header.isDelta(), self.unpacked(data)?)?;
                Ok(Content::Dictionary(block))
            }
            other => Err(Fault::new(format!(
                "unknown type of message: {}",
                other.variant_name().unwrap_or("without a name")
            ))),
        }
    }

    /// The bytes of a batch as they will lie in memory: what is compressed begins with its size.
    fn unpacked(&self, batch: RecordBatch<'_>) -> Result<u64, Fault> {
        let body = &self.bytes[self.body..];
        let mut sum = 0_u64;
        for buffer in batch.buffers().into_iter().flatten() {
            let outside = || Fault::new("a column lies outside its batch").with_advice(DAMAGED);
            let bytes = part(body, buffer.offset(), buffer.length()).ok_or_else(outside)?;
            // -1: not compressed after all.
            let size = bytes.first_chunk().and_then(|size| u64::try_from(i64::from_le_bytes(*size)).ok());
            sum = sum.saturating_add(size.unwrap_or(bytes.len() as u64));
        }
        // Not compressed: as it lies here.
        Ok(if batch.compression().is_some() { sum } else { body.len() as u64 })
    }
}

/// What is held in memory at once: a batch, and every dictionary of its stream.
#[derive(Debug)]
pub(super) struct Sizes {
    dictionaries: BTreeMap<i64, u64>,
    bytes_max: u64,
}

impl Sizes {
    pub(super) const fn new(bytes_max: u64) -> Self {
        Self { dictionaries: BTreeMap::new(), bytes_max }
    }

    /// Forgets the dictionaries.
    pub(super) fn begin(&mut self) {
        self.dictionaries.clear();
    }

    fn batch(&self, bytes: u64) -> Result<(), Fault> {
        bearable(bytes, self.bytes_max)
    }

    fn dictionary(&mut self, id: i64, more: bool, bytes: u64) -> Result<(), Fault> {
        let held = self.dictionaries.entry(id).or_default();
        *held = if more { held.saturating_add(bytes) } else { bytes };
        let sum = self.dictionaries.values().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        bearable(sum, self.bytes_max)
    }
}

/// Whether so many bytes may be held in memory at once.
pub(super) fn bearable(bytes: u64, bytes_max: u64) -> Result<(), Fault> {
    if bytes <= bytes_max {
        return Ok(());
    }
    let fault = Fault::new(format!(
        "a batch has {bytes} bytes, and a batch is held in memory whole; the limit is {bytes_max}"
    ));
    Err(fault.with_advice("Write the file with smaller batches, or raise --batch-bytes-max."))
}

fn damaged(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(format!("this is not an Arrow message: {error}")).with_advice(DAMAGED)
}

fn part(body: &[u8], from: i64, length: i64) -> Option<&[u8]> {
    let (from, length) = (usize::try_from(from).ok()?, usize::try_from(length).ok()?);
    body.get(from..from.checked_add(length)?)
}

/// Reads so many bytes, or as many as there are. A length that is wrong reserves nothing.
fn take(input: &mut impl Read, bytes: &mut Vec<u8>, count: u64) -> Result<usize, Fault> {
    Ok(input.take(count).read_to_end(bytes)?)
}

fn whole(bytes: &[u8], length: usize) -> Result<(), Fault> {
    if bytes.len() < length {
        return Err(Fault::new("the input ends in the middle of a message").with_advice(DAMAGED));
    }
    Ok(())
}

const CONTINUATION: [u8; 4] = [0xff; 4];
