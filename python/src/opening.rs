//! A writer that is being opened, for Python.

use crate::entry::Entry;
use crate::failure::Failure;
use crate::op::Op;
use crate::runtime::Here;
use crate::writer::Writer;
use fencepost::{ErrorKind, OpenWriterError};
use pyo3::prelude::*;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The epoch is claimed; what must be replayed comes out, and then the writer.
#[pyclass(frozen, module = "fencepost._fencepost")]
pub(crate) struct Opening {
    epoch: u64,
    opening: Here<Arc<Mutex<Option<fencepost::Opening>>>>,
}

impl Opening {
    pub(crate) fn new(opening: fencepost::Opening) -> Self {
        Self { epoch: opening.epoch().get(), opening: Here::new(Arc::new(Mutex::new(Some(opening)))) }
    }
}

#[pymethods]
impl Opening {
    #[getter]
    const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The next entry of the replay, or `None` at its end.
    fn next(&self) -> PyResult<Op> {
        let opening = Arc::clone(self.opening.get()?);
        let next = async move {
            match opening.lock().await.as_mut() {
                Some(opening) => Ok(opening.next_recovered().await?),
                None => Err(finished()),
            }
        };
        Ok(Op::new(next, |py, entry| match entry {
            Some(entry) => Ok(Py::new(py, Entry(entry))?.into_any()),
            None => Ok(py.None()),
        }))
    }

    /// Where the replay, as far as it is, passed entries that a repair gave up.
    fn given_up(&self) -> PyResult<Vec<u64>> {
        let opening =
            self.opening.get()?.try_lock().map_err(|_| Failure::invalid("the replay is under way"))?;
        let opening = opening.as_ref().ok_or_else(finished)?;
        Ok(opening.given_up().iter().map(|at| at.get()).collect())
    }

    /// Replays what is left, and makes the writer.
    fn finish(&self) -> PyResult<Op> {
        let opening = Arc::clone(self.opening.get()?);
        let finish = async move {
            let opening = opening.lock().await.take().ok_or_else(finished)?;
            opening.finish().await.map_err(|error: OpenWriterError| Failure::from(error))
        };
        Ok(Op::new(finish, |py, writer| Ok(Py::new(py, Writer::new(writer))?.into_any())))
    }
}

fn finished() -> Failure {
    Failure::new(ErrorKind::Invalid, "the opening was finished already")
}
