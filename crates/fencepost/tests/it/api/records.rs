//! Plain bytes in and out, among each other and among batches.

use crate::support::{World, batch, numbers, options};
use fencepost::{AppendError, ErrorKind, ReadError, ReadFrom, Reader, Record, TailEvent};

async fn records(reader: &mut Reader) -> Vec<Record> {
    let mut all = Vec::new();
    while let Some(entry) = reader.next_records().await.unwrap() {
        all.extend(entry.into_records());
    }
    all
}

#[tokio::test(start_paused = true)]
async fn records_come_back_in_order_as_records_and_as_batches() {
    let world = World::new().await;
    let writer = world.writer().await;
    let sent = [
        Record::new("one"),
        Record::new("").with_key("k").with_timestamp_us(-7),
        Record::new(vec![3; 100_000]).with_key(""),
    ];
    writer.append_records(&sent[..2]).await.unwrap();
    let done = writer.append_records(&sent[2..]).await.unwrap();

    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(records(&mut reader).await, sent);
    assert_eq!(reader.resume_point().next, done.position.next());
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let entry = reader.next().await.unwrap().unwrap();
    assert_eq!((entry.rows(), entry.schema()), (2, &fencepost::records_schema()));
    assert_eq!(fencepost::records_in(&entry.batches()[0]).unwrap(), sent[..2]);
}

/// P-25: one PUT for each entry, shared by those who wait together.
#[tokio::test(start_paused = true)]
async fn records_that_wait_together_share_an_entry_with_batches_of_the_same_columns() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_group_bytes_max(1 << 20)).await.unwrap();
    let arrow = {
        let other = World::new().await;
        let other_writer = other.writer().await;
        other_writer.append_records(&["by Arrow".into()]).await.unwrap();
        let mut reader = other.wal.reader(ReadFrom::Checkpoint).await.unwrap();
        reader.next().await.unwrap().unwrap().into_batches()
    };
    let before = writer.status().requests.put;
    let tickets = [
        writer.submit_records(&["first".into()]).await.unwrap(),
        writer.submit(arrow).await.unwrap(),
        writer.submit_records(&["last".into()]).await.unwrap(),
    ];
    let mut positions = Vec::new();
    for ticket in tickets {
        positions.push(ticket.await.unwrap().position);
    }
    assert_eq!(writer.status().requests.put - before, 1);
    assert!(positions.iter().all(|at| *at == positions[0]));
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let values: Vec<_> = records(&mut reader).await.into_iter().map(|record| record.value).collect();
    assert_eq!(values, ["first", "by Arrow", "last"]);
}

/// Nothing is skipped: the error names the entry, and the same reader hands it out as batches.
#[tokio::test(start_paused = true)]
async fn other_batches_among_records_are_an_error_that_passes_nothing() {
    let world = World::new().await;
    let writer = world.writer().await;
    writer.append_records(&["one".into()]).await.unwrap();
    writer.append(&[batch([7])]).await.unwrap();
    writer.append_records(&["three".into()]).await.unwrap();

    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(reader.next_records().await.unwrap().unwrap().records()[0].value, "one");
    for _ in 0..2 {
        let error = reader.next_records().await.unwrap_err();
        assert!(matches!(error, ReadError::Rows { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("it has the columns n: Int64"), "{error}");
        assert_eq!(reader.resume_point().next.get(), 3);
    }
    assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [7]);
    assert_eq!(reader.next_records().await.unwrap().unwrap().records()[0].value, "three");
    assert!(reader.next_records().await.unwrap().is_none());

    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    assert!(
        matches!(tail.poll_records().await.unwrap(), TailEvent::Entry(entry) if entry.records().len() == 1)
    );
    assert!(tail.poll_records().await.is_err());
    assert_eq!(numbers(&tail.next().await.unwrap()), [7]);
    assert_eq!(tail.next_records().await.unwrap().records()[0].value, "three");
    assert!(matches!(tail.poll_records().await.unwrap(), TailEvent::Waiting(_)));
}

/// The limit is about the caller's bytes: a value may be as large as it, and one more byte is too many.
#[tokio::test(start_paused = true)]
async fn a_value_may_be_as_large_as_an_entry_and_no_larger() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_entry_bytes_max(1_000)).await.unwrap();
    writer.append_records(&[Record::new(vec![1; 1_000])]).await.unwrap();
    let refused = writer.append_records(&[Record::new(vec![1; 999]).with_key("kk")]).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooLarge { bytes: 1_001, limit: 1_000 }), "{refused}");
    assert!(refused.is_definite());
    assert!(matches!(writer.append_records(&[]).await, Err(AppendError::Refused { .. })));

    let permit = writer.reserve(900).await.unwrap();
    permit.submit_records(&[Record::new(vec![2; 900])]).unwrap().await.unwrap();
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let lengths: Vec<_> = records(&mut reader).await.iter().map(|record| record.value.len()).collect();
    assert_eq!(lengths, [1_000, 900]);
}

/// By default an entry takes 64 MiB.
#[tokio::test(start_paused = true)]
async fn the_largest_value_comes_back() {
    let world = World::new().await;
    let writer = world.writer().await;
    let value = bytes::Bytes::from(vec![9; 64 << 20]);
    writer.append_records(&[value.clone().into()]).await.unwrap();
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert!(reader.next_records().await.unwrap().unwrap().records()[0].value == value);
}
