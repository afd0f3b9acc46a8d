//! SlateDB on its own log and on fencepost's, side by side, under tokio's paused clock: computing takes no time, so what
//! is printed are properties of the two protocols, the same on every machine.
//!
//! ```text
//! cargo run --example bench               # all of it, a few minutes
//! cargo run --example bench -- closed     # one of: open, closed, openings
//! ```
//!
//! Every request takes 20 ms. Where it says 100 MB/s, a PUT to the log also takes as long as one connection needs for its
//! bytes.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says why by panicking")]

use async_trait::async_trait;
use bytes::Bytes;
use fencepost_slatedb::{ShardId, SlateWal};
use fencepost_store::wrap::{CountStore, LatencyStore};
use futures::stream::BoxStream;
use slatedb::config::Settings;
use slatedb::object_store::memory::InMemory;
use slatedb::object_store::path::Path;
use slatedb::object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use slatedb::{Db, DbBuilder};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

const ROUND_TRIP: Duration = Duration::from_millis(20);
const BYTES_PER_SECOND: f64 = 100e6;
const DOLLARS_PER_PUT: f64 = 0.005 / 1_000.0;
const WARM_UP: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let is_asked = |name: &str| asked.is_empty() || asked == name;
    if is_asked("open") {
        open_loop().await;
    }
    if is_asked("closed") {
        closed_loop().await;
    }
    if is_asked("openings") {
        openings().await;
    }
}

/// Which log, and how it is paced.
#[derive(Clone, Copy, PartialEq)]
enum Log {
    Native,
    Eager,
    Paced,
}

const LOGS: [(Log, &str); 3] =
    [(Log::Native, "SlateDB's own"), (Log::Paced, "fencepost"), (Log::Eager, "fencepost, no pace")];

/// A database whose log is on a store of its own, where PUTs are counted.
struct Bench {
    main: Arc<dyn ObjectStore>,
    wal: Arc<dyn ObjectStore>,
    counts: CountStore,
}

impl Bench {
    fn new(is_limited: bool) -> Self {
        let far = |store| -> Arc<dyn ObjectStore> { Arc::new(LatencyStore::new(store, ROUND_TRIP)) };
        let counts = CountStore::new(Arc::new(InMemory::new()));
        let inner: Arc<dyn ObjectStore> = Arc::new(counts.clone());
        let wal = if is_limited { Arc::new(OneConnection { inner }) } else { inner };
        Self { main: far(Arc::new(InMemory::new())), wal: far(wal), counts }
    }

    async fn open(&self, log: Log) -> Db {
        self.builder(log).await.build().await.unwrap()
    }

    async fn builder(&self, log: Log) -> DbBuilder<&'static str> {
        let settings = Settings {
            // As quick as SlateDB's own log can be. Ours has its pace instead.
            flush_interval: Some(Duration::from_millis(1)),
            compactor_options: None,
            garbage_collector_options: None,
            l0_max_ssts: 1_000,
            l0_max_ssts_per_key: 1_000,
            ..Settings::default()
        };
        let builder = Db::builder("db", Arc::clone(&self.main)).with_settings(settings);
        if log == Log::Native {
            return builder.with_wal_object_store(Arc::clone(&self.wal));
        }
        let wal = SlateWal::open(Arc::clone(&self.wal), "wal", ShardId::from_bytes([7; 16])).await.unwrap();
        let wal = if log == Log::Eager { wal.with_pace(Duration::ZERO) } else { wal };
        builder.with_wal_writer(wal.writer())
    }
}

/// Latencies, and what they took.
struct Measured {
    latencies: Vec<Duration>,
    puts: u64,
    time: Duration,
}

impl Measured {
    fn percentile(&mut self, part: f64) -> f64 {
        self.latencies.sort_unstable();
        let at = (self.latencies.len() as f64 * part) as usize;
        self.latencies[at.min(self.latencies.len() - 1)].as_secs_f64() * 1e3
    }

    /// `p50 | p99 | round trips | PUTs a second | dollars a day`.
    fn cells(&mut self) -> String {
        let per_second = self.puts as f64 / self.time.as_secs_f64();
        let p99 = self.percentile(0.99);
        format!(
            "{:.1} | {p99:.1} | {:.2} | {per_second:.0} | {:.0}",
            self.percentile(0.5),
            p99 / (ROUND_TRIP.as_secs_f64() * 1e3),
            per_second * 86_400.0 * DOLLARS_PER_PUT
        )
    }
}

/// Puts arrive at random, whatever became of those before.
async fn open_loop() {
    println!("\nOpen loop: puts arrive at random and wait until they are durable\n");
    println!("| rows | store | log | p50 ms | p99 ms | p99 in round trips | WAL PUTs/s | $ a day |");
    println!("|---|---|---|--:|--:|--:|--:|--:|");
    let cases = [
        (4 << 10, 50.0, false, 20),
        (4 << 10, 200.0, false, 20),
        (4 << 10, 1_000.0, false, 6),
        (64 << 10, 500.0, true, 4),
        (1 << 20, 40.0, true, 4),
        (1 << 20, 200.0, true, 2),
    ];
    for (bytes, rate, is_limited, seconds) in cases {
        for (log, name) in LOGS {
            let mut measured = arrivals(log, bytes, rate, is_limited, Duration::from_secs(seconds)).await;
            let store = if is_limited { "20 ms, 100 MB/s" } else { "20 ms" };
            println!("| {} at {rate:.0}/s | {store} | {name} | {} |", size(bytes), measured.cells());
        }
    }
}

