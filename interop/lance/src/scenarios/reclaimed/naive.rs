//! What goes wrong without the rules: a folder is deleted while the manifest names it, a name is taken out while an
//! older version of the table needs it, and a marker that is not true.

use super::{all_found, collect, counted, flushed, reclaim_all, reclaim_none, title};
use crate::Result;
use crate::lsm::Lsm;
use crate::lsm::reader::found;
use crate::report::{Played, Report};
use crate::table::Table;
use futures::TryStreamExt as _;
use lance::dataset::CommitBuilder;
use lance::dataset::transaction::{Operation, Transaction};
use lance_index::mem_wal::CompactedSsTable;
use object_store::ObjectStoreExt as _;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) async fn play(report: &mut Report) {
    let name = "folders go before their names, a scan";
    report.play(title(name, "naive, by the marker", 10), named_and_gone(false)).await;
    let name = "the same, then the names go as well";
    report.play(title(name, "naive, then fencepost", 0), named_and_gone(true)).await;
    let name = "an older handle of the table, the newest manifest";
    report.play(title(name, "naive, by the latest version", 6), behind(true)).await;
    report.play(title(name, "fencepost", 0), behind(false)).await;
    let name = "a marker without the rows";
    report.play(title(name, "fencepost, no age", 6), false_marker()).await;
}

/// The collector deletes what the table has, and leaves the names: every scan of the table ends with an error.
/// Our reclaim takes the names out, and the rows are found again.
async fn named_and_gone(mended: bool) -> Result<Played> {
    let (lsm, writer) = flushed(2).await?;
    writer.crash().await?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    let shard = lsm.shard(0);
    for folder in folders(&shard).await? {
        delete_folder(&shard, &folder).await?;
    }
    let reader = lsm.reader(&[]).await?;
    let Err(error) = reader.scan().await else { return Err("a scan passed over a missing folder".into()) };
    if reader.look_up(&[1]).await.is_ok() {
        return Err("a look-up passed over a missing folder".into());
    }
    if !mended {
        return Ok(counted(&lsm, 0, format!("the scan: {}", first_line(&error.to_string()))));
    }
    reclaim_all(&shard, 2).await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, "found again once the names are out".to_owned()))
}

/// A reader holds a version of the table from before the compaction, and reads the manifest after the drain.
async fn behind(naive: bool) -> Result<Played> {
    let (lsm, writer) = flushed(2).await?;
    writer.crash().await?;
    let old = lsm.dataset().await?;
    lsm.compact(0, 2).await?;
    let shard = lsm.shard(0);
    let note = if naive {
        drop_names(&shard, &[1, 2]).await?;
        "no error anywhere".to_owned()
    } else {
        format!("nothing is taken out: {}", reclaim_none(&shard, "table_version_behind").await?)
    };
    lsm.check(&[]).await?;
    let rows = lsm.reader(&[]).await?.with_dataset(old).scan().await?;
    Ok(counted(&lsm, found(&rows, lsm.rows()), note))
}

/// Somebody marks generations that were never copied. Nothing outside can tell, so their rows are lost: what is shown
/// is whom we trust.
async fn false_marker() -> Result<Played> {
    let (lsm, writer) = flushed(2).await?;
    let shard = lsm.shard(0);
    let dataset = lsm.dataset().await?;
    let compacted_sstables = vec![CompactedSsTable::new(shard.shard, 2)];
    let operation = Operation::UpdateMemWalState { compacted_sstables };
    let transaction = Transaction::new(dataset.version().version, operation, None);
    CommitBuilder::new(Arc::new(dataset)).execute(transaction).await?;
    lsm.clean_up().await?;
    lsm.check(&[&writer]).await?;
    reclaim_all(&shard, 2).await?;
    writer.crash().await?;
    let note = collect(&shard, &[("deleted", 2)]).await?;
    let rows = lsm.reader(&[]).await?.scan().await?;
    Ok(counted(&lsm, found(&rows, lsm.rows()), note))
}

/// Takes these generations out of the manifest under the epoch that counts, by Lance's own means.
pub(super) async fn drop_names(shard: &Table, generations: &[u64]) -> Result<()> {
    let manifests = shard.manifests();
    let epoch = manifests.refresh_latest().await?.ok_or("no manifest")?.writer_epoch;
    let edit = manifests.commit_update(epoch, |current| {
        let mut next = current.clone();
        next.version = current.next_version();
        next.sstables.retain(|sstable| !generations.contains(&sstable.generation));
        next
    });
    edit.await?;
    Ok(())
}

/// The folders of SSTables that are there.
pub(super) async fn folders(shard: &Table) -> Result<BTreeSet<String>> {
    let root = format!("_mem_wal/{}/", shard.shard);
    let sizes = shard.sizes().await?;
    let names = sizes.keys().filter_map(|path| path.strip_prefix(&root)?.split('/').next());
    Ok(names.filter(|name| name.contains("_gen_")).map(str::to_owned).collect())
}

async fn delete_folder(shard: &Table, name: &str) -> Result<()> {
    let folder = shard.shard_dir().join(name);
    let objects: Vec<_> = shard.store.inner.list(Some(&folder)).try_collect().await?;
    for object in objects {
        shard.store.inner.delete(&object.location).await?;
    }
    Ok(())
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

impl Lsm {
    /// The generations of the first shard, and whether their folders are there.
    pub(super) async fn expect_folders(&self, expected: usize) -> Result<()> {
        let found = folders(&self.shard(0)).await?;
        if found.len() != expected {
            return Err(format!("{found:?} are there, expected {expected} folders").into());
        }
        Ok(())
    }
}
