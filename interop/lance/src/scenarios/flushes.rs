//! Flushes that fail, that are held back before their commit, and whose commit lands late: the collector
//! deletes what failed ones left, and nothing that a manifest names or will name (P-80, P-81).

use crate::Result;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::{By, Ledger};
use crate::report::{Played, Report, Title};
use crate::table::Table;
use crate::view;
use fencepost::{Object, Policy, Verdict};
use fencepost_store::wrap::{Fault, Held, Op};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::task::JoinHandle;

pub(super) async fn play(report: &mut Report) {
    let file = |place| title(format!("a file of a flush fails, {place}"), Collector::NoAge.name());
    report.play(file("in memory"), async { failed(Table::in_memory().await?, is_bloom_filter).await }).await;
    report.play(file("on disk"), async { failed(Table::on_disk().await?, is_bloom_filter).await }).await;
    // In memory alone: on disk, Lance commits by renaming.
    let title_of_commit = title("the manifest commit of a flush fails".to_owned(), Collector::NoAge.name());
    report.play(title_of_commit, async { failed(Table::in_memory().await?, is_manifest).await }).await;
    for collector in [Collector::Default, Collector::ClockFree] {
        let name = "a flush is held before its commit, then let go".to_owned();
        report.play(title(name, collector.name()), held(collector)).await;
        let name = "the same, two writers take over meanwhile".to_owned();
        report.play(title(name, collector.name()), held_and_superseded(collector)).await;
    }
    for collector in [None, Some(Collector::NoAge)] {
        // Lance's issue 8293: older versions committed the later flush, and replay passed over the rows of
        // the first. No collector had a part in that.
        let name = "a flush fails for good, a later one has to wait (lance#8293)".to_owned();
        report.play(title(name, collector.map_or("none", Collector::name)), failed_for_good(collector)).await;
    }
    let name = "a lost commit lands late, the second try is under way".to_owned();
    report.play(title(name, Collector::ClockFree.name()), landed_late()).await;
}

fn title(name: String, collector: &'static str) -> Title {
    Title { family: "failed flushes", name, collector, loses: 0 }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collector {
    /// As it is without options: a minimum age of a day.
    Default,
    ClockFree,
    /// Not clock-free, and as if a day had gone by.
    NoAge,
}

impl Collector {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Default => "fencepost",
            Self::ClockFree => "fencepost, clock-free",
            Self::NoAge => "fencepost, no age",
        }
    }

    /// Collects once, and says what became of each SSTable's folder: `deleted`, or why it stayed.
    pub(super) async fn run(self, table: &Table) -> Result<Folders> {
        let policy = match self {
            Self::Default => Policy::new(),
            Self::ClockFree => Policy::new().with_clock_free(true),
            Self::NoAge => Policy::new().with_lance_flush_age(Duration::ZERO),
        };
        let collected = Box::pin(table.wal().await?.collector().with_policy(policy).run()).await?;
        if !collected.report.failed.is_empty() {
            return Err(format!("not deleted: {:?}", collected.report.failed).into());
        }
        let verdict = |verdict: &Verdict| match verdict {
            Verdict::Delete => "deleted",
            Verdict::Keep(reason) => reason.name(),
        };
        let folders = collected.plan.verdicts.iter().filter_map(|(object, of)| match object {
            Object::SsTable(name) => Some((name.to_string(), verdict(of))),
            _ => None,
        });
        Ok(Folders(folders.collect()))
    }
}

