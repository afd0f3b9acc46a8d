//! Collections over a real `object_store`, through `LogStore`.

mod log;
mod sstables;

use super::*;
use crate::Environment;
use fencepost_fence::Params;
use fencepost_format::{
    CursorDocument, DecodeLimits, EntryKind, Manifest, Nonce, Position, ShardId, ShardStatus, Version,
};
use fencepost_gc::{Claims, Object, Progress, Reason, Verdict};
use fencepost_store::{LogStore, Path, StoreOptions};
use log::Log;
use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use std::sync::Arc;

fn collector(log: &Log) -> Collector {
    let (store, paths) = (log.store.clone(), log.paths.clone());
    let (environment, params, limits) = (Environment::system(), Params::default(), DecodeLimits::DEFAULT);
    Wal { io: Io { store, paths, environment, params, limits, read_ahead_bytes: 1 << 20, budget: None } }
        .collector()
}

async fn pass(log: &Log) -> Collected {
    collector(log).run().await.unwrap()
}

/// A log that needs every kind of step: a stale entry, a fence range, data small and large.
async fn busy(store: LogStore) -> Log {
    let log = Log::new(store);
    log.marker(1, EntryKind::CleanFence, 1).await;
    log.data(2, 1, 10).await;
    log.marker(3, EntryKind::Fence, 2).await;
    log.marker(4, EntryKind::Filler, 2).await;
    log.data(5, 1, 10).await;
    log.data(6, 2, 10_000).await;
    log.data(7, 2, 10).await;
    log.manifest(1, 2, 6, 7).await;
    log
}

#[tokio::test]
async fn a_pass_deletes_what_is_covered_and_the_next_finds_nothing() {
    let log = busy(log::memory("pass")).await;
    let collected = pass(&log).await;
    assert_eq!(log.positions().await, [3, 7]);
    assert_eq!(collected.report.deleted.entries, 5);
    assert!(collected.report.deleted.entry_bytes > 80_000);
    assert_eq!(collected.report.stale_entries, 1);
    assert_eq!(collected.report.boundary, Position::new(6));
    assert!(collected.report.failed.is_empty());

    let again = pass(&log).await;
    assert_eq!(again.report.deleted, Default::default());
    assert_eq!(again.report.boundary, Position::new(6));
}

/// The costs that the front page states.
#[tokio::test]
async fn requests_are_as_many_as_documented() {
    let log = busy(log::memory("requests")).await;
    let first = pass(&log).await.requests;
    // Lists: three of the manifests, one of the entries, two of documents. Reads: the manifest, the absent
    // one after it, six headers, and that of the one entry above the bound that could show that the stale
    // entry was acknowledged. PUTs: the boundary, and the first part of the receipt.
    assert_eq!((first.list, first.get, first.put, first.delete), (6, 9, 2, 5));
    let idle = pass(&log).await.requests;
    // The manifests thrice, and the boundary that records the fence entry.
    assert_eq!((idle.list, idle.get, idle.put, idle.delete), (5, 3, 0, 0));
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let log = busy(log::memory("dry")).await;
    let dry = collector(&log).plan().await.unwrap();
    assert_eq!((dry.requests.put, dry.requests.delete), (0, 0));
    assert_eq!(dry.report.deleted.entries, 5);
    let wet = pass(&log).await;
    assert_eq!(dry.report.deleted, wet.report.deleted);
    let entries = |plan: &Plan| -> Vec<_> { plan.deletions().collect() };
    assert_eq!(entries(&dry.plan), entries(&wet.plan));
}