async fn arrivals(log: Log, bytes: usize, rate: f64, is_limited: bool, time: Duration) -> Measured {
    let bench = Bench::new(is_limited);
    let db = Arc::new(bench.open(log).await);
    let value = Bytes::from(vec![7; bytes]);
    let (begun, mut random) = (Instant::now(), Random(1));
    let (mut at, mut puts, mut before) = (begun, Vec::new(), 0);
    while at < begun + WARM_UP + time {
        at += Duration::from_secs_f64(-random.next().ln() / rate);
        sleep_until(at).await;
        let is_measured = at >= begun + WARM_UP;
        if !is_measured {
            before = bench.counts.counts().put;
        }
        let (db, value, key) = (Arc::clone(&db), value.clone(), Bytes::from(format!("{:012}", puts.len())));
        puts.push(tokio::spawn(async move {
            db.put_bytes(key, value).await.unwrap().await_durable().await.unwrap();
            is_measured.then(|| at.elapsed())
        }));
    }
    let puts_of_wal = bench.counts.counts().put - before;
    let mut latencies = Vec::new();
    for put in puts {
        latencies.extend(put.await.unwrap());
    }
    Measured { latencies, puts: puts_of_wal, time }
}

/// 64 callers, each of which puts again once its put is durable.
async fn closed_loop() {
    println!("\nClosed loop: 64 callers\n");
    println!("| rows | store | log | puts/s | p50 ms | p99 ms | p99 in round trips | WAL PUTs/s | $ a day |");
    println!("|---|---|---|--:|--:|--:|--:|--:|--:|");
    for (bytes, is_limited, seconds) in [
        (4 << 10, false, 4),
        (64 << 10, false, 2),
        (4 << 10, true, 4),
        (64 << 10, true, 2),
        (1 << 20, true, 1),
    ] {
        for (log, name) in LOGS {
            let mut measured = callers(log, bytes, is_limited, Duration::from_secs(seconds)).await;
            let store = if is_limited { "20 ms, 100 MB/s" } else { "20 ms" };
            let rate = measured.latencies.len() as f64 / measured.time.as_secs_f64();
            println!("| {} | {store} | {name} | {rate:.0} | {} |", size(bytes), measured.cells());
        }
    }
}

async fn callers(log: Log, bytes: usize, is_limited: bool, time: Duration) -> Measured {
    let bench = Bench::new(is_limited);
    let db = Arc::new(bench.open(log).await);
    let value = Bytes::from(vec![7; bytes]);
    let (before, begun) = (bench.counts.counts().put, Instant::now());
    let callers = (0..64).map(|caller| {
        let (db, value) = (Arc::clone(&db), value.clone());
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < time {
                let sent = Instant::now();
                let key = Bytes::from(format!("{caller}-{:012}", latencies.len()));
                db.put_bytes(key, value.clone()).await.unwrap().await_durable().await.unwrap();
                latencies.push(sent.elapsed());
            }
            latencies
        })
    });
    let mut latencies = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        latencies.extend(caller.await.unwrap());
    }
    Measured { latencies, puts: bench.counts.counts().put - before, time: begun.elapsed() }
}

/// What it takes to open a database; requests to the log alone.
async fn openings() {
    println!("\nOpenings\n");
    println!("| what was there | log | ms | PUT | GET | HEAD | LIST |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    for (what, rows) in [
        ("nothing", None),
        ("a crash, one row to replay", Some(1)),
        ("a crash, 500 files to replay", Some(500)),
    ] {
        for (log, name) in [LOGS[0], LOGS[2]] {
            let bench = Bench::new(false);
            if let Some(rows) = rows {
                let db = bench.open(log).await;
                for n in 0..rows {
                    db.put(format!("{n:06}"), vec![7; 4 << 10]).await.unwrap().await_durable().await.unwrap();
                }
                std::mem::forget(db);
            }
            let (before, begun) = (bench.counts.counts(), Instant::now());
            let db = bench.open(log).await;
            let (time, after) = (begun.elapsed(), bench.counts.counts());
            println!(
                "| {what} | {name} | {} | {} | {} | {} | {} |",
                time.as_millis(),
                after.put - before.put,
                after.get - before.get,
                after.head - before.head,
                after.list - before.list
            );
            std::mem::forget(db);
        }
    }
    sleep(Duration::from_millis(1)).await;
}

fn size(bytes: usize) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

/// Numbers above 0 and up to 1, always the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) + 1) as f64 / (1_u64 << 31) as f64
    }
}

/// A PUT takes as long as its bytes need on one connection; each PUT has a connection.
#[derive(Debug)]
struct OneConnection {
    inner: Arc<dyn ObjectStore>,
}

impl fmt::Display for OneConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneConnection({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for OneConnection {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        sleep(Duration::from_secs_f64(payload.content_length() as f64 / BYTES_PER_SECOND)).await;
        self.inner.put_opts(to, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(to, options).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(from, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
