//! The whole log through the library, in a process whose environment has the store's settings.

use super::ensure;
use crate::error::{Error, Result};
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use fencepost::{
    AppendError, CursorName, CursorStart, Policy, ReadError, ReadFrom, TailEvent, Takeover, Wal, Writer,
    WriterOptions,
};
use std::sync::Arc;
use std::time::Duration;

/// Append, takeover, read back, checkpoint, collect, reopen, tail, cursors; then the same with a store that
/// loses nothing but is asked for a second time.
///
/// # Errors
/// What went wrong.
pub async fn integrate(location: &str) -> Result<()> {
    let wal = Wal::at(location).or_new_shard().open().await.map_err(broken("opening the log"))?;
    let first = open(&wal).await?;
    append(&first, 0..10).await?;
    ensure(rows(&wal, ReadFrom::Checkpoint).await? == (0..10).collect::<Vec<_>>(), || {
        "what was appended is not what is read".into()
    })?;

    // A consumer that has read the first five rows holds the collection back.
    let name = CursorName::parse("slow").ok_or_else(|| Error::Wrong { what: "a cursor's name".into() })?;
    let mut cursor = wal.cursor(name, CursorStart::Checkpoint).await.map_err(broken("a cursor"))?;
    let start = cursor.position();
    let mut tail = wal.tail(cursor.read_from()).await.map_err(broken("tailing"))?;
    for expected in 0..5 {
        let entry = tail.next().await.map_err(broken("tailing"))?;
        ensure(numbers(entry.batches()) == [expected], || format!("row {expected} came out of order"))?;
        cursor.advance(entry.position()).await.map_err(broken("moving a cursor"))?;
    }

    // A successor: the first writer is stalled from here on, as far as it knows it still has the log.
    let second = open(&wal).await?;
    ensure(second.epoch() > first.epoch(), || "the successor has no higher epoch".into())?;
    append(&second, 10..13).await?;
    let safe = second.checkpoint(second.status().acknowledged).await.map_err(broken("a checkpoint"))?;
    ensure(rows(&wal, ReadFrom::Checkpoint).await?.is_empty(), || "rows above the checkpoint".into())?;
    let policy = Policy::new().with_manifests_age(Duration::ZERO).with_manifests_keep(1);
    let collector = wal.collector().with_policy(policy);
    collector.run().await.map_err(broken("collecting"))?;
    let kept = rows(&wal, cursor.read_from()).await?;
    ensure(kept == (5..13).collect::<Vec<_>>(), || format!("the consumer was to find 5 to 12: {kept:?}"))?;
    cursor.advance(safe).await.map_err(broken("moving a cursor"))?;
    let collected = collector.run().await.map_err(broken("collecting"))?;
    ensure(collected.report.deleted.entries > 0, || "the collection found nothing to delete".into())?;

    // It wakes after the collection, and is refused.
    match first.append(&[batch(666)]).await {
        Err(AppendError::Fenced { .. } | AppendError::Unknown { .. }) => {}
        other => return Err(Error::Wrong { what: format!("a fenced writer was told {other:?}") }),
    }
    match rows(&wal, ReadFrom::Position(start.next())).await {
        Err(Error::Wrong { what }) if what.contains("collected") => {}
        other => return Err(Error::Wrong { what: format!("reading what was collected gave {other:?}") }),
    }

    // A clean close and a reopening, while a reader follows.
    let mut tail = wal.tail(ReadFrom::Checkpoint).await.map_err(broken("tailing"))?;
    second.close().await.map_err(broken("closing"))?;
    let third = open(&wal).await?;
    append(&third, 13..16).await?;
    let mut followed = Vec::new();
    while followed.len() < 3 {
        match tail.poll().await.map_err(broken("tailing"))? {
            TailEvent::Entry(entry) => followed.extend(numbers(entry.batches())),
            TailEvent::GivenUp { at } => return Err(broken("tailing")(format!("{at} was given up"))),
            TailEvent::Waiting(_) => tail.pause().await,
        }
    }
    ensure(followed == [13, 14, 15], || format!("a reader that followed got {followed:?}"))?;
    third.close().await.map_err(broken("closing"))?;
    let verified = wal.verify(|_, _| {}).await.map_err(broken("verifying"))?;
    ensure(verified.is_ok(), || format!("{:?}", verified.problems))
}

async fn open(wal: &Wal) -> Result<Writer> {
    let options = WriterOptions::new().with_takeover(Takeover::Now).with_group_bytes_max(1);
    wal.open_writer(options).await.map_err(broken("opening a writer"))
}

async fn append(writer: &Writer, numbers: std::ops::Range<i64>) -> Result<()> {
    let mut tickets = Vec::new();
    for number in numbers {
        tickets.push(writer.submit(vec![batch(number)]).await.map_err(broken("submitting"))?);
    }
    for ticket in tickets {
        ticket.await.map_err(broken("appending"))?;
    }
    Ok(())
}

pub(super) async fn rows(wal: &Wal, from: ReadFrom) -> Result<Vec<i64>> {
    let read = async {
        let mut reader = wal.reader(from).await?;
        let mut all = Vec::new();
        while let Some(entry) = reader.next().await? {
            all.extend(numbers(entry.batches()));
        }
        Ok::<_, ReadError>(all)
    };
    read.await.map_err(|error| match error {
        ReadError::Truncated { at, .. } => Error::Wrong { what: format!("position {at} was collected") },
        error => broken("reading")(error),
    })
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let columns = batches.iter().filter_map(|batch| batch.column(0).as_any().downcast_ref::<Int64Array>());
    columns.flat_map(|column| column.values().iter().copied()).collect()
}

pub(super) fn batch(number: i64) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![number]));
    RecordBatch::try_from_iter([("n", column)]).expect("one column of one row makes a batch")
}

pub(super) fn broken<E: std::fmt::Debug>(what: &'static str) -> impl Fn(E) -> Error {
    move |error| Error::Wrong { what: format!("{what} failed: {error:?}") }
}
