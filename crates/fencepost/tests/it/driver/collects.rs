//! Collections on a store that fails or changes under their eyes: what is not known deletes nothing, and what
//! may pass is asked again.

use crate::support::{SHARD, World, append_all, batch, options, wal_builder};
use fencepost::{CollectError, Policy, Position, Version, Wal};
use fencepost_format::MANIFEST_BYTES_MAX;
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// Rows 2 to 10 at their positions, of which all but the last are covered.
async fn covered() -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=10).await;
    writer.checkpoint(Position::new(9)).await.unwrap();
    world
}

fn boundary(path: &str) -> bool {
    path.contains("/boundary-")
}

fn stamp(path: &str) -> bool {
    path.contains("/fencepost/gc/") && !boundary(path)
}

/// Readers and consumers go by it, so nothing is deleted before it is there.
#[tokio::test(start_paused = true)]
async fn a_boundary_that_is_not_known_to_be_there_deletes_nothing() {
    for (fault, waits) in [(Fault::Drop, true), (Fault::Refuse, true), (Fault::Deny, false)] {
        let world = covered().await;
        let before = world.layout().await;
        let failing = world.faults.on(Op::Put, boundary, fault);
        let started = Instant::now();
        let error = world.wal.collector().run().await.unwrap_err();
        assert!(matches!(error, CollectError::Store { .. }), "{fault:?}: {error}");
        assert_eq!(error.is_retryable(), waits, "{fault:?}: {error}");
        assert_eq!(started.elapsed() >= RETRY_TIMEOUT, waits, "{fault:?}: {:?}", started.elapsed());
        assert!(started.elapsed() < RETRY_TIMEOUT * 5 / 4, "{fault:?}: {:?}", started.elapsed());
        assert_eq!(world.layout().await, before, "{fault:?}");
        failing.stop();
        world.wal.collector().run().await.unwrap();
        assert_eq!(world.layout().await, "10:d1");
    }
}

