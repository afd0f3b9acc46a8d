//! What stock Lance loses with no collector at all: shown, so that nobody takes it for a collector's doing.

use super::openers::open_held;
use crate::Result;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::report::{Played, Report, Title};
use crate::table::Table;

pub(super) async fn play(report: &mut Report) {
    let name = "a WAL-only opener's sentinel is held";
    report.play(title(name, 1), held_opener(Mode::WalOnly)).await;
    let name = "a memtable opener's sentinel is held";
    report.play(title(name, 0), held_opener(Mode::Memtable)).await;
    let name = "a WalAppender puts its first row after it was superseded";
    report.play(title(name, 1), late_appender()).await;
}

fn title(name: &str, loses: usize) -> Title {
    Title { family: "stock Lance alone", name: name.to_owned(), collector: "none", loses }
}

/// B found the tail and claimed; its sentinel is held while C takes the shard. It lands above C's rows, where
/// nobody looks at epochs: what B then appends is acknowledged, and covered by C's next flush without ever
/// being in C's memtable.
async fn held_opener(mode: Mode) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, Mode::Memtable).await?;
    a.put_all(&mut ledger, 3).await?;
    a.crash().await?;
    let (opening, held) = open_held(&table, mode).await;
    let c = LanceWriter::open(&table, Mode::Memtable).await?;
    c.put_all(&mut ledger, 3).await?;
    held.release();
    let late = match opening.await? {
        Ok(b) => {
            let late = b.put_until_refused(&mut ledger, 1).await;
            b.crash().await?;
            format!("opened, {late}")
        }
        Err(error) => format!("refused to open: {error}"),
    };
    c.put_all(&mut ledger, 1).await?;
    c.flush().await?;
    c.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("the held opener: {late}") })
}

/// An appender looks for the tail only at its first append: by then its successor's sentinel is below it.
async fn late_appender() -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let a = LanceWriter::open(&table, Mode::Appender).await?;
    let b = LanceWriter::open(&table, Mode::Memtable).await?;
    b.put_all(&mut ledger, 4).await?;
    let late = a.put_until_refused(&mut ledger, 1).await;
    b.put_all(&mut ledger, 1).await?;
    b.flush().await?;
    b.crash().await?;
    Ok(Played::Table { table, ledger, note: format!("the superseded appender: {late}") })
}
