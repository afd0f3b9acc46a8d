//! Where a log is, as it is given on the command line.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use fencepost::{
    FoundLog, LogStore, OpenError, RequestCounts, ShardId, StoreOptions, Wal, WalBuilder, find_logs,
    find_shards,
};
use serde_json::{Value, json};
use std::time::Duration;

/// The log to work on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// A directory or a URL: ./dir, file:///dir, s3://bucket/prefix, gs://…, az://…
    pub(crate) log: String,
    /// The shard to work on, where there are several.
    #[arg(long, value_name = "UUID", value_parser = parse_shard)]
    pub(crate) shard: Option<ShardId>,
    /// How long one request to the store may take before it counts as unanswered, such as 5s.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "30s")]
    pub(crate) request_timeout: Duration,
    /// How long to retry a request that gets no answer. After that, reads fail and appends are reported as
    /// unknown.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "60s")]
    pub(crate) retry_timeout: Duration,
}

/// Whether a command is about one log, or about all below a place.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Below {
    /// All logs and Lance tables below LOG, whatever their folders. Costs one LIST for each folder that is no table.
    #[arg(long, conflicts_with = "shard")]
    pub(crate) below: bool,
    /// How deep to look for them.
    #[arg(long, value_name = "N", default_value_t = 8, requires = "below")]
    pub(crate) depth: usize,
}

/// What a command works on that is about many shards.
#[derive(Default)]
pub(crate) struct Fleet {
    pub(crate) members: Vec<Member>,
    /// Folders that could not be looked into, and why. There may be logs below.
    pub(crate) unseen: Vec<(String, Failure)>,
}

/// A shard of a fleet.
pub(crate) struct Member {
    /// The folder of its log, relative to the place; empty if it is the place.
    pub(crate) log: String,
    pub(crate) wal: Wal,
}

impl Member {
    /// How lines for people call it.
    pub(crate) fn name(&self) -> String {
        match self.log.as_str() {
            "" => format!("shard {}", self.wal.shard()),
            log => format!("{log}, shard {}", self.wal.shard()),
        }
    }

    /// Puts the log's folder into a document, where there are several logs.
    pub(crate) fn name_in(&self, document: &mut Value) {
        if !self.log.is_empty() {
            document["log"] = self.log.as_str().into();
        }
    }
}

impl Place {
    /// The log, which must be there.
    pub(crate) async fn open(&self) -> Result<Wal, Failure> {
        self.check()?;
        Ok(self.builder(self.options().create_missing(false)).open().await?)
    }

    /// Every shard of the table; with `below`, of all logs and tables below the place. And what could not be looked
    /// into. There is at least one of either.
    pub(crate) async fn open_fleet(&self, below: &Below) -> Result<Fleet, Failure> {
        if !below.below {
            let shards = self.open_all().await?;
            let member = |wal| Member { log: String::new(), wal };
            return Ok(Fleet { members: shards.into_iter().map(member).collect(), unseen: Vec::new() });
        }
        self.check()?;
        let store = self.beside(&self.log, false)?;
        let mut fleet = Fleet::default();
        for FoundLog { folder, shards, .. } in find_logs(&store, below.depth, FOLDERS_AT_ONCE).await {
            match shards {
                Ok(shards) => {
                    let store = store.below(&folder).map_err(|error| Failure::of(Exit::Failed, &error))?;
                    for shard in shards {
                        let one = Wal::in_store(store.clone()).with_shard(shard);
                        let wal = one.with_retry_timeout(self.retry_timeout).open().await?;
                        fleet.members.push(Member { log: folder.clone(), wal });
                    }
                }
                Err(error) => fleet.unseen.push((folder, error.into())),
            }
        }
        if fleet.members.is_empty() && fleet.unseen.is_empty() {
            let what = format!("no log and no table with one below `{}`", printable(&self.log));
            return Err(Failure::new(Exit::NoLog, what));
        }
        Ok(fleet)
    }

