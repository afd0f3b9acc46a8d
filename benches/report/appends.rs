//! Appends through a writer against bare creates.

use crate::load::{Figures, Rounds, measure, medians};
use crate::table::Table;
use arrow_array::RecordBatch;
use fencepost::{Wal, Writer, WriterOptions};
use fencepost_bench::{SinkStore, blob, four_kib, local_log, log_in, options};
use object_store::path::Path;
use object_store::{ObjectStore, PutMode, PutPayload};
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

/// One line of a table: a writer's options, and how many callers it has.
struct Way {
    name: &'static str,
    callers: usize,
    options: fn(WriterOptions) -> WriterOptions,
}

const EACH: fn(WriterOptions) -> WriterOptions = |options| options.with_group_bytes_max(1);
const GROUPED: fn(WriterOptions) -> WriterOptions = |options| options;
const CHEAP: fn(WriterOptions) -> WriterOptions =
    |options| options.with_puts_in_flight_max(NonZeroU32::new(4).expect("4 is not zero"));

const WAYS: &[Way] = &[
    Way { name: "1 caller", callers: 1, options: GROUPED },
    Way { name: "64 callers, one entry each", callers: 64, options: EACH },
    Way { name: "64 callers, grouped", callers: 64, options: GROUPED },
    Way { name: "64 callers, grouped, 4 PUTs in flight", callers: 64, options: CHEAP },
    Way { name: "1,024 callers, grouped", callers: 1_024, options: GROUPED },
];

/// Over a store that answers after `latency` and keeps nothing.
pub(crate) fn store(runtime: &Runtime, rounds: Rounds, latency: Duration) -> String {
    let mut text = format!("## A store with a latency of {} ms\n\n", latency.as_millis());
    text += "Answers come after that time, whatever else is in flight, and bodies are dropped. Timers tick in milliseconds.\n\n";
    let mut table = heading();
    let store = SinkStore::with_latency(latency);
    for callers in [1, 64, 1_024] {
        let ways: Vec<_> = WAYS.iter().filter(|way| way.callers == callers).collect();
        let (raw, figures) = interleaved(runtime, rounds, &ways, &store, four_kib());
        row(&mut table, bare_name(callers), &raw, &raw);
        for (way, figures) in ways.iter().zip(&figures) {
            row(&mut table, way.name, figures, &raw);
        }
    }
    let _ = write!(text, "{table}");
    text
}

/// On a local directory, where every object is flushed.
pub(crate) fn disk(runtime: &Runtime, rounds: Rounds, directory: &std::path::Path) -> String {
    let mut text = "## A local directory, flushed\n\n".to_owned();
    text += "The store that `Wal::at` opens on a path: each object is written aside, flushed, named, and its name flushed.\n\n";
    let mut table = heading();
    for callers in [1, 64, 1_024] {
        let ways: Vec<_> = WAYS.iter().filter(|way| way.callers == callers).collect();
        let mut raw = Vec::new();
        let mut all = vec![Vec::new(); ways.len()];
        for _ in 0..rounds.rounds {
            let home = tempfile::tempdir_in(directory).expect("the directory can be written to");
            let wal = runtime.block_on(local_log(home.path()));
            raw.push(bare_disk(runtime, rounds, &wal, callers));
            for (way, figures) in ways.iter().zip(&mut all) {
                let home = tempfile::tempdir_in(directory).expect("the directory can be written to");
                let wal = runtime.block_on(local_log(home.path()));
                let writer = open(runtime, &wal, way);
                figures.push(through(runtime, rounds, callers, &writer, four_kib()));
            }
        }
        let raw = medians(&raw);
        row(&mut table, bare_name(callers), &raw, &raw);
        for (way, figures) in ways.iter().zip(&all) {
            row(&mut table, way.name, &medians(figures), &raw);
        }
    }
    let _ = write!(text, "{table}");
    text
}

/// Large bodies, by 8 callers.
pub(crate) fn large(runtime: &Runtime, rounds: Rounds) -> String {
    let mut text = LARGE.to_owned();
    let mut table = Table::new(["what", "MiB/s", "of bare", "p50", "p99", "processor time each"]);
    let way = Way { name: "", callers: 8, options: GROUPED };
    for (mib, millis) in [(1, 5), (1, 20), (8, 5), (8, 20)] {
        let store = SinkStore::with_latency(Duration::from_millis(millis));
        let (raw, figures) = interleaved(runtime, rounds, &[&way], &store, blob(mib << 20));
        let rate = |figures: &Figures| format!("{:.0}", figures.per_second * mib as f64);
        table.row([
            format!("{mib} MiB, {millis} ms, bare"),
            rate(&raw),
            "1.00".into(),
            time(raw.p50),
            time(raw.p99),
            processor(&raw),
        ]);
        let it = figures[0];
        let part = format!("{:.2}", it.per_second / raw.per_second);
        let name = format!("{mib} MiB, {millis} ms");
        table.row([name, rate(&it), part, time(it.p50), time(it.p99), processor(&it)]);
    }
    let _ = write!(text, "{table}");
    text
}

