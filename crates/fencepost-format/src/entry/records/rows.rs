//! Records from batches that Arrow has read: of entries by Lance, and of those that were submitted as batches.

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use arrow_buffer::Buffer;
use arrow_schema::Schema;
use bytes::Bytes;

use super::{Record, records_schema};
use crate::FormatError;
use crate::entry::Entry;

/// The records of `entry`, whose bytes are those of its columns.
///
/// # Errors
/// [`FormatError::NotRecords`].
pub(in crate::entry) fn records_of(object: &str, entry: &Entry) -> Result<Vec<Record>, FormatError> {
    let not_records =
        || FormatError::NotRecords { object: object.to_owned(), columns: columns(entry.schema()) };
    let mut records = Vec::new();
    for batch in entry.batches() {
        records.extend(records_in(batch).ok_or_else(not_records)?);
    }
    // An entry without batches has a schema all the same.
    if entry.schema().fields() == records_schema().fields() { Ok(records) } else { Err(not_records()) }
}

/// The rows of `batch` as records, if it has the columns of [`records_schema`]. They share the batch's memory.
#[must_use]
pub fn records_in(batch: &RecordBatch) -> Option<Vec<Record>> {
    if batch.schema_ref().fields() != records_schema().fields() {
        return None;
    }
    let timestamps = batch.column(0).as_primitive::<TimestampMicrosecondType>();
    let (keys, values) = (batch.column(1).as_binary::<i32>(), batch.column(2).as_binary::<i64>());
    let (key_bytes, value_bytes) = (shared(keys.values()), shared(values.values()));
    let record = |row| {
        let key = keys.offsets()[row] as usize..keys.offsets()[row + 1] as usize;
        let value = values.offsets()[row] as usize..values.offsets()[row + 1] as usize;
        Record {
            value: value_bytes.slice(value),
            key: keys.is_valid(row).then(|| key_bytes.slice(key)),
            timestamp_us: timestamps.is_valid(row).then(|| timestamps.value(row)),
        }
    };
    Some((0..batch.num_rows()).map(record).collect())
}

/// The same memory, kept for as long as anybody needs a part of it.
fn shared(buffer: &Buffer) -> Bytes {
    struct Owner(Buffer);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    Bytes::from_owner(Owner(buffer.clone()))
}

/// What stands there instead, for people.
fn columns(schema: &Schema) -> String {
    let shown = schema.fields().iter().take(COLUMNS_SHOWN);
    let mut columns: Vec<_> =
        shown.map(|field| format!("{}: {}", field.name().escape_debug(), field.data_type())).collect();
    match schema.fields().len() {
        0 => return "no columns".to_owned(),
        many if many > COLUMNS_SHOWN => columns.push(format!("and {} more", many - COLUMNS_SHOWN)),
        _ => {}
    }
    format!("the columns {}", columns.join(", "))
}

const COLUMNS_SHOWN: usize = 8;
