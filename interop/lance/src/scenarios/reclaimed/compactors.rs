//! Compactors that are late, and indexes that are: what a marker says, what takes it back, and what waits for an index.

use super::naive::first_line;
use super::{all_found, collect, counted, flushed, reclaim_all, reclaim_none, title};
use crate::Result;
use crate::lsm::compactor::compacted;
use crate::lsm::reader::found;
use crate::report::{Played, Report};
use crate::rows;
use lance::dataset::mem_wal::DatasetMemWalExt as _;
use lance::index::DatasetIndexExt as _;
use lance_index::IndexType;
use lance_index::optimize::OptimizeOptions;
use lance_index::scalar::ScalarIndexParams;

pub(super) async fn play(report: &mut Report) {
    let name = "a second compactor reads before, and commits after";
    report.play(title(name, "fencepost, no age", 0), late_commit()).await;
    let name = "a second compactor reads after";
    report.play(title(name, "fencepost, no age", 0), late_read()).await;
    let name = "an index that memtables maintain lags";
    report.play(title(name, "fencepost, no age", 0), index_lags()).await;
    let name = "the set of indexes changes during a compaction";
    report.play(title(name, "fencepost", 0), marker_lost()).await;
}

/// Its commit is refused, marker and rows: each row stays there once.
async fn late_commit() -> Result<Played> {
    let (mut lsm, writer) = flushed(3).await?;
    let shard = lsm.shard(0);
    let (second, stale) = (lsm.read_to_compact(0, 2).await?, lsm.dataset().await?);
    lsm.compact(0, 3).await?;
    lsm.clean_up().await?;
    reclaim_all(&shard, 3).await?;
    lsm.fill(&writer, 1).await?;
    let note = collect(&shard, &[("deleted", 3), ("sstable", 1)]).await?;
    // As it went on with what it had, and as if it had opened the table anew.
    for dataset in [stale, lsm.dataset().await?] {
        if second.commit(dataset).await.is_ok() {
            return Err("a lower marker was committed".into());
        }
        if compacted(&lsm.dataset().await?, &shard).await? != 3 {
            return Err("the marker moved".into());
        }
    }
    // What its first pass deleted is Lance's to say: the marker goes with the last pass alone.
    let rows = lsm.reader(&[&writer]).await?.scan().await?;
    writer.crash().await?;
    Ok(counted(
        &lsm,
        found(&rows, lsm.rows()),
        format!("{note}; both commits of the late compactor were refused"),
    ))
}

/// What it was about to read is gone: an error, and nothing is committed.
async fn late_read() -> Result<Played> {
    let (lsm, writer) = flushed(2).await?;
    let shard = lsm.shard(0);
    let manifest = shard.manifests().refresh_latest().await?.ok_or("no manifest")?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    reclaim_all(&shard, 2).await?;
    collect(&shard, &[("deleted", 2)]).await?;
    let uri = format!("{}/_mem_wal/{}/{}", shard.uri, shard.shard, manifest.sstables[0].path);
    let Err(error) = lance::Dataset::open(&uri).await else {
        return Err("a deleted folder was opened".into());
    };
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, first_line(&error.to_string()).to_owned()))
}

/// The table has the rows, and its index has not: a reader may look for them in the SSTables' own.
async fn index_lags() -> Result<Played> {
    let (mut lsm, writer) = flushed(1).await?;
    writer.crash().await?;
    let shard = lsm.shard(0);
    let mut dataset = lsm.dataset().await?;
    let name = Some(INDEX.to_owned());
    dataset.create_index(&[rows::ID], IndexType::BTree, name, &ScalarIndexParams::default(), false).await?;
    let writer = lsm.writer(0).await?;
    lsm.fill(&writer, 1).await?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    let hold = reclaim_none(&shard, "index_behind").await?;
    lsm.check(&[&writer]).await?;
    lsm.dataset().await?.optimize_indices(&OptimizeOptions::default()).await?;
    lsm.clean_up().await?;
    reclaim_all(&shard, 2).await?;
    lsm.fill(&writer, 1).await?;
    let note = collect(&shard, &[("deleted", 2), ("sstable", 1)]).await?;
    lsm.check(&[&writer]).await?;
    let plain = lsm.dataset().await?;
    let by_index = plain.scan().filter(&format!("{} = 1", rows::ID))?.try_into_batch().await?;
    if rows::ids(&by_index) != [1] {
        return Err("a plain scan by the index does not find the row".into());
    }
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, format!("{note}; before that: {hold}")))
}

/// Somebody changes which indexes memtables maintain, with a handle from before a compaction. Either Lance keeps the
/// marker, or it is back to what the handle knew; then the SSTables stay until they are compacted once more.
async fn marker_lost() -> Result<Played> {
    let (lsm, writer) = flushed(2).await?;
    let shard = lsm.shard(0);
    let mut stale = lsm.dataset().await?;
    lsm.compact(0, 2).await?;
    let updated = stale.update_mem_wal_maintained_indexes(Some(Vec::new())).await;
    let marker = compacted(&lsm.dataset().await?, &shard).await?;
    let said = match &updated {
        Ok(()) => "the change was let through".to_owned(),
        Err(error) => format!("the change was refused: {}", first_line(&error.to_string())),
    };
    lsm.clean_up().await?;
    let kept = if marker == 2 {
        reclaim_all(&shard, 2).await?;
        "the marker stays".to_owned()
    } else {
        format!("the marker went back from 2 to {marker}: {}", reclaim_none(&shard, "not_compacted").await?)
    };
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, format!("{said}, {kept}")))
}

const INDEX: &str = "by_id";
