//! A log, found by its place: store, base and shard.

use crate::error::{ManyShardsSnafu, NoShardSnafu};
use crate::find::find_shards;
use crate::first_shard::first_shard;
use crate::shard::Io;
use crate::{Environment, WalError};
use fencepost_fence::Params;
use fencepost_format::{DecodeLimits, ShardId, ShardPaths};
use fencepost_store::{LogStore, RequestCounts, StoreOptions};
use object_store::ObjectStore;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One shard's log. Open a writer, a reader or a collector on it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Wal {
    pub(crate) io: Io,
}

impl Wal {
    /// Finds the log at a path or URL with exactly one shard. [`WalBuilder`] has all choices.
    ///
    /// Costs one LIST.
    ///
    /// # Errors
    /// [`WalError`]; nothing was changed.
    pub async fn open(location: &str) -> Result<Self, WalError> {
        Self::at(location).open().await
    }

    /// Starts a choice of shard and settings for the log at a path or URL.
    pub fn at(location: impl Into<String>) -> WalBuilder {
        WalBuilder::new(Place::Location(location.into()))
    }

    /// Starts a choice for a log in a store that the caller built, below `base`.
    pub fn on(store: Arc<dyn ObjectStore>, base: impl Into<String>) -> WalBuilder {
        WalBuilder::new(Place::Store(store, base.into()))
    }

    /// Starts a choice for a log in a [`LogStore`], at its root.
    pub fn in_store(store: LogStore) -> WalBuilder {
        WalBuilder::new(Place::LogStore(store))
    }

    /// The shard's id.
    #[must_use]
    pub const fn shard(&self) -> ShardId {
        self.io.paths.shard()
    }

    /// The names of its objects.
    #[must_use]
    pub const fn paths(&self) -> &ShardPaths {
        &self.io.paths
    }

    /// The store that holds it.
    #[must_use]
    pub const fn store(&self) -> &LogStore {
        &self.io.store
    }

    /// All requests made through this log and everything opened on it.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.io.store.counts()
    }
}

impl fmt::Display for Wal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, shard {}", self.io.store, self.shard())
    }
}

/// What to do where no shard was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Named(ShardId),
    /// The only one there is.
    Only,
    /// The only one there is, or a new one if there is none.
    OnlyOrNew,
}

#[derive(Clone, Debug)]
enum Place {
    Location(String),
    Store(Arc<dyn ObjectStore>, String),
    LogStore(LogStore),
}

/// A choice of store, shard and settings.
#[derive(Clone, Debug)]
#[must_use]
pub struct WalBuilder {
    place: Place,
    choice: Choice,
    store_options: StoreOptions,
    environment: Environment,
    params: Params,
    limits: DecodeLimits,
    read_ahead_bytes: u64,
}

impl WalBuilder {
    fn new(place: Place) -> Self {
        Self {
            place,
            choice: Choice::Only,
            store_options: StoreOptions::new(),
            environment: Environment::system(),
            params: Params::default(),
            limits: DecodeLimits::DEFAULT,
            read_ahead_bytes: READ_AHEAD_BYTES,
        }
    }

    /// Names the shard. Default: the only shard there is.
    pub const fn with_shard(mut self, shard: ShardId) -> Self {
        self.choice = Choice::Named(shard);
        self
    }

    /// Takes a new shard where there is none yet. Its first writer creates it.
    ///
    /// Processes that come at the same time take the same shard: its random id is in an object beside the
    /// shards, which only one of them creates. In a Lance table no shard is created, since only the table
    /// knows which shards it has; [name](Self::with_shard) one there.
    // P-68.
    pub fn or_new_shard(mut self) -> Self {
        if self.choice == Choice::Only {
            self.choice = Choice::OnlyOrNew;
        }
        self
    }

    /// Settings of the store's client: time-outs, options.
    pub fn with_store_options(mut self, options: StoreOptions) -> Self {
        self.store_options = options;
        self
    }

