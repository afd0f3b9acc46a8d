//! The Arrow stream format, with every dictionary as it is in the entry.
//!
//! Arrow's own stream writer leaves out a dictionary that equals the one before. Its comparison is wrong for
//! some values that are not simple: it panics where only one side of fixed size binaries has nulls, and takes
//! some lists of views for others (seen with 58.0 and 59.3). So dictionaries of such values are sent with each batch.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::{DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteOptions, write_message};
use std::io::Write;

/// A stream that has begun.
pub(super) struct ArrowStream<W> {
    out: W,
    schema: SchemaRef,
    options: IpcWriteOptions,
    dictionaries: DictionaryTracker,
    /// Whether each batch brings its dictionaries along.
    resends: bool,
}

impl<W: Write> ArrowStream<W> {
    /// Writes the schema.
    pub(super) fn begin(out: W, schema: SchemaRef) -> Result<Self, ArrowError> {
        let resends = schema.flattened_fields().iter().any(|field| !is_compared_well(field.data_type()));
        let options = IpcWriteOptions::default();
        let dictionaries = DictionaryTracker::new(false);
        let mut stream = Self { out, schema, options, dictionaries, resends };
        let message = stream.forget_dictionaries();
        write_message(&mut stream.out, message, &stream.options)?;
        Ok(stream)
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), ArrowError> {
        if self.resends {
            let _ = self.forget_dictionaries();
        }
        let generator = IpcDataGenerator::default();
        let (dictionaries, batch) =
            generator.encode(rows, &mut self.dictionaries, &self.options, &mut Default::default())?;
        for message in dictionaries.into_iter().chain([batch]) {
            write_message(&mut self.out, message, &self.options)?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }

    /// Writes the mark that ends a stream: a message of no length.
    pub(super) fn finish(&mut self) -> Result<(), ArrowError> {
        self.out.write_all(&END)?;
        Ok(self.out.flush()?)
    }

    /// Makes the next batch bring all its dictionaries along, under the same ids.
    fn forget_dictionaries(&mut self) -> EncodedData {
        self.dictionaries = DictionaryTracker::new(false);
        IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            &self.schema,
            &mut self.dictionaries,
            &self.options,
        )
    }
}

/// Whether Arrow can tell two such dictionaries apart.
fn is_compared_well(data_type: &DataType) -> bool {
    use DataType as T;
    let T::Dictionary(_, values) = data_type else { return true };
    values.is_primitive() || matches!(**values, T::Utf8 | T::LargeUtf8 | T::Binary | T::LargeBinary)
}

const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

#[cfg(test)]
mod tests;