    /// Every shard of the table, or the one that was named. There is at least one.
    pub(crate) async fn open_all(&self) -> Result<Vec<Wal>, Failure> {
        if self.shard.is_some() {
            return Ok(vec![self.open().await?]);
        }
        self.check()?;
        let opened = LogStore::open(&self.log, self.options().create_missing(false));
        let store = opened.map_err(|error| Failure::of(Exit::NoLog, &error))?;
        let store = store.with_retry_timeout(self.retry_timeout);
        let mut shards = Vec::new();
        for shard in find_shards(&store).await? {
            let one = Wal::in_store(store.clone()).with_shard(shard);
            shards.push(one.with_retry_timeout(self.retry_timeout).open().await?);
        }
        // None at all: the usual way of opening says so.
        if shards.is_empty() { Ok(vec![self.open().await?]) } else { Ok(shards) }
    }

    /// The log, which comes to be if there is none.
    pub(crate) async fn open_or_new(&self) -> Result<Wal, Failure> {
        self.check()?;
        Ok(self.builder(self.options()).or_new_shard().open().await?)
    }

    /// A log in memory is gone when the command ends, so nothing in it could be acknowledged.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        crate::waiting::set_limits(self.request_timeout, self.retry_timeout);
        if cfg!(feature = "cloud") {
            crate::credentials::note_missing(&self.log);
        }
        let scheme = self.log.split(':').next().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("memory") || scheme.len() == self.log.len() {
            return Ok(());
        }
        let what = format!("`{}`: a log in memory is gone when the command ends", self.log);
        Err(Failure::new(Exit::NoLog, what)
            .with_advice("Give a directory or a bucket: ./dir, s3://bucket/prefix."))
    }

    /// Whether a log could be at this place, or come to be. Makes no request, and no directory.
    pub(crate) fn check_location(&self) -> Result<(), Failure> {
        match LogStore::open(&self.log, self.options().create_missing(false)) {
            Ok(_) | Err(OpenError::Missing { .. }) => Ok(()),
            Err(error) => Err(Failure::of(Exit::NoLog, &error)),
        }
    }

    /// A store that is no log, such as that of a copy. `create` makes its directory.
    pub(crate) fn beside(&self, location: &str, create: bool) -> Result<LogStore, Failure> {
        let opened = LogStore::open(location, self.options().create_missing(create));
        let store = opened.map_err(|error| Failure::of(Exit::NoLog, &error))?;
        Ok(store.with_retry_timeout(self.retry_timeout))
    }

    /// The place as somebody elsewhere would name it: a directory with its whole path.
    pub(crate) fn name(&self) -> String {
        if let Some((scheme, rest)) = self.log.split_once("://") {
            // It is written down, and read by others: no credentials.
            let rest = rest.split('?').next().unwrap_or_default();
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            // `container@account` is no user; `user:password@host` is.
            let host = match host.rsplit_once('@') {
                Some((user, host)) if user.contains(':') => host,
                _ => host,
            };
            return format!("{scheme}://{host}/{path}");
        }
        std::path::absolute(&self.log).map_or_else(|_| self.log.clone(), |path| path.display().to_string())
    }

    fn options(&self) -> StoreOptions {
        StoreOptions::new().with_request_timeout(self.request_timeout)
    }

    fn builder(&self, options: StoreOptions) -> WalBuilder {
        let builder =
            Wal::at(self.log.as_str()).with_store_options(options).with_retry_timeout(self.retry_timeout);
        match self.shard {
            Some(shard) => builder.with_shard(shard),
            None => builder,
        }
    }
}

/// The store at a directory, for what the log's own interface does not do.
pub(crate) fn store_at(directory: &str) -> Result<LogStore, Failure> {
    let opened = LogStore::open(directory, StoreOptions::new());
    opened.map_err(|error| Failure::of(Exit::NoLog, &error))
}

/// Request counts as JSON.
pub(crate) fn requests(counts: RequestCounts) -> Value {
    let RequestCounts { put, get, head, list, delete, .. } = counts;
    json!({"put": put, "get": get, "head": head, "list": list, "delete": delete})
}

fn parse_shard(text: &str) -> Result<ShardId, String> {
    ShardId::parse(text).ok_or_else(|| "a shard is named by a UUID in lower case".to_owned())
}

/// How many folders are listed at the same time, while logs are looked for.
const FOLDERS_AT_ONCE: usize = 16;
