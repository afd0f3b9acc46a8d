//! [`LogStore`]: objects under one root, one attempt per create, every outcome named.

mod beneath;
mod delete;
mod list;
mod put;
mod read;
mod staging;

pub use delete::Deletion;
pub use list::{Listed, Listing};
pub use read::{Object, ObjectInfo};
pub use staging::{StagingFile, StagingSweep};

use crate::counts::{Class, Counter, RequestCounts};
use crate::disk::RealDisk;
use crate::error::{Failure, Operation, StoreError};
use crate::local::LocalDirectory;
use crate::options::{ClientRetries, StoreOptions};
use crate::outcome::classify::{Answer, classify};
use crate::retry::RetryTimeout;
use crate::telemetry;
use crate::text::Escaped;
use object_store::ObjectStore;
use object_store::path::Path;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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
/// is one that may pass, until the [budget](StoreOptions::with_retry_timeout) is spent; each attempt is a
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
    retry_timeout: Duration,
    counter: Arc<Counter>,
    /// What people call the store: its endpoint, where that is known.
    place: Arc<str>,
    /// The directory, if this crate opened one.
    directory: Option<LocalDirectory<RealDisk>>,
    /// Whether a probe passed here and could not be put on record.
    probed: Arc<AtomicBool>,
    /// What can be asked about the bucket, if this crate opened one.
    #[cfg(feature = "cloud")]
    bucket: Option<crate::bucket::Bucket>,
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
        let (retry_timeout, options) = (options.retry_timeout, Arc::new(options));
        let place = inner.to_string().into();
        Self {
            inner,
            root,
            backend,
            client_retries,
            options,
            retry_timeout,
            counter: Arc::default(),
            place,
            directory: None,
            probed: Arc::default(),
            #[cfg(feature = "cloud")]
            bucket: None,
        }
    }

    pub(crate) fn with_directory(mut self, directory: Option<LocalDirectory<RealDisk>>) -> Self {
        self.directory = directory;
        self
    }

    #[cfg(feature = "cloud")]
    pub(crate) fn with_endpoint(mut self, endpoint: Option<String>) -> Self {
        if let Some(endpoint) = endpoint {
            self.place = crate::text::redact(&endpoint).into();
        }
        self
    }

    #[cfg(feature = "cloud")]
    pub(crate) fn with_bucket(mut self, bucket: Option<crate::bucket::Bucket>) -> Self {
        self.bucket = bucket;
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

    /// The same store, counter included, with another [retry timeout](StoreOptions::with_retry_timeout):
    /// failing reads, lists and deletes are given up after this time, and zero makes one attempt of each. For
    /// callers with their own deadline.
    pub fn with_retry_timeout(&self, budget: Duration) -> Self {
        Self { retry_timeout: budget, ..self.clone() }
    }

    /// How long failing reads, lists and deletes are tried.
    #[must_use]
    pub const fn retry_timeout(&self) -> Duration {
        self.retry_timeout
    }

    /// The requests made so far through this store, its clones and its scopes.
    pub fn counts(&self) -> RequestCounts {
        self.counter.snapshot()
    }

    /// The kind of store, as far as it is known.
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
            return Err(bad("names are relative to the root and do not end in a slash"));
        }
        let path = match (self.root.as_ref(), relative) {
            ("", relative) => Path::parse(relative),
            (_, "") => return Ok(self.root.clone()),
            // The root is a valid path, so what is wrong with the whole is wrong with the name.
            (root, relative) => Path::parse([root, relative].join("/")),
        };
        path.map_err(|error| bad(&error.to_string()))
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

    /// Runs one attempt under the request time-out and gives its failure a meaning. What lasts, and what may
    /// be tried again, is told under [`WAITING`].
    async fn attempt<T>(
        &self,
        operation: Operation,
        object: &str,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Failed> {
        let (started, limit) = (Instant::now(), self.options.request_timeout);
        let mut request = pin!(request);
        let mut answered = tokio::time::timeout(limit.min(LONG), request.as_mut()).await;
        if answered.is_err() && limit > LONG {
            tracing::info!(target: WAITING, long = true, "{operation} of `{}` at {}: no reply yet", Escaped(object), self.place);
            answered = tokio::time::timeout(limit - LONG, request).await;
        }
        telemetry::ended(operation, started.elapsed());
        let failed = match answered {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => match classify(operation, &error) {
                Answer::Exists => return Err(Failed::Exists),
                Answer::Absent => return Err(Failed::Absent),
                Answer::Failed(failure) => {
                    StoreError::because(operation, object, started.elapsed(), failure, &error.to_string())
                }
            },
            Err(_) => {
                // The client has no words for this, since it was not asked.
                let cause = format!("{} did not answer", self.place);
                StoreError::because(operation, object, started.elapsed(), Failure::TimedOut, &cause)
            }
        };
        telemetry::failed(operation, &failed.failure());
        if failed.is_retryable() {
            tracing::info!(target: WAITING, "{failed}, at {}", self.place);
        }
        Err(Failed::Error(failed))
    }

    fn count(&self, class: Class, requests: u64) {
        telemetry::sent(class, requests);
        self.counter.add(class, requests);
    }

    /// Repeats `once` while that may help and the budget lasts.
    async fn repeat<T, F>(&self, once: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut retry_timeout = self.begin_retrying();
        loop {
            let error = match once().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match retry_timeout.pause_after(&error) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn probed(&self) -> &AtomicBool {
        &self.probed
    }

    pub(crate) fn begin_retrying(&self) -> RetryTimeout {
        RetryTimeout::new(self.retry_timeout, self.options.jitter_seed)
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

/// The target of `tracing` events, of level *info*, that say what a program is waiting for: a request without
/// a reply for two seconds (with the field `long`), a failed attempt that may be repeated, and the probe of a
/// store before its first writer. Each has a message with the object and the store's address.
pub const WAITING: &str = "fencepost::waiting";

/// How long a request may take before that is told.
const LONG: Duration = Duration::from_secs(2);

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

impl Backend {
    /// A stable name, for JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Local => "local",
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
            Self::Other => "other",
        }
    }
}

/// How one attempt can end other than well.
enum Failed {
    Exists,
    Absent,
    Error(StoreError),
}