#[tokio::test]
async fn progress_is_told_from_the_listing_to_the_last_batch() {
    let log = busy(log::memory("progress")).await;
    let mut steps = Vec::new();
    let mut collector = collector(&log);
    collector.params.batch = 2;
    let tell = |event: &CollectEvent| {
        if let CollectEvent::Progress(progress) = event {
            steps.push(*progress);
        }
    };
    collector.run_with(tell).await.unwrap();
    assert_eq!(steps.first(), Some(&Progress::Listed { entries: 7 }));
    assert!(steps.contains(&Progress::Reading { read: 6, of: 6 }));
    assert!(steps.contains(&Progress::Published { boundary: Position::new(6) }));
    let deleting = [2, 4, 5].map(|tried| Progress::Deleting { tried, of: 5 });
    assert_eq!(steps[steps.len() - 3..], deleting);
}

/// P-51: damage must never turn a guarding fence into something that may go, so whatever is damaged stays.
#[tokio::test]
async fn a_flipped_bit_anywhere_in_a_marker_keeps_it() {
    let log = Log::new(log::memory("flip"));
    let marker = log.marker_bytes(2, EntryKind::Fence, 2);
    for byte in 0..marker.len() {
        let mut bytes = marker.to_vec();
        bytes[byte] ^= 1;
        log.overwrite(2, bytes).await;
        log.marker(1, EntryKind::CleanFence, 1).await;
        log.data(3, 2, 1).await;
        log.manifest(1, 2, 2, 3).await;
        let collected = pass(&log).await;
        assert_eq!(collected.report.kept["unreadable"], 1, "byte {byte}");
        assert_eq!(log.positions().await, [2, 3]);
        log.clear().await;
    }
}

/// Of a large entry only the trailer is read; it has a checksum of its own.
#[tokio::test]
async fn a_flipped_bit_in_the_trailer_of_a_large_entry_keeps_it_and_one_in_its_rows_does_not() {
    let log = Log::new(log::memory("flip-large"));
    let data = log.data_bytes(1, 1, 1_000);
    assert!(data.len() > 4_096);
    let trailer = data.len() - 64..data.len();
    for byte in [0, 300, trailer.start - 100].into_iter().chain(trailer.clone()) {
        let mut bytes = data.clone();
        bytes[byte] ^= 0x10;
        log.overwrite(1, bytes).await;
        log.data(2, 1, 1).await;
        log.manifest(1, 1, 1, 2).await;
        pass(&log).await;
        let stays = trailer.contains(&byte);
        assert_eq!(log.positions().await, if stays { vec![1, 2] } else { vec![2] }, "byte {byte}");
        log.clear().await;
    }
}

/// A marker is small; whatever large object says that it is one, is not to be believed.
#[tokio::test]
async fn empty_foreign_misplaced_and_blown_up_objects_stay() {
    let log = Log::new(log::memory("foreign"));
    log.overwrite(1, Vec::new()).await;
    log.overwrite(2, b"not an entry".to_vec()).await;
    log.overwrite(3, vec![0; 10_000]).await;
    log.overwrite(4, log.marker_bytes(9, EntryKind::Filler, 1).to_vec()).await;
    log.overwrite(5, log.blown_up_filler(5, 1)).await;
    log.data(6, 1, 1).await;
    log.manifest(1, 1, 5, 6).await;
    let collected = pass(&log).await;
    assert_eq!(collected.report.kept["unreadable"], 5);
    assert_eq!(log.positions().await, [1, 2, 3, 4, 5, 6]);
}

/// P-51, F-9: a filler of a later format might be something else there. It is named, and left alone.
#[tokio::test]
async fn an_entry_of_a_later_format_stays() {
    let log = busy(log::memory("later")).await;
    let mut bytes = log.marker_bytes(4, EntryKind::Filler, 2);
    let trailer = bytes.len() - 64;
    bytes[trailer + 4] = 2;
    let crc = crc32c(&bytes[trailer..trailer + 60]).to_le_bytes();
    bytes[trailer + 60..].copy_from_slice(&crc);
    log.overwrite(4, bytes).await;
    let collected = pass(&log).await;
    assert_eq!(log.positions().await, [3, 4, 7]);
    let verdict = collected.plan.verdict(&Object::Entry(Position::new(4))).unwrap();
    assert_eq!(verdict, &Verdict::Keep(Reason::Unreadable));
}

