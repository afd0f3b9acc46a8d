//! A writer, for Python.

use crate::append::batches;
use crate::op::{Op, nothing};
use crate::report;
use crate::runtime::Here;
use crate::settings::position;
use fencepost::{AppendError, Appended};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use std::sync::Arc;

/// The writer of one epoch.
#[pyclass(frozen, module = "fencepost._fencepost")]
pub(crate) struct Writer(Here<Arc<fencepost::Writer>>);

impl Writer {
    pub(crate) fn new(writer: fencepost::Writer) -> Self {
        Self(Here::new(Arc::new(writer)))
    }
}

#[pymethods]
impl Writer {
    fn append(&self, data: &Bound<'_, PyAny>) -> PyResult<Op> {
        let writer = Arc::clone(self.0.get()?);
        let batches = batches(data)?;
        Ok(Op::new(async move { writer.append(&batches).await }, appended))
    }

    fn submit(&self, data: &Bound<'_, PyAny>) -> PyResult<Op> {
        let writer = Arc::clone(self.0.get()?);
        let batches = batches(data)?;
        Ok(Op::new(async move { writer.submit(batches).await }, |py, ticket| {
            Ok(Py::new(py, Ticket(Here::new(ticket.boxed().shared())))?.into_any())
        }))
    }

    fn flush(&self) -> PyResult<Op> {
        let writer = Arc::clone(self.0.get()?);
        Ok(Op::new(async move { writer.flush().await }, nothing))
    }

    fn checkpoint(&self, at: u64) -> PyResult<Op> {
        let (writer, at) = (Arc::clone(self.0.get()?), position(at)?);
        Ok(Op::new(async move { writer.checkpoint(at).await }, |py, at| at.get().into_py_any(py)))
    }

    fn close(&self) -> PyResult<Op> {
        let writer = Arc::clone(self.0.get()?);
        Ok(Op::new(async move { writer.close().await }, nothing))
    }

    fn epoch(&self) -> PyResult<u64> {
        Ok(self.0.get()?.epoch().get())
    }

    fn status(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        report::writer_status(py, &self.0.get()?.status())
    }
}

/// The answer for one submission, once it is there.
#[pyclass(frozen, module = "fencepost._fencepost")]
pub(crate) struct Ticket(Here<Shared<BoxFuture<'static, Result<Appended, AppendError>>>>);

#[pymethods]
impl Ticket {
    /// May be asked for more than once.
    fn answer(&self) -> PyResult<Op> {
        Ok(Op::new(self.0.get()?.clone(), appended))
    }

    /// The answer if it is there, without waiting for it.
    fn is_answered(&self) -> PyResult<bool> {
        let ticket = self.0.get()?.clone();
        Ok(ticket.now_or_never().is_some())
    }
}

fn appended(py: Python<'_>, appended: Appended) -> PyResult<Py<PyAny>> {
    appended.position.get().into_py_any(py)
}
