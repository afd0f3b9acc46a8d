//! The rows that all scenarios write: a number that occurs once, and a text.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// The schema of the table.
pub(crate) fn schema() -> SchemaRef {
    let id = Field::new(ID, DataType::Int64, false);
    let note = Field::new("note", DataType::Utf8, true);
    Arc::new(Schema::new(vec![id, note]))
}

/// One batch with these ids.
pub(crate) fn batch(ids: &[i64]) -> RecordBatch {
    let notes: StringArray = ids.iter().map(|id| Some(format!("row {id}"))).collect();
    let columns: [ArrayRef; 2] = [Arc::new(Int64Array::from(ids.to_vec())), Arc::new(notes)];
    RecordBatch::try_new(schema(), columns.into()).expect("columns made for this schema")
}

/// The ids in a batch of whatever schema, in order.
pub(crate) fn ids(batch: &RecordBatch) -> Vec<i64> {
    let column = batch.column_by_name(ID).expect("every table here has ids");
    column.as_primitive::<Int64Type>().values().to_vec()
}

/// The ids in several batches, in order.
pub(crate) fn all_ids(batches: &[RecordBatch]) -> Vec<i64> {
    batches.iter().flat_map(ids).collect()
}

/// The name of the column of ids.
pub(crate) const ID: &str = "id";
