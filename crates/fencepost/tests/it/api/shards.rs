//! Which shard a log is.

use crate::support::{World, append_all, environment, options, rows, wal_builder};
use fencepost::{ReadError, ReadFrom, ShardId, Wal, WalError, find_shards};
use object_store::memory::InMemory;
use std::sync::Arc;

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
    assert_eq!(find_shards(world.wal.store()).await.unwrap(), [world.wal.shard(), OTHER]);
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
