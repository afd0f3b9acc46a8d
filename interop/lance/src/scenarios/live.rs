//! Shards that are written to while they are collected, again and again.

use crate::Result;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer::OurWriter;
use crate::report::{Played, Report, Title};
use crate::table::Table;
use fencepost::{CollectError, Wal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinHandle;

pub(super) async fn play(report: &mut Report) {
    for place in ["in memory", "on disk"] {
        let title = |who| Title {
            family: "collected while written to",
            name: format!("{who}, {place}"),
            collector: "fencepost",
            loses: 0,
        };
        let table =
            async || if place == "on disk" { Table::on_disk().await } else { Table::in_memory().await };
        report.play(title("one memtable writer"), async { one_writer(table().await?).await }).await;
        report.play(title("six writers of Lance's"), async { writers(table().await?, false).await }).await;
        report.play(title("Lance and we in turn"), async { writers(table().await?, true).await }).await;
    }
}

/// A collector that never rests, in a task of its own.
struct Collecting {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<String>>,
}

impl Collecting {
    fn start(wal: Wal) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let (mut passes, mut deleted) = (0, 0);
            while !stopped.load(Ordering::Relaxed) {
                match Box::pin(wal.collector().run()).await {
                    Ok(collected) if collected.report.failed.is_empty() => {
                        passes += 1;
                        deleted += collected.report.deleted.entries;
                    }
                    Ok(collected) => return Err(format!("not deleted: {:?}", collected.report.failed).into()),
                    // The first writer is still opening.
                    Err(CollectError::NoLog { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
                tokio::task::yield_now().await;
            }
            Ok(format!("{passes} passes deleted {deleted} entries"))
        });
        Self { stop, task }
    }

    async fn finish(self) -> Result<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

async fn one_writer(table: Table) -> Result<Played> {
    let mut ledger = Ledger::default();
    let lance = LanceWriter::open(&table, Mode::Memtable).await?;
    let collecting = Collecting::start(table.wal().await?);
    for _ in 0..10 {
        lance.put_all(&mut ledger, 10).await?;
        lance.flush_at_once().await?;
    }
    lance.put_all(&mut ledger, 5).await?;
    let note = collecting.finish().await?;
    lance.crash().await?;
    Ok(Played::Table { table, ledger, note })
}

/// Each writer takes over from one that crashed, or is left open and must be refused from then on.
async fn writers(table: Table, mixed: bool) -> Result<Played> {
    let mut ledger = Ledger::default();
    let collecting = Collecting::start(table.wal().await?);
    let mut fenced: Option<LanceWriter> = None;
    for round in 0..6 {
        if mixed && round % 2 == 1 {
            let ours = OurWriter::open(&table.wal().await?).await?;
            ours.append_all(&mut ledger, 40).await?;
            ours.save_and_checkpoint(&mut ledger).await?;
            ours.append_all(&mut ledger, 3).await?;
            refuse(fenced.take(), &mut ledger).await?;
            ours.crash().await;
            continue;
        }
        let lance = LanceWriter::open(&table, Mode::Memtable).await?;
        lance.put_all(&mut ledger, 8).await?;
        lance.flush_at_once().await?;
        lance.put_all(&mut ledger, 2).await?;
        refuse(fenced.replace(lance), &mut ledger).await?;
    }
    let note = collecting.finish().await?;
    Ok(Played::Table { table, ledger, note })
}

/// A writer that was fenced while collections went on puts one more row.
async fn refuse(fenced: Option<LanceWriter>, ledger: &mut Ledger) -> Result<()> {
    let Some(writer) = fenced else { return Ok(()) };
    let refused = ledger.refused().len();
    let answer = writer.put_until_refused(ledger, 1).await;
    if ledger.refused().len() == refused {
        return Err(format!("a fenced writer was not refused: {answer}").into());
    }
    writer.crash().await
}
