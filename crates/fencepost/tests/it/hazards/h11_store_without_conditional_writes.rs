//! Hazard 11: a store that ignores `If-None-Match`. Every create "succeeds", and two writers both win.

use crate::support::{World, append, options, wal_on};
use fencepost::OpenWriterError;
use fencepost_store::wrap::{Fault, Op};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// P-70.
#[tokio::test(start_paused = true)]
async fn h11_such_a_store_is_refused_loudly() {
    let world = World::new().await;
    let _ = world.faults.on(Op::Put, |_| true, Fault::IgnoreCondition);
    for _ in 0..2 {
        let refused = world.wal.open_writer(options().with_store_probe(true)).await.unwrap_err();
        assert!(matches!(refused, OpenWriterError::Unsafe { .. }) && !refused.is_retryable(), "{refused}");
    }
    assert_eq!(world.layout().await, "", "nothing of a log was written");
}

/// The answer is remembered.
#[tokio::test(start_paused = true)]
async fn h11_a_sound_store_is_probed_once() {
    let world = World::new().await;
    let first = world.wal.open_writer(options().with_store_probe(true)).await.unwrap();
    assert!(first.status().open_requests.put > 20);
    first.close().await.unwrap();
    let second = world.wal.open_writer(options().with_store_probe(true)).await.unwrap();
    assert_eq!(second.status().open_requests.put, 3);
}

/// P-70. A log is copied, the probe's marker with it, to a store that ignores the condition.
#[tokio::test(start_paused = true)]
async fn h11_a_verdict_does_not_move_with_the_log() {
    let (world, copy) = (World::new().await, World::new().await);
    world.wal.open_writer(options().with_store_probe(true)).await.unwrap().close().await.unwrap();
    let (from, to) = (world.wal.store(), copy.wal.store());
    for object in from.list_all("").await.unwrap() {
        let bytes = from.get(&object.path).await.into_result().unwrap().unwrap().bytes;
        to.put_overwrite(&object.path, bytes.into()).await.unwrap();
    }
    let _ = copy.faults.on(Op::Put, |_| true, Fault::IgnoreCondition);
    let refused = copy.wal.open_writer(options().with_store_probe(true)).await.unwrap_err();
    assert!(matches!(refused, OpenWriterError::Unsafe { .. }), "{refused}");
}

/// P-70. The very first requests to a store are the probe's. One reply that was lost ended the opening.
#[tokio::test(start_paused = true)]
async fn h11_a_store_that_stutters_is_probed_all_the_same() {
    let world = World::new().await;
    let lost = world.faults.on(Op::Put, |path| path.contains("/probe-"), Fault::Drop).times(4);
    let writer = world.wal.open_writer(options().with_store_probe(true)).await.unwrap();
    append(&writer, 1).await.unwrap();
    assert_eq!(lost.hits(), 4);
}

/// Without the probe: a writer that was taken over goes on, and is acknowledged.
#[tokio::test(start_paused = true)]
async fn h11_without_the_probe_both_writers_win() {
    let world = World::new().await;
    let _ = world.faults.on(Op::Put, |_| true, Fault::IgnoreCondition);
    let a = world.writer().await;
    append(&a, 1).await.unwrap();
    let b = world.writer().await;
    append(&b, 11).await.unwrap();
    assert_eq!(append(&a, 2).await.unwrap(), 3, "A was fenced at 3, and is acknowledged there");
    b.checkpoint(fencepost::Position::new(67)).await.unwrap();
    assert_eq!(world.rows().await, [0; 0], "B covered what it had read, which is not row 2: lost");
}

/// P-70: two that come at the same time probe apart, or each would see what the other one does.
#[tokio::test(start_paused = true)]
async fn h11_probes_do_not_meet() {
    let world = World::new().await;
    let probed = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&probed);
    let noting = move |path: &str| {
        if path.contains("/probe-") {
            note.lock().unwrap().push(path.to_owned());
        }
        false
    };
    let _ = world.faults.on(Op::Put, noting, Fault::Deny);
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let other = wal_on(Arc::new(world.faults.clone())).await;
        other.open_writer(options().with_store_probe(true)).await.unwrap();
        let names: BTreeSet<_> = std::mem::take(&mut *probed.lock().unwrap()).into_iter().collect();
        assert_eq!(names.len(), 4);
        assert!(seen.is_disjoint(&names), "{names:?}");
        seen.extend(names);
    }
}
