//! Readers of the whole table, as users of Lance have them: a version of the table, and manifests of its shards.

use super::{Lsm, Rows};
use crate::Result;
use crate::lance_writer::LanceWriter;
use crate::rows;
use lance::Dataset;
use lance::dataset::mem_wal::arrow_schema_with_field_ids;
use lance::dataset::mem_wal::scanner::{
    InMemoryMemTables, LsmDataSourceCollector, LsmPointLookupPlanner, LsmScanner, ShardSnapshot,
};
use lance::deps::datafusion::scalar::ScalarValue;
use std::sync::Arc;
use uuid::Uuid;

/// What a reader goes by. It does not change until [`with_dataset`](Self::with_dataset).
#[derive(Clone)]
pub(crate) struct LsmReader {
    dataset: Arc<Dataset>,
    shards: Vec<ShardSnapshot>,
    memtables: Vec<(Uuid, InMemoryMemTables)>,
}

impl Lsm {
    /// Reads the latest version of the table, and then the manifests. The writers' memtables belong to it.
    pub(crate) async fn reader(&self, writers: &[&LanceWriter]) -> Result<LsmReader> {
        let dataset = Arc::new(self.dataset().await?);
        let mut shards = Vec::new();
        for shard in self.shards() {
            let Some(manifest) = shard.manifests().refresh_latest().await? else { continue };
            let snapshot = ShardSnapshot::new(shard.shard)
                .with_spec_id(manifest.shard_spec_id)
                .with_current_generation(manifest.current_generation);
            let snapshot = manifest.sstables.iter().fold(snapshot, |snapshot, sstable| {
                snapshot.with_sstable(sstable.generation, sstable.path.clone())
            });
            shards.push(snapshot);
        }
        let mut memtables = Vec::new();
        for writer in writers {
            memtables.push((writer.shard_id()?, writer.memtables().await?));
        }
        Ok(LsmReader { dataset, shards, memtables })
    }

    /// A reader that begins now finds every row, by a scan and by its key, and nothing else.
    pub(crate) async fn check(&self, writers: &[&LanceWriter]) -> Result<()> {
        self.reader(writers).await?.check(self.rows()).await
    }

    /// The same for whoever opens all shards anew, and replays their logs.
    pub(crate) async fn check_replayed(&self) -> Result<()> {
        let writers = self.writers().await?;
        let checked = self.check(&writers.iter().collect::<Vec<_>>()).await;
        for writer in writers {
            writer.crash().await?;
        }
        checked
    }
}

impl LsmReader {
    /// Another version of the table, with the manifests as they were read.
    pub(crate) fn with_dataset(self, dataset: Dataset) -> Self {
        Self { dataset: Arc::new(dataset), ..self }
    }

    /// Everything, by Lance's `LsmScanner`.
    pub(crate) async fn scan(&self) -> Result<Rows> {
        let shards = self.shards.clone();
        let scanner = LsmScanner::new(Arc::clone(&self.dataset), shards, vec![rows::ID.to_owned()]);
        let scanner = self.memtables.iter().fold(scanner, |scanner, (shard, memtables)| {
            scanner.with_in_memory_memtables(*shard, memtables.clone())
        });
        rows::by_id(&scanner.try_into_batch().await?)
    }

    /// These rows by their keys, by Lance's `LsmPointLookupPlanner`: all at once, and the first by itself.
    pub(crate) async fn look_up(&self, ids: &[i64]) -> Result<Rows> {
        let collector = LsmDataSourceCollector::new(Arc::clone(&self.dataset), self.shards.clone());
        let collector = self.memtables.iter().fold(collector, |collector, (shard, memtables)| {
            collector.with_in_memory_memtables(*shard, memtables.clone())
        });
        let schema = Arc::new(arrow_schema_with_field_ids(self.dataset.schema()));
        let planner = LsmPointLookupPlanner::new(collector, vec![rows::ID.to_owned()], schema)?
            .with_session(self.dataset.session());
        let keys: Vec<_> = ids.iter().map(|id| ScalarValue::Int64(Some(*id))).collect();
        let found = rows::by_id(&planner.lookup_many(&keys, None).await?)?;
        if let Some(first) = keys.first() {
            let alone = planner.lookup(std::slice::from_ref(first), None).await?;
            let alone = alone.map(|batch| rows::by_id(&batch)).transpose()?.unwrap_or_default();
            if alone.get(&ids[0]) != found.get(&ids[0]) {
                return Err(format!("row {} is found by itself or among others only", ids[0]).into());
            }
        }
        Ok(found)
    }

    /// Finds exactly these rows, by both ways.
    pub(crate) async fn check(&self, rows: &Rows) -> Result<()> {
        let scanned = self.scan().await?;
        if scanned != *rows {
            return Err(difference("the scan", &scanned, rows).into());
        }
        let found = self.look_up(&rows.keys().copied().collect::<Vec<_>>()).await?;
        if found != *rows {
            return Err(difference("the look-up", &found, rows).into());
        }
        Ok(())
    }
}

/// How many of these rows were found as they are.
pub(crate) fn found(found: &Rows, rows: &Rows) -> usize {
    rows.iter().filter(|(id, note)| found.get(id) == Some(note)).count()
}

fn difference(who: &str, found: &Rows, rows: &Rows) -> String {
    let missing: Vec<_> = rows.iter().filter(|(id, _)| !found.contains_key(id)).map(|(id, _)| id).collect();
    let more: Vec<_> = found.iter().filter(|(id, _)| !rows.contains_key(id)).map(|(id, _)| id).collect();
    let other = rows.iter().filter(|(id, note)| found.get(id).is_some_and(|found| found != *note));
    let other: Vec<_> = other.map(|(id, _)| id).collect();
    format!("{who} misses {missing:?}, finds {more:?} that are gone, and old versions of {other:?}")
}
