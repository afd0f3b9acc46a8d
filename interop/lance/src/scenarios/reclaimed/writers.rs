//! Writers that flush, commit and claim around a drain: each builds on it, and none is fenced by it (P-85).

use super::naive::folders;
use super::{Collector, all_found, collect, flushed, reclaim_all, title};
use crate::Result;
use crate::report::{Played, Report};
use fencepost_store::wrap::Op;

pub(super) async fn play(report: &mut Report) {
    report.play(title("a live writer flushes before and after", "fencepost, no age", 0), live()).await;
    let name = "its commit is held, the drain comes first";
    report.play(title(name, "fencepost, no age", 0), commit_held()).await;
    let name = "an opener's claim is held, the drain comes first";
    report.play(title(name, "fencepost, no age", 0), claim_held()).await;
    let name = "the drain is held, a flush comes first";
    report.play(title(name, "fencepost, no age", 0), drain_held()).await;
    let name = "a live writer, drains and flushes in turn";
    report.play(title(name, "fencepost, clock-free", 0), in_turn()).await;
}

/// The writer goes by its cached manifest, which names what was taken out.
async fn live() -> Result<Played> {
    let (mut lsm, writer) = flushed(3).await?;
    lsm.put(&writer).await?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    let shard = lsm.shard(0);
    reclaim_all(&shard, 2).await?;
    lsm.check(&[&writer]).await?;
    lsm.fill(&writer, 2).await?;
    lsm.expect_generations(0, &[3, 4, 5]).await?;
    let note = collect(&shard, &[("deleted", 2), ("sstable", 3)]).await?;
    lsm.put(&writer).await?;
    lsm.check(&[&writer]).await?;
    lsm.fill(&writer, 1).await?;
    lsm.check(&[&writer]).await?;
    // The same writer, once more.
    lsm.compact(0, 5).await?;
    lsm.clean_up().await?;
    reclaim_all(&shard, 3).await?;
    collect(&shard, &[("deleted", 3), ("sstable", 1)]).await?;
    lsm.fill(&writer, 1).await?;
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, note))
}

/// The manifest of a flush is on its way when the drain takes its version: Lance builds again, on the drain.
async fn commit_held() -> Result<Played> {
    let (mut lsm, first) = flushed(2).await?;
    first.crash().await?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    let shard = lsm.shard(0);
    let (slow, faults) = shard.with_faults();
    let writer = lsm.writer_through(&slow).await?;
    lsm.put(&writer).await?;
    let held = faults.hold(Op::Put, is_manifest).times(1);
    let flushing = tokio::spawn(async move {
        let flushed = writer.flush().await;
        (writer, flushed)
    });
    held.arrived().await;
    reclaim_all(&shard, 2).await?;
    // The folder of the flush under way is nobody's yet.
    let note = collect(&shard, &[("deleted", 2), ("sstable_not_flushed", 1)]).await?;
    held.release();
    let (writer, flushed) = flushing.await?;
    flushed?;
    lsm.expect_generations(0, &[3]).await?;
    lsm.put(&writer).await?;
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, note))
}

/// An opener lost its version to the drain: it finds a lower epoch than its own there, and tries again.
async fn claim_held() -> Result<Played> {
    let (mut lsm, first) = flushed(2).await?;
    lsm.put(&first).await?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    let shard = lsm.shard(0);
    let (slow, faults) = shard.with_faults();
    let held = faults.hold(Op::Put, is_manifest).times(1);
    let (opener, dataset) = (slow.clone(), lsm.dataset().await?);
    let opening =
        tokio::spawn(
            async move { Box::pin(crate::lance_writer::LanceWriter::open_on(&opener, &dataset)).await },
        );
    held.arrived().await;
    reclaim_all(&shard, 2).await?;
    held.release();
    let second = opening.await??;
    if second.epoch() != first.epoch() + 1 {
        return Err(format!("it opened with epoch {}", second.epoch()).into());
    }
    lsm.expect_generations(0, &[]).await?;
    let note = Collector::ClockFree.run(&shard).await?.expect(&[("deleted", 2)])?;
    lsm.check(&[&second]).await?;
    lsm.fill(&second, 1).await?;
    lsm.check(&[&second]).await?;
    first.crash().await?;
    second.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, format!("{note}; the claim settled the drain")))
}

/// The other way round: the drain loses its version to a flush, and is built again, with the new generation in it.
async fn drain_held() -> Result<Played> {
    let (mut lsm, writer) = flushed(2).await?;
    lsm.compact(0, 2).await?;
    lsm.clean_up().await?;
    let shard = lsm.shard(0);
    let (slow, faults) = shard.with_faults();
    let held = faults.hold(Op::Put, is_manifest).times(1);
    let reclaiming = tokio::spawn(async move { reclaim_all(&slow, 2).await });
    held.arrived().await;
    lsm.fill(&writer, 1).await?;
    held.release();
    reclaiming.await??;
    lsm.expect_generations(0, &[3]).await?;
    let note = collect(&shard, &[("deleted", 2), ("sstable", 1)]).await?;
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, note))
}

/// A clock-free collection waits for a later epoch; then everything goes that was taken out before.
async fn in_turn() -> Result<Played> {
    let (mut lsm, writer) = flushed(1).await?;
    let shard = lsm.shard(0);
    for through in 1..=4 {
        lsm.compact(0, through).await?;
        lsm.clean_up().await?;
        reclaim_all(&shard, 1).await?;
        Collector::ClockFree.run(&shard).await?;
        lsm.check(&[&writer]).await?;
        lsm.fill(&writer, 1).await?;
    }
    lsm.expect_folders(5).await?;
    writer.crash().await?;
    let writer = lsm.writer(0).await?;
    let note = Collector::ClockFree.run(&shard).await?.expect(&[("deleted", 4), ("sstable", 1)])?;
    if folders(&shard).await?.len() != 1 {
        return Err("more than the live folder is left".into());
    }
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, note))
}

pub(super) fn is_manifest(path: &str) -> bool {
    path.contains("_mem_wal/") && path.contains("/manifest/") && path.ends_with(".binpb")
}
