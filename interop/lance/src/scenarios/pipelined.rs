//! Writers of ours with several appends on their way when Lance opens: only the lowest is late, and those
//! above it are there already.

use crate::Result;
use crate::deletes::Deletes;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::OurWriter;
use crate::report::{Played, Report, Title};
use crate::rows;
use crate::table::Table;
use arrow_array::RecordBatchIterator;
use fencepost::Pipelining;
use fencepost_store::wrap::Op;
use lance::Dataset;
use std::time::Duration;

pub(super) async fn play(report: &mut Report) {
    let cases = [
        ("told that Lance will not come, a whole window", Before::Table, Pipelining::Always, APPENDS),
        ("in a Lance table", Before::Table, Pipelining::UnlessLance, 0),
        ("in no table, told that Lance may come", Before::Nothing, Pipelining::Never, 0),
        ("in no table, Lance was here before", Before::Lance, Pipelining::UnlessLance, 0),
    ];
    for (name, before, pipelining, loses) in cases {
        let (name, collector) = (name.to_owned(), Deletes::Ours.name());
        let title = Title { family: "the lowest of our PUTs is held", name, collector, loses };
        report.play(title, lowest_held(before, pipelining)).await;
    }
}

/// What was there before our writer.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    /// The table, without its shard.
    Table,
    /// A shard that Lance wrote to, without its table.
    Lance,
}

async fn lowest_held(before: Before, pipelining: Pipelining) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    match before {
        Before::Nothing => {}
        Before::Table => {
            let reader = RecordBatchIterator::new([Ok(rows::batch(&[]))], rows::schema());
            Dataset::write(reader, &table.uri, None).await?;
        }
        Before::Lance => {
            let lance = LanceWriter::open(&table, Mode::Memtable).await?;
            lance.put_all(&mut ledger, 2).await?;
            lance.crash().await?;
        }
    }
    let (slow, faults) = table.with_faults();
    let a = OurWriter::open_with(&slow.wal().await?, pipelining).await?;
    a.append_all(&mut ledger, 3).await?;
    let last = *table.positions().await?.keys().next_back().ok_or("an empty log")?;
    let lowest = fencepost_format::entry_name(fencepost::Position::new(last + 1));
    let held = faults.hold(Op::Put, move |path: &str| path.ends_with(&lowest));
    let appending = tokio::spawn(async move {
        let mut late = Ledger::after(LATE_IDS);
        let errors = a.append(&mut late, APPENDS, 1).await;
        (errors, late)
    });
    held.arrived().await;
    // What is above it, if anything, lands.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let b = LanceWriter::open(&table, Mode::Memtable).await?;
    held.release();
    let (errors, late) = appending.await?;
    ledger.absorb(&late);
    b.put_all(&mut ledger, 4).await?;
    b.flush().await?;
    let deleted = Deletes::Ours.run(&table).await?;
    b.put_all(&mut ledger, 3).await?;
    b.crash().await?;
    let refused = errors.len();
    Ok(Played::Table {
        table,
        ledger,
        note: format!("{deleted}; of {APPENDS} appends {refused} were refused"),
    })
}

const APPENDS: usize = 10;
/// Where the ids of rows begin that a held writer puts.
const LATE_IDS: i64 = 1_000_000;
