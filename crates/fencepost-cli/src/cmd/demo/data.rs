//! The rows of the demonstration: the chemical elements, and when they were discovered.

use crate::exit::Exit;
use crate::failure::Failure;
use arrow::array::{AsArray, RecordBatch};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::Int64Type;
use std::sync::Arc;

/// All rows in batches of `rows`.
pub(super) fn elements(rows: usize) -> Result<Vec<RecordBatch>, Failure> {
    let failed = |error| Failure::of(Exit::Failed, &error).while_doing("the bundled data");
    let (schema, _) =
        Format::default().with_header(true).infer_schema(ELEMENTS.as_bytes(), None).map_err(failed)?;
    let reader = ReaderBuilder::new(Arc::new(schema))
        .with_header(true)
        .with_batch_size(rows)
        .build(ELEMENTS.as_bytes());
    reader.map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
}

/// The atomic numbers in a batch, by which rows are told apart.
pub(super) fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

/// See `data/README.md` for where the facts are from.
const ELEMENTS: &str = include_str!("../../../data/elements.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_file_has_every_element_once() {
        let batches = elements(10).unwrap();
        assert_eq!(numbers(&batches), (1..=118).collect::<Vec<_>>());
    }
}
