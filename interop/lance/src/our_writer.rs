//! Our writer, as a user of fencepost has it.

use crate::Result;
use crate::ledger::{By, Ledger};
use crate::rows;
use fencepost::{AppendError, Pipelining, Position, ReadFrom, Takeover, Wal, Writer, WriterOptions};
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};

/// One open writer, and what it replayed.
#[derive(Debug)]
pub(crate) struct OurWriter {
    wal: Wal,
    writer: Writer,
    recovered: Vec<i64>,
}

impl OurWriter {
    /// Takes the shard over at once.
    pub(crate) fn open(wal: &Wal) -> BoxFuture<'_, Result<Self>> {
        Self::open_with(wal, Pipelining::UnlessLance)
    }

    /// The same, with a say in how many appends are in flight.
    pub(crate) fn open_with(wal: &Wal, pipelining: Pipelining) -> BoxFuture<'_, Result<Self>> {
        Self::open_at_once(wal, pipelining).boxed()
    }

    async fn open_at_once(wal: &Wal, pipelining: Pipelining) -> Result<Self> {
        // One entry for each submission, so that positions can be told in advance.
        let options = WriterOptions::new()
            .with_takeover(Takeover::Now)
            .with_lease_ttl(None)
            .with_group_bytes_max(1)
            .with_pipelining(pipelining);
        let mut opening = wal.begin_writing(options).await?;
        let mut recovered = Vec::new();
        while let Some(entry) = opening.next_recovered().await? {
            recovered.extend(rows::all_ids(entry.batches()));
        }
        Ok(Self { wal: wal.clone(), writer: opening.finish().await?, recovered })
    }

    /// What was in the log above the checkpoint, in order.
    pub(crate) fn recovered(&self) -> &[i64] {
        &self.recovered
    }

    /// Appends rows with many entries in flight, one row each, all of which have to be acknowledged.
    pub(crate) async fn append_all(&self, ledger: &mut Ledger, rows: usize) -> Result<()> {
        self.append_entries(ledger, rows, 1).await
    }

    /// The same with entries of `rows` rows each, in two batches where there is more than one row.
    pub(crate) async fn append_entries(
        &self,
        ledger: &mut Ledger,
        entries: usize,
        rows: usize,
    ) -> Result<()> {
        match self.append(ledger, entries, rows).await.into_iter().next() {
            None => Ok(()),
            Some(error) => Err(error.into()),
        }
    }

    /// Appends entries, notes what became of each row, and returns the refusals.
    pub(crate) async fn append(&self, ledger: &mut Ledger, entries: usize, rows: usize) -> Vec<AppendError> {
        let (mut tickets, mut errors) = (Vec::with_capacity(entries), Vec::new());
        for _ in 0..entries {
            let ids = ledger.draw(rows);
            let parts = ids.chunks(rows.div_ceil(2)).map(rows::batch).collect();
            match self.writer.submit(parts).await {
                Ok(ticket) => tickets.push(async { (ids, ticket.await.map(drop)) }),
                Err(refused) => {
                    ledger.refuse(&ids);
                    errors.push(refused.why);
                }
            }
        }
        for (ids, answer) in join_all(tickets).await {
            match answer {
                Ok(()) => ledger.acknowledge(By::Fencepost, &ids),
                Err(error) => {
                    ledger.refuse(&ids);
                    errors.push(error);
                }
            }
        }
        errors
    }

    /// Hands everything in the log to a consumer, and checkpoints behind it.
    pub(crate) async fn save_and_checkpoint(&self, ledger: &mut Ledger) -> Result<Position> {
        let mut reader = self.wal.reader(ReadFrom::Checkpoint).await?;
        let mut last = Position::NONE;
        while let Some(entry) = reader.next().await? {
            ledger.save(&rows::all_ids(entry.batches()));
            last = entry.position();
        }
        Ok(self.writer.checkpoint(last).await?)
    }

    /// Ends without a close entry, as a crash would.
    pub(crate) async fn crash(self) {
        drop(self.writer);
    }

    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.writer.close().await?)
    }
}

/// The rows above the checkpoint, as our reader sees them.
pub(crate) async fn live(wal: &Wal) -> Result<Vec<i64>> {
    let mut reader = wal.reader(ReadFrom::Checkpoint).await?;
    let mut ids = Vec::new();
    while let Some(entry) = reader.next().await? {
        ids.extend(rows::all_ids(entry.batches()));
    }
    Ok(ids)
}
