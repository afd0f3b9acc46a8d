//! Where a log is, as it is given on the command line.

use crate::failure::Failure;
use fencepost::{LogStore, RequestCounts, ShardId, StoreOptions, Wal, find_shards};
use serde_json::{Value, json};
use std::time::Duration;

/// The log to work on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// A directory or a URL: ./dir, file:///dir, s3://bucket/prefix, gs://…, az://…
    pub(crate) log: String,
    /// Which shard, where there are several.
    #[arg(long, value_name = "UUID", value_parser = parse_shard)]
    pub(crate) shard: Option<ShardId>,
}

impl Place {
    /// The log, which must be there.
    pub(crate) async fn open(&self, patience: Option<Duration>) -> Result<Wal, Failure> {
        self.builder(StoreOptions::new().create_missing(false), patience).open().await.map_err(Failure::from)
    }

    /// Every shard of the table, or the one that was named. There is at least one.
    pub(crate) async fn open_all(&self) -> Result<Vec<Wal>, Failure> {
        if self.shard.is_some() {
            return Ok(vec![self.open(None).await?]);
        }
        let options = StoreOptions::new().create_missing(false);
        let opened = LogStore::open(&self.log, options);
        let store = opened.map_err(|error| Failure::of(crate::exit::Exit::NoLog, &error))?;
        let mut shards = Vec::new();
        for shard in find_shards(&store).await? {
            shards.push(Wal::in_store(store.clone()).with_shard(shard).open().await?);
        }
        // None at all: the usual way of opening says so.
        if shards.is_empty() { Ok(vec![self.open(None).await?]) } else { Ok(shards) }
    }

    /// The log, which comes to be if there is none.
    pub(crate) async fn open_or_new(&self, patience: Option<Duration>) -> Result<Wal, Failure> {
        self.builder(StoreOptions::new(), patience).or_new_shard().open().await.map_err(Failure::from)
    }

    fn builder(&self, options: StoreOptions, patience: Option<Duration>) -> fencepost::WalBuilder {
        let mut builder = Wal::at(self.log.as_str()).with_store_options(options);
        if let Some(shard) = self.shard {
            builder = builder.with_shard(shard);
        }
        match patience {
            Some(patience) => builder.with_patience(patience),
            None => builder,
        }
    }
}

/// The store at a directory, for what the log's own interface does not do.
pub(crate) fn store_at(directory: &str) -> Result<LogStore, Failure> {
    let opened = LogStore::open(directory, StoreOptions::new());
    opened.map_err(|error| Failure::of(crate::exit::Exit::NoLog, &error))
}

/// Request counts as JSON.
pub(crate) fn requests(counts: RequestCounts) -> Value {
    let RequestCounts { put, get, head, list, delete, .. } = counts;
    json!({"put": put, "get": get, "head": head, "list": list, "delete": delete})
}

fn parse_shard(text: &str) -> Result<ShardId, String> {
    ShardId::parse(text).ok_or_else(|| "not a UUID in lower case, as shards are named".to_owned())
}
