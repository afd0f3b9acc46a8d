//! Hazard 22: a GET or LIST that fails is *unknown* and never *absent*; a cached 404 says absent where
//! something is.

use crate::support::{World, append, append_all, options};
use fencepost::{OpenWriterError, ReadError, ReadFrom};
use fencepost_store::wrap::{Fault, Op};

/// P-13: an opener that took a failed read for the tail would leave out the rest of the log, and be followed
/// by all.
#[tokio::test(start_paused = true)]
async fn h22_a_read_that_fails_for_a_while_is_asked_again() {
    for fault in [Fault::Drop, Fault::Refuse, Fault::LoseReply] {
        let world = World::new().await;
        append_all(&world.writer().await, 1..=9).await;
        let failing = world.faults.on(Op::Get, crate::support::any_entry, fault).times(8);
        let writer = world.writer().await;
        assert_eq!(failing.hits(), 8);
        assert_eq!(append(&writer, 10).await.unwrap(), 11 + 64);
        assert_eq!(world.rows().await, (1..=10).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn h22_a_read_that_always_fails_ends_in_an_error_and_not_in_a_tail() {
    for fault in [Fault::Drop, Fault::Deny] {
        let world = World::new().await;
        append_all(&world.writer().await, 1..=9).await;
        let before = world.layout().await;
        let _ = world.faults.on(Op::Get, world.entry(6), fault);
        let refused = world.wal.open_writer(options()).await.unwrap_err();
        assert!(matches!(refused, OpenWriterError::GaveUp { .. }), "{fault:?}: {refused}");
        assert_eq!(world.layout().await, before, "nothing was written there");
        let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
        for _ in 2..6 {
            reader.next().await.unwrap().unwrap();
        }
        assert!(
            matches!(reader.next().await, Err(ReadError::GaveUp { at, .. }) if at.get() == 6),
            "{fault:?}"
        );
    }
}

/// P-14: an opener that is told "absent" by a cache tries to put its fence entry there, collides, and reads on.
#[tokio::test(start_paused = true)]
async fn h22_a_cached_404_does_not_cut_the_log() {
    for at in 2..=10 {
        let world = World::new().await;
        append_all(&world.writer().await, 1..=9).await;
        let cached = world.faults.on(Op::Get, world.entry(at), Fault::FalseAbsent).times(1);
        let writer = world.writer().await;
        assert_eq!(cached.hits(), 1);
        assert_eq!(append(&writer, 10).await.unwrap(), 11 + 64, "cached at {at}");
        assert_eq!(world.rows().await, (1..=10).collect::<Vec<_>>(), "cached at {at}");
    }
}

/// A reader that is told so stops too early, and goes on from there when the cache has forgotten: late, but
/// nothing is skipped.
#[tokio::test(start_paused = true)]
async fn h22_a_reader_behind_such_a_cache_is_late_and_skips_nothing() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=9).await;
    let _ = world.faults.on(Op::Get, world.entry(5), Fault::FalseAbsent).times(1);
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let mut all = Vec::new();
    let mut tails = 0;
    while tails < 2 {
        match reader.next().await.unwrap() {
            Some(entry) => all.extend(crate::support::numbers(&entry)),
            None => tails += 1,
        }
    }
    assert_eq!(all, (1..=9).collect::<Vec<_>>());
}
