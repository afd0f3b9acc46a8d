//! Batches cut to what an entry should hold.

use arrow::array::{Array, ArrayRef, BinaryViewArray, RecordBatch, StringViewArray};
use arrow::datatypes::DataType;
use std::sync::Arc;

/// The rows from `first` on, in pieces of at most so many rows and about so many bytes.
pub(super) fn slices(
    batch: RecordBatch,
    first: usize,
    rows_max: usize,
    bytes_max: usize,
) -> impl Iterator<Item = RecordBatch> + Send {
    let row_bytes = bytes(&batch) / batch.num_rows().max(1);
    let rows = (bytes_max / row_bytes.max(1)).clamp(1, rows_max.max(1));
    let whole = first == 0 && batch.num_rows() <= rows;
    (first..batch.num_rows()).step_by(rows).map(move |start| {
        if whole { batch.clone() } else { compact(batch.slice(start, rows.min(batch.num_rows() - start))) }
    })
}

/// Roughly, without what other columns have in the same buffer.
fn bytes(batch: &RecordBatch) -> usize {
    let of = |column: &ArrayRef| {
        column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch.columns().iter().map(of).sum()
}

/// Without the values of other slices: views keep all of them.
fn compact(batch: RecordBatch) -> RecordBatch {
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => {
            let views = column.as_any().downcast_ref::<StringViewArray>();
            views.map_or_else(|| column.clone(), |views| Arc::new(views.gc()) as ArrayRef)
        }
        DataType::BinaryView => {
            let views = column.as_any().downcast_ref::<BinaryViewArray>();
            views.map_or_else(|| column.clone(), |views| Arc::new(views.gc()) as ArrayRef)
        }
        _ => column.clone(),
    });
    let columns: Vec<ArrayRef> = columns.collect();
    if columns.is_empty() {
        return batch;
    }
    RecordBatch::try_new(batch.schema(), columns).expect("the same types and lengths")
}
