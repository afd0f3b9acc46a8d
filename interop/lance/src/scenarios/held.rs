//! Writers whose PUT is on its way when they are fenced, and arrives after the collection.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::OurWriter;
use crate::report::{Played, Report, Title};
use crate::table::Table;
use fencepost_store::wrap::{Held, Op};
use std::sync::Arc;
use tokio::sync::Mutex;

pub(super) async fn play(report: &mut Report) {
    for mode in Mode::ALL {
        for (deletes, loses) in [(Deletes::AllCovered, 1), (Deletes::Ours, 0)] {
            let name = format!("{mode}'s PUT is held, Lance takes over");
            report.play(title(name, deletes, loses), lance_held(deletes, mode, Successor::Lance)).await;
        }
        let name = format!("{mode}'s PUT is held, we take over");
        report.play(title(name, Deletes::Ours, 0), lance_held(Deletes::Ours, mode, Successor::Us)).await;
    }
    let name = "one of our PUTs is held, Lance takes over".to_owned();
    report.play(title(name, Deletes::Ours, 0), ours_held(1)).await;
    let name = "ten of our PUTs are held, Lance takes over".to_owned();
    report.play(title(name, Deletes::Ours, 0), ours_held(10)).await;
}

fn title(name: String, deletes: Deletes, loses: usize) -> Title {
    Title { family: "held writers", name, collector: deletes.name(), loses }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Successor {
    Lance,
    Us,
}

/// Lance's writer decided to write at 4. Its PUT is held until the successor has covered that position and
/// the collector went by.
async fn lance_held(deletes: Deletes, mode: Mode, successor: Successor) -> Result<Played> {
    let (table, ledger) = (Table::in_memory().await?, Arc::new(Mutex::new(Ledger::default())));
    let (slow, faults) = table.with_faults();
    let a = LanceWriter::open(&slow, mode).await?;
    a.put_all(&mut *ledger.lock().await, 3).await?;
    let held = faults.hold(Op::Put, is_entry);
    let late = Arc::new(Mutex::new(Ledger::after(LATE_IDS)));
    let putting = tokio::spawn({
        let late = Arc::clone(&late);
        async move {
            let answer = a.put_until_refused(&mut *late.lock().await, 1).await;
            (a, answer)
        }
    });
    held.arrived().await;
    let mut own = ledger.lock().await;
    let deleted = match successor {
        Successor::Lance => {
            let b = LanceWriter::open(&table, Mode::Memtable).await?;
            b.put_all(&mut own, 4).await?;
            b.flush().await?;
            let deleted = deletes.run(&table).await?;
            b.crash().await?;
            deleted
        }
        Successor::Us => {
            let b = OurWriter::open(&table.wal().await?).await?;
            b.append_all(&mut own, 20).await?;
            b.save_and_checkpoint(&mut own).await?;
            let deleted = deletes.run(&table).await?;
            b.close().await?;
            deleted
        }
    };
    held.release();
    let (a, answer) = putting.await?;
    a.crash().await?;
    own.absorb(&*late.lock().await);
    drop(own);
    let ledger = Arc::into_inner(ledger).ok_or("the ledger is still in use")?.into_inner();
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the held writer: {answer}") })
}

/// Our writer has so many PUTs on their way when Lance takes over, flushes, and the collector goes by.
async fn ours_held(puts: usize) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let (slow, faults) = table.with_faults();
    let a = OurWriter::open(&slow.wal().await?).await?;
    a.append_all(&mut ledger, 3).await?;
    let held: Held = faults.hold(Op::Put, is_entry);
    let putting = tokio::spawn(async move {
        let mut late = Ledger::after(LATE_IDS);
        let errors = a.append(&mut late, puts, 1).await;
        (errors, late)
    });
    held.arrivals(puts as u64).await;
    let b = LanceWriter::open(&table, Mode::Memtable).await?;
    b.put_all(&mut ledger, 4).await?;
    b.flush().await?;
    let deleted = Deletes::Ours.run(&table).await?;
    held.release();
    let (errors, late) = putting.await?;
    if errors.len() != puts {
        return Err(format!("{} of {puts} held appends were acknowledged", puts - errors.len()).into());
    }
    ledger.absorb(&late);
    let answer = errors.first().map(ToString::to_string).unwrap_or_default();
    b.put_all(&mut ledger, 3).await?;
    b.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the held writer: {answer}") })
}

fn is_entry(path: &str) -> bool {
    path.contains("/wal/")
}

/// Where the ids of rows begin that a held writer puts.
const LATE_IDS: i64 = 1_000_000;
