//! The rows that all scenarios write: a number that occurs once, and a text.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The schema of the table.
pub(crate) fn schema() -> SchemaRef {
    let id = Field::new(ID, DataType::Int64, false);
    let note = Field::new(NOTE, DataType::Utf8, true);
    Arc::new(Schema::new(vec![id, note]))
}

/// The same, with the ids as a key: Lance calls it an unenforced primary key.
pub(crate) fn keyed_schema() -> SchemaRef {
    let key = [("lance-schema:unenforced-primary-key".to_owned(), "true".to_owned())];
    let id = Field::new(ID, DataType::Int64, false).with_metadata(key.into());
    let note = Field::new(NOTE, DataType::Utf8, true);
    Arc::new(Schema::new(vec![id, note]))
}

/// One batch with these keys and notes, of the schema with a key.
pub(crate) fn noted<'a>(rows: impl IntoIterator<Item = (i64, &'a str)>) -> RecordBatch {
    let (ids, notes): (Vec<_>, Vec<_>) = rows.into_iter().map(|(id, note)| (id, Some(note))).unzip();
    let columns: [ArrayRef; 2] = [Arc::new(Int64Array::from(ids)), Arc::new(StringArray::from(notes))];
    RecordBatch::try_new(keyed_schema(), columns.into()).expect("columns made for this schema")
}

/// One batch with these keys alone.
pub(crate) fn keys(ids: &[i64]) -> RecordBatch {
    noted(ids.iter().map(|id| (*id, ""))).project(&[0]).expect("it has that column")
}

/// The notes in a batch of whatever schema, by id; an error if an id occurs twice.
pub(crate) fn by_id(batch: &RecordBatch) -> crate::Result<BTreeMap<i64, String>> {
    let notes = batch.column_by_name(NOTE).ok_or("no notes")?;
    let mut rows = BTreeMap::new();
    for (id, note) in ids(batch).into_iter().zip(notes.as_string::<i32>()) {
        if rows.insert(id, note.unwrap_or_default().to_owned()).is_some() {
            return Err(format!("row {id} is there twice").into());
        }
    }
    Ok(rows)
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
/// The name of the column of texts.
const NOTE: &str = "note";
