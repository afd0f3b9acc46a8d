//! Lance's replay point may trail the last entry of a flushed generation: a memtable that is frozen after its
//! append and before its writer noted that append is flushed with the position before. Lance's replay knows
//! such entries by their generation, which is lower than the manifest's. Who takes them for live hands out
//! rows that are in an SSTable already.

use crate::support::{options, wal_builder};
use fencepost::{LogEntry, Manifest, Pipelining, Position, ReadError, ReadFrom, ShardId, Version, Wal};
use fencepost_format::{Boundary, Generation};
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SHARD: &str = "defc7fc9-3dfb-42a4-92c6-bf78aeff6dd9";

/// The fixture `f3`, whose generation 4 is flushed and ends at 18, with a replay point of 17.
async fn flushed_with_a_stale_replay_point() -> Wal {
    let store = Arc::new(InMemory::new());
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fencepost-format/testdata/lance-14.0.2/f3");
    let shard = PathBuf::from("_mem_wal").join(SHARD);
    for folder in ["manifest", "wal"] {
        for file in std::fs::read_dir(fixture.join(&shard).join(folder)).unwrap() {
            let file = file.unwrap();
            let to = format!("_mem_wal/{SHARD}/{folder}/{}", file.file_name().to_str().unwrap());
            store.put(&ObjectPath::from(to), std::fs::read(file.path()).unwrap().into()).await.unwrap();
        }
    }
    let wal = wal_builder(store).with_shard(ShardId::parse(SHARD).unwrap()).open().await.unwrap();
    let latest = Version::new(7);
    let path = wal.paths().manifest(latest);
    let found = wal.store().get(&path).await.into_result().unwrap().unwrap();
    let mut manifest = Manifest::decode(&path, latest, &found.bytes).unwrap();
    assert_eq!((manifest.replay_after, manifest.current_generation), (Position::new(18), Generation(5)));
    (manifest.version, manifest.replay_after) = (latest.next(), Position::new(17));
    let path = wal.paths().manifest(manifest.version);
    wal.store().create(path, manifest.encode().into()).await.unwrap();
    wal
}

fn seen(entry: &LogEntry) -> (u64, Option<Generation>) {
    (entry.position().get(), entry.generation())
}

/// What Lance's own replay of this shard restores.
fn live() -> Vec<(u64, Option<Generation>)> {
    (19..=21).map(|at| (at, Some(Generation(5)))).collect()
}

/// P-44.
#[tokio::test(start_paused = true)]
async fn reader_from_the_checkpoint_passes_entries_of_flushed_generations() {
    let wal = flushed_with_a_stale_replay_point().await;
    let mut reader = wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let mut found = Vec::new();
    while let Some(entry) = reader.next().await.unwrap() {
        found.push(seen(&entry));
    }
    assert_eq!(found, live());
}

/// P-48: what a reader passes as flushed may have landed late, where the boundary says that something was
/// collected. Each further call says so again.
#[tokio::test(start_paused = true)]
async fn reader_does_not_pass_as_flushed_what_may_have_landed_late() {
    let wal = flushed_with_a_stale_replay_point().await;
    for (boundary, truncated) in [(17, false), (18, true)] {
        let at = Position::new(boundary);
        let document = Boundary { boundary: at, guarding_fences: Vec::new() };
        wal.store().create(wal.paths().boundary(at), document.encode().unwrap().into()).await.unwrap();
        let mut reader = wal.reader(ReadFrom::Checkpoint).await.unwrap();
        for _ in 0..2 {
            let first = reader.next().await;
            match first {
                Ok(entry) => assert!(!truncated && entry.is_some_and(|entry| entry.position() > at.next())),
                Err(ReadError::Truncated { at, first }) => {
                    assert!(truncated);
                    assert_eq!((at.get(), first.get(), reader.resume_point().next.get()), (18, 19, 18));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// P-44.
#[tokio::test(start_paused = true)]
async fn replay_passes_entries_of_flushed_generations() {
    let wal = flushed_with_a_stale_replay_point().await;
    let mut opening = wal.begin_writing(options()).await.unwrap();
    let mut found = Vec::new();
    while let Some(entry) = opening.next_recovered().await.unwrap() {
        found.push(seen(&entry));
    }
    assert_eq!(found, live());
}

/// P-59: recorded once and for ever. Whoever records it again is told that it was.
#[tokio::test(start_paused = true)]
async fn a_claim_is_forgotten_once() {
    let wal = flushed_with_a_stale_replay_point().await;
    let claims = wal.collector().plan().await.unwrap().plan.claims.all;
    let claim = claims.first().expect("Lance claimed here");
    assert!(wal.forget_claim(claim).await.unwrap());
    assert!(!wal.forget_claim(claim).await.unwrap());
    let forgotten = wal.collector().plan().await.unwrap();
    assert_eq!(forgotten.report.kept["forgotten_record"], 1);
}

/// P-27: the fixture's manifests are Lance's. The writer after the next one remembers that, too.
#[tokio::test(start_paused = true)]
async fn one_append_is_in_flight_where_lance_has_been() {
    let wal = flushed_with_a_stale_replay_point().await;
    for pipelining in [Pipelining::UnlessLance, Pipelining::Never, Pipelining::UnlessLance] {
        let writer = wal.open_writer(options().with_pipelining(pipelining)).await.unwrap();
        assert_eq!(writer.status().in_flight_max, 1);
        writer.close().await.unwrap();
    }
    let writer = wal.open_writer(options().with_pipelining(Pipelining::Always)).await.unwrap();
    assert_eq!(writer.status().in_flight_max, 64);
}

/// P-27: Lance opens what lies in its tables, also for the first time.
#[tokio::test(start_paused = true)]
async fn one_append_is_in_flight_in_a_lance_table() {
    let cases = [
        ("_versions/1.manifest", 1),
        ("_versions/18446744073709551614.manifest", 1),
        ("_versions/readme", 64),
    ];
    for (object, in_flight_max) in cases {
        let store = Arc::new(InMemory::new());
        store.put(&ObjectPath::from(object), b"a version".as_slice().into()).await.unwrap();
        let wal = wal_builder(store).with_shard(ShardId::parse(SHARD).unwrap()).open().await.unwrap();
        let writer = wal.open_writer(options()).await.unwrap();
        assert_eq!(writer.status().in_flight_max, in_flight_max, "{object}");
    }
}