/// Bare creates and each of the ways in turn, several times.
fn interleaved(
    runtime: &Runtime,
    rounds: Rounds,
    ways: &[&Way],
    store: &SinkStore,
    batch: RecordBatch,
) -> (Figures, Vec<Figures>) {
    let mut raw = Vec::new();
    let mut all = vec![Vec::new(); ways.len()];
    let callers = ways[0].callers;
    for _ in 0..rounds.rounds {
        raw.push(bare(runtime, rounds, callers, store, batch.get_array_memory_size()));
        for (way, figures) in ways.iter().zip(&mut all) {
            let wal = runtime.block_on(log_in(Arc::new(store.clone())));
            let writer = open(runtime, &wal, way);
            figures.push(through(runtime, rounds, callers, &writer, batch.clone()));
        }
    }
    (medians(&raw), all.iter().map(|figures| medians(figures)).collect())
}

fn open(runtime: &Runtime, wal: &Wal, way: &Way) -> Arc<Writer> {
    let options = (way.options)(options());
    Arc::new(runtime.block_on(wal.open_writer(options)).expect("nobody else writes here"))
}

fn through(
    runtime: &Runtime,
    rounds: Rounds,
    callers: usize,
    writer: &Arc<Writer>,
    batch: RecordBatch,
) -> Figures {
    let (counted, writer, batches) = (Arc::clone(writer), Arc::clone(writer), Arc::new([batch]));
    let requests = move || counted.status().requests.put;
    measure(runtime, callers, rounds.time, requests, move || {
        let (writer, batches) = (Arc::clone(&writer), Arc::clone(&batches));
        async move {
            writer.append(&*batches).await.expect("the store is sound");
        }
    })
}

/// The yardstick: creates of objects of the same size by the client that is beneath the log too.
fn bare(runtime: &Runtime, rounds: Rounds, callers: usize, store: &SinkStore, bytes: usize) -> Figures {
    let (counted, store, names) = (store.clone(), store.clone(), Arc::new(AtomicU64::new(0)));
    let body = PutPayload::from(vec![7; bytes]);
    measure(
        runtime,
        callers,
        rounds.time,
        move || counted.requests(),
        move || {
            let (store, body, name) = (store.clone(), body.clone(), names.fetch_add(1, Ordering::Relaxed));
            async move {
                let path = Path::from(format!("bare/{name:064b}.arrow"));
                store.put_opts(&path, body, PutMode::Create.into()).await.expect("the store is sound");
            }
        },
    )
}

fn bare_disk(runtime: &Runtime, rounds: Rounds, wal: &Wal, callers: usize) -> Figures {
    let (counted, store) = (wal.store().clone(), wal.store().clone());
    let (body, names) = (PutPayload::from(vec![7; 5_000]), Arc::new(AtomicU64::new(0)));
    measure(
        runtime,
        callers,
        rounds.time,
        move || counted.counts().put,
        move || {
            let (store, body, name) = (store.clone(), body.clone(), names.fetch_add(1, Ordering::Relaxed));
            async move {
                store.create(format!("bare/{name:064b}.arrow"), body).await.expect("the name is new");
            }
        },
    )
}

const fn bare_name(callers: usize) -> &'static str {
    match callers {
        1 => "1 caller, bare",
        64 => "64 callers, bare",
        _ => "1,024 callers, bare",
    }
}

fn heading() -> Table {
    Table::new(["what", "a second", "of bare", "p50", "p99", "PUTs each", "processor time each"])
}

fn row(table: &mut Table, name: &str, figures: &Figures, raw: &Figures) {
    table.row([
        name.to_owned(),
        format!("{:.0}", figures.per_second),
        format!("{:.2}", figures.per_second / raw.per_second),
        time(figures.p50),
        time(figures.p99),
        format!("{:.3}", figures.requests),
        processor(figures),
    ]);
}

fn processor(figures: &Figures) -> String {
    format!("{:.1} µs", figures.processor.as_secs_f64() * 1e6)
}

pub(crate) fn time(time: Duration) -> String {
    if time < Duration::from_millis(1) {
        format!("{:.0} µs", time.as_secs_f64() * 1e6)
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    }
}

const LARGE: &str = "\
## Large appends, 8 callers

Bodies are dropped, so this is the cost of handing them on: a checksum of each, and no copy. Where *bare* comes near to
what the cores can sum up, that is the limit.

";
