//! [`LogStore`]: objects under one root, one attempt per create, every outcome named.

mod delete;
mod list;
mod put;
mod read;
#[cfg(feature = "conformance")]
mod suite;

pub use delete::Deletion;
pub use list::{Listed, Listing};
pub use read::{Object, ObjectInfo};

use crate::counts::{Class, Counter, RequestCounts};
use crate::error::{Failure, Operation, StoreError};
use crate::local::LocalDirectory;
use crate::options::{ClientRetries, StoreOptions};
use crate::outcome::classify::{Answer, classify};
use crate::text::Escaped;
use backon::ExponentialBuilder;
use object_store::ObjectStore;
use object_store::path::Path;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Objects under one root of an object store.
///
/// Names are relative to the root: segments between slashes, none of them empty, `.` or `..`. They are used
/// verbatim, without percent-encoding. Cloning is cheap and shares everything, the request counter included;
/// see [`scoped`](Self::scoped) for a clone that counts apart.
///
/// # Costs
/// Each method says how many requests it makes. Creates and overwrites are attempted once. Reads, lists and
/// deletes, which may be repeated without harm, are repeated with growing, jittered pauses while the failure
/// is one that may pass, until the [budget](StoreOptions::with_retry_budget) is spent; each attempt is a
/// request. A failure of unrecognised cause is tried three times at most.
///
/// # Cancel safety
/// Dropping a future that reads has no effect. Dropping one that writes or deletes gives up the answer, not
/// the request: it may be on its way, and on local disks work that has begun runs to its end. Treat a dropped
/// write as one whose outcome is [unknown](crate::Refusal::Unknown).
///
/// # Panics
/// All methods that make requests need a tokio runtime with its clock enabled.
#[derive(Clone)]
pub struct LogStore {
    inner: Arc<dyn ObjectStore>,
    root: Path,
    backend: Backend,
    client_retries: ClientRetries,
    options: Arc<StoreOptions>,
    counter: Arc<Counter>,
    /// The directory, if this crate opened one.
    directory: Option<LocalDirectory>,
}

impl LogStore {
    /// Uses a store that was built elsewhere, below `root` (empty for all of it).
    ///
    /// Unless told [otherwise](StoreOptions::with_client_retries) its client is taken to retry on its own, so
    /// a create that fails is never reported as not done; see [`ClientRetries`]. Makes no request.
    pub fn new(inner: Arc<dyn ObjectStore>, root: Path, options: StoreOptions) -> Self {
        let client_retries = options.client_retries.unwrap_or(ClientRetries::Possible);
        Self::assemble(inner, root, Backend::Other, client_retries, options)
    }

    pub(crate) fn assemble(
        inner: Arc<dyn ObjectStore>,
        root: Path,
        backend: Backend,
        client_retries: ClientRetries,
        options: StoreOptions,
    ) -> Self {
        let options = Arc::new(options);
        Self { inner, root, backend, client_retries, options, counter: Arc::default(), directory: None }
    }

    pub(crate) fn with_directory(mut self, directory: Option<LocalDirectory>) -> Self {
        self.directory = directory;
        self
    }

    /// The same store below a further `prefix`, sharing the counter.
    ///
    /// # Errors
    /// [`Failure::BadPath`] if the prefix is no valid name.
    pub fn below(&self, prefix: impl AsRef<str>) -> Result<Self, StoreError> {
        let root = self.locate(Operation::List, prefix.as_ref())?;
        Ok(Self { root, ..self.clone() })
    }

    /// A clone with a counter of its own, starting at zero. What it counts is counted here as well, so that
    /// the counts of a store include those of all its scopes.
    pub fn scoped(&self) -> Self {
        Self { counter: Arc::new(Counter::child_of(&self.counter)), ..self.clone() }
    }

    /// The requests made so far through this store, its clones and its scopes.
    pub fn counts(&self) -> RequestCounts {
        self.counter.snapshot()
    }

    /// Which sort of store it is, as far as known.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Whether the client beneath may repeat creates on its own.
    pub fn client_retries(&self) -> ClientRetries {
        self.client_retries
    }

