//! From whatever speaks Arrow's PyCapsule interface to record batches.

use crate::failure::Failure;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyRecordBatch;

/// All batches of `data`. Its columns are shared with it until the writer takes them, and copies them.
pub(crate) fn batches(data: &Bound<'_, PyAny>) -> PyResult<Vec<RecordBatch>> {
    let speaks = |method| data.hasattr(method).unwrap_or(false);
    if !speaks("__arrow_c_stream__") && !speaks("__arrow_c_array__") {
        return Err(PyTypeError::new_err(format!(
            "rows must come as something with Arrow's PyCapsule interface, such as a table or a record batch of pyarrow, \
             or a data frame of polars or pandas; not as {}",
            data.get_type().name()?
        )));
    }
    let reader = data.extract::<AnyRecordBatch>()?.into_reader()?;
    // A stream may have work to do, and a producer in Python needs the lock for it.
    let schema = reader.schema();
    let read: Result<Vec<_>, ArrowError> = data.py().detach(|| reader.collect());
    let mut batches = read.map_err(|error| {
        Failure::invalid(format!("the rows could not be read: {error}; nothing was appended"))
    })?;
    // A table without rows has no batch, but it has columns.
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    Ok(batches)
}
