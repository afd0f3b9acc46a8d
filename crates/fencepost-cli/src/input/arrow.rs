//! Arrow IPC, streams and files: whole, or refused. No batch is larger than the bound on batches.

mod file;
mod message;

pub(super) use file::open as file;

use super::fault::Fault;
use super::types::check_fields;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::FileDecoder;
use message::{Content, Message, Sizes};
use std::io::{BufReader, Read};

/// The batches of a stream, and of further streams of the same schema behind it.
pub(super) struct Streams<R> {
    input: BufReader<R>,
    schema: SchemaRef,
    decoder: FileDecoder,
    sizes: Sizes,
    bytes_max: u64,
    ended: bool,
}

impl<R: Read> Streams<R> {
    /// Reads the schema.
    pub(super) fn open(input: R, bytes_max: u64) -> Result<Self, Fault> {
        let mut input = BufReader::new(input);
        let mut sizes = Sizes::new(bytes_max);
        let Some(message) = Message::read(&mut input, bytes_max)? else {
            return Err(Fault::new("the input is empty: an Arrow stream begins with its schema"));
        };
        let (schema, version) = message.schema()?;
        check_fields(&schema)?;
        sizes.begin();
        let decoder = FileDecoder::new(schema.clone(), version);
        Ok(Self { input, schema, decoder, sizes, bytes_max, ended: false })
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        loop {
            let Some(message) = Message::read(&mut self.input, self.bytes_max)? else {
                // The format allows for it, and a stream that was cut off looks the same.
                crate::output::note_line(
                    "warning: the Arrow stream has no end marker; if its writer did not finish, rows are missing",
                );
                return Ok(None);
            };
            match message.content(&mut self.sizes)? {
                Content::Batch(block) => {
                    if let Some(batch) = self.decoder.read_record_batch(&block, message.bytes())? {
                        return Ok(Some(batch));
                    }
                }
                Content::Dictionary(block) => self.decoder.read_dictionary(&block, message.bytes())?,
                Content::End if !self.begin_again()? => return Ok(None),
                Content::End => {}
                Content::Schema => return Err(Fault::new("a second schema within the stream")),
            }
        }
    }

    /// Whether another stream follows.
    fn begin_again(&mut self) -> Result<bool, Fault> {
        let behind = |fault: Fault| Fault {
            message: format!("after the end of the stream: {}", fault.message),
            ..fault
        };
        let Some(message) = Message::read(&mut self.input, self.bytes_max).map_err(behind)? else {
            return Ok(false);
        };
        let (schema, version) = message.schema().map_err(behind)?;
        if schema != self.schema {
            let fault = Fault::new("another stream follows, with a different schema");
            return Err(fault.with_advice("Append the streams one by one."));
        }
        self.sizes.begin();
        self.decoder = FileDecoder::new(schema, version);
        Ok(true)
    }
}

impl<R: Read> Iterator for Streams<R> {
    type Item = Result<RecordBatch, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_batch().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests;
