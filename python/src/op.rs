//! A call that waits for a store: made once, then waited for by a thread or awaited by asyncio.

use crate::failure::Failure;
use crate::runtime::{Here, Ours, runtime, wait};
use fencepost::ErrorKind;
use futures::FutureExt as _;
use pyo3::prelude::*;
use pyo3_async_runtimes::generic::future_into_py;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

type Work = Pin<Box<dyn Future<Output = PyResult<Py<PyAny>>> + Send>>;

/// Work that has not begun.
#[pyclass(frozen, module = "fencepost._fencepost")]
pub(crate) struct Op(Here<Mutex<Option<Work>>>);

impl Op {
    /// Does `work`, and then makes something of Python's of what came of it.
    pub(crate) fn new<T, E>(
        work: impl Future<Output = Result<T, E>> + Send + 'static,
        convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self
    where
        E: Into<Failure>,
    {
        let work = async move {
            match work.await {
                Ok(value) => Python::attach(|py| convert(py, value)),
                Err(error) => Err(error.into().into()),
            }
        };
        Self(Here::new(Mutex::new(Some(Box::pin(work)))))
    }

    fn take(&self) -> PyResult<Work> {
        let work = self.0.get()?.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(work.ok_or_else(|| Failure::new(ErrorKind::Internal, "this call was made already"))?)
    }
}

#[pymethods]
impl Op {
    /// Does it, and blocks the thread meanwhile.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wait(py, self.take()?)
    }

    /// Begins it, and returns a future of the running event loop.
    ///
    /// It is polled once before this returns: what is handed over at once, such as the rows of an append while there is
    /// room, is handed over in the order of the calls, and not in that of some threads.
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut work = self.take()?;
        let done = py.detach(|| {
            let _entered = runtime().enter();
            work.as_mut().now_or_never()
        });
        future_into_py::<Ours, _, _>(py, async move {
            match done {
                Some(done) => done,
                None => work.await,
            }
        })
    }
}

/// For calls that return nothing.
pub(crate) fn nothing(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}