    /// How long to retry a request that gets no answer. Default: 60 s.
    ///
    /// It applies to everything done on the log, including reads, listings and deletions, and replaces the
    /// store's own [retry timeout](StoreOptions::with_retry_timeout). If the store is gone, a call fails
    /// after this time and at most one more [time-out](StoreOptions::with_request_timeout) of a request.
    ///
    /// Longer: a writer rides out longer outages, while its callers wait. Shorter: callers learn sooner that
    /// an outcome is unknown, and writers must be reopened more often.
    pub fn with_retry_timeout(mut self, retry_timeout: Duration) -> Self {
        self.params.retry_timeout = u64::try_from(retry_timeout.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// How many entries readers and recoveries fetch ahead at most. Default: 256.
    ///
    /// A reader begins with one and goes deeper as it finds entries, so short reads cost little. Deeper reads
    /// hide more of the store's latency: at 256, a store that takes 20 ms delivers up to 12,800 entries a
    /// second. At the end of the log, up to 24 positions are asked for that do not exist yet; where 16 or
    /// fewer are fetched ahead, up to as many.
    pub fn with_read_ahead(mut self, entries: u64) -> Self {
        self.params.read_ahead = entries.max(1);
        self
    }

    /// How many bytes of entries a reader or a recovery holds that it has fetched, or is fetching, and has not
    /// handed out. Default: 64 MiB.
    ///
    /// Whatever the number, the entry that is needed next is read. So a reader holds at most one entry more.
    /// More hides the latency of stores where entries are large; less saves memory, for each reader and
    /// recovery at the same time.
    pub const fn with_read_ahead_bytes(mut self, bytes: u64) -> Self {
        self.read_ahead_bytes = bytes;
        self
    }

    /// Bounds on what decoding one entry may take.
    pub const fn with_decode_limits(mut self, limits: DecodeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// A clock and nonces from a simulator.
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Finds the shard. Costs one LIST, or nothing if the shard is named. Choosing a new shard costs one more
    /// LIST and one PUT, and one GET if another process was quicker.
    ///
    /// # Errors
    /// [`WalError`]; nothing was changed.
    pub async fn open(self) -> Result<Wal, WalError> {
        let (store, base) = match self.place {
            Place::Location(location) => {
                // Where there is no directory there is no shard either, so a mistyped path leaves none behind.
                let options = match self.choice {
                    Choice::Only => self.store_options.create_missing(false),
                    Choice::Named(_) | Choice::OnlyOrNew => self.store_options,
                };
                let store = LogStore::open(&location, options)?;
                (store, location)
            }
            Place::Store(store, base) => {
                let root = object_store::path::Path::from(base.as_str());
                (LogStore::new(store, root, self.store_options), base)
            }
            Place::LogStore(store) => {
                let base = store.to_string();
                (store, base)
            }
        };
        let store = store.with_retry_timeout(Duration::from_millis(self.params.retry_timeout));
        let shard = match self.choice {
            Choice::Named(shard) => shard,
            Choice::Only | Choice::OnlyOrNew => {
                let shards = find_shards(&store).await?;
                match (shards.as_slice(), self.choice) {
                    ([only], _) => *only,
                    ([], Choice::OnlyOrNew) => {
                        first_shard(&store, &base, &self.environment, self.params).await?
                    }
                    ([], _) => return NoShardSnafu { base }.fail(),
                    (_, _) => return ManyShardsSnafu { base, shards }.fail(),
                }
            }
        };
        let paths = ShardPaths::new("", shard);
        let Self { environment, params, limits, read_ahead_bytes, .. } = self;
        Ok(Wal { io: Io { store, paths, environment, params, limits, read_ahead_bytes, budget: None } })
    }
}

/// Enough for 12,800 entries of 4 KiB a second, or 3 GiB a second of large ones, at 20 ms.
const READ_AHEAD_BYTES: u64 = 64 << 20;
