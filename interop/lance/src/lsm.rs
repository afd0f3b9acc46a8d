//! A whole Lance table: a base table with a key, shards of its MemWAL, and what was put into it.

pub(crate) mod compactor;
pub(crate) mod reader;

use crate::Result;
use crate::lance_writer::LanceWriter;
use crate::rows;
use crate::table::Table;
use arrow_array::RecordBatchIterator;
use lance::Dataset;
use lance::dataset::cleanup::CleanupPolicyBuilder;
use lance::dataset::mem_wal::DatasetMemWalExt as _;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A table in memory, and the rows that its users were told are in it.
#[derive(Clone, Debug)]
pub(crate) struct Lsm {
    table: Table,
    shards: Vec<Uuid>,
    rows: Rows,
    drawn: i64,
    /// The last row of each shard.
    last: BTreeMap<Uuid, i64>,
}

/// Rows by their key.
pub(crate) type Rows = BTreeMap<i64, String>;

impl Lsm {
    /// A table with a few rows, and with shards that nobody has opened.
    pub(crate) async fn create(shards: usize) -> Result<Self> {
        let table = Table::in_memory().await?;
        let rows: Rows = (1..=IN_THE_BASE).map(|id| (id, format!("base row {id}"))).collect();
        let batch = rows::noted(rows.iter().map(|(id, note)| (*id, note.as_str())));
        let reader = RecordBatchIterator::new([Ok(batch)], rows::keyed_schema());
        let mut dataset = Dataset::write(reader, &table.uri, None).await?;
        dataset.initialize_mem_wal().execute().await?;
        let shards: Vec<_> = (0..shards).map(|_| Uuid::new_v4()).collect();
        let last = shards.first().map(|first| (*first, IN_THE_BASE)).into_iter().collect();
        Ok(Self { table, shards, rows, drawn: IN_THE_BASE, last })
    }

    /// One of its shards.
    pub(crate) fn shard(&self, at: usize) -> Table {
        self.table.with_shard(self.shards[at])
    }

    /// All of its shards.
    pub(crate) fn shards(&self) -> impl Iterator<Item = Table> {
        self.shards.iter().map(|shard| self.table.with_shard(*shard))
    }

    /// The rows that must be found.
    pub(crate) const fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The latest version, by a handle and a cache of its own.
    pub(crate) async fn dataset(&self) -> Result<Dataset> {
        Ok(Dataset::open(&self.table.uri).await?)
    }

    /// Opens a writer of Lance's to that shard.
    pub(crate) async fn writer(&self, at: usize) -> Result<LanceWriter> {
        self.writer_through(&self.shard(at)).await
    }

    /// The same through a store that can hold its requests back.
    pub(crate) async fn writer_through(&self, shard: &Table) -> Result<LanceWriter> {
        Box::pin(LanceWriter::open_on(shard, &self.dataset().await?)).await
    }

    /// Opens a writer to each shard.
    pub(crate) async fn writers(&self) -> Result<Vec<LanceWriter>> {
        let mut writers = Vec::new();
        for at in 0..self.shards.len() {
            writers.push(self.writer(at).await?);
        }
        Ok(writers)
    }

    /// Puts three new rows, and another version of the last row that this shard has: in the memtable, in an SSTable or
    /// in the table.
    pub(crate) async fn put(&mut self, writer: &LanceWriter) -> Result<()> {
        let before = self.drawn;
        self.drawn += 3;
        let last = self.last.insert(writer.shard_id()?, self.drawn);
        let ids = last.into_iter().chain(before + 1..=self.drawn);
        let rows: Rows = ids.map(|id| (id, format!("row {id}, put after {before}"))).collect();
        writer.upsert(rows::noted(rows.iter().map(|(id, note)| (*id, note.as_str())))).await?;
        self.rows.extend(rows);
        Ok(())
    }

    /// Fills and flushes generations, of which each second one deletes a row that the one before it put.
    pub(crate) async fn fill(&mut self, writer: &LanceWriter, generations: usize) -> Result<()> {
        for generation in 0..generations {
            let before = self.drawn;
            self.put(writer).await?;
            if generation % 2 == 1 {
                let gone = before - 1;
                writer.remove(rows::keys(&[gone])).await?;
                self.rows.remove(&gone);
            }
            writer.flush().await?;
        }
        Ok(())
    }

    /// Deletes all versions of the table but the latest, and those that are tagged.
    pub(crate) async fn clean_up(&self) -> Result<()> {
        let dataset = self.dataset().await?;
        let policy = CleanupPolicyBuilder::default().error_if_tagged_old_versions(false);
        let policy = policy.retain_n_versions(&dataset, 1).await?.build();
        dataset.cleanup_with_policy(policy).await?;
        Ok(())
    }

    /// The generations that the latest manifest of a shard names, in order.
    pub(crate) async fn generations(&self, at: usize) -> Result<Vec<u64>> {
        let manifest = self.shard(at).manifests().refresh_latest().await?.ok_or("no manifest")?;
        let mut generations: Vec<_> = manifest.sstables.iter().map(|sstable| sstable.generation).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    /// The same, which must be these.
    pub(crate) async fn expect_generations(&self, at: usize, expected: &[u64]) -> Result<()> {
        let found = self.generations(at).await?;
        if found != expected {
            return Err(format!("the manifest names generations {found:?}, expected {expected:?}").into());
        }
        Ok(())
    }
}

const IN_THE_BASE: i64 = 5;