fn crc32c(bytes: &[u8]) -> u32 {
    let bit = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| bit(crc)))
}

/// P-59: a forgotten claim is known by its name, and stays.
#[tokio::test]
async fn forgotten_are_listed_and_stay() {
    let log = busy(log::memory("forget")).await;
    let path = log.paths.forgotten(fencepost_format::Epoch::new(1));
    log.store.create(&path, "?".into()).await.unwrap();
    let collected = pass(&log).await;
    assert_eq!(collected.report.kept["forgotten_record"], 1);
    assert!(collected.report.not_understood.is_empty());
    assert_eq!(collected.plan.claims, Claims::default(), "nobody of Lance's claimed");
}

/// P-57. Small entries are read whole, of large ones the last bytes and the first.
#[tokio::test]
async fn of_lances_entries_the_first_of_each_epoch_stays() {
    let log = Log::new(log::memory("lance"));
    log.lance(1, 1, 10, 0).await;
    log.lance(2, 1, 5_000, 0).await;
    log.lance_sentinel(3, 2).await;
    log.lance(4, 2, 10, 0).await;
    log.lance(5, 3, 5_000, 20_000).await;
    log.lance(6, 3, 5_000, 0).await;
    log.lance(7, 3, 10, 0).await;
    log.manifest(1, 3, 6, 7).await;
    let collected = pass(&log).await;
    assert_eq!(log.positions().await, [1, 3, 5, 7]);
    assert_eq!(collected.report.kept["guarding_fence"], 3);
}

#[tokio::test]
async fn cursors_hold_and_what_may_be_one_holds_everything() {
    let log = busy(log::memory("cursors")).await;
    let folder = log.paths.cursors_dir();
    let strange = format!("{folder}/reader/v2-4");
    log.store.create(&strange, "?".into()).await.unwrap();
    let collected = pass(&log).await;
    assert_eq!(collected.report.deleted.entries, 0);
    assert_eq!(collected.report.kept["cursor_not_understood"], 6);
    assert_eq!(collected.report.not_understood, std::slice::from_ref(&strange));

    log.store.delete([strange]).await;
    let at = |position| Position::new(position).into();
    log.cursor("reader", CursorDocument::Cursor(Nonce(5), at(1))).await;
    log.cursor("reader", CursorDocument::Position(Nonce(5), at(2))).await;
    log.cursor("reader", CursorDocument::Position(Nonce(5), at(1))).await;
    pass(&log).await;
    assert_eq!(log.positions().await, [3, 4, 5, 6, 7]);
}

/// More of a schema than that is not read, so it is not known whose the entry is.
#[tokio::test]
async fn an_entry_of_lances_whose_schema_is_too_long_stays() {
    let log = Log::new(log::memory("long-schema"));
    log.lance(1, 1, 10, 17 << 20).await;
    log.lance(2, 1, 10, 1 << 20).await;
    log.lance(3, 1, 10, 0).await;
    log.manifest(1, 1, 2, 3).await;
    let collected = pass(&log).await;
    let verdict = |at| collected.plan.verdict(&Object::Entry(Position::new(at))).unwrap();
    assert_eq!(verdict(1), &Verdict::Keep(Reason::Unreadable));
    assert_ne!(verdict(2), &Verdict::Keep(Reason::Unreadable));
}

#[tokio::test]
async fn what_is_not_understood_is_reported_and_stays() {
    let log = busy(log::memory("strange")).await;
    let strange = format!("{}/notes.txt", log.paths.wal_dir());
    log.store.create(&strange, "mine".into()).await.unwrap();
    let collected = pass(&log).await;
    assert_eq!(collected.report.not_understood, std::slice::from_ref(&strange));
    assert_eq!(collected.plan.verdicts[&Object::Other(strange)], Verdict::Keep(Reason::NotUnderstood));
    assert_eq!(log.positions().await, [3, 7]);
}

