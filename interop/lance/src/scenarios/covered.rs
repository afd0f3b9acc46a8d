//! Cases i and ii: all covered entries are gone, with and without a live tail above them.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::report::{Played, Report, Title};
use crate::table::Table;

pub(super) async fn play(report: &mut Report) {
    for mode in Mode::ALL {
        report
            .play(
                title(format!("i: a live tail, then {mode}"), Deletes::AllCovered, 0),
                tail(Deletes::AllCovered, mode),
            )
            .await;
        report
            .play(title(format!("i: a live tail, then {mode}"), Deletes::Ours, 0), tail(Deletes::Ours, mode))
            .await;
    }
    for (mode, loses) in [(Mode::Memtable, 0), (Mode::WalOnly, 4), (Mode::Appender, 5)] {
        let name = format!("ii: all covered, then {mode}");
        report.play(title(name.clone(), Deletes::AllCovered, loses), all(Deletes::AllCovered, mode)).await;
        report.play(title(name, Deletes::Ours, 0), all(Deletes::Ours, mode)).await;
    }
    for (deletes, loses) in [(Deletes::AllCovered, 1), (Deletes::Ours, 0)] {
        let name = "ii: all covered, the predecessor goes on".to_owned();
        report.play(title(name, deletes, loses), predecessor(deletes)).await;
    }
}

fn title(name: String, deletes: Deletes, loses: usize) -> Title {
    Title { family: "all covered is gone", name, collector: deletes.name(), loses }
}

/// Five rows are flushed and three are not; the five entries go.
async fn tail(deletes: Deletes, next: Mode) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, Mode::Memtable).await?;
    a.put_all(&mut ledger, 5).await?;
    a.flush().await?;
    a.put_all(&mut ledger, 3).await?;
    a.crash().await?;
    let note = deletes.run(&table).await?;
    let b = LanceWriter::open(&table, next).await?;
    b.put_all(&mut ledger, 3).await?;
    b.crash().await?;
    Ok(Played::Table { table, ledger, note })
}

/// All five rows are flushed; the successor of a collector that deletes all five looks for the tail in an
/// empty folder.
async fn all(deletes: Deletes, next: Mode) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, Mode::Memtable).await?;
    a.put_all(&mut ledger, 5).await?;
    a.flush().await?;
    a.crash().await?;
    let note = deletes.run(&table).await?;
    let b = LanceWriter::open(&table, next).await?;
    b.put_all(&mut ledger, 7).await?;
    b.crash().await?;
    Ok(Played::Table { table, ledger, note })
}

/// As before, but the predecessor is alive: a sentinel at position 1 does not fence it.
async fn predecessor(deletes: Deletes) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, Mode::Memtable).await?;
    a.put_all(&mut ledger, 5).await?;
    a.flush().await?;
    let deleted = deletes.run(&table).await?;
    let b = LanceWriter::open(&table, Mode::Memtable).await?;
    let late = a.put_until_refused(&mut ledger, 1).await;
    b.put_all(&mut ledger, 2).await?;
    b.flush().await?;
    b.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the predecessor: {late}") })
}
