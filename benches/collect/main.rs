//! Collecting a million entries that our writers made: requests and memory, and time against a bare listing and bulk
//! deletion of the same objects. Beside it, the same without openers' records: what a log of older versions costs.
//!
//! Prints one table. `FENCEPOST_BENCH_ENTRIES` sets how many entries there are, `FENCEPOST_BENCH_TAKEOVERS` in how many
//! epochs. Times tell something only in an optimised build; requests are exact in any. Processor time and memory are
//! those of the whole process, in which the store is.

use bytes::Bytes;
use fencepost::{LogStore, Nonce, Position, StoreOptions, Wal, Writer};
use fencepost_bench::{batch, writer};
use fencepost_format::{EncodedBatches, Epoch, OpeningRecord, assemble_entry};
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::fmt;
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
        let bare = Measured::begin();
        let deleted = list_and_delete(&*store).await;
        let bare = bare.end();
        println!("list and bulk delete: {deleted} entries deleted, {bare}");
        drop(store);
        let with = collected(entries, takeovers, "a collection", |_| false).await;
        let without =
            collected(entries, takeovers, "without records", |path| path.contains("/openings/")).await;
        for (name, took) in [("a collection", with), ("without records", without)] {
            println!(
                "{name} against list and bulk delete: {:.2}x of the time, {:.2}x of the processor time",
                took.took.as_secs_f64() / bare.took.as_secs_f64(),
                took.processor.as_secs_f64() / bare.processor.as_secs_f64()
            );
        }
    });
}

/// Collects such a log, without the objects that are `left_out`, and prints what that took.
async fn collected(entries: u64, takeovers: u64, name: &str, left_out: impl Fn(&str) -> bool) -> Measured {
    let (store, wal) = written(entries, takeovers).await;
    let gone = store.list(None).map_ok(|meta| meta.location);
    let gone: Vec<_> = gone.try_collect().await.expect("memory lists");
    for path in gone.into_iter().filter(|path| left_out(path.as_ref())) {
        store.delete(&path).await.expect("memory deletes");
    }
    let measured = Measured::begin();
    let collected = wal.collector().run().await.expect("the store is sound");
    let measured = measured.end();
    let requests = collected.requests;
    // Memory knows no bulk deletions; S3 has them at a thousand names.
    let (pages, bulk) = (requests.list, requests.delete.div_ceil(1_000));
    println!("{name}: {} entries deleted, {measured}", collected.report.deleted.entries);
    println!(
        "  requests: {} GET, {pages} pages of LIST, {} PUT, {bulk} bulk deletions; {:.5} per entry",
        requests.get,
        requests.put,
        (requests.get + requests.put + pages + bulk) as f64 / entries as f64
    );
    println!("  kept: {:?}", collected.report.kept);
    measured
}

/// What something took.
struct Measured {
    began: Instant,
    took: Duration,
    /// Of all threads.
    processor: Duration,
    /// More at the peak than before, in KiB.
    memory: Option<u64>,
}

impl Measured {
    fn begin() -> Self {
        let memory = kib("VmRSS:");
        // Makes the peak what is resident now, where the system can.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Self { began: Instant::now(), took: Duration::ZERO, processor: processor(), memory }
    }

    fn end(self) -> Self {
        let memory = kib("VmHWM:").zip(self.memory).map(|(peak, before)| peak.saturating_sub(before));
        let processor = processor().saturating_sub(self.processor);
        Self { took: self.began.elapsed(), processor, memory, ..self }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory.map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string());
        let Self { took, processor, .. } = self;
        write!(f, "{took:.2?}, {processor:.2?} of processor time, {memory} MiB more at the peak")
    }
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
            let object =
                assemble_entry(at, epoch, nonce, std::slice::from_ref(&rows)).expect("an entry is assembled");
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
async fn list_and_delete(store: &dyn ObjectStore) -> usize {
    let listed: Vec<_> =
        store.list(None).map_ok(|meta| meta.location).try_collect().await.expect("memory lists");
    let entries = listed.into_iter().filter(|path| path.as_ref().ends_with(".arrow"));
    let deleted = store.delete_stream(futures::stream::iter(entries.map(Ok)).boxed());
    deleted.try_fold(0, |count, _| async move { Ok(count + 1) }).await.expect("memory deletes")
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What all threads of this process have used so far; nothing where the system does not say it.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may hold spaces, and ends with a bracket.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok());
    Duration::from_millis(10) * ticks.sum::<u32>()
}

fn kib(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
