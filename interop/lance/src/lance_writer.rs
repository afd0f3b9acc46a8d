//! Lance's writers, as a user of Lance has them.

use crate::Result;
use crate::ledger::{By, Ledger};
use crate::rows;
use crate::table::Table;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use lance::Dataset;
use lance::dataset::mem_wal::scanner::InMemoryMemTables;
use lance::dataset::mem_wal::{ShardWriter, ShardWriterConfig, WalAppender, arrow_schema_with_field_ids};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The three ways in which Lance writes to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A `ShardWriter` that replays the log into a memtable and flushes it.
    Memtable,
    /// A `ShardWriter` that only appends.
    WalOnly,
    /// A bare `WalAppender`.
    Appender,
}

impl Mode {
    pub(crate) const ALL: [Self; 3] = [Self::Memtable, Self::WalOnly, Self::Appender];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memtable => "memtable",
            Self::WalOnly => "WAL-only",
            Self::Appender => "WalAppender",
        })
    }
}

/// One open writer.
pub(crate) struct LanceWriter(Kind);

enum Kind {
    Shard(Box<ShardWriter>),
    Appender(WalAppender),
}

impl LanceWriter {
    pub(crate) async fn open(table: &Table, mode: Mode) -> Result<Self> {
        let (store, base) = (Arc::clone(&table.store), table.base.clone());
        if mode == Mode::Appender {
            let appender = WalAppender::open(store, base, table.shard, 0).await?;
            return Ok(Self(Kind::Appender(appender)));
        }
        Self::open_shard(table, mode, rows::schema()).await
    }

    /// A memtable-mode writer to a shard of a whole table, as the table itself would open it.
    pub(crate) async fn open_on(table: &Table, dataset: &Dataset) -> Result<Self> {
        let schema = Arc::new(arrow_schema_with_field_ids(dataset.schema()));
        Self::open_shard(table, Mode::Memtable, schema).await
    }

    async fn open_shard(table: &Table, mode: Mode, schema: SchemaRef) -> Result<Self> {
        let (store, base) = (Arc::clone(&table.store), table.base.clone());
        let config = ShardWriterConfig::new(table.shard)
            .with_durable_write(true)
            .with_max_wal_flush_interval(FLUSH_INTERVAL)
            .with_stats_log_interval(None)
            .with_enable_memtable(mode == Mode::Memtable);
        let opening = ShardWriter::open(store, base, table.uri.clone(), config, schema, Vec::new());
        Ok(Self(Kind::Shard(Box::new(opening.await?))))
    }

    /// Puts whole rows, which take the place of earlier ones with their keys.
    pub(crate) async fn upsert(&self, rows: RecordBatch) -> Result<()> {
        self.shard()?.put(vec![rows]).await?;
        Ok(())
    }

    /// Deletes the rows with these keys.
    pub(crate) async fn remove(&self, keys: RecordBatch) -> Result<()> {
        self.shard()?.delete(vec![keys]).await?;
        Ok(())
    }

    /// What it has in memory, for a scanner.
    pub(crate) async fn memtables(&self) -> Result<InMemoryMemTables> {
        Ok(self.shard()?.in_memory_memtable_refs().await?)
    }

    /// The shard that it writes to.
    pub(crate) fn shard_id(&self) -> Result<Uuid> {
        Ok(self.shard()?.shard_id())
    }

    fn shard(&self) -> Result<&ShardWriter> {
        match &self.0 {
            Kind::Shard(writer) => Ok(writer),
            Kind::Appender(_) => Err("a bare appender has no memtable".into()),
        }
    }

    /// Puts one row, and notes what became of it. Tells why it was refused, if it was.
    pub(crate) async fn put(&self, ledger: &mut Ledger) -> Option<lance::Error> {
        let ids = ledger.draw(1);
        let batches = vec![rows::batch(&ids)];
        let answer = match &self.0 {
            Kind::Shard(writer) => writer.put(batches).await.map(drop),
            Kind::Appender(appender) => appender.append(batches).await.map(drop),
        };
        match answer {
            Ok(()) => ledger.acknowledge(By::Lance, &ids),
            Err(_) => ledger.refuse(&ids),
        }
        answer.err()
    }

    /// Puts rows one after another, each of which has to be acknowledged.
    pub(crate) async fn put_all(&self, ledger: &mut Ledger, rows: usize) -> Result<()> {
        for _ in 0..rows {
            if let Some(error) = self.put(ledger).await {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Puts rows one after another until one is refused, and says how that was put.
    pub(crate) async fn put_until_refused(&self, ledger: &mut Ledger, rows: usize) -> String {
        for put in 0..rows {
            if let Some(error) = self.put(ledger).await {
                let why = error.fence_reason().map_or_else(|| error.to_string(), |why| format!("{why:?}"));
                return format!("put {} of {rows} refused: {why}", put + 1);
            }
        }
        format!("all {rows} puts acknowledged")
    }

    /// Turns the memtable into an SSTable and waits for it, as far as this writer has one. The replay point
    /// is then the last entry's position.
    pub(crate) async fn flush(&self) -> Result<()> {
        // Lance notes the position of an append a moment after it acknowledged the put, and shows nobody when
        // it did.
        tokio::time::sleep(NOTED).await;
        self.flush_at_once().await
    }

    /// The same without that moment: the replay point may stay below the last entry that the SSTable has (P-44).
    pub(crate) async fn flush_at_once(&self) -> Result<()> {
        if let Kind::Shard(writer) = &self.0 {
            writer.force_freeze_active().await?.wait().await?;
            writer.wait_for_flush_drain().await?;
        }
        Ok(())
    }

    /// Begins to turn the memtable into an SSTable, and does not wait for it.
    pub(crate) async fn freeze(&self) -> Result<()> {
        tokio::time::sleep(NOTED).await;
        if let Kind::Shard(writer) = &self.0 {
            writer.force_freeze_active().await?;
        }
        Ok(())
    }

    /// The rows in the memtable: right after opening, what was replayed.
    pub(crate) async fn in_memory(&self) -> Result<Vec<i64>> {
        let Kind::Shard(writer) = &self.0 else { return Ok(Vec::new()) };
        Ok(rows::ids(&writer.scan().await?.try_into_batch().await?))
    }

    /// The epoch that it claimed.
    pub(crate) fn epoch(&self) -> u64 {
        match &self.0 {
            Kind::Shard(writer) => writer.epoch(),
            Kind::Appender(appender) => appender.writer_epoch(),
        }
    }

    /// Ends without a word, as a crash would.
    pub(crate) async fn crash(self) -> Result<()> {
        match self.0 {
            Kind::Shard(writer) => Ok(writer.abort().await?),
            Kind::Appender(_) => Ok(()),
        }
    }

    /// Ends in an orderly way: Lance flushes what it has in memory.
    pub(crate) async fn close(self) -> Result<()> {
        match self.0 {
            Kind::Shard(writer) => Ok(writer.close().await?),
            Kind::Appender(_) => Ok(()),
        }
    }
}

impl fmt::Debug for LanceWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LanceWriter").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

/// How long Lance lets a put wait for company. Short, since most scenarios put one row at a time.
const FLUSH_INTERVAL: Duration = Duration::from_millis(1);
/// How long an append takes to be noted, at the very most.
const NOTED: Duration = Duration::from_millis(50);
