//! Case iv: a writer that was fenced and does not know it yet appends after the collection.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::OurWriter;
use crate::report::{Played, Report, Title};
use crate::table::Table;

pub(super) async fn play(report: &mut Report) {
    use Deletes::{AllButFirsts, AllCovered, Ours};
    for (case, mode) in [("iv-a", Mode::Memtable), ("iv-b", Mode::WalOnly), ("iv-b'", Mode::Appender)] {
        for (deletes, loses) in [(AllCovered, 2), (Ours, 0)] {
            let name = format!("{case}: an idle {mode} puts two rows");
            report.play(title(name, deletes, loses), idle(deletes, mode, 0, 2)).await;
        }
    }
    for (case, mode) in [("iv-c", Mode::Memtable), ("iv-d", Mode::WalOnly)] {
        let name = format!("{case}: an idle {mode} puts two rows");
        report.play(title(name, AllButFirsts, 0), idle(AllButFirsts, mode, 0, 2)).await;
    }
    for (deletes, loses) in [(AllCovered, 5), (Ours, 0)] {
        let name = "iv-e: an idle memtable puts up to eight rows".to_owned();
        report.play(title(name, deletes, loses), idle(deletes, Mode::Memtable, 1, 8)).await;
    }
    for mode in Mode::ALL {
        let name = format!("we take over and collect, an idle {mode} puts");
        report.play(title(name, Ours, 0), idle_under_ours(mode)).await;
    }
    let three = "three fenced writers put after the collection".to_owned();
    report.play(title(three, Ours, 0), three_fenced()).await;
}

fn title(name: String, deletes: Deletes, loses: usize) -> Title {
    Title { family: "idle fenced writers", name, collector: deletes.name(), loses }
}

/// A stands at 4; B puts its sentinel there, flushes all up to 8, and perhaps puts more.
async fn idle(deletes: Deletes, mode: Mode, tail: usize, puts: usize) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, mode).await?;
    a.put_all(&mut ledger, 3).await?;
    let b = LanceWriter::open(&table, Mode::Memtable).await?;
    b.put_all(&mut ledger, 4).await?;
    b.flush().await?;
    let deleted = deletes.run(&table).await?;
    b.put_all(&mut ledger, tail).await?;
    let late = a.put_until_refused(&mut ledger, puts).await;
    a.crash().await?;
    b.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the idle writer: {late}") })
}

/// The successor is ours.
async fn idle_under_ours(mode: Mode) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, mode).await?;
    a.put_all(&mut ledger, 3).await?;
    let ours = OurWriter::open(&table.wal().await?).await?;
    ours.append_all(&mut ledger, 20).await?;
    ours.save_and_checkpoint(&mut ledger).await?;
    let deleted = Deletes::Ours.run(&table).await?;
    let refused = a.put_until_refused(&mut ledger, 1).await;
    if ledger.refused().is_empty() {
        return Err(format!("the fenced writer was not refused: {refused}").into());
    }
    ours.append_all(&mut ledger, 5).await?;
    ours.close().await?;
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the idle writer: {refused}") })
}

/// Each of three writers is fenced by the next; after the collection all of them put.
async fn three_fenced() -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let mut fenced = Vec::new();
    for mode in [Mode::Memtable, Mode::WalOnly, Mode::Memtable] {
        let writer = LanceWriter::open(&table, mode).await?;
        writer.put_all(&mut ledger, 3).await?;
        fenced.push(writer);
    }
    let holder = LanceWriter::open(&table, Mode::Memtable).await?;
    holder.put_all(&mut ledger, 3).await?;
    holder.flush().await?;
    let mut note = Deletes::Ours.run(&table).await?;
    for (n, writer) in fenced.into_iter().enumerate() {
        let answer = writer.put_until_refused(&mut ledger, 1).await;
        if ledger.refused().len() != n + 1 {
            return Err(format!("writer {} was not refused: {answer}", n + 1).into());
        }
        note = format!("{note}; writer {}: {answer}", n + 1);
        writer.crash().await?;
    }
    holder.put_all(&mut ledger, 2).await?;
    holder.crash().await?;
    Ok(Played::Table { table, ledger, note })
}
