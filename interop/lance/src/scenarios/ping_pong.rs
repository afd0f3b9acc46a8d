//! Ten takeovers in turn, each of which has to find every acknowledged row.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::OurWriter;
use crate::report::{Played, Report, Title};
use crate::table::Table;
use crate::view::sstable_rows;

pub(super) async fn play(report: &mut Report) {
    for collect in [None, Some(Deletes::Ours)] {
        for place in ["in memory", "on disk"] {
            let title = Title {
                family: "ping-pong",
                name: format!("ten takeovers in turn, {place}"),
                collector: collect.map_or("none", Deletes::name),
                loses: 0,
            };
            let game = async {
                let table =
                    if place == "on disk" { Table::on_disk().await } else { Table::in_memory().await };
                game(table?, collect).await
            };
            report.play(title, game).await;
        }
    }
}

/// Five rounds of one writer of ours and one of Lance's. Endings and modes rotate.
async fn game(table: Table, collect: Option<Deletes>) -> Result<Played> {
    let mut ledger = Ledger::default();
    let (mut note, mut deleted) = (String::new(), 0);
    for round in 0..ROUNDS {
        ours(&table, &mut ledger, round).await?;
        lances(&table, &mut ledger, round).await?;
        if let Some(collector) = collect {
            let before = table.positions().await?.len();
            note = collector.run(&table).await?;
            deleted += before - table.positions().await?.len();
        }
    }
    if collect.is_some() {
        note = format!("deleted {deleted} entries in all, at last: {note}");
    }
    Ok(Played::Table { table, ledger, note })
}

async fn ours(table: &Table, ledger: &mut Ledger, round: usize) -> Result<()> {
    let ours = OurWriter::open(&table.wal().await?).await?;
    expect_all("our opener", table, ledger, ours.recovered()).await?;
    ours.append_all(ledger, 30).await?;
    if round % 2 == 1 {
        ours.save_and_checkpoint(ledger).await?;
        ours.append_all(ledger, 5).await?;
    }
    if round.is_multiple_of(3) {
        ours.crash().await;
        Ok(())
    } else {
        ours.close().await
    }
}

async fn lances(table: &Table, ledger: &mut Ledger, round: usize) -> Result<()> {
    let mode = [Mode::Memtable, Mode::WalOnly, Mode::Memtable, Mode::Appender, Mode::Memtable][round % 5];
    let lance = LanceWriter::open(table, mode).await?;
    if mode == Mode::Memtable {
        expect_all("Lance's opener", table, ledger, &lance.in_memory().await?).await?;
    }
    lance.put_all(ledger, 6).await?;
    if mode == Mode::Memtable && round.is_multiple_of(4) {
        lance.flush_at_once().await?;
        lance.put_all(ledger, 2).await?;
        lance.crash().await
    } else {
        lance.close().await
    }
}

/// What an opener replayed, what is in SSTables and what a consumer has is all that was ever acknowledged.
async fn expect_all(who: &str, table: &Table, ledger: &Ledger, replayed: &[i64]) -> Result<()> {
    let flushed = sstable_rows(table).await?;
    let has = |id: &i64| replayed.contains(id) || flushed.contains(id) || ledger.saved().contains(id);
    let missing: Vec<_> = ledger.acknowledged().filter(|id| !has(id)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{who} misses rows {missing:?}").into()) }
}

const ROUNDS: usize = 5;