#[tokio::test]
async fn a_shard_without_manifests_is_no_log() {
    let error = collector(&Log::new(log::memory("empty"))).run().await.unwrap_err();
    assert!(matches!(error, CollectError::NoLog { .. }) && !error.is_retryable());
}

/// A folder that was copied from another shard must not be collected by that one's manifest.
#[tokio::test]
async fn a_manifest_of_another_shard_ends_the_pass() {
    let mut log = busy(log::memory("copied")).await;
    log.shard = ShardId::from_bytes([9; 16]);
    log.manifest(2, 3, 7, 7).await;
    let error = collector(&log).run().await.unwrap_err();
    assert!(matches!(error, CollectError::Manifest { .. }), "{error}");
    assert!(error.to_string().contains("belongs to shard"), "{error}");
    assert_eq!(log.positions().await.len(), 7);
}

/// What may go in a state that this program does not know, it does not know either.
#[tokio::test]
async fn a_shard_in_an_unknown_state_is_not_collected() {
    let log = busy(log::memory("state")).await;
    let manifest = Manifest {
        version: Version::new(2),
        replay_after: Position::new(6),
        status: ShardStatus::Unknown(7),
        nonce: Some(Nonce(2)),
        ..Manifest::initial(log.shard)
    };
    log.store.create(log.paths.manifest(manifest.version), manifest.encode().into()).await.unwrap();
    let error = collector(&log).run().await.unwrap_err();
    assert!(error.to_string().contains("status 7"), "{error}");
    assert_eq!(log.positions().await, [1, 2, 3, 4, 5, 6, 7]);
}

/// F-26: the time is that of an object which the pass itself wrote, on the store's clock.
#[tokio::test]
async fn a_stamp_tells_the_stores_time() {
    let log = busy(log::memory("stamp")).await;
    for version in 2..=4 {
        log.manifest(version, 2, 6, 7).await;
    }
    let policy = Policy::new().with_manifests_keep(1);
    let collected = collector(&log).with_policy(policy).run().await.unwrap();
    assert_eq!(
        (collected.requests.put, collected.requests.head),
        (3, 1),
        "the boundary, the stamp, the plan of the receipt"
    );
    assert!(matches!(log.store.head(log.paths.stamp()).await, fencepost_store::ReadOutcome::Found(_)));
    let again = pass(&log).await;
    assert!(again.report.not_understood.is_empty(), "the next pass knows it");
}

#[tokio::test]
async fn manifests_are_pruned_to_the_policy() {
    let log = busy(log::memory("manifests")).await;
    for version in 2..=9 {
        log.manifest(version, 2, 6, 7).await;
    }
    let policy = Policy::new().with_manifests_keep(3).with_manifests_age(Duration::ZERO);
    let collected = collector(&log).with_policy(policy).run().await.unwrap();
    assert_eq!(collected.report.deleted.manifests, 6);
    assert_eq!(collected.report.kept["newest_manifests"], 3);
}

/// Dropped at any await: time stands still but for the store's latency, so each limit cuts at another request.
#[tokio::test(start_paused = true)]
async fn a_pass_that_is_dropped_anywhere_is_finished_by_the_next() {
    let throttle = Duration::from_millis(10);
    let slow = ThrottleConfig {
        wait_delete_per_call: throttle,
        wait_get_per_call: throttle,
        wait_list_per_call: throttle,
        wait_put_per_call: throttle,
        ..ThrottleConfig::default()
    };
    let mut cuts = 0;
    for limit in (5..).step_by(10) {
        let inner = ThrottledStore::new(InMemory::new(), slow);
        let log = busy(LogStore::new(Arc::new(inner), Path::default(), StoreOptions::new())).await;
        let collector = collector(&log);
        let dropped = tokio::time::timeout(Duration::from_millis(limit), collector.run());
        let cut = dropped.await.is_err();
        pass(&log).await;
        assert_eq!(log.positions().await, [3, 7], "dropped after {limit} ms");
        if !cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 8, "only {cuts} places were tried");
}
