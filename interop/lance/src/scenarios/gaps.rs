//! Case iii: only the first entry of every epoch is kept, and Lance looks for the tail among the gaps.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::report::{Played, Report, Title};
use crate::table::Table;

pub(super) async fn play(report: &mut Report) {
    for (name, play, loses) in SUCCESSORS {
        for (deletes, loses) in [(Deletes::AllButFirsts, loses), (Deletes::Ours, 0)] {
            report.play(title(name, deletes, loses), successor(deletes, play)).await;
        }
    }
    for (name, hint, loses) in [
        ("iii-f: H names a guarding fence, the predecessor goes on", Hint::OnGuardingFence, 1),
        ("iii-g: no tail, the predecessor goes on", Hint::AsLanceWroteIt, 1),
    ] {
        for (deletes, loses) in [(Deletes::AllButFirsts, loses), (Deletes::Ours, 0)] {
            report.play(title(name, deletes, loses), predecessor(deletes, hint, Mode::Memtable)).await;
        }
    }
    for (name, mode) in [
        ("iii-h: no tail, the predecessor goes on", Mode::Memtable),
        ("iii-i: no tail, the predecessor goes on, WAL-only", Mode::WalOnly),
    ] {
        let hint = Hint::AsLanceWroteIt;
        let deletes = Deletes::AllButFirstsAndHighest;
        report.play(title(name, deletes, 0), predecessor(deletes, hint, mode)).await;
        report.play(title(name, Deletes::Ours, 0), predecessor(Deletes::Ours, hint, mode)).await;
    }
}

fn title(name: &str, deletes: Deletes, loses: usize) -> Title {
    Title { family: "gaps above guarding fences", name: name.to_owned(), collector: deletes.name(), loses }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hint {
    AsLanceWroteIt,
    /// A foreign hand wrote a manifest whose `H` is the sentinel of the last epoch.
    OnGuardingFence,
}

#[derive(Clone, Copy, Debug)]
struct Successor {
    tail: usize,
    hint: Hint,
    next: Mode,
    puts: usize,
}

const SUCCESSORS: [(&str, Successor, usize); 5] = {
    use Hint::{AsLanceWroteIt, OnGuardingFence};
    use Mode::{Memtable, WalOnly};
    [
        (
            "iii-a: a live tail, then memtable",
            Successor { tail: 2, hint: AsLanceWroteIt, next: Memtable, puts: 3 },
            0,
        ),
        (
            "iii-b: no tail, then memtable",
            Successor { tail: 0, hint: AsLanceWroteIt, next: Memtable, puts: 4 },
            0,
        ),
        (
            "iii-c: no tail, then WAL-only",
            Successor { tail: 0, hint: AsLanceWroteIt, next: WalOnly, puts: 4 },
            2,
        ),
        (
            "iii-d: H names a guarding fence, then memtable",
            Successor { tail: 2, hint: OnGuardingFence, next: Memtable, puts: 3 },
            0,
        ),
        (
            "iii-e: H names a guarding fence, then WAL-only",
            Successor { tail: 2, hint: OnGuardingFence, next: WalOnly, puts: 4 },
            2,
        ),
    ]
};

/// Three writers, crashed one after another: entries 1 to 4, sentinels at 5 and 9, all flushed up to 12.
async fn successor(deletes: Deletes, play: Successor) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    for rows in [4, 3] {
        let writer = LanceWriter::open(&table, Mode::Memtable).await?;
        writer.put_all(&mut ledger, rows).await?;
        writer.crash().await?;
    }
    let c = LanceWriter::open(&table, Mode::Memtable).await?;
    c.put_all(&mut ledger, 3).await?;
    c.flush().await?;
    c.put_all(&mut ledger, play.tail).await?;
    c.crash().await?;
    if play.hint == Hint::OnGuardingFence {
        table.set_last_seen(9).await?;
    }
    let note = deletes.run(&table).await?;
    let d = LanceWriter::open(&table, play.next).await?;
    d.put_all(&mut ledger, play.puts).await?;
    d.crash().await?;
    Ok(Played::Table { table, ledger, note })
}

/// Two writers, the second of which is still alive at 11, or at 9 if it left no tail, when the third opens.
async fn predecessor(deletes: Deletes, hint: Hint, next: Mode) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let first = LanceWriter::open(&table, Mode::Memtable).await?;
    first.put_all(&mut ledger, 4).await?;
    first.crash().await?;
    let a = LanceWriter::open(&table, Mode::Memtable).await?;
    a.put_all(&mut ledger, 3).await?;
    a.flush().await?;
    if hint == Hint::OnGuardingFence {
        a.put_all(&mut ledger, 2).await?;
        table.set_last_seen(5).await?;
    }
    let deleted = deletes.run(&table).await?;
    let b = LanceWriter::open(&table, next).await?;
    let late = a.put_until_refused(&mut ledger, 1).await;
    b.put_all(&mut ledger, 3).await?;
    if next == Mode::Memtable {
        b.flush().await?;
    }
    b.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("{deleted}; the predecessor: {late}") })
}
