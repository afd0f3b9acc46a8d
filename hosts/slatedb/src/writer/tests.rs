use super::*;
use crate::{ShardId, SlateWal};
use fencepost_store::wrap::{FaultStore, Op};
use slatedb::ValueDeletable;
use slatedb::wal::WalEvent;

async fn start(faults: &FaultStore) -> (SlateWriter, u64) {
    let wal = SlateWal::open(Arc::new(faults.clone()), "wal", ShardId::from_bytes([7; 16])).await.unwrap();
    let writer = Arc::new(wal.wal.open_writer(wal.options.clone()).await.unwrap());
    let end = writer.status().acknowledged;
    (SlateWriter::start(writer, end, wal.pace), end.get())
}

fn row(seq: u64) -> RowEntry {
    let value = ValueDeletable::Value("v".into());
    RowEntry { key: format!("k{seq}").into(), value, seq, create_ts: None, expire_ts: None }
}

/// What a listener hears: the id of a flush, or why the log ended.
fn heard(writer: &SlateWriter) -> Arc<Mutex<Vec<Result<u64, String>>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let listen = move |event| {
        listener.lock().unwrap().push(match event {
            WalEvent::WalFlushed(status) => Ok(status.last_flushed_wal_id),
            WalEvent::WalClosed(status) => Err(status.closed_reason.unwrap().to_string()),
        });
    };
    writer.observer().subscribe(Arc::new(listen)).unwrap();
    heard
}

#[tokio::test]
async fn the_id_of_a_flush_is_told_before_it_is_durable() {
    let faults = FaultStore::in_memory();
    let (mut writer, end) = start(&faults).await;
    let heard = heard(&writer);
    assert_eq!(writer.flush().await.unwrap().wal_id, end, "nothing to flush");
    let held = faults.hold(Op::Put, |path| path.ends_with(".arrow"));
    writer.append(&[row(1), row(2)]).await.unwrap();
    let first = writer.flush().await.unwrap();
    writer.append(&[row(3)]).await.unwrap();
    let second = writer.flush().await.unwrap();
    assert_eq!((first.wal_id, second.wal_id), (end + 1, end + 2));
    held.arrivals(2).await;
    let status = writer.status().unwrap();
    assert_eq!((status.last_flushed_wal_id, status.buffered_wal_entries_count), (end, 3));
    assert_eq!(status.estimated_bytes, 9);

    held.release();
    second.completion.await.unwrap();
    first.completion.await.unwrap();
    let status = writer.status().unwrap();
    assert_eq!((status.last_flushed_wal_id, status.last_flushed_seq), (end + 2, Some(3)));
    assert_eq!((status.estimated_bytes, status.buffered_wal_entries_count), (0, 0));
    writer.close().await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [Ok(end + 1), Ok(end + 2), Err("WAL is closed".to_owned())]);
    assert!(matches!(writer.append(&[row(4)]).await, Err(WalError::Closed)));
}

/// A later PUT may be answered first; SlateDB hears of it after the earlier one.
#[tokio::test]
async fn flushes_are_told_in_order() {
    let faults = FaultStore::in_memory();
    let (mut writer, end) = start(&faults).await;
    let heard = heard(&writer);
    let first = faults.hold(Op::Put, |path| path.ends_with(".arrow")).times(1);
    writer.append(&[row(1)]).await.unwrap();
    let flushed = writer.flush().await.unwrap();
    first.arrived().await;
    writer.append(&[row(2)]).await.unwrap();
    let later = writer.flush().await.unwrap();
    while writer.writer.status().requests.put < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(writer.status().unwrap().last_flushed_wal_id, end);
    first.release();
    later.completion.await.unwrap();
    flushed.completion.await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [Ok(end + 1), Ok(end + 2)]);
}

#[tokio::test]
async fn a_flush_of_a_fenced_writer_fails_and_so_does_all_that_comes_after() {
    let faults = FaultStore::in_memory();
    let (mut old, _) = start(&faults).await;
    let heard = heard(&old);
    let (mut new, end) = start(&faults).await;
    old.append(&[row(1)]).await.unwrap();
    let flush = old.flush().await.unwrap();
    assert!(matches!(flush.completion.await, Err(WalError::Fenced)));
    assert!(matches!(old.append(&[row(2)]).await, Err(WalError::Fenced)));
    assert!(matches!(old.status().unwrap_err().closed_reason, Some(WalError::Fenced)));
    assert_eq!(*heard.lock().unwrap(), [Err("WAL writer was fenced".to_owned())]);
    new.append(&[row(1)]).await.unwrap();
    let flush = new.flush().await.unwrap();
    assert_eq!(flush.wal_id, end + 1);
    flush.completion.await.unwrap();
}

/// More than an entry should have is put in several, and a batch is never cut.
#[tokio::test]
async fn large_batches_are_entries_of_their_own() {
    let faults = FaultStore::in_memory();
    let (mut writer, end) = start(&faults).await;
    let large = |seq| RowEntry { value: ValueDeletable::Value(vec![7; 9 << 20].into()), ..row(seq) };
    let held = faults.hold(Op::Put, |path| path.ends_with(".arrow"));
    for seq in [1, 2, 3] {
        writer.append(&[large(seq), row(seq)]).await.unwrap();
    }
    let flush = writer.flush().await.unwrap();
    assert_eq!(flush.wal_id, end + 3);
    held.release();
    flush.completion.await.unwrap();
}
