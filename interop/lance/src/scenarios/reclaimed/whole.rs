//! A table from its first row to the last SSTable: three shards, ten generations in the table, a tag, an old version.

use super::{Collector, all_found, reclaim_all, reclaim_none, title};
use crate::Result;
use crate::lance_writer::LanceWriter;
use crate::lsm::Lsm;
use crate::report::{Played, Report};
use fencepost::Compaction;

pub(super) async fn play(report: &mut Report) {
    for collector in [Collector::NoAge, Collector::ClockFree] {
        let name = "three shards, ten generations, a tag, a live writer";
        report.play(title(name, collector.name(), 0), whole(collector)).await;
    }
}

/// How many generations each shard has.
const GENERATIONS: [usize; 3] = [4, 3, 3];

async fn whole(collector: Collector) -> Result<Played> {
    let mut lsm = Lsm::create(GENERATIONS.len()).await?;
    let writers = lsm.writers().await?;
    for (writer, generations) in writers.iter().zip(GENERATIONS) {
        lsm.fill(writer, generations).await?;
        lsm.put(writer).await?;
    }
    // One goes on, the others end.
    let mut writers = writers.into_iter();
    let live = writers.next().ok_or("no writer")?;
    for writer in writers {
        writer.crash().await?;
    }
    lsm.check_held(&live, "not_compacted").await?;

    lsm.compact(0, 2).await?;
    lsm.compact(1, 3).await?;
    let dataset = lsm.dataset().await?;
    let tagged = dataset.version().version;
    dataset.tags().create("release", tagged).await?;
    lsm.compact(0, 4).await?;
    lsm.compact(2, 3).await?;
    // Versions before a shard's compaction hold all of it.
    lsm.check_held(&live, "table_version_behind").await?;
    lsm.clean_up().await?;
    let hold = reclaim_none(&lsm.shard(2), "table_version_behind").await?;
    let Compaction::TableVersionBehind { version, tags, .. } = &hold else { unreachable!("by its name") };
    if *version != tagged || !tags.contains("release") {
        return Err(format!("held by {hold:?} instead of version {tagged}").into());
    }
    // The tagged version has the second shard, so that one goes; the others wait for the tag.
    reclaim_all(&lsm.shard(1), 3).await?;
    lsm.check_shards(&live).await?;
    dataset.tags().delete("release").await?;
    lsm.clean_up().await?;

    let before = lsm.reader(&[]).await?;
    reclaim_all(&lsm.shard(0), 4).await?;
    reclaim_all(&lsm.shard(2), 3).await?;
    for shard in 0..GENERATIONS.len() {
        lsm.expect_generations(shard, &[]).await?;
    }
    // Who reads with the manifests of before the drain, and who reads with those of after it.
    let old = before.scan().await?;
    lsm.check_shards(&live).await?;

    // The live writer's memtable is its fifth generation.
    lsm.put(&live).await?;
    live.flush().await?;
    lsm.expect_generations(0, &[5]).await?;
    let mut deleted = 0;
    if collector == Collector::ClockFree {
        // Its claim is from before all of them: a flush of that epoch might still be under way.
        collector.run(&lsm.shard(0)).await?.expect(&[("sstable", 1), ("sstable_of_epoch", 4)])?;
        lsm.check_shards(&live).await?;
        live.crash().await?;
        lsm.writer(0).await?.crash().await?;
    } else {
        deleted += collector.run(&lsm.shard(0)).await?.deleted();
        lsm.check_shards(&live).await?;
        live.crash().await?;
    }
    for shard in lsm.shards() {
        deleted += collector.run(&shard).await?.deleted();
    }
    if deleted != GENERATIONS.iter().sum::<usize>() {
        return Err(format!("{deleted} folders were deleted").into());
    }
    // Plain reading, whoever opens anew, and what they write from now on.
    lsm.check_replayed().await?;
    let writers = lsm.writers().await?;
    for writer in &writers {
        lsm.fill(writer, 1).await?;
    }
    lsm.check(&writers.iter().collect::<Vec<_>>()).await?;
    let late = match before.scan().await {
        Err(_) => "an error",
        Ok(rows) if rows == old => "the same rows, by its cache",
        Ok(rows) => return Err(format!("with old manifests other rows are found: {rows:?}").into()),
    };
    let note = format!("{deleted} folders deleted; a reader with the manifests of before gets {late}");
    for writer in writers {
        writer.crash().await?;
    }
    Ok(all_found(&lsm, note))
}

impl Lsm {
    /// All rows are found while a writer is open to the first shard; the others are opened anew.
    async fn check_shards(&self, live: &LanceWriter) -> Result<()> {
        let (second, third) = (self.writer(1).await?, self.writer(2).await?);
        let checked = self.check(&[live, &second, &third]).await;
        second.crash().await?;
        third.crash().await?;
        checked
    }

    /// Nothing can be taken out of any shard, for that reason, and all rows are found.
    async fn check_held(&self, live: &LanceWriter, why: &str) -> Result<()> {
        for shard in self.shards() {
            reclaim_none(&shard, why).await?;
        }
        self.check_shards(live).await
    }
}
