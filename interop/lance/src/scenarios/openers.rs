//! Case v: an opener that claimed its epoch and stalled before its sentinel.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::OurWriter;
use crate::report::{Played, Report, Title};
use crate::table::Table;
use fencepost_store::wrap::{Held, Op};
use tokio::task::JoinHandle;

pub(super) async fn play(report: &mut Report) {
    use Deletes::{AllButFirsts, AllCovered, Ours};
    let name = "v-a: a memtable opener's sentinel is held";
    report.play(title(name, AllCovered, 3), superseded(AllCovered, Successor::Lance)).await;
    let name = "v-b: a memtable opener's sentinel is held";
    report.play(title(name, AllButFirsts, 2), superseded(AllButFirsts, Successor::Lance)).await;
    let name = "v-a, v-b: a memtable opener's sentinel is held";
    report.play(title(name, Ours, 0), superseded(Ours, Successor::Lance)).await;
    let name = "a memtable opener's sentinel is held, we take over";
    report.play(title(name, Ours, 0), superseded(Ours, Successor::Us)).await;
    let name = "our opener's fence entry is held, Lance takes over";
    report.play(title(name, Ours, 0), ours_superseded()).await;
}

fn title(name: &str, deletes: Deletes, loses: usize) -> Title {
    Title { family: "held openers", name: name.to_owned(), collector: deletes.name(), loses }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Successor {
    Lance,
    Us,
}

/// Opens a writer of Lance's whose first PUT among the entries is held.
pub(super) async fn open_held(table: &Table, mode: Mode) -> (JoinHandle<Result<LanceWriter>>, Held) {
    let (slow, faults) = table.with_faults();
    let held = faults.hold(Op::Put, |path| path.contains("/wal/"));
    let opening = tokio::spawn(async move { LanceWriter::open(&slow, mode).await });
    held.arrived().await;
    (opening, held)
}

/// A wrote three rows. B claimed; its sentinel is held. C opens, writes, flushes; the collector goes by; B
/// goes on.
async fn superseded(deletes: Deletes, successor: Successor) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, Mode::Memtable).await?;
    a.put_all(&mut ledger, 3).await?;
    a.crash().await?;
    let (opening, held) = open_held(&table, Mode::Memtable).await;
    let deleted = match successor {
        Successor::Lance => {
            let c = LanceWriter::open(&table, Mode::Memtable).await?;
            c.put_all(&mut ledger, 3).await?;
            c.flush().await?;
            c.put_all(&mut ledger, 1).await?;
            let deleted = deletes.run(&table).await?;
            c.crash().await?;
            deleted
        }
        Successor::Us => {
            let c = OurWriter::open(&table.wal().await?).await?;
            c.append_all(&mut ledger, 20).await?;
            c.save_and_checkpoint(&mut ledger).await?;
            c.append_all(&mut ledger, 1).await?;
            let deleted = deletes.run(&table).await?;
            c.close().await?;
            deleted
        }
    };
    held.release();
    let late = match opening.await? {
        Ok(b) => {
            let late = b.put_until_refused(&mut ledger, 3).await;
            b.crash().await?;
            format!("opened, {late}")
        }
        Err(error) => format!("refused to open: {error}"),
    };
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the held opener: {late}") })
}

/// The same with an opener of ours. It looks at the manifest after its fence entry, so it cannot open.
async fn ours_superseded() -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, Mode::Memtable).await?;
    a.put_all(&mut ledger, 3).await?;
    a.crash().await?;
    let (slow, faults) = table.with_faults();
    let held = faults.hold(Op::Put, |path| path.contains("/wal/"));
    let opening = tokio::spawn(async move { OurWriter::open(&slow.wal().await?).await });
    held.arrived().await;
    let c = LanceWriter::open(&table, Mode::Memtable).await?;
    c.put_all(&mut ledger, 3).await?;
    c.flush().await?;
    let deleted = Deletes::Ours.run(&table).await?;
    held.release();
    let Err(error) = opening.await? else { return Err("an opener that was superseded opened".into()) };
    c.put_all(&mut ledger, 3).await?;
    c.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the held opener: {error}") })
}
