//! Older versions of the table: by a handle, a tag or a restore they hold what they lack, and a cleanup lets it go.

use super::{all_found, collect, flushed, reclaim_all, reclaim_none, title};
use crate::Result;
use crate::lsm::compactor::compacted;
use crate::report::{Played, Report};
use fencepost::Compaction;
use lance::Dataset;

pub(super) async fn play(report: &mut Report) {
    report
        .play(title("a version is restored, then compacted again", "fencepost, no age", 0), restored())
        .await;
    let name = "restored after the reclaim, to the oldest version there is";
    report.play(title(name, "fencepost, no age", 0), restored_after()).await;
    report.play(title("a tag holds, without it a cleanup lets go", "fencepost, no age", 0), tagged()).await;
    let name = "a branch, a shallow and a deep clone of an old version";
    report.play(title(name, "fencepost, no age", 0), cloned()).await;
}

/// The restore takes the marker back with the rows. Nothing is taken out before they are there again.
async fn restored() -> Result<Played> {
    let (mut lsm, writer) = flushed(2).await?;
    let shard = lsm.shard(0);
    let before = lsm.dataset().await?.version().version;
    lsm.compact(0, 2).await?;
    reclaim_none(&shard, "table_version_behind").await?;
    lsm.dataset().await?.checkout_version(before).await?.restore().await?;
    let marker = compacted(&lsm.dataset().await?, &shard).await?;
    if marker != 0 {
        return Err(format!("the restored version has the marker {marker}").into());
    }
    let hold = reclaim_none(&shard, "not_compacted").await?;
    lsm.clean_up().await?;
    reclaim_none(&shard, "not_compacted").await?;
    lsm.check(&[&writer]).await?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    reclaim_all(&shard, 2).await?;
    lsm.fill(&writer, 1).await?;
    collect(&shard, &[("deleted", 2), ("sstable", 1)]).await?;
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, format!("after the restore: {hold}")))
}

/// Each version that there is has what was taken out, so none of them brings a loss back.
async fn restored_after() -> Result<Played> {
    let (mut lsm, writer) = flushed(2).await?;
    let shard = lsm.shard(0);
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    let oldest = lsm.dataset().await?.version().version;
    lsm.fill(&writer, 1).await?;
    lsm.compact(0, 3).await?;
    // The third generation is held by the oldest version.
    reclaim_all(&shard, 2).await?;
    collect(&shard, &[("deleted", 2), ("sstable", 1)]).await?;
    lsm.expect_generations(0, &[3]).await?;
    lsm.check(&[&writer]).await?;
    lsm.dataset().await?.checkout_version(oldest).await?.restore().await?;
    lsm.check(&[&writer]).await?;
    reclaim_none(&shard, "not_compacted").await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, "2 folders had been deleted".to_owned()))
}

/// Whoever checks the tag out, and reads the newest manifest with it, finds every row as long as it is there.
async fn tagged() -> Result<Played> {
    let (lsm, writer) = flushed(3).await?;
    let shard = lsm.shard(0);
    lsm.compact(0, 1).await?;
    let dataset = lsm.dataset().await?;
    dataset.tags().create("audit", dataset.version().version).await?;
    lsm.compact(0, 3).await?;
    lsm.clean_up().await?;
    // What the tagged version has is taken out, and the rest waits.
    reclaim_all(&shard, 1).await?;
    collect(&shard, &[("deleted", 1), ("sstable", 2)]).await?;
    let hold = reclaim_none(&shard, "table_version_behind").await?;
    let Compaction::TableVersionBehind { tags, .. } = &hold else { unreachable!("by its name") };
    if !tags.contains("audit") {
        return Err(format!("the tag is not named: {hold:?}").into());
    }
    lsm.clean_up().await?;
    reclaim_none(&shard, "table_version_behind").await?;
    let audit = dataset.checkout_version("audit").await?;
    lsm.reader(&[&writer]).await?.with_dataset(audit).check(lsm.rows()).await?;
    dataset.tags().delete("audit").await?;
    lsm.clean_up().await?;
    reclaim_all(&shard, 2).await?;
    let note = collect(&shard, &[("deleted", 2)]).await?;
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, format!("{note}; before that: {hold}")))
}

/// What was cloned before the compaction has no rows of the MemWAL, then as now.
async fn cloned() -> Result<Played> {
    let (lsm, writer) = flushed(2).await?;
    let shard = lsm.shard(0);
    let mut dataset = lsm.dataset().await?;
    let version = dataset.version().version;
    let (shallow, deep) = (format!("{}-shallow", shard.uri), format!("{}-deep", shard.uri));
    dataset.shallow_clone(&shallow, version, None).await?;
    dataset.deep_clone(&deep, version, None).await?;
    dataset.create_branch("side", version, None).await?;
    let count = async || -> Result<[usize; 3]> {
        let shallow = Dataset::open(&shallow).await?.count_rows(None).await?;
        let deep = Dataset::open(&deep).await?.count_rows(None).await?;
        let branch = lsm.dataset().await?.checkout_version(("side", None::<u64>)).await?;
        Ok([shallow, deep, branch.count_rows(None).await?])
    };
    let before = count().await?;
    lsm.compact(0, 2).await?;
    let held = reclaim_none(&shard, "table_version_behind").await?;
    lsm.clean_up().await?;
    // A branch keeps its version of the table, if the cleanup leaves it.
    let report = super::reclaim(&shard).await?;
    let note = match &report.end {
        Some(end) => {
            collect(&shard, &[("deleted", end.folders.len())]).await?;
            format!("{} folders deleted after the cleanup", end.folders.len())
        }
        None => format!("all stay: {}", report.held.values().next().unwrap_or(&held)),
    };
    let after = count().await?;
    if before != after {
        return Err(format!("the copies had {before:?} rows, and have {after:?}").into());
    }
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, note))
}
