//! An entry, for Python.

use arrow_array::{ArrayRef, StructArray};
use arrow_array::{RecordBatchIterator, RecordBatchReader};
use arrow_schema::Field;
use fencepost::LogEntry;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::error::PyArrowResult;
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use std::sync::Arc;

/// The rows of one append, or of several that shared an object.
#[pyclass(frozen, module = "fencepost")]
pub(crate) struct Entry(pub(crate) LogEntry);

#[pymethods]
impl Entry {
    #[getter]
    fn position(&self) -> u64 {
        self.0.position().get()
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.0.epoch().get()
    }

    #[getter]
    fn num_rows(&self) -> u64 {
        self.0.rows()
    }

    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        usize::try_from(self.0.rows()).unwrap_or(usize::MAX)
    }

    /// An entry without rows is an entry all the same.
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        format!("Entry(position={}, epoch={}, num_rows={})", self.0.position(), self.0.epoch(), self.0.rows())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyArrowResult<Bound<'py, PyCapsule>> {
        to_schema_pycapsule(py, self.0.schema().as_ref())
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyArrowResult<Bound<'py, PyCapsule>> {
        let batches = self.0.batches().to_vec().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, Arc::clone(self.0.schema()));
        export(py, Box::new(reader), requested_schema)
    }
}

/// Hands out a stream of batches as a capsule.
pub(crate) fn export<'py>(
    py: Python<'py>,
    reader: Box<dyn RecordBatchReader + Send>,
    requested_schema: Option<Bound<'py, PyCapsule>>,
) -> PyArrowResult<Bound<'py, PyCapsule>> {
    let schema = reader.schema();
    let field = Field::new_struct("", schema.fields().clone(), false).with_metadata(schema.metadata.clone());
    let arrays = reader.map(|batch| {
        let rows: ArrayRef = Arc::new(StructArray::from(batch?));
        Ok(rows)
    });
    to_stream_pycapsule(py, Box::new(ArrayIterator::new(arrays, field.into())), requested_schema)
}
