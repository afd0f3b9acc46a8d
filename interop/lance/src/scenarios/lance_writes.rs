//! Lance writes; we read, inspect, verify and take over.

use crate::Result;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::{self, OurWriter};
use crate::report::{Played, Report, Title};
use crate::table::Table;
use fencepost::Wal;
use std::collections::BTreeMap;

pub(super) async fn play(report: &mut Report) {
    for mode in Mode::ALL {
        let title = |place| title(format!("{mode}, {place}"));
        report.play(title("in memory"), async { one_writer(Table::in_memory().await?, mode).await }).await;
        report.play(title("on disk"), async { one_writer(Table::on_disk().await?, mode).await }).await;
    }
    let name = "memtable, closed with a flush".to_owned();
    report.play(title(name), flushed_and_closed()).await;
    let name = "memtable, a replay point that trails its flush".to_owned();
    report.play(title(name), trailing()).await;
    let name = "three writers in succession".to_owned();
    report.play(title(name), succession()).await;
    for mode in Mode::ALL {
        let name = format!("{mode}, still open when we take over");
        report.play(title(name), still_open(mode)).await;
    }
}

fn title(name: String) -> Title {
    Title { family: "Lance writes, we take over", name, collector: "none", loses: 0 }
}

/// What an inspection and a verification must say of a log in which everything is in order.
async fn check(table: &Table, wal: &Wal) -> Result<String> {
    let inspection = wal.inspect().await?;
    let lances: BTreeMap<u64, (u64, usize)> = table
        .entries()
        .await?
        .iter()
        .map(|e| (e.entry_position, (e.writer_epoch, e.batches.iter().map(|b| b.num_rows()).sum())))
        .collect();
    let mut ours = BTreeMap::new();
    for entry in &inspection.entries {
        let content = entry.content.as_ref().map_err(Clone::clone)?;
        let rows = usize::try_from(content.rows)?;
        ours.insert(entry.position.get(), (content.header.epoch.get(), rows));
    }
    if ours != lances {
        return Err(format!("inspection: {ours:?}, Lance: {lances:?}").into());
    }
    let (replay_after, last_seen) = table.replay_and_last_seen().await?;
    let manifest = &inspection.manifest;
    if (manifest.replay_after.get(), manifest.last_seen.get()) != (replay_after, last_seen) {
        return Err(format!("R and H: {manifest:?}, Lance: {replay_after}, {last_seen}").into());
    }
    let verified = wal.verify(|_, _| ()).await?;
    if !verified.is_ok() {
        return Err(format!("verification: {:?}", verified.problems).into());
    }
    Ok(format!("{} entries inspected and verified", ours.len()))
}

/// Three rows, a flush where there is one, four more rows, a crash; then we take over.
async fn one_writer(table: Table, mode: Mode) -> Result<Played> {
    let mut ledger = Ledger::default();
    let lance = LanceWriter::open(&table, mode).await?;
    lance.put_all(&mut ledger, 3).await?;
    if mode == Mode::Memtable {
        lance.flush().await?;
    }
    lance.put_all(&mut ledger, 4).await?;
    lance.crash().await?;
    let wal = table.wal().await?;
    let note = check(&table, &wal).await?;
    let flushed = if mode == Mode::Memtable { 3 } else { 0 };
    take_over(&wal, &mut ledger, flushed).await?;
    Ok(Played::Table { table, ledger, note })
}

/// Our opener replays exactly the acknowledged rows but the first `flushed`; then we append and close.
async fn take_over(wal: &Wal, ledger: &mut Ledger, flushed: usize) -> Result<()> {
    let expected: Vec<_> = ledger.acknowledged().skip(flushed).collect();
    let live = our_writer::live(wal).await?;
    let ours = OurWriter::open(wal).await?;
    if live != expected || ours.recovered() != expected {
        return Err(format!("read {live:?}, recovered {:?}, not {expected:?}", ours.recovered()).into());
    }
    ours.append_all(ledger, 20).await?;
    ours.close().await
}

/// Lance flushes on close, so nothing is left to replay.
async fn flushed_and_closed() -> Result<Played> {
    let (table, mut ledger) = (Table::on_disk().await?, Ledger::default());
    for rows in [5, 4] {
        let lance = LanceWriter::open(&table, Mode::Memtable).await?;
        lance.put_all(&mut ledger, rows).await?;
        lance.close().await?;
    }
    let wal = table.wal().await?;
    let note = check(&table, &wal).await?;
    take_over(&wal, &mut ledger, 9).await?;
    Ok(Played::Table { table, ledger, note })
}

/// Puts and flushes without a pause between, until a flush leaves `R` below an entry that its SSTable has.
/// None of the rows is live then, neither to Lance nor to us (P-44).
async fn trailing() -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let lance = LanceWriter::open(&table, Mode::Memtable).await?;
    let mut note = format!("{FLUSHES_MAX} flushes, none of which trailed");
    let mut rows = 0;
    while rows < FLUSHES_MAX {
        lance.put_all(&mut ledger, 1).await?;
        lance.flush_at_once().await?;
        rows += 1;
        let ((replay_after, _), positions) = (table.replay_and_last_seen().await?, table.positions().await?);
        if let Some(last) = positions.into_keys().last().filter(|last| replay_after < *last) {
            note = format!("flush {rows} left R at {replay_after}, its last entry is {last}");
            break;
        }
    }
    lance.crash().await?;
    take_over(&table.wal().await?, &mut ledger, rows).await?;
    Ok(Played::Table { table, ledger, note })
}

/// WAL-only, memtable, appender: each takes over from a crashed one.
async fn succession() -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    for mode in [Mode::WalOnly, Mode::Memtable, Mode::Appender] {
        let lance = LanceWriter::open(&table, mode).await?;
        lance.put_all(&mut ledger, 5).await?;
        lance.crash().await?;
    }
    let wal = table.wal().await?;
    let note = check(&table, &wal).await?;
    take_over(&wal, &mut ledger, 0).await?;
    Ok(Played::Table { table, ledger, note })
}

/// Lance's writer is alive and idle when we take over: its next row must be refused.
async fn still_open(mode: Mode) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let lance = LanceWriter::open(&table, mode).await?;
    lance.put_all(&mut ledger, 3).await?;
    let ours = OurWriter::open(&table.wal().await?).await?;
    let answer = lance.put_until_refused(&mut ledger, 1).await;
    if ledger.refused().is_empty() {
        return Err(format!("the fenced writer was not refused: {answer}").into());
    }
    ours.append_all(&mut ledger, 20).await?;
    ours.close().await?;
    lance.crash().await?;
    Ok(Played::Table { table, ledger, note: answer })
}

/// How often a flush is tried to trail; a few in a hundred do.
const FLUSHES_MAX: usize = 300;
