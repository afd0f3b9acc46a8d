//! Exact counts of the append path: requests, bytes, allocations and the heap's peak, per scenario.
//!
//! Everything runs on one thread over a store that forgets, so that the same code counts the same each time.
//! Prints TOML; `cargo xtask bench counts` compares it with what is recorded in `benches/expected.toml`.

use allocation_counter::{AllocationInfo, measure};
use arrow_array::RecordBatch;
use clap::Parser;
use fencepost::{Environment, LogStore, Nonce, Record, StoreOptions, Tick, Wal, Writer};
use fencepost_bench::{SinkStore, blob, four_kib, writer};
use futures::StreamExt;
use object_store::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

/// Counts what appends cost.
#[derive(Debug, Parser)]
struct Args {
    /// Only this scenario.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// So many appends, instead of the scenario's own number.
    #[arg(long, value_name = "N")]
    appends: Option<u64>,
    /// Print the names of the scenarios instead.
    #[arg(long)]
    list: bool,
}

/// What one append hands over.
#[derive(Clone, Copy)]
enum Rows {
    Batch(fn() -> RecordBatch),
    /// A record of so many bytes.
    Record(usize),
}

/// The same, made.
enum Made {
    Batches([RecordBatch; 1]),
    Records([Record; 1]),
}

/// Appends of one kind, so many in flight.
struct Scenario {
    name: &'static str,
    rows: Rows,
    /// Bytes of values in one append.
    user_bytes: u64,
    group_bytes: u64,
    callers: usize,
    appends: u64,
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "one_caller", callers: 1, ..UNGROUPED },
    UNGROUPED,
    Scenario { name: "grouped", group_bytes: 4 << 20, ..UNGROUPED },
    Scenario {
        name: "large",
        rows: Rows::Batch(|| blob(1 << 20)),
        user_bytes: 1 << 20,
        group_bytes: 1,
        callers: 8,
        appends: 64,
    },
    Scenario { name: "records", rows: Rows::Record(4 << 10), ..UNGROUPED },
    Scenario { name: "records_grouped", rows: Rows::Record(4 << 10), group_bytes: 4 << 20, ..UNGROUPED },
    Scenario {
        name: "records_large",
        rows: Rows::Record(1 << 20),
        user_bytes: 1 << 20,
        group_bytes: 1,
        callers: 8,
        appends: 64,
    },
];

const UNGROUPED: Scenario = Scenario {
    name: "ungrouped",
    rows: Rows::Batch(four_kib),
    user_bytes: 4 << 10,
    group_bytes: 1,
    callers: 64,
    appends: 4_096,
};

fn main() {
    let args = Args::parse();
    for scenario in SCENARIOS.iter().filter(|it| args.only.as_ref().is_none_or(|only| it.name == only)) {
        if args.list {
            println!("{}", scenario.name);
        } else {
            scenario.count(args.appends.unwrap_or(scenario.appends));
        }
    }
}

impl Rows {
    fn make(self) -> Made {
        match self {
            Self::Batch(make) => Made::Batches([make()]),
            Self::Record(bytes) => Made::Records([Record::new(vec![7; bytes])]),
        }
    }
}

impl Scenario {
    fn count(&self, appends: u64) {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let store = SinkStore::default();
        let writer = runtime.block_on(open(&store, self.group_bytes));
        let rows = self.rows.make();
        // What is made once is made now, and what grows has grown.
        self.append(&runtime, &writer, &rows, 4 * self.callers as u64);
        let (requests, bytes) = (store.requests(), store.put_bytes());
        let heap = measure(|| self.append(&runtime, &writer, &rows, appends));
        let (requests, bytes) = (store.requests() - requests, store.put_bytes() - bytes);
        self.print(appends, requests, bytes, &heap);
    }

    fn append(&self, runtime: &Runtime, writer: &Writer, rows: &Made, appends: u64) {
        let appends = (0..appends).map(|_| async {
            match rows {
                Made::Batches(batches) => writer.append(batches).await,
                Made::Records(records) => writer.append_records(records).await,
            }
        });
        runtime.block_on(futures::stream::iter(appends).buffer_unordered(self.callers).for_each(
            async |done| {
                done.expect("the store is sound");
            },
        ));
    }

    fn print(&self, appends: u64, requests: u64, bytes: u64, heap: &AllocationInfo) {
        let each = |total: u64| total as f64 / appends as f64;
        println!("[{}]", self.name);
        println!("appends = {appends}");
        println!("requests = {requests}");
        println!("bytes = {bytes} # {:.3} for each byte of values", each(bytes) / self.user_bytes as f64);
        println!("allocations = {} # {:.1} for each append", heap.count_total, each(heap.count_total));
        println!("allocated_bytes = {} # {:.0} for each append", heap.bytes_total, each(heap.bytes_total));
        let in_flight = self.user_bytes * self.callers as u64;
        let of_that = heap.bytes_max as f64 / in_flight as f64;
        println!("heap_peak_bytes = {} # {of_that:.2} times the bytes in flight\n", heap.bytes_max);
    }
}

/// With a clock and nonces of its own: valgrind cannot have the system's, and the same numbers count the same.
async fn open(store: &SinkStore, group_bytes: u64) -> Writer {
    let (started, nonces) = (Instant::now(), AtomicU64::new(1));
    let now = move || Tick(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    let nonce = move || Nonce(nonces.fetch_add(1, Ordering::Relaxed).into());
    let environment = Environment::simulated(now, nonce, 1);
    let store = LogStore::new(Arc::new(store.clone()), Path::default(), StoreOptions::new());
    let wal = Wal::in_store(store).or_new_shard().with_environment(environment).open().await;
    writer(&wal.expect("the store can be opened"), group_bytes).await
}
