//! Which shard a log is.

use crate::support::{World, append_all, environment, options, rows, wal_builder};
use fencepost::{ReadError, ReadFrom, ShardId, Wal, WalBuilder, WalError, find_logs, find_shards};
use fencepost_store::wrap::{Fault, FaultStore, Op};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;

const OTHER: ShardId = ShardId::from_bytes([9; 16]);

#[tokio::test(start_paused = true)]
async fn shards_in_one_store_know_nothing_of_each_other() {
    let world = World::new().await;
    let other = wal_builder(Arc::new(world.faults.clone())).with_shard(OTHER).open().await.unwrap();
    let (a, b) = (world.writer().await, other.open_writer(options()).await.unwrap());
    append_all(&a, 1..=3).await;
    append_all(&b, 11..=12).await;
    let c = other.open_writer(options()).await.unwrap();
    append_all(&a, [4]).await;
    assert_eq!((a.epoch().get(), c.epoch().get()), (1, 2));
    assert_eq!(world.rows().await, [1, 2, 3, 4]);
    assert_eq!(rows(&other, ReadFrom::Checkpoint).await.unwrap(), [11, 12]);
    for reversed in [false, true] {
        // In the order of their ids, whatever order the store has.
        let _order = reversed.then(|| world.faults.on(Op::List, |_| true, Fault::Reverse));
        assert_eq!(find_shards(world.wal.store()).await.unwrap(), [world.wal.shard(), OTHER]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_shard_is_found_and_of_several_one_must_be_named() {
    let store = Arc::new(InMemory::new());
    let unnamed = || Wal::on(store.clone(), "").with_environment(environment());
    assert!(matches!(unnamed().open().await, Err(WalError::NoShard { .. })));

    let new = unnamed().or_new_shard().open().await.unwrap();
    assert!(
        matches!(unnamed().open().await, Err(WalError::NoShard { .. })),
        "it comes to be with its first writer"
    );
    new.open_writer(options()).await.unwrap();
    assert_eq!(unnamed().open().await.unwrap().shard(), new.shard());
    assert_eq!(unnamed().or_new_shard().open().await.unwrap().shard(), new.shard());

    let second = unnamed().with_shard(OTHER).open().await.unwrap();
    second.open_writer(options()).await.unwrap();
    let error = unnamed().open().await.unwrap_err();
    assert!(matches!(&error, WalError::ManyShards { shards, .. } if shards.len() == 2));
    assert!(error.to_string().contains(&OTHER.to_string()), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_nobody_wrote_to_is_no_log() {
    let world = World::new().await;
    let error = rows(&world.wal, ReadFrom::Checkpoint).await.unwrap_err();
    assert!(matches!(error, ReadError::NoLog { shard } if shard == world.wal.shard()), "{error}");
}

/// A mistyped path must not leave a directory behind.
#[tokio::test]
async fn opening_a_path_that_is_not_there_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let typo = dir.path().join("typo");
    let error = Wal::open(typo.to_str().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("typo"), "{error}");
    assert!(!typo.exists());
}

fn unnamed(store: &FaultStore) -> WalBuilder {
    let store: Arc<dyn ObjectStore> = Arc::new(store.clone());
    let options = fencepost::StoreOptions::new().with_client_retries(fencepost_store::ClientRetries::Off);
    Wal::on(store, "").with_environment(environment()).with_store_options(options).or_new_shard()
}

fn first_shard(path: &str) -> bool {
    path == "_fencepost/first-shard.json"
}

/// P-68: both found no shard. They once made two, and nobody was fenced.
#[tokio::test(start_paused = true)]
async fn two_first_writers_make_one_log() {
    let store = FaultStore::in_memory();
    let held = store.hold(Op::Put, first_shard);
    let (a, b) = (tokio::spawn(unnamed(&store).open()), tokio::spawn(unnamed(&store).open()));
    held.arrivals(2).await;
    held.release();
    let (a, b) = (a.await.unwrap().unwrap(), b.await.unwrap().unwrap());
    assert_eq!(a.shard(), b.shard());
    let first = a.open_writer(options()).await.unwrap();
    append_all(&first, [1]).await;
    let second = b.open_writer(options()).await.unwrap();
    append_all(&second, [2]).await;
    assert_eq!((first.epoch().get(), second.epoch().get()), (1, 2));
    assert_eq!(find_shards(a.store()).await.unwrap(), [a.shard()]);
    assert_eq!(rows(&a, ReadFrom::Checkpoint).await.unwrap(), [1, 2]);
}

/// P-68: whoever comes before the first writer claimed takes its shard too, and the id is another one in each
/// base.
#[tokio::test(start_paused = true)]
async fn a_shard_that_was_named_and_not_written_to_is_taken_up() {
    let store = FaultStore::in_memory();
    let first = unnamed(&store).open().await.unwrap().shard();
    assert_eq!(unnamed(&store).open().await.unwrap().shard(), first);
    assert_ne!(unnamed(&FaultStore::in_memory()).open().await.unwrap().shard(), first);
}

/// P-68: an answer that is lost is no lost race, and a conflict where nothing stands is none either.
#[tokio::test(start_paused = true)]
async fn a_first_shard_whose_answer_was_lost_is_read_back() {
    for fault in [Fault::LoseReply, Fault::Drop, Fault::FalseExists] {
        let store = FaultStore::in_memory();
        let once = store.on(Op::Put, first_shard, fault).times(1);
        let shard = unnamed(&store).open().await.unwrap().shard();
        assert_eq!(once.hits(), 1);
        assert_eq!(unnamed(&store).open().await.unwrap().shard(), shard, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_shard_that_cannot_be_settled_is_an_error_with_its_name() {
    for fault in [Fault::Deny, Fault::Drop, Fault::FalseExists] {
        let store = FaultStore::in_memory();
        let refused = store.on(Op::Put, first_shard, fault);
        let error = unnamed(&store).with_retry_timeout(Duration::from_secs(5)).open().await.unwrap_err();
        assert!(matches!(error, WalError::FirstShard { .. }), "{fault:?}: {error}");
        assert!(error.to_string().contains("_fencepost/first-shard.json"), "{error}");
        assert!(refused.hits() < 40, "{fault:?}: {}", refused.hits());
        let told = ["access denied", "no reply in time"].iter().any(|told| error.to_string().contains(told));
        assert_eq!(told, fault != Fault::FalseExists, "{error}");
    }
    // What is too large is not read, and waiting does not make it smaller.
    for bytes in [b"text".to_vec(), vec![b' '; (1 << 20) + 1]] {
        let store = FaultStore::in_memory();
        let path = object_store::path::Path::from("_fencepost/first-shard.json");
        object_store::ObjectStoreExt::put(&**store.inner(), &path, bytes.into()).await.unwrap();
        let started = tokio::time::Instant::now();
        let error = unnamed(&store).open().await.unwrap_err();
        assert!(error.to_string().contains("cannot be understood"), "{error}");
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}

/// P-68: which shards a Lance table has, only the table says.
#[tokio::test(start_paused = true)]
async fn no_shard_is_made_unnamed_in_a_table() {
    let store = FaultStore::in_memory();
    let version = object_store::path::Path::from("_versions/1.manifest");
    object_store::ObjectStoreExt::put(&**store.inner(), &version, "a version".into()).await.unwrap();
    let error = unnamed(&store).open().await.unwrap_err();
    assert!(matches!(error, WalError::Table { .. }), "{error}");

    let store = FaultStore::in_memory();
    let _ = store.on(Op::List, |path| path.ends_with("_versions"), Fault::Deny);
    let error = unnamed(&store).open().await.unwrap_err();
    assert!(matches!(error, WalError::MaybeTable { .. }), "{error}");
    assert!(error.to_string().contains("_versions"), "{error}");
    unnamed(&store).with_shard(OTHER).open().await.unwrap();

    let store = FaultStore::in_memory();
    let dropped = store.on(Op::List, |path| path.ends_with("_versions"), Fault::Drop).times(1);
    unnamed(&store).open().await.unwrap();
    assert_eq!(dropped.hits(), 1, "what may pass is asked again");
}

/// A folder that cannot be listed keeps no other from being found, and is told.
#[tokio::test(start_paused = true)]
async fn logs_are_found_in_whatever_folders_they_are() {
    let world = World::new().await;
    for folder in ["x", "y/z", "y/w/v"] {
        let wal = Wal::in_store(world.truth.store().below(folder).unwrap()).or_new_shard();
        append_all(&wal.open().await.unwrap().open_writer(options()).await.unwrap(), [1]).await;
    }
    let find = async |depth| {
        let found = find_logs(world.wal.store(), depth, 2).await;
        let told = found.into_iter().map(|log| (log.folder, log.shards.map(|shards| shards.len()).ok()));
        told.collect::<Vec<_>>()
    };
    let log = |folder: &str| (folder.to_owned(), Some(1));
    assert_eq!(find(9).await, [log("x"), log("y/w/v"), log("y/z")]);
    assert_eq!(find(2).await, [log("x"), log("y/z")]);
    assert_eq!(find(0).await, []);

    let _denied = world.faults.on(Op::List, |path| path == "y/w", Fault::Deny);
    assert_eq!(find(9).await, [log("x"), ("y/w".to_owned(), None), log("y/z")]);
    append_all(&world.writer().await, [1]).await;
    assert_eq!(find(9).await, [log("")], "nothing is looked for inside of a log");
}
