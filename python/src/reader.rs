//! Readers and tails, for Python.

use crate::entry::{Entry, export};
use crate::failure::Failure;
use crate::op::Op;
use crate::report;
use crate::runtime::{Here, wait_anywhere};
use crate::settings::seconds;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use fencepost::{ErrorKind, LogEntry, ReadError, RequestCounts, ResumePoint, Tail, TailEvent};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::error::PyArrowResult;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// What entries come from.
enum Source {
    /// It ends at the end of the log.
    Reader(fencepost::Reader),
    /// It waits for more, at most so long.
    Tail(Tail, Option<std::time::Duration>),
}

/// A source, and an entry that was taken from it and put back.
struct Reading {
    source: Source,
    kept: Option<LogEntry>,
}

impl Reading {
    /// The next entry; `None` at the end, or if none came in time.
    ///
    /// Nothing is lost if the future is dropped.
    async fn next(&mut self) -> Result<Option<LogEntry>, ReadError> {
        if let Some(kept) = self.kept.take() {
            return Ok(Some(kept));
        }
        match &mut self.source {
            Source::Reader(reader) => reader.next().await,
            Source::Tail(tail, None) => tail.next().await.map(Some),
            Source::Tail(tail, Some(patience)) => match tokio::time::timeout(*patience, tail.next()).await {
                Ok(next) => next.map(Some),
                Err(_) => Ok(None),
            },
        }
    }

    /// The next entry if it is there.
    async fn poll(&mut self) -> Result<Option<LogEntry>, ReadError> {
        match (&mut self.source, self.kept.take()) {
            (_, Some(kept)) => Ok(Some(kept)),
            (Source::Reader(reader), None) => reader.next().await,
            (Source::Tail(tail, _), None) => match tail.poll().await? {
                TailEvent::Entry(entry) => Ok(Some(entry)),
                TailEvent::GivenUp { .. } | TailEvent::Waiting(_) => Ok(None),
            },
        }
    }

    fn resume_point(&self) -> ResumePoint {
        if let Some(kept) = &self.kept {
            return ResumePoint { next: kept.position(), highest: kept.epoch() };
        }
        match &self.source {
            Source::Reader(reader) => reader.resume_point(),
            Source::Tail(tail, _) => tail.resume_point(),
        }
    }

    fn requests(&self) -> RequestCounts {
        match &self.source {
            Source::Reader(reader) => reader.requests(),
            Source::Tail(tail, _) => tail.requests(),
        }
    }

    fn take_given_up(&mut self) -> Vec<u64> {
        let positions = match &mut self.source {
            Source::Reader(reader) => reader.take_given_up(),
            Source::Tail(tail, _) => tail.take_given_up(),
        };
        positions.into_iter().map(fencepost::Position::get).collect()
    }
}

/// Entries in order. One thread or task at a time gets the next one; the others wait for their turn.
#[pyclass(frozen, module = "fencepost._fencepost")]
pub(crate) struct Reader(Here<Arc<Mutex<Reading>>>);

impl Reader {
    pub(crate) fn new(reader: fencepost::Reader) -> Self {
        Self::of(Source::Reader(reader))
    }

    pub(crate) fn tail(tail: Tail, patience: Option<f64>) -> Result<Self, Failure> {
        let patience = patience.map(|patience| seconds("timeout", patience)).transpose()?;
        Ok(Self::of(Source::Tail(tail, patience)))
    }

    fn of(source: Source) -> Self {
        Self(Here::new(Arc::new(Mutex::new(Reading { source, kept: None }))))
    }

    fn now(&self) -> Result<MutexGuard<'_, Reading>, Failure> {
        self.0.get()?.try_lock().map_err(|_| {
            Failure::new(ErrorKind::Invalid, "the reader is waiting for an entry in another thread or task")
        })
    }
}

#[pymethods]
impl Reader {
    fn next(&self) -> PyResult<Op> {
        let reading = Arc::clone(self.0.get()?);
        Ok(Op::new(async move { reading.lock().await.next().await }, entry))
    }

    fn poll(&self) -> PyResult<Op> {
        let reading = Arc::clone(self.0.get()?);
        Ok(Op::new(async move { reading.lock().await.poll().await }, entry))
    }

    /// The next call hands it out again.
    fn put_back(&self, entry: &Entry) -> PyResult<()> {
        self.now()?.kept = Some(entry.0.clone());
        Ok(())
    }

    fn resume_point(&self) -> PyResult<(u64, u64)> {
        let ResumePoint { next, highest } = self.now()?.resume_point();
        Ok((next.get(), highest.get()))
    }

    fn take_given_up(&self) -> PyResult<Vec<u64>> {
        Ok(self.now()?.take_given_up())
    }

    fn requests(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        report::requests(py, self.now()?.requests())
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyArrowResult<Bound<'py, PyCapsule>> {
        let reading = Arc::clone(self.0.get().map_err(PyErr::from)?);
        let first = crate::runtime::wait(py, async {
            let mut reading = reading.lock().await;
            reading.next().await.map_err(raised)
        })?;
        let schema =
            first.as_ref().map_or_else(|| Arc::new(Schema::empty()), |entry| Arc::clone(entry.schema()));
        let batches = first.map_or_else(VecDeque::new, |entry| entry.into_batches().into());
        let stream = Stream { reading: Here::new(reading), schema, batches };
        export(py, Box::new(stream), requested_schema)
    }
}

fn entry(py: Python<'_>, next: Option<LogEntry>) -> PyResult<Py<PyAny>> {
    match next {
        Some(next) => Ok(Py::new(py, Entry(next))?.into_any()),
        None => Ok(py.None()),
    }
}

/// The batches of the entries that are left. All have the schema of the first.
struct Stream {
    reading: Here<Arc<Mutex<Reading>>>,
    schema: SchemaRef,
    batches: VecDeque<RecordBatch>,
}

impl Stream {
    fn read(&mut self) -> PyResult<Option<RecordBatch>> {
        while self.batches.is_empty() {
            let reading = self.reading.get()?;
            let schema = &self.schema;
            let next = wait_anywhere(async {
                let mut reading = reading.lock().await;
                let Some(entry) = reading.next().await.map_err(raised)? else { return Ok(None) };
                if entry.schema() != schema {
                    let failure = other_schema(&entry);
                    reading.kept = Some(entry);
                    return Err(failure.into());
                }
                Ok(Some(entry))
            })?;
            match next {
                Some(entry) => self.batches.extend(entry.into_batches()),
                None => return Ok(None),
            }
        }
        Ok(self.batches.pop_front())
    }
}

impl Iterator for Stream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().map_err(|error| ArrowError::ExternalError(Box::new(error))).transpose()
    }
}

impl RecordBatchReader for Stream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

fn other_schema(entry: &LogEntry) -> Failure {
    Failure::invalid(format!(
        "the entry at position {} has another schema than those before it, and a stream of batches has one only; the reader stands \
         before that entry: go on with it, entry by entry or with another stream",
        entry.position()
    ))
}

fn raised(error: ReadError) -> PyErr {
    Failure::from(error).into()
}
