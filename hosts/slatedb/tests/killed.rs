//! A process with a database on a log is killed (SIGKILL) while sixteen callers put; the next one opens the same, and so
//! on. What any of them said was durable must be there at the end.
//!
//! ```text
//! cargo test --test killed                    # a handful of rounds
//! cargo test --test killed -- --rounds 100
//! ```
//!
//! When a process is killed is decided by how much it has acknowledged, not by a clock.

#![expect(clippy::unwrap_used, reason = "a test without the harness, which clippy does not know for one")]

use fencepost::Wal;
use fencepost_slatedb::{ShardId, SlateWal};
use slatedb::admin::Admin;
use slatedb::config::{
    FlushOptions, FlushType, GarbageCollectorDirectoryOptions, GarbageCollectorOptions, Settings,
};
use slatedb::object_store::ObjectStore;
use slatedb::object_store::local::LocalFileSystem;
use slatedb::{Db, GarbageCollectorBuilder};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", folder, first] => runtime.block_on(child(Path::new(folder), first.parse().unwrap())),
        ["--rounds", rounds] => parent(&runtime, rounds.parse().unwrap()),
        // Whatever else cargo hands on to tests.
        _ => parent(&runtime, 4),
    }
}

async fn open(folder: &Path) -> (Db, SlateWal, Arc<dyn ObjectStore>) {
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(folder.join("db")).unwrap());
    let log = folder.join("log").display().to_string();
    let wal = SlateWal::open_with(Wal::at(log), ShardId::from_bytes([7; 16])).await.unwrap();
    let settings = Settings {
        garbage_collector_options: None,
        // Nothing is compacted, so flushes must not wait for that.
        compactor_options: None,
        l0_max_ssts: 10_000,
        l0_max_ssts_per_key: 10_000,
        ..Settings::default()
    };
    let db = Db::builder("db", Arc::clone(&store)).with_settings(settings).with_wal_writer(wal.writer());
    (db.build().await.unwrap(), wal, store)
}

async fn flush_memtable(db: &Db) {
    // Fails if a newer database has come, which is no fault.
    let _ = db.flush_with_options(FlushOptions { flush_type: FlushType::MemTable }).await;
}

async fn collect(store: &Arc<dyn ObjectStore>, wal: &SlateWal) {
    let at_once =
        GarbageCollectorDirectoryOptions { interval: None, min_age: Duration::ZERO, dry_run: false };
    let options = GarbageCollectorOptions {
        wal_options: Some(at_once),
        manifest_options: None,
        compacted_options: None,
        compactions_options: None,
        ..GarbageCollectorOptions::default()
    };
    let gc =
        GarbageCollectorBuilder::new("db", Arc::clone(store)).with_options(options).with_wal_gc(wal.gc());
    gc.build().run_gc_once().await;
}

/// Puts for ever, and says what is durable; a memtable is flushed and the log collected now and then.
async fn child(folder: &Path, first: u64) {
    let (db, wal, store) = open(folder).await;
    let db = Arc::new(db);
    let following = wal.follow(&db, Admin::builder("db", Arc::clone(&store)).build());
    let callers = (0..CALLERS).map(|caller| {
        let db = Arc::clone(&db);
        tokio::spawn(async move {
            for n in (first + caller..).step_by(usize::try_from(CALLERS).unwrap()) {
                let put = db.put(key(n), value(n)).await.unwrap();
                put.await_durable().await.unwrap();
                // One write for a line, so that a killed process leaves no half of one in front of another.
                let mut out = std::io::stdout().lock();
                out.write_all(format!("{n}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut turns = 0_u64;
    while !callers.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(250)).await;
        flush_memtable(&db).await;
        turns += 1;
        if turns.is_multiple_of(2) {
            collect(&store, &wal).await;
        }
    }
    drop(following);
    panic!("a caller has ended");
}

fn parent(runtime: &tokio::runtime::Runtime, rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("db")).unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut random = 1_u64;
    for round in 0..rounds {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Some die before they acknowledge anything, while they open.
        let lines_max = if round % 10 == 9 { 0 } else { (random >> 33) % 800 };
        let first = round * NUMBERS_PER_ROUND;
        let told = one_life(folder.path(), first, lines_max);
        acknowledged.extend(told.into_iter().map(|n| (n, round)));
        if round % 20 == 19 {
            println!("round {}: {} acknowledged so far", round + 1, acknowledged.len());
        }
    }
    let missing = runtime.block_on(missing(folder.path(), &acknowledged));
    println!(
        "{rounds} rounds of SIGKILL: {} puts acknowledged, {} missing",
        acknowledged.len(),
        missing.len()
    );
    assert!(acknowledged.len() > 10, "hardly anything was acknowledged, so nothing was shown");
    assert!(
        missing.is_empty(),
        "missing, with the round that acknowledged it: {:?}",
        &missing[..missing.len().min(20)]
    );
}

/// The numbers that a process acknowledged before it was killed.
fn one_life(folder: &Path, first: u64, lines_max: u64) -> Vec<u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("child").arg(folder).arg(first.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut told = Vec::new();
    let mut line = String::new();
    while (told.len() as u64) < lines_max && lines.read_line(&mut line).unwrap() > 0 {
        told.push(line.trim_end().parse().unwrap());
        line.clear();
    }
    child.kill().unwrap();
    assert!(child.wait().unwrap().code().is_none(), "it ended by itself");
    // What it had said already, but for a line that was cut off.
    while lines.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        told.push(line.trim_end().parse().unwrap());
        line.clear();
    }
    told
}

/// What was acknowledged and is not there: before a collection, after it, and after a clean close.
async fn missing(folder: &Path, acknowledged: &BTreeMap<u64, u64>) -> Vec<(u64, u64)> {
    let mut missing = Vec::new();
    for look in 0..2 {
        let (db, wal, store) = open(folder).await;
        if look == 1 {
            flush_memtable(&db).await;
            collect(&store, &wal).await;
        }
        let mut there = BTreeMap::new();
        let mut rows = db.scan(..).await.unwrap();
        while let Some(row) = rows.next().await.unwrap() {
            there.insert(row.key, row.value);
        }
        let is_missing =
            |n: u64| there.get(key(n).as_bytes()).is_none_or(|found| found[..] != *value(n).as_bytes());
        missing.extend(acknowledged.iter().filter(|(n, _)| is_missing(**n)).map(|(n, round)| (*n, *round)));
        db.close().await.unwrap();
    }
    let verified =
        SlateWal::open_with(Wal::at(folder.join("log").display().to_string()), ShardId::from_bytes([7; 16]));
    let verification = verified.await.unwrap().log().verify(|_, _| ()).await.unwrap();
    assert!(verification.problems.is_empty(), "{:?}", verification.problems);
    missing
}

fn key(n: u64) -> String {
    format!("key{n:012}")
}

fn value(n: u64) -> String {
    format!("{n:x}").repeat(20)
}

const CALLERS: u64 = 16;
const NUMBERS_PER_ROUND: u64 = 1 << 32;
