//! Collecting a million entries that our writers made: requests and memory, and time against a bare listing and bulk
//! deletion of the same objects.
//!
//! Prints one table. `FENCEPOST_BENCH_ENTRIES` sets how many entries there are, `FENCEPOST_BENCH_TAKEOVERS` in how many
//! epochs. Times tell something only in an optimised build; requests are exact in any.

use bytes::Bytes;
use fencepost::{LogStore, Nonce, Position, StoreOptions, Wal, Writer};
use fencepost_bench::{batch, writer};
use fencepost_format::{EncodedBatches, Epoch, OpeningRecord, assemble_entry};
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

fn main() {
    let entries = setting("FENCEPOST_BENCH_ENTRIES", 1_000_000);
    let takeovers = setting("FENCEPOST_BENCH_TAKEOVERS", 4);
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        println!("{entries} entries in {takeovers} epochs, none closed");
        let (store, _) = written(entries, takeovers).await;
        let (raw, deleted) = raw(&*store).await;
        drop(store);
        let (_store, wal) = written(entries, takeovers).await;
        let before = resident();
        reset_peak();
        let began = Instant::now();
        let collected = wal.collector().run().await.expect("the store is sound");
        let took = began.elapsed();
        let peak = peak().zip(before).map(|(peak, before)| peak.saturating_sub(before));
        let requests = collected.requests;
        println!(
            "deleted: {} by list and bulk delete, {} by a collection",
            deleted, collected.report.deleted.entries
        );
        println!("kept: {:?}", collected.report.kept);
        println!(
            "requests: {} GET, {} LIST, {} PUT; besides deletions {:.5} per entry",
            requests.get,
            requests.list,
            requests.put,
            (requests.total() - requests.delete) as f64 / entries as f64
        );
        println!(
            "memory: {} more at the peak",
            peak.map_or("?".to_owned(), |kib| format!("{} MiB", kib / 1024))
        );
        println!("time: {took:.2?} against {raw:.2?}: {:.2}x", took.as_secs_f64() / raw.as_secs_f64());
    });
}

/// A log of so many entries, all of them covered, in epochs of equal length. Its fence ranges and records are those of
/// real openings; the data is put beneath the writers, which is quicker.
async fn written(entries: u64, takeovers: u64) -> (Arc<InMemory>, Wal) {
    let store = Arc::new(InMemory::new());
    let log = LogStore::new(store.clone(), Path::default(), StoreOptions::new());
    let wal = Wal::in_store(log).or_new_shard().open().await.expect("memory can be opened");
    let rows = EncodedBatches::encode(&[batch(1)]).expect("rows are encoded");
    for turn in 0..takeovers {
        let writer = writer(&wal, 1).await;
        let (epoch, nonce) = identity(&wal, &writer).await;
        let from = writer.status().acknowledged.get() + 1;
        for at in from..=entries * (turn + 1) / takeovers {
            let at = Position::new(at);
            let object = assemble_entry(at, epoch, nonce, &[rows.clone()]).expect("an entry is assembled");
            let object = Bytes::from(object.concat());
            store.put(&wal.paths().entry(at).into(), object.into()).await.expect("memory takes it");
        }
        drop(writer);
        // The last one replays nothing that matters, and covers all.
        cover(&wal).await;
    }
    (store, wal)
}

/// A writer that checkpoints all there is, and dies.
async fn cover(wal: &Wal) {
    let covering = writer(wal, 1).await;
    let through = covering.status().acknowledged;
    covering.checkpoint(through).await.expect("the store is sound");
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// The epoch and the nonce of an open writer, from the record that it leaves.
async fn identity(wal: &Wal, writer: &Writer) -> (Epoch, Nonce) {
    let epoch = writer.status().epoch;
    let path = wal.paths().opening_record(epoch);
    loop {
        if let Some(object) = wal.store().get(&path).await.into_result().expect("the store is sound") {
            let record = OpeningRecord::decode(&path, epoch, &object.bytes).expect("the record is sound");
            return (record.epoch, record.nonce);
        }
        tokio::task::yield_now().await;
    }
}

/// What anybody would do who knew that all may go.
async fn raw(store: &dyn ObjectStore) -> (Duration, usize) {
    let began = Instant::now();
    let listed: Vec<_> =
        store.list(None).map_ok(|meta| meta.location).try_collect().await.expect("memory lists");
    let entries = listed.into_iter().filter(|path| path.as_ref().ends_with(".arrow"));
    let deleted = store.delete_stream(futures::stream::iter(entries.map(Ok)).boxed());
    let count = deleted.try_fold(0, |count, _| async move { Ok(count + 1) }).await.expect("memory deletes");
    (began.elapsed(), count)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Makes the peak what is resident now, where the system can.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak() -> Option<u64> {
    kib("VmHWM:")
}

fn resident() -> Option<u64> {
    kib("VmRSS:")
}

fn kib(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