/// Some stores say so where two requests met, and nothing stands there.
#[tokio::test(start_paused = true)]
async fn a_boundary_that_is_said_to_exist_is_looked_for() {
    let world = covered().await;
    let lies = world.faults.on(Op::Put, boundary, Fault::FalseExists).times(2);
    world.wal.collector().run().await.unwrap();
    assert_eq!((lies.hits(), world.wal.inspect().await.unwrap().boundary.get()), (2, 9));
    assert_eq!(world.layout().await, "10:d1");

    // Where it never comes to be, what went wrong before all that is in the error.
    let world = covered().await;
    let before = world.layout().await;
    let _ = world.faults.on(Op::Put, boundary, Fault::Drop).times(1);
    let _ = world.faults.on(Op::Put, boundary, Fault::FalseExists);
    let error = world.wal.collector().run().await.unwrap_err();
    assert!(matches!(error, CollectError::Store { .. }), "{error}");
    assert_eq!(world.layout().await, before);
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_asked_again() {
    for fault in [Fault::Drop, Fault::Refuse, Fault::LoseReply] {
        for op in [Op::List, Op::Get, Op::Put, Op::Delete] {
            let world = covered().await;
            let failing = world.faults.on(op, |_| true, fault).times(3);
            let collected = world.wal.collector().run().await.unwrap();
            assert_eq!((failing.hits(), collected.report.failed.len()), (3, 0), "{fault:?} {op:?}");
            assert_eq!(world.layout().await, "10:d1", "{fault:?} {op:?}");
            assert!(collected.report.not_understood.is_empty(), "{:?}", collected.report);
        }
    }
}

/// F-26: the stamp only tells the time. Where it may not be written the pass goes on without, at once; where
/// that may pass, it is written again.
#[tokio::test(start_paused = true)]
async fn a_stamp_that_is_denied_is_done_without() {
    for (op, fault, times, requests) in [
        (Op::Put, Fault::Deny, u64::MAX, (1, 0)),
        (Op::Head, Fault::FalseAbsent, u64::MAX, (1, 1)),
        (Op::Put, Fault::Drop, 2, (3, 1)),
        (Op::Put, Fault::Refuse, 2, (3, 1)),
        (Op::Head, Fault::Drop, 2, (3, 3)),
    ] {
        let world = covered().await;
        let failing = world.faults.on(op, stamp, fault).times(times);
        let started = Instant::now();
        let pass = world.wal.collector().with_policy(Policy::new().with_manifests_keep(1));
        let collected = pass.run().await.unwrap();
        let made = collected.requests;
        assert_eq!((made.put - 2, made.head), requests, "{op:?} {fault:?}: besides boundary and receipt");
        assert_eq!(started.elapsed().is_zero(), times == u64::MAX, "{op:?} {fault:?}");
        assert!(failing.hits() > 0);
        assert_eq!((collected.report.deleted.manifests, world.layout().await.as_str()), (0, "10:d1"));
    }
}

/// P-51: it is not what was listed, so it is not known what it is. Large entries are read at their ends, and
/// an old end may stand in the middle.
#[tokio::test(start_paused = true)]
async fn an_entry_that_is_longer_than_it_was_listed_stays() {
    for rows in [1, 5_000] {
        let world = World::new().await;
        let writer = world.writer().await;
        writer.append(&[batch(0..rows)]).await.unwrap();
        append_all(&writer, [3]).await;
        writer.checkpoint(Position::new(2)).await.unwrap();
        let (store, path) = (world.truth.store(), world.truth.paths().entry(Position::new(2)));
        // Without the opener's record, so that the entry is read.
        let record = world.truth.paths().opening_record(writer.status().epoch);
        assert!(store.delete([record]).await[0].result.is_ok());
        let reading = world.faults.hold(Op::Get, world.entry(2));
        let wal = world.wal.clone();
        let collecting = tokio::spawn(async move { wal.collector().run().await });
        reading.arrived().await;
        let mut bytes = store.get(&path).await.into_result().unwrap().unwrap().bytes.to_vec();
        bytes.resize(bytes.len() + 5_000, b'x');
        store.put_overwrite(&path, bytes.into()).await.unwrap();
        reading.release();
        let collected = collecting.await.unwrap().unwrap();
        assert_eq!((collected.report.kept["unreadable"], collected.elapsed), (1, Duration::ZERO), "{rows}");
        assert!(store.head(&path).await.into_result().unwrap().is_some(), "{rows}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_cannot_be_the_latest_ends_the_pass() {
    let world = covered().await;
    let before = world.layout().await;
    let newest = world.truth.paths().manifest(Version::new(2));
    let hidden = {
        let newest = newest.clone();
        world.faults.on(Op::Get, move |path| path == newest, Fault::FalseAbsent)
    };
    let error = world.wal.collector().run().await.unwrap_err();
    assert!(matches!(&error, CollectError::ListedNotThere { object } if *object == newest), "{error}");
    assert!(error.is_retryable());
    hidden.stop();

    let large = world.truth.paths().manifest(Version::new(3));
    world.truth.store().create(&large, vec![0; MANIFEST_BYTES_MAX + 1].into()).await.unwrap();
    let started = Instant::now();
    let error = world.wal.collector().run().await.unwrap_err();
    assert!(matches!(error, CollectError::Manifest { .. }), "{error}");
    assert!(error.to_string().contains(&large) && !error.is_retryable(), "{error}");
    assert_eq!((started.elapsed(), world.layout().await), (Duration::ZERO, before));
}

/// One retry timeout for the whole of a question, though the store could repeat it as well.
#[tokio::test(start_paused = true)]
async fn a_question_of_a_collection_has_one_retry_timeout() {
    let world = covered().await;
    let retry_timeout = Duration::from_secs(20);
    let builder = wal_builder(Arc::new(world.faults.clone())).with_retry_timeout(retry_timeout);
    let wal = builder.open().await.unwrap();
    for op in [Op::List, Op::Get] {
        let failing = world.faults.on(op, |_| true, Fault::Drop);
        let started = Instant::now();
        let error = wal.collector().run().await.unwrap_err();
        assert!(matches!(error, CollectError::Store { .. }), "{error}");
        let waited = started.elapsed();
        assert!((retry_timeout..retry_timeout * 5 / 4).contains(&waited), "{op:?}: {waited:?}");
        failing.stop();
    }
}

/// The store repeats what failed of a batch, for as long as the log was told to be patient.
#[tokio::test(start_paused = true)]
async fn deletions_are_tried_as_long_as_the_retry_timeout_lasts() {
    let world = covered().await;
    let retry_timeout = Duration::from_secs(5);
    let wal =
        wal_builder(Arc::new(world.faults.clone())).with_retry_timeout(retry_timeout).open().await.unwrap();
    let _ = world.faults.on(Op::Delete, |_| true, Fault::Drop);
    let collected = wal.collector().run().await.unwrap();
    assert_eq!(collected.report.failed.len(), 9);
    assert!(collected.elapsed < retry_timeout * 2, "{:?}", collected.elapsed);
}

/// P-140: a name that is said to be taken may have nothing, so what a collection says it left is there.
#[tokio::test(start_paused = true)]
async fn a_receipt_whose_name_is_falsely_taken_is_left_all_the_same() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    writer.checkpoint(Position::new(4)).await.unwrap();
    let lies = world.faults.on(Op::Put, |path| path.contains("/receipts/"), Fault::FalseExists).times(1);
    let left = world.wal.collector().run().await.unwrap().receipt;
    assert_eq!((lies.hits(), &left.failed), (1, &None));
    let receipt = world.wal.receipt(left.id.unwrap()).await.unwrap().unwrap();
    assert!(receipt.plan.is_some() && receipt.end.is_some());
}

/// P-75: old ones go, young ones may have a writer at work, and a plan deletes nothing.
#[tokio::test]
async fn what_killed_writers_left_goes_when_it_is_old() {
    let home = tempfile::tempdir().unwrap();
    let location = home.path().to_str().unwrap();
    let wal = Wal::at(location).with_shard(SHARD).open().await.unwrap();
    append_all(&wal.open_writer(options()).await.unwrap(), [1]).await;
    let folder = home.path().join(wal.paths().wal_dir());
    let (old, young) = (folder.join("x#1"), folder.join("y#2"));
    for file in [&old, &young] {
        std::fs::write(file, "half").unwrap();
    }
    let file = std::fs::File::options().write(true).open(&old).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000)).unwrap();
    // P-135: one of the opener's own may be there too, since nobody waits for its record.
    let planned = wal.collector().plan().await.unwrap().staging;
    assert!((2..=3).contains(&planned.found) && planned.found_bytes >= 8, "{planned:?}");
    assert_eq!((planned.deleted, old.exists()), (0, true));
    let swept = wal.collector().run().await.unwrap().staging;
    assert!((2..=3).contains(&swept.found) && swept.found_bytes >= 8, "{swept:?}");
    assert_eq!((swept.deleted, swept.deleted_bytes), (1, 4));
    assert_eq!((old.exists(), young.exists(), swept.failed.len()), (false, true, 0));
}
