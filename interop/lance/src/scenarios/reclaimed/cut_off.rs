//! A reclaim and a collection that are killed at each of their requests, and finished by the next: P-84, P-88, P-82.
//!
//! A PUT that was on its way when the process died lands at once, or after its successor is done.

use super::naive::folders;
use super::{all_found, collect, flushed, reclaim, title};
use crate::Result;
use crate::lance_writer::LanceWriter;
use crate::lsm::Lsm;
use crate::report::{Played, Report};
use crate::table::Table;
use fencepost::Policy;
use fencepost_store::wrap::Op;
use std::time::Duration;

pub(super) async fn play(report: &mut Report) {
    for lands in [Lands::AtOnce, Lands::Late] {
        let name = format!("the reclaim is killed at each PUT, which lands {}", lands.name());
        report.play(title(&name, "fencepost, no age", 0), reclaims(lands)).await;
    }
    let name = "the collection is killed at each deletion";
    report.play(title(name, "fencepost, no age", 0), collections()).await;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lands {
    AtOnce,
    Late,
}

impl Lands {
    const fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at once",
            Self::Late => "late",
        }
    }
}

/// A table whose three generations are in it, beside a live writer.
async fn ready() -> Result<(Lsm, LanceWriter)> {
    let (lsm, writer) = flushed(3).await?;
    lsm.compact(0, 3).await?;
    lsm.clean_up().await?;
    Ok((lsm, writer))
}

/// What everybody does afterwards.
async fn finish(lsm: &mut Lsm, writer: &LanceWriter) -> Result<()> {
    let shard = lsm.shard(0);
    lsm.check(&[writer]).await?;
    lsm.fill(writer, 1).await?;
    reclaim(&shard).await?;
    collect(&shard, &[("deleted", folders(&shard).await?.len() - 1), ("sstable", 1)]).await?;
    lsm.expect_generations(0, &[4]).await?;
    lsm.check(&[writer]).await
}

async fn reclaims(lands: Lands) -> Result<Played> {
    let mut kills = 0;
    loop {
        let (mut lsm, writer) = ready().await?;
        let shard = lsm.shard(0);
        let (slow, faults) = shard.with_faults();
        let held = faults.hold(Op::Put, |_| true).after(kills).times(1);
        let mut killed = tokio::spawn(async move { reclaim(&slow).await.map(drop) });
        tokio::select! {
            () = held.arrived() => {}
            done = &mut killed => {
                // It has no more requests than that.
                done??;
                finish(&mut lsm, &writer).await?;
                writer.crash().await?;
                let note = format!("{kills} PUTs");
                return if kills < 3 { Err(format!("only {note}").into()) } else { Ok(all_found(&lsm, note)) };
            }
        }
        killed.abort();
        // Its end is an error: it was aborted.
        let _ = killed.await;
        if lands == Lands::AtOnce {
            held.release();
        }
        lsm.check(&[&writer]).await?;
        reclaim(&shard).await?;
        lsm.expect_generations(0, &[]).await?;
        lsm.check(&[&writer]).await?;
        if kills % 2 == 1 {
            lsm.fill(&writer, 1).await?;
            collect(&shard, &[("deleted", 3), ("sstable", 1)]).await?;
            held.release();
            settle().await;
            lsm.check(&[&writer]).await?;
        } else {
            held.release();
            settle().await;
            finish(&mut lsm, &writer).await?;
        }
        writer.crash().await?;
        lsm.check_replayed().await?;
        kills += 1;
    }
}

async fn collections() -> Result<Played> {
    let mut kills = 0;
    loop {
        let (mut lsm, writer) = ready().await?;
        let shard = lsm.shard(0);
        reclaim(&shard).await?;
        lsm.fill(&writer, 1).await?;
        let (slow, faults) = shard.with_faults();
        let held = faults.hold(Op::Delete, |path| path.contains("_gen_")).after(kills).times(1);
        let mut killed = tokio::spawn(async move { collect_once(&slow).await });
        tokio::select! {
            () = held.arrived() => {}
            done = &mut killed => {
                done??;
                lsm.check(&[&writer]).await?;
                writer.crash().await?;
                let note = format!("{kills} deletions");
                return if kills < 3 { Err(format!("only {note}").into()) } else { Ok(all_found(&lsm, note)) };
            }
        }
        killed.abort();
        let _ = killed.await;
        lsm.check(&[&writer]).await?;
        let left = folders(&shard).await?.len();
        collect(&shard, &[("deleted", left - 1), ("sstable", 1)]).await?;
        lsm.expect_folders(1).await?;
        lsm.check(&[&writer]).await?;
        writer.crash().await?;
        lsm.check_replayed().await?;
        kills += 1;
    }
}

async fn collect_once(shard: &Table) -> Result<()> {
    let policy = Policy::new().with_lance_flush_age(Duration::ZERO);
    Box::pin(shard.wal().await?.collector().with_policy(policy).run()).await?;
    Ok(())
}

/// Lets what was released arrive.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
