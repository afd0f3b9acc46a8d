//! Reading a log back, against bare GETs of the same objects.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fencepost::{ReadFrom, Wal};
use fencepost_bench::{batch, memory_log, writer};
use futures::StreamExt;
use std::hint::black_box;
use tokio::runtime::Runtime;

const ENTRIES: u64 = 1_000;

fn replay(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let wal = runtime.block_on(written());
    let mut group = criterion.benchmark_group("replay/memory");
    group.throughput(Throughput::Elements(ENTRIES)).sample_size(20);
    group.bench_function("reader", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut reader = wal.reader(ReadFrom::Checkpoint).await.expect("there is a log");
            while let Some(entry) = reader.next().await.expect("the log is sound") {
                black_box(entry);
            }
        });
    });
    let names: Vec<_> = (1..=ENTRIES).map(|at| wal.paths().entry(fencepost::Position::new(at))).collect();
    group.bench_function("get", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let gets = names.iter().map(|name| wal.store().get(name));
            futures::stream::iter(gets).buffered(256).for_each(async |found| drop(black_box(found))).await;
        });
    });
    group.finish();
}

async fn written() -> Wal {
    let wal = memory_log().await;
    let writer = writer(&wal, 1).await;
    let mut tickets = Vec::new();
    for _ in 0..ENTRIES {
        tickets.push(writer.submit(vec![batch(128)]).await.expect("the writer is open"));
    }
    for ticket in tickets {
        ticket.await.expect("the store is sound");
    }
    writer.close().await.expect("nothing is in flight");
    wal
}

criterion_group!(benches, replay);
criterion_main!(benches);