    /// Where the root is in the store beneath.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// From a name relative to the root to one that the store beneath knows. Empty means the root itself.
    fn locate(&self, operation: Operation, relative: &str) -> Result<Path, StoreError> {
        let bad =
            |cause: &str| StoreError::because(operation, relative, Duration::ZERO, Failure::BadPath, cause);
        if relative.starts_with('/') || relative.ends_with('/') {
            return Err(bad("names are relative to the root and end in no slash"));
        }
        let path = Path::parse(relative).map_err(|error| bad(&error.to_string()))?;
        match (self.root.as_ref(), path.as_ref()) {
            ("", _) => Ok(path),
            (_, "") => Ok(self.root.clone()),
            // Both halves are valid, so the whole is.
            (root, relative) => {
                Path::parse(format!("{root}/{relative}")).map_err(|error| bad(&error.to_string()))
            }
        }
    }

    /// As [`locate`](Self::locate), for one object: the root itself is none.
    fn locate_object(&self, operation: Operation, relative: &str) -> Result<Path, StoreError> {
        if relative.is_empty() {
            let cause = "an object needs a name";
            return Err(StoreError::because(operation, relative, Duration::ZERO, Failure::BadPath, cause));
        }
        self.locate(operation, relative)
    }

    /// From a name that the store beneath returned to one relative to the root; `None` for the root itself
    /// and for anything outside of it.
    fn relative(&self, absolute: Path) -> Option<Path> {
        if self.root.as_ref().is_empty() {
            return Some(absolute);
        }
        let relative = absolute.as_ref().strip_prefix(self.root.as_ref())?.strip_prefix('/')?;
        Path::parse(relative).ok()
    }

    /// Runs one attempt under the request time-out and gives its failure a meaning.
    async fn attempt<T>(
        &self,
        operation: Operation,
        object: &str,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Failed> {
        let started = Instant::now();
        let failed = match tokio::time::timeout(self.options.request_timeout, request).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => match classify(operation, &error) {
                Answer::Exists => return Err(Failed::Exists),
                Answer::Absent => return Err(Failed::Absent),
                Answer::Failed(failure) => {
                    StoreError::because(operation, object, started.elapsed(), failure, &error.to_string())
                }
            },
            Err(_) => StoreError::new(operation, object, started.elapsed(), Failure::TimedOut),
        };
        Err(Failed::Error(failed))
    }

    fn count(&self, class: Class, requests: u64) {
        self.counter.add(class, requests);
    }

    fn pauses(&self) -> ExponentialBuilder {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(PAUSE_MIN)
            .with_max_delay(PAUSE_MAX)
            .without_max_times()
            .with_jitter();
        match self.options.jitter_seed {
            Some(seed) => pauses.with_jitter_seed(seed),
            None => pauses,
        }
    }

    fn patience(&self) -> Patience {
        Patience { started: Instant::now(), budget: self.options.retry_budget, unrecognised: 0 }
    }
}

impl fmt::Debug for LogStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStore")
            .field("store", &self.inner.to_string())
            .field("root", &self.root.as_ref())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for LogStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.inner, Escaped(self.root.as_ref()))
    }
}

/// The sorts of stores that [`LogStore::open`] tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// In this process's memory.
    Memory,
    /// A local directory.
    Local,
    /// S3, or a server that speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
    /// Handed in by the caller.
    Other,
}

/// How one attempt can end other than well.
enum Failed {
    Exists,
    Absent,
    Error(StoreError),
}

/// Decides how long to go on after failures.
struct Patience {
    started: Instant,
    budget: Duration,
    unrecognised: u32,
}

impl Patience {
    fn goes_on_after(&mut self, error: &StoreError) -> bool {
        if error.failure() == Failure::Unrecognised {
            self.unrecognised += 1;
        }
        error.is_retryable() && self.unrecognised < UNRECOGNISED_MAX && self.started.elapsed() < self.budget
    }
}

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
const UNRECOGNISED_MAX: u32 = 3;
