//! Reading a log back against bare reads of the same objects.

use crate::appends::time;
use crate::load::{Rounds, median, processor_time};
use crate::table::Table;
use fencepost::{Position, ReadFrom, Wal};
use fencepost_bench::{four_kib, log_in, writer};
use fencepost_store::wrap::LatencyStore;
use futures::StreamExt;
use object_store::memory::InMemory;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Over stores of two latencies.
pub(crate) fn section(runtime: &Runtime, rounds: Rounds) -> String {
    let store = Arc::new(InMemory::new());
    let names = runtime.block_on(write(&store));
    let mut text = format!("## Replay of {ENTRIES} entries\n\n{INTRODUCTION}");
    let mut table = Table::new(["what", "time", "of bare", "requests each", "processor time each"]);
    for latency in [5, 20] {
        let slow = LatencyStore::new(Arc::clone(&store) as _, Duration::from_millis(latency));
        let wal = runtime.block_on(log_in(Arc::new(slow)));
        let (mut bare, mut replay) = (Vec::new(), Vec::new());
        for _ in 0..rounds.rounds {
            bare.push(measure(runtime, &wal, read_bare(&wal, &names)));
            replay.push(measure(runtime, &wal, read_log(&wal)));
        }
        let yardstick = figures(&bare).seconds;
        for (name, all) in [("bare, 256 in flight", bare), ("replay", replay)] {
            let it = figures(&all);
            table.row([
                format!("{name}, {latency} ms"),
                time(Duration::from_secs_f64(it.seconds)),
                format!("{:.2}", it.seconds / yardstick),
                format!("{:.3}", it.requests),
                format!("{:.1} µs", it.processor * 1e6),
            ]);
        }
    }
    let _ = write!(text, "{table}");
    text
}

/// What one reading came to: seconds in all; requests, and seconds of the processor, for each entry.
#[derive(Clone, Copy)]
struct Figures {
    seconds: f64,
    requests: f64,
    processor: f64,
}

fn measure(runtime: &Runtime, wal: &Wal, read: impl Future<Output = ()>) -> Figures {
    let (before, processor, started) = (wal.store().counts(), processor_time(), Instant::now());
    runtime.block_on(read);
    let (seconds, processor) = (started.elapsed().as_secs_f64(), processor_time() - processor);
    let requests = (wal.store().counts() - before).total();
    let each = |total: f64| total / ENTRIES as f64;
    Figures { seconds, requests: each(requests as f64), processor: each(processor.as_secs_f64()) }
}

/// The median of each.
fn figures(all: &[Figures]) -> Figures {
    Figures {
        seconds: median(all.iter().map(|it| it.seconds)),
        requests: median(all.iter().map(|it| it.requests)),
        processor: median(all.iter().map(|it| it.processor)),
    }
}

async fn read_bare(wal: &Wal, names: &[String]) {
    let gets = names.iter().map(|name| wal.store().get(name));
    futures::stream::iter(gets).buffered(256).for_each(async |found| drop(black_box(found))).await;
}

async fn read_log(wal: &Wal) {
    let mut reader = wal.reader(ReadFrom::Checkpoint).await.expect("there is a log");
    let mut entries = 0;
    while let Some(entry) = reader.next().await.expect("the log is sound") {
        entries += 1;
        black_box(entry);
    }
    assert_eq!(entries, ENTRIES, "all entries come");
}

/// The names of the objects.
async fn write(store: &Arc<InMemory>) -> Vec<String> {
    let wal = log_in(Arc::clone(store) as _).await;
    let writer = writer(&wal, 1).await;
    let mut names = Vec::new();
    for _ in 0..ENTRIES {
        let appended = writer.append(&[four_kib()]).await.expect("the store is sound");
        names.push(wal.paths().entry(Position::new(appended.position.get())));
    }
    writer.close().await.expect("nothing is in flight");
    names
}

const ENTRIES: u64 = 10_000;
const INTRODUCTION: &str = "\
Entries of 4 KiB, read by one reader with its defaults. It is not told where the log ends, and it decodes and checks
every entry; *bare* reads objects of known names and drops them.

";
