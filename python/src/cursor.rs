//! A consumer's cursor, for Python.

use crate::failure::Failure;
use crate::op::{Op, nothing};
use crate::runtime::Here;
use crate::settings::{epoch, position};
use fencepost::{Consumed, ReadFrom};
use pyo3::prelude::*;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Everything up to its position was consumed, everything above is kept for it.
#[pyclass(frozen, module = "fencepost._fencepost")]
pub(crate) struct Cursor(Here<Arc<Mutex<Option<fencepost::Cursor>>>>);

impl Cursor {
    pub(crate) fn new(cursor: fencepost::Cursor) -> Self {
        Self(Here::new(Arc::new(Mutex::new(Some(cursor)))))
    }

    fn now<T>(&self, look: impl FnOnce(&fencepost::Cursor) -> T) -> Result<T, Failure> {
        let cursor = self.0.get()?.try_lock().map_err(|_| Failure::invalid("the cursor is being moved"))?;
        cursor.as_ref().map(look).ok_or_else(removed)
    }

    /// Where a reader for this consumer begins.
    pub(crate) fn read_from(&self) -> Result<ReadFrom, Failure> {
        self.now(fencepost::Cursor::read_from)
    }
}

#[pymethods]
impl Cursor {
    #[getter]
    fn name(&self) -> PyResult<String> {
        Ok(self.now(|cursor| cursor.name().to_string())?)
    }

    #[getter]
    fn position(&self) -> PyResult<u64> {
        Ok(self.now(|cursor| cursor.position().get())?)
    }

    /// Everything up to `at` was consumed; the highest epoch up to there is `of`, or 0 if that is not known.
    fn advance(&self, at: u64, of: u64) -> PyResult<Op> {
        let cursor = Arc::clone(self.0.get()?);
        let to = Consumed { position: position(at)?, epoch: epoch(of)? };
        let advance = async move {
            match cursor.lock().await.as_mut() {
                Some(cursor) => Ok(cursor.advance(to).await?),
                None => Err(removed()),
            }
        };
        Ok(Op::new(advance, nothing))
    }

    fn remove(&self) -> PyResult<Op> {
        let cursor = Arc::clone(self.0.get()?);
        let remove = async move {
            let cursor = cursor.lock().await.take().ok_or_else(removed)?;
            Ok::<_, Failure>(cursor.remove().await?)
        };
        Ok(Op::new(remove, nothing))
    }
}

fn removed() -> Failure {
    Failure::invalid("the cursor was removed")
}