/// What became of each folder.
#[derive(Debug)]
pub(super) struct Folders(pub(super) BTreeMap<String, &'static str>);

impl Folders {
    /// How many were deleted.
    pub(super) fn deleted(&self) -> usize {
        self.0.values().filter(|verdict| **verdict == "deleted").count()
    }

    /// How many folders there were of each verdict; an error if not as expected.
    pub(super) fn expect(&self, expected: &[(&'static str, usize)]) -> Result<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for verdict in self.0.values() {
            *counts.entry(verdict).or_default() += 1;
        }
        if counts != expected.iter().copied().collect() {
            return Err(format!("folders: {:?}, expected {expected:?}", self.0).into());
        }
        Ok(expected
            .iter()
            .map(|(verdict, count)| format!("{count} {verdict}"))
            .collect::<Vec<_>>()
            .join(", "))
    }
}

/// A flush fails once; Lance tries again, with a new folder. The first one goes, and Lance finds everything.
async fn failed(table: Table, fails: Matches) -> Result<Played> {
    let mut ledger = Ledger::default();
    let (slow, faults) = table.with_faults();
    let a = LanceWriter::open(&slow, Mode::Memtable).await?;
    a.put_all(&mut ledger, 3).await?;
    let failing = faults.on(Op::Put, fails, Fault::Deny).times(1);
    a.flush().await?;
    if failing.hits() != 1 {
        return Err("no request of the flush failed".into());
    }
    // It is young, and the writer's own.
    Collector::Default.run(&table).await?.expect(&[("sstable", 1), ("young_sstable", 1)])?;
    Collector::ClockFree.run(&table).await?.expect(&[("sstable", 1), ("sstable_of_epoch", 1)])?;
    let note = Collector::NoAge.run(&table).await?.expect(&[("deleted", 1), ("sstable", 1)])?;
    Collector::NoAge.run(&table).await?.expect(&[("sstable", 1)])?;
    a.put_all(&mut ledger, 3).await?;
    a.flush().await?;
    a.put_all(&mut ledger, 2).await?;
    a.crash().await?;
    Ok(Played::Table { table, ledger, note })
}

/// The files of one flush never get written, and the writer crashes while a second one is queued behind it.
/// Whatever is collected in between, the replay point stays below the rows of the first, and the next writer
/// replays all.
async fn failed_for_good(collector: Option<Collector>) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let (slow, faults) = table.with_faults();
    let a = LanceWriter::open(&slow, Mode::Memtable).await?;
    a.put_all(&mut ledger, 3).await?;
    let failing = faults.on(Op::Put, is_bloom_filter, Fault::Deny);
    a.freeze().await?;
    a.put_all(&mut ledger, 3).await?;
    a.freeze().await?;
    while failing.hits() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut note = String::new();
    if let Some(collector) = collector {
        // What the attempts left is of a generation that no manifest names yet, so all of it stays.
        let folders = collector.run(&table).await?;
        if folders.0.values().any(|verdict| *verdict == "deleted") {
            return Err(format!("a folder of a flush under way was deleted: {folders:?}").into());
        }
        note = format!("{} folders stay; ", folders.0.len());
    }
    a.crash().await?;
    failing.stop();
    let manifest = table.manifests().refresh_latest().await?.ok_or("no manifest")?;
    if !manifest.sstables.is_empty() {
        return Err(format!("a later flush was committed: {:?}", manifest.sstables).into());
    }
    note.push_str(&format!("{} attempts, nothing committed", failing.hits()));
    Ok(Played::Table { table, ledger, note })
}

/// Flushes in a task of its own; its manifest commit is held.
async fn flush_held(
    table: &Table,
    ledger: &mut Ledger,
) -> Result<(JoinHandle<(LanceWriter, Result<()>)>, Held)> {
    let (slow, faults) = table.with_faults();
    let a = LanceWriter::open(&slow, Mode::Memtable).await?;
    a.put_all(ledger, 3).await?;
    let held = faults.hold(Op::Put, is_manifest);
    let flushing = tokio::spawn(async move {
        let flushed = a.flush().await;
        (a, flushed)
    });
    held.arrived().await;
    Ok((flushing, held))
}

/// All files of the flush are there, and no manifest names them yet.
async fn held(collector: Collector) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let (flushing, held) = flush_held(&table, &mut ledger).await?;
    let note = collector.run(&table).await?.expect(&[("sstable_not_flushed", 1)])?;
    held.release();
    let (a, flushed) = flushing.await?;
    flushed?;
    a.put_all(&mut ledger, 2).await?;
    collector.run(&table).await?.expect(&[("sstable", 1)])?;
    a.crash().await?;
    Ok(Played::Table { table, ledger, note })
}

/// B flushes the same rows into a folder of its own, C takes over from B; only then the first flush goes on,
/// and is refused.
async fn held_and_superseded(collector: Collector) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let (flushing, held) = flush_held(&table, &mut ledger).await?;
    let b = LanceWriter::open(&table, Mode::Memtable).await?;
    b.put_all(&mut ledger, 2).await?;
    b.flush().await?;
    // Nobody can tell that it is not B's.
    Collector::ClockFree.run(&table).await?.expect(&[("sstable", 1), ("sstable_of_epoch", 1)])?;
    b.crash().await?;
    let c = LanceWriter::open(&table, Mode::Memtable).await?;
    let goes = if collector == Collector::ClockFree { "deleted" } else { "young_sstable" };
    let note = collector.run(&table).await?.expect(&[("sstable", 1), (goes, 1)])?;
    held.release();
    let (a, flushed) = flushing.await?;
    let Err(error) = flushed else { return Err("a fenced flush was committed".into()) };
    a.crash().await?;
    c.put_all(&mut ledger, 2).await?;
    c.flush().await?;
    c.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("{note}; the held flush: {error}") })
}

/// The first commit is lost on its way, Lance tries again, and both commits get into the manifest. A
/// collector between the two must not take the second folder for what a failed flush left. (Lance's manifest
/// then names both, with the same rows.)
async fn landed_late() -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let (slow, faults) = table.with_faults();
    let a = LanceWriter::open(&slow, Mode::Memtable).await?;
    a.put_all(&mut ledger, 3).await?;
    let late = faults.strand(is_manifest).times(1);
    let second = faults.hold(Op::Put, is_manifest);
    let flushing = tokio::spawn(async move {
        let flushed = a.flush().await;
        (a, flushed)
    });
    second.arrived().await;
    if late.deliver().await.iter().any(Result::is_err) {
        return Err("the lost commit did not land".into());
    }
    let note = Collector::ClockFree.run(&table).await?.expect(&[("sstable", 1), ("sstable_of_epoch", 1)])?;
    Collector::Default.run(&table).await?.expect(&[("sstable", 1), ("young_sstable", 1)])?;
    second.release();
    let (a, flushed) = flushing.await?;
    flushed?;
    Collector::NoAge.run(&table).await?.expect(&[("sstable", 2)])?;
    a.crash().await?;
    let found: BTreeSet<_> = view::sstable_rows(&table).await?.into_iter().collect();
    let found = ledger.acknowledged().filter(|id| found.contains(id)).count();
    Ok(Played::Counted { by_lance: ledger.acknowledged_by(By::Lance), by_us: 0, found, note })
}

type Matches = fn(&str) -> bool;

fn is_bloom_filter(path: &str) -> bool {
    path.ends_with("/bloom_filter.bin")
}

fn is_manifest(path: &str) -> bool {
    path.contains("/manifest/") && path.ends_with(".binpb")
}
