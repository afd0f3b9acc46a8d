//! One tokio runtime for each process, and what belongs to a process.
//!
//! SUBTLE: a forked child has the parent's memory and none of its threads. The parent's runtime, connections and
//! writers must not be touched there, not even to drop them: a lock in them may have been held by a thread that is not
//! there. So a child gets a runtime of its own, and everything that was opened says no.

use crate::failure::Failure;
use fencepost::ErrorKind;
use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::{ContextExt, Runtime as AnyRuntime};
use std::cell::OnceCell;
use std::pin::{Pin, pin};
use std::process::id;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::{JoinError, JoinHandle};

/// A list of runtimes, one for each process that a fork made on the way to this one. No lock is held for longer than
/// it takes to start a runtime.
struct OfProcess {
    pid: u32,
    runtime: Runtime,
    next: OnceLock<Box<Self>>,
}

static FIRST: OnceLock<Box<OfProcess>> = OnceLock::new();

/// This process's runtime.
pub(crate) fn runtime() -> &'static Runtime {
    let (pid, mut place) = (id(), &FIRST);
    loop {
        let here = place.get_or_init(|| {
            let mut threads = tokio::runtime::Builder::new_multi_thread();
            let built = threads.enable_all().thread_name("fencepost").build();
            let runtime = built.expect("a process that cannot start threads cannot do anything");
            Box::new(OfProcess { pid, runtime, next: OnceLock::new() })
        });
        if here.pid == pid {
            return &here.runtime;
        }
        place = &here.next;
    }
}

/// Waits for `work` without the interpreter's lock, and hears of signals meanwhile: what a handler raises, such as
/// `KeyboardInterrupt`, ends the wait and drops `work`.
pub(crate) fn wait<T: Send>(py: Python<'_>, work: impl Future<Output = PyResult<T>> + Send) -> PyResult<T> {
    py.detach(|| runtime().block_on(heeding_signals(work)))
}

/// As [`wait`], for threads that may or may not be Python's.
pub(crate) fn wait_anywhere<T: Send>(work: impl Future<Output = PyResult<T>> + Send) -> PyResult<T> {
    Python::attach(|py| wait(py, work))
}

async fn heeding_signals<T>(work: impl Future<Output = PyResult<T>>) -> PyResult<T> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(SIGNALS) => Python::attach(|py| py.check_signals())?,
        }
    }
}

/// How long a signal waits for its handler. Each look takes the interpreter's lock for a moment.
const SIGNALS: Duration = Duration::from_millis(50);

/// Something that only the process may use that made it.
#[derive(Debug)]
pub(crate) struct Here<T> {
    pid: u32,
    value: Option<T>,
}

impl<T> Here<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { pid: id(), value: Some(value) }
    }

    pub(crate) fn get(&self) -> Result<&T, Failure> {
        match &self.value {
            Some(value) if self.pid == id() => Ok(value),
            _ => Err(Failure::new(
                ErrorKind::Invalid,
                format!(
                    "this was opened by process {}, and a fork does not take it along; open the log again in this process (or start \
                     processes with `spawn`)",
                    self.pid
                ),
            )),
        }
    }
}

impl<T> Drop for Here<T> {
    fn drop(&mut self) {
        if self.pid != id() {
            std::mem::forget(self.value.take());
        }
    }
}

/// For asyncio: futures run on this process's runtime.
pub(crate) struct Ours;

tokio::task_local! {
    static LOCALS: OnceCell<TaskLocals>;
}

impl AnyRuntime for Ours {
    type JoinError = JoinError;
    type JoinHandle = JoinHandle<()>;

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Self::JoinHandle {
        runtime().spawn(future)
    }

    fn spawn_blocking<F: FnOnce() + Send + 'static>(work: F) -> Self::JoinHandle {
        runtime().spawn_blocking(work)
    }
}

impl ContextExt for Ours {
    fn scope<F, R>(locals: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(LOCALS.scope(OnceCell::from(locals), future))
    }

    fn get_task_locals() -> Option<TaskLocals> {
        LOCALS.try_with(|locals| locals.get().cloned()).ok().flatten()
    }
}
