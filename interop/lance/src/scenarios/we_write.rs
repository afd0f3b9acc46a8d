//! We write; Lance reads, replays into a table, flushes, and takes over.

use crate::Result;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::{self, OurWriter};
use crate::report::{Played, Report, Title};
use crate::rows;
use crate::table::Table;
use fencepost::ReadFrom;

pub(super) async fn play(report: &mut Report) {
    for mode in Mode::ALL {
        let title = |place| title(format!("{mode} takes over, {place}"));
        report.play(title("in memory"), async { taken_over(Table::in_memory().await?, mode).await }).await;
        report.play(title("on disk"), async { taken_over(Table::on_disk().await?, mode).await }).await;
    }
    let name = "memtable replays above our checkpoint and flushes".to_owned();
    report.play(title(name), replayed_and_flushed()).await;
    for mode in Mode::ALL {
        let name = format!("{mode} takes over, we are still open");
        report.play(title(name), still_open(mode)).await;
    }
}

fn title(name: String) -> Title {
    Title { family: "we write, Lance takes over", name, collector: "none", loses: 0 }
}

/// Everything that our writers leave in a log: pipelined entries of one and of many rows, a crash's fence
/// entry and fillers, a close entry and the clean fence after it, and a checkpoint.
async fn write_all_kinds(table: &Table, ledger: &mut Ledger) -> Result<()> {
    let wal = table.wal().await?;
    let first = OurWriter::open(&wal).await?;
    first.append_all(ledger, 100).await?;
    first.save_and_checkpoint(ledger).await?;
    first.append_entries(ledger, 10, 7).await?;
    first.crash().await;
    let second = OurWriter::open(&wal).await?;
    second.append_all(ledger, 50).await?;
    second.close().await?;
    let third = OurWriter::open(&wal).await?;
    third.append_entries(ledger, 5, 2).await?;
    third.crash().await;
    Ok(())
}

/// Lance's tailer and our reader hand out the same rows at the same positions under the same epochs, from the
/// first on.
async fn compare(table: &Table) -> Result<String> {
    let mut by_lance = Vec::new();
    let entries = table.entries().await?;
    for entry in entries.iter().filter(|entry| !entry.batches.is_empty()) {
        by_lance.push((entry.entry_position, entry.writer_epoch, rows::all_ids(&entry.batches)));
    }
    let wal = table.wal().await?;
    let mut reader = wal.reader(ReadFrom::Position(fencepost::Position::FIRST)).await?;
    let mut by_us = Vec::new();
    while let Some(entry) = reader.next().await? {
        by_us.push((entry.position().get(), entry.epoch().get(), rows::all_ids(entry.batches())));
    }
    if by_lance != by_us {
        return Err(format!("Lance reads {by_lance:?}, we read {by_us:?}").into());
    }
    let markers = entries.len() - by_us.len();
    Ok(format!("{} entries with rows, {markers} without, read alike", by_us.len()))
}

async fn taken_over(table: Table, mode: Mode) -> Result<Played> {
    let mut ledger = Ledger::default();
    write_all_kinds(&table, &mut ledger).await?;
    let note = compare(&table).await?;
    let expected: Vec<_> = ledger.acknowledged().skip(ledger.saved().len()).collect();
    let lance = LanceWriter::open(&table, mode).await?;
    if mode == Mode::Memtable {
        let replayed = lance.in_memory().await?;
        if replayed != expected {
            return Err(format!("Lance replayed {replayed:?}, not {expected:?}").into());
        }
    }
    lance.put_all(&mut ledger, 5).await?;
    lance.crash().await?;
    compare(&table).await?;
    Ok(Played::Table { table, ledger, note })
}

/// Lance makes an SSTable of our rows: then nothing is left for us to replay, and we go on above it.
async fn replayed_and_flushed() -> Result<Played> {
    let (table, mut ledger) = (Table::on_disk().await?, Ledger::default());
    write_all_kinds(&table, &mut ledger).await?;
    let lance = LanceWriter::open(&table, Mode::Memtable).await?;
    lance.put_all(&mut ledger, 5).await?;
    lance.flush().await?;
    lance.close().await?;
    let wal = table.wal().await?;
    let left = our_writer::live(&wal).await?;
    if !left.is_empty() {
        return Err(format!("still above the replay point: {left:?}").into());
    }
    let ours = OurWriter::open(&wal).await?;
    ours.append_all(&mut ledger, 30).await?;
    ours.close().await?;
    Ok(Played::Table { table, ledger, note: "our rows are in Lance's SSTable".to_owned() })
}

/// Our writer is alive when Lance takes over: once Lance has written anything, ours must be refused.
async fn still_open(mode: Mode) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let ours = OurWriter::open(&table.wal().await?).await?;
    ours.append_all(&mut ledger, 20).await?;
    let lance = LanceWriter::open(&table, mode).await?;
    lance.put_all(&mut ledger, 1).await?;
    let errors = ours.append(&mut ledger, 10, 1).await;
    if errors.len() != 10 {
        return Err(format!("only {} of 10 appends of a fenced writer were refused", errors.len()).into());
    }
    lance.put_all(&mut ledger, 4).await?;
    lance.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("our writer: {}", errors[0]) })
}
