//! SSTables that were merged into their table, taken out of the manifest by our reclaim, and deleted by our collection,
//! beside the real compaction, writers and readers of Lance (P-83 to P-89).
//!
//! What is found is what readers find: a `LsmScanner` over all shards, and look-ups of every key.

mod compactors;
mod cut_off;
mod naive;
mod unmarked;
mod versions;
mod whole;
mod writers;

use super::flushes::Collector;
use crate::Result;
use crate::lance_writer::LanceWriter;
use crate::lsm::Lsm;
use crate::report::{Played, Report, Title};
use crate::table::Table;
use fencepost::{Compaction, NothingToReclaim, ReclaimReport};

pub(super) async fn play(report: &mut Report) {
    whole::play(report).await;
    naive::play(report).await;
    writers::play(report).await;
    versions::play(report).await;
    compactors::play(report).await;
    cut_off::play(report).await;
    unmarked::play(report).await;
}

fn title(name: &str, collector: &'static str, loses: usize) -> Title {
    Title { family: "reclaimed SSTables", name: name.to_owned(), collector, loses }
}

/// As it must be: everybody finds every row.
fn all_found(lsm: &Lsm, note: String) -> Played {
    counted(lsm, lsm.rows().len(), note)
}

fn counted(lsm: &Lsm, found: usize, note: String) -> Played {
    Played::Counted { by_lance: lsm.rows().len(), by_us: 0, found, note }
}

/// A table with one shard and its writer, which has flushed so many generations.
async fn flushed(generations: usize) -> Result<(Lsm, LanceWriter)> {
    let mut lsm = Lsm::create(1).await?;
    let writer = lsm.writer(0).await?;
    lsm.fill(&writer, generations).await?;
    Ok((lsm, writer))
}

async fn reclaim(shard: &Table) -> Result<ReclaimReport> {
    Ok(Box::pin(shard.wal().await?.reclaimer().run()).await?)
}

/// Takes out exactly so many SSTables.
async fn reclaim_all(shard: &Table, expected: usize) -> Result<()> {
    let report = reclaim(shard).await?;
    let taken = report.end.as_ref().map_or(0, |end| end.folders.len());
    if taken != expected {
        return Err(format!("{taken} SSTables were taken out, expected {expected}: {report:?}").into());
    }
    Ok(())
}

/// Takes out nothing, and changes nothing: each SSTable is held back by that. Returns one of the holds.
async fn reclaim_none(shard: &Table, expected: &str) -> Result<Compaction> {
    let before = shard.sizes().await?;
    let report = reclaim(shard).await?;
    let mut holds = report.held.values();
    let all = report.held.values().all(|hold| hold.name() == expected);
    match holds.next() {
        Some(hold) if all && report.nothing == Some(NothingToReclaim::AllHeld) => {
            if shard.sizes().await? != before {
                return Err("something was written although all is held".into());
            }
            Ok(hold.clone())
        }
        _ => Err(format!("expected {expected}, found {report:?}").into()),
    }
}

/// Collects without minimum ages, and says what became of each folder.
async fn collect(shard: &Table, expected: &[(&'static str, usize)]) -> Result<String> {
    Collector::NoAge.run(shard).await?.expect(expected)
}
