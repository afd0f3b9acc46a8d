//! Appends against the bare store: what the log costs on top of the PUTs that it must make anyway.
//!
//! Each group has a yardstick, `put`, which creates objects of the same size through the same store with the
//! same number in flight. The claim worth making is the ratio of the two within one run.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fencepost::{Wal, Writer};
use fencepost_bench::{batch, local_log, memory_log, writer};
use futures::StreamExt;
use std::hint::black_box;
use tokio::runtime::Runtime;

const APPENDS: u64 = 256;
const IN_FLIGHT: usize = 64;

fn appends(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    for (place, wal) in
        [("memory", runtime.block_on(memory_log())), ("local", runtime.block_on(local_log(directory.path())))]
    {
        let mut group = criterion.benchmark_group(format!("append/{place}"));
        group.throughput(Throughput::Elements(APPENDS)).sample_size(10);
        for rows in [1, 128] {
            let batches = vec![batch(rows)];
            let one_each = runtime.block_on(writer(&wal, 1));
            group.bench_function(BenchmarkId::new("one entry each", rows), |bencher| {
                bencher.to_async(&runtime).iter(|| pipelined(&one_each, &batches));
            });
            drop(one_each);
            let grouped = runtime.block_on(writer(&wal, 4 << 20));
            group.bench_function(BenchmarkId::new("grouped", rows), |bencher| {
                bencher.to_async(&runtime).iter(|| pipelined(&grouped, &batches));
            });
            drop(grouped);
            let size = entry_bytes(&batches);
            group.bench_function(BenchmarkId::new("put", rows), |bencher| {
                bencher.to_async(&runtime).iter(|| bare_puts(&wal, size));
            });
        }
        group.finish();
    }
}

/// Many appends in flight, all awaited.
async fn pipelined(writer: &Writer, batches: &[arrow_array::RecordBatch]) {
    let mut tickets = Vec::with_capacity(APPENDS as usize);
    for _ in 0..APPENDS {
        tickets.push(writer.submit(batches.to_vec()).await.expect("the writer is open"));
    }
    for ticket in tickets {
        black_box(ticket.await.expect("the store is sound"));
    }
}

/// The yardstick: creates of the same size, as many in flight.
async fn bare_puts(wal: &Wal, size: usize) {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let puts = (0..APPENDS).map(|_| async {
        let name = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        wal.store().create(format!("bare/{name}"), vec![7; size].into()).await.expect("the name is new");
    });
    futures::stream::iter(puts).buffer_unordered(IN_FLIGHT).collect::<Vec<_>>().await;
}

fn entry_bytes(batches: &[arrow_array::RecordBatch]) -> usize {
    let encoded = fencepost_format::EncodedBatches::encode(batches).expect("plain columns");
    usize::try_from(encoded.bytes()).expect("small") + 512
}

criterion_group!(benches, appends);
criterion_main!(benches);
