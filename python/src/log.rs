//! A log, for Python.

use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::op::Op;
use crate::opening::Opening;
use crate::policy::Keep;
use crate::reader::Reader;
use crate::report;
use crate::runtime::Here;
use crate::settings::{OfWriter, Place, cursor_name, epoch, position, seconds};
use crate::writer::Writer;
use fencepost::{Consumed, LogStore, ReadFrom, ReadOptions, ResumePoint, WaitingFor, Wal, find_shards};
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;

/// Finds a log.
#[pyfunction]
pub(crate) fn open(place: Place) -> PyResult<Op> {
    let builder = place.builder()?;
    let location = place.location().to_owned();
    Ok(Op::new(async move { Box::pin(builder.open()).await }, move |py, wal| {
        Ok(Py::new(py, Log { location, wal: Here::new(wal) })?.into_any())
    }))
}

/// The ids of the shards at a place.
#[pyfunction]
pub(crate) fn shards(place: Place) -> PyResult<Op> {
    let (options, retry_timeout) = (place.store_options()?, place.retry_timeout()?);
    let find = async move {
        let store = LogStore::open(place.location(), options).map_err(Failure::from)?;
        let shards = find_shards(&store.with_retry_timeout(retry_timeout)).await.map_err(Failure::from)?;
        Ok::<_, Failure>(shards.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    Ok(Op::new(find, |py, shards| shards.into_py_any(py)))
}

/// One shard's log.
#[pyclass(frozen, module = "fencepost._fencepost")]
pub(crate) struct Log {
    location: String,
    wal: Here<Wal>,
}

#[pymethods]
impl Log {
    #[getter]
    fn location(&self) -> &str {
        &self.location
    }

    #[getter]
    fn shard(&self) -> PyResult<String> {
        Ok(self.wal.get()?.shard().to_string())
    }

    fn requests(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        report::requests(py, self.wal.get()?.requests())
    }

    /// `on_wait` is called with an epoch, a name and seconds.
    fn begin_writing(&self, settings: OfWriter, on_wait: Option<Py<PyAny>>) -> PyResult<Op> {
        let (wal, options) = (self.wal.get()?.clone(), settings.options()?);
        let begin = async move { Box::pin(wal.begin_writing_with(options, tell(on_wait))).await };
        Ok(Op::new(begin, |py, opening| Ok(Py::new(py, Opening::new(opening))?.into_any())))
    }

    fn open_writer(&self, settings: OfWriter, on_wait: Option<Py<PyAny>>) -> PyResult<Op> {
        let (wal, options) = (self.wal.get()?.clone(), settings.options()?);
        let open = async move { Box::pin(wal.open_writer_with(options, tell(on_wait))).await };
        Ok(Op::new(open, |py, writer| Ok(Py::new(py, Writer::new(writer))?.into_any())))
    }

    fn reader(&self, from: Option<From<'_>>, to: Option<u64>) -> PyResult<Op> {
        let (wal, from) = (self.wal.get()?.clone(), place(from)?);
        let options = ReadOptions::new().with_start(from).with_end(to.map(position).transpose()?);
        Ok(Op::new(async move { Box::pin(wal.reader(options)).await }, |py, reader| {
            Ok(Py::new(py, Reader::new(reader))?.into_any())
        }))
    }

    fn tail(&self, from: Option<From<'_>>, poll: (f64, f64), timeout: Option<f64>) -> PyResult<Op> {
        let (wal, from) = (self.wal.get()?.clone(), place(from)?);
        let (min, max) = (seconds("poll_min", poll.0)?, seconds("poll_max", poll.1)?);
        let options = ReadOptions::new().with_start(from).with_poll(min, max);
        let tail = async move {
            let tail = Box::pin(wal.tail(options)).await.map_err(Failure::from)?;
            Reader::tail(tail, timeout)
        };
        Ok(Op::new(tail, |py, reader| Ok(Py::new(py, reader)?.into_any())))
    }

    fn checkpoint_position(&self) -> PyResult<Op> {
        let wal = self.wal.get()?.clone();
        Ok(Op::new(async move { wal.checkpoint_position().await }, |py, at| at.get().into_py_any(py)))
    }

    fn tail_position(&self) -> PyResult<Op> {
        let wal = self.wal.get()?.clone();
        Ok(Op::new(async move { wal.tail_position().await }, |py, at| at.get().into_py_any(py)))
    }

    fn cursor(&self, name: &str, at: u64, of: u64) -> PyResult<Op> {
        let (wal, name) = (self.wal.get()?.clone(), cursor_name(name)?);
        let start = Consumed { position: position(at)?, epoch: epoch(of)? };
        Ok(Op::new(async move { Box::pin(wal.cursor(name, start)).await }, |py, cursor| {
            Ok(Py::new(py, Cursor::new(cursor))?.into_any())
        }))
    }

    fn cursors(&self) -> PyResult<Op> {
        let wal = self.wal.get()?.clone();
        Ok(Op::new(async move { wal.cursors().await }, |py, cursors| report::cursors(py, &cursors)))
    }

    fn remove_cursor(&self, name: &str) -> PyResult<Op> {
        let (wal, name) = (self.wal.get()?.clone(), cursor_name(name)?);
        Ok(Op::new(async move { wal.remove_cursor(&name).await }, |py, removed| removed.into_py_any(py)))
    }

    fn collect(&self, keep: Keep, plan_only: bool) -> PyResult<Op> {
        let (wal, policy) = (self.wal.get()?.clone(), keep.policy()?);
        let collector = wal.collector().with_policy(policy);
        let collect = async move {
            if plan_only { Box::pin(collector.plan()).await } else { Box::pin(collector.run()).await }
        };
        Ok(Op::new(collect, move |py, found| report::collected(py, &wal, &found, plan_only)))
    }

    fn verify(&self) -> PyResult<Op> {
        let wal = self.wal.get()?.clone();
        Ok(Op::new(async move { Box::pin(wal.verify(|_, _| ())).await }, |py, found| {
            report::verification(py, &found)
        }))
    }

    fn status(&self) -> PyResult<Op> {
        let wal = self.wal.get()?.clone();
        Ok(Op::new(async move { Box::pin(wal.overview()).await }, |py, found| report::overview(py, &found)))
    }
}

/// Where a reader begins.
#[derive(FromPyObject)]
enum From<'py> {
    Cursor(Bound<'py, Cursor>),
    /// What comes next, and the highest epoch below, or 0.
    Point((u64, u64)),
}

/// By default just above the checkpoint.
fn place(from: Option<From<'_>>) -> Result<ReadFrom, Failure> {
    match from {
        None => Ok(ReadFrom::Checkpoint),
        Some(From::Cursor(cursor)) => cursor.get().read_from(),
        Some(From::Point((next, 0))) => Ok(ReadFrom::Position(position(next)?)),
        Some(From::Point((next, highest))) => {
            Ok(ReadFrom::Resume(ResumePoint { next: position(next)?, highest: epoch(highest)? }))
        }
    }
}

/// What a callback raises is printed, as Python does with exceptions that nobody can catch.
fn tell(on_wait: Option<Py<PyAny>>) -> impl FnMut(&WaitingFor) + Send {
    move |met| {
        let Some(on_wait) = &on_wait else { return };
        Python::attach(|py| {
            let told = (met.epoch.get(), met.holder.as_str(), met.ttl.as_secs_f64());
            if let Err(error) = on_wait.call1(py, told) {
                error.write_unraisable(py, Some(on_wait.bind(py)));
            }
        });
    }
}
