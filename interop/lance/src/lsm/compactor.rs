//! A compactor, as users of Lance write one: it merges generations into the table, and marks them in that commit.

use super::{Lsm, Rows};
use crate::Result;
use crate::rows;
use crate::table::Table;
use arrow_array::cast::AsArray as _;
use arrow_array::{RecordBatch, RecordBatchIterator};
use lance::Dataset;
use lance::dataset::mem_wal::DatasetMemWalExt as _;
use lance::dataset::{MergeInsertBuilder, WhenMatched, WhenNotMatched};
use lance_index::mem_wal::CompactedSsTable;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a compactor has read of a shard, and will commit.
#[derive(Clone, Debug)]
pub(crate) struct Compaction {
    marker: CompactedSsTable,
    rows: Rows,
    deleted: BTreeSet<i64>,
}

impl Lsm {
    /// Copies what the shard has up to this generation, and the table has not.
    pub(crate) async fn compact(&self, at: usize, through: u64) -> Result<()> {
        self.read_to_compact(at, through).await?.commit(self.dataset().await?).await
    }

    /// The first half of it.
    pub(crate) async fn read_to_compact(&self, at: usize, through: u64) -> Result<Compaction> {
        let shard = self.shard(at);
        let done = compacted(&self.dataset().await?, &shard).await?;
        let mut compaction = Compaction {
            marker: CompactedSsTable::new(shard.shard, through),
            rows: Rows::new(),
            deleted: BTreeSet::new(),
        };
        let manifest = shard.manifests().refresh_latest().await?.ok_or("no manifest")?;
        let mut sstables = manifest.sstables;
        sstables.sort_by_key(|sstable| sstable.generation);
        for sstable in sstables {
            if done < sstable.generation && sstable.generation <= through {
                let uri = format!("{}/_mem_wal/{}/{}", shard.uri, shard.shard, sstable.path);
                compaction.add(&Dataset::open(&uri).await?.scan().try_into_batch().await?)?;
            }
        }
        Ok(compaction)
    }
}

impl Compaction {
    /// Adds a generation, which is newer than those before it.
    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let is_deleted = batch.column_by_name(lance::dataset::mem_wal::TOMBSTONE);
        let is_deleted = is_deleted.map(|column| column.as_boolean());
        let news = rows::by_id(batch)?;
        for (row, id) in rows::ids(batch).into_iter().enumerate() {
            if is_deleted.is_some_and(|column| column.value(row)) {
                self.rows.remove(&id);
                self.deleted.insert(id);
            } else {
                self.rows.insert(id, news[&id].clone());
                self.deleted.remove(&id);
            }
        }
        Ok(())
    }

    /// Deletes what was deleted, and then merges the rows; the marker goes with the last commit alone.
    pub(crate) async fn commit(&self, mut dataset: Dataset) -> Result<()> {
        if !self.deleted.is_empty() {
            let ids: Vec<_> = self.deleted.iter().map(ToString::to_string).collect();
            dataset.delete(&format!("{} IN ({})", rows::ID, ids.join(", "))).await?;
        }
        let batch = rows::noted(self.rows.iter().map(|(id, note)| (*id, note.as_str())));
        let source = RecordBatchIterator::new([Ok(batch)], rows::keyed_schema());
        let job = MergeInsertBuilder::try_new(Arc::new(dataset), vec![rows::ID.to_owned()])?
            .when_matched(WhenMatched::UpdateAll)
            .when_not_matched(WhenNotMatched::InsertAll)
            .mark_sstables_as_compacted(vec![self.marker.clone()])
            .try_build()?;
        job.execute_reader(source).await?;
        Ok(())
    }

    /// Appends the rows without a marker, after deleting their keys, as lance-context does.
    pub(crate) async fn append(&self, mut dataset: Dataset) -> Result<()> {
        let ids: Vec<_> = self.rows.keys().chain(&self.deleted).map(ToString::to_string).collect();
        dataset.delete(&format!("{} IN ({})", rows::ID, ids.join(", "))).await?;
        let batch = rows::noted(self.rows.iter().map(|(id, note)| (*id, note.as_str())));
        dataset.append(RecordBatchIterator::new([Ok(batch)], rows::keyed_schema()), None).await?;
        Ok(())
    }
}

/// The generation up to which this version of the table has the shard; 0 if it has nothing of it.
pub(crate) async fn compacted(dataset: &Dataset, shard: &Table) -> Result<u64> {
    let details = dataset.mem_wal_index_details().await?.ok_or("the table has no MemWAL")?;
    let markers = details.compacted_sstables.iter();
    let of_shard = markers.filter(|marker| marker.shard_id == shard.shard).map(|marker| marker.generation);
    Ok(of_shard.max().unwrap_or_default())
}
