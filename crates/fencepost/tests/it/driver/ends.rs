//! What a writer sees through that was closed, dropped or stopped, and what it tells at that moment.

use crate::support::{World, any_manifest, append_all, close, options, settle, submit, wal_builder, wal_on};
use fencepost::{AppendError, Position, PutRate, Takeover, Ticket, Writer, WriterStatus};
use fencepost_store::wrap::{Fault, FaultStore, Op};
use futures::FutureExt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Looks at the writer's status at the very moment at which somebody is told something.
struct Witness {
    writer: Arc<Writer>,
    seen: Mutex<Vec<WriterStatus>>,
}

impl Witness {
    fn of(writer: &Arc<Writer>) -> Arc<Self> {
        Arc::new(Self { writer: Arc::clone(writer), seen: Mutex::default() })
    }
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        self.seen.lock().unwrap().push(self.writer.status());
    }
}

/// Whoever hears of an acknowledgement, or that there will be none, and asks for the status, on another
/// thread perhaps, finds it there, and its requests counted.
#[tokio::test(start_paused = true)]
async fn the_status_has_what_anybody_was_told() {
    for (asks_for_a_flush, fails) in [(false, false), (false, true), (true, false), (true, true)] {
        let world = World::new().await;
        let writer = Arc::new(world.writer().await);
        append_all(&writer, [1]).await;
        let puts = writer.status().requests.put;
        let denied = fails.then(|| world.faults.on(Op::Put, world.entry(3), Fault::Deny));
        let witness = Witness::of(&writer);
        let waker = Waker::from(Arc::clone(&witness));
        let mut ticket = submit(&writer, 2).await;
        let mut flush = writer.flush().boxed();
        let mut context = Context::from_waker(&waker);
        match asks_for_a_flush {
            true => assert!(flush.poll_unpin(&mut context).is_pending()),
            false => assert!(ticket.poll_unpin(&mut context).is_pending()),
        }
        settle().await;
        let seen = witness.seen.lock().unwrap();
        let told = |status: &WriterStatus| {
            (status.acknowledged.get(), status.requests.put - puts, status.stopped.is_some())
        };
        let expected = if fails { (2, 1, true) } else { (3, 1, false) };
        assert_eq!(seen.iter().map(told).collect::<Vec<_>>(), [expected], "{asks_for_a_flush}");
        assert_eq!(denied.map_or(0, |denied| denied.hits()), u64::from(fails));
    }
}

/// So does whoever hears where the checkpoint is, or that a successor forbade it.
#[tokio::test(start_paused = true)]
async fn the_status_has_the_checkpoint_that_anybody_was_told() {
    for fenced in [false, true] {
        let world = World::new().await;
        let writer = Arc::new(world.writer().await);
        append_all(&writer, 1..=3).await;
        let _successor = if fenced { Some(world.writer().await) } else { None };
        let witness = Witness::of(&writer);
        let waker = Waker::from(Arc::clone(&witness));
        let mut checkpoint = writer.checkpoint(Position::new(3)).boxed();
        assert!(checkpoint.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
        settle().await;
        let seen = witness.seen.lock().unwrap();
        let told = |status: &WriterStatus| (status.replay_after.get(), status.stopped.is_some());
        let expected = if fenced { (0, true) } else { (3, false) };
        assert_eq!(seen.iter().map(told).collect::<Vec<_>>(), [expected], "{fenced}");
    }
}

/// A writer that stopped has no use for the lease, though its owner may be slow to let go of it.
#[tokio::test(start_paused = true)]
async fn a_stopped_writer_lets_the_lease_go() {
    let world = World::new().await;
    let ttl = Duration::from_secs(5);
    let leased = || options().with_takeover(Takeover::Expired).with_lease_ttl(Some(ttl));
    let writer = world.wal.open_writer(leased()).await.unwrap();
    let _ = world.faults.on(Op::Put, world.entry(2), Fault::Deny).times(1);
    submit(&writer, 1).await.await.unwrap_err();
    settle().await;
    let stopped = Instant::now();
    let next = world.wal.open_writer(leased()).await.unwrap();
    assert_eq!((stopped.elapsed(), next.epoch().get()), (Duration::ZERO, 2));
    drop(writer);
}

/// P-23: one request that never ends is given up at the deadline of the append, not at its own.
#[tokio::test(start_paused = true)]
async fn an_append_is_given_up_in_time_though_its_request_hangs() {
    let world = World::new().await;
    let retry_timeout = Duration::from_secs(5);
    let builder = wal_builder(Arc::new(world.faults.clone())).with_retry_timeout(retry_timeout);
    let writer = builder.open().await.unwrap().open_writer(options()).await.unwrap();
    let hangs = world.faults.hold(Op::Put, world.entry(2));
    let started = Instant::now();
    let error = submit(&writer, 1).await.await.unwrap_err();
    assert!(matches!(error, AppendError::Unknown { .. }), "{error}");
    assert_eq!((started.elapsed(), hangs.hits()), (retry_timeout, 1));
}

/// What lies below the position that made a writer stop is still decided, even if its owner has gone.
#[tokio::test(start_paused = true)]
async fn what_lies_below_a_failure_is_seen_through() {
    for closes in [true, false] {
        let world = World::new().await;
        let writer = world.writer().await;
        let held = world.faults.hold(Op::Put, world.entry(2));
        let _ = world.faults.on(Op::Put, world.entry(3), Fault::Deny);
        let (one, two) = (submit(&writer, 1).await, submit(&writer, 2).await);
        two.await.unwrap_err();
        let close = closes.then(|| tokio::spawn(close(writer)));
        settle().await;
        held.release();
        assert_eq!(one.await.unwrap().position.get(), 2, "{closes}");
        if let Some(close) = close {
            close.await.unwrap().unwrap_err();
        }
    }
}

/// P-24: the lowest of several failures is what a flush goes by, whichever comes first.
#[tokio::test(start_paused = true)]
async fn a_flush_hears_of_a_lower_failure_that_comes_later() {
    let world = World::new().await;
    let own = FaultStore::new(Arc::new(world.faults.clone()));
    let writer = wal_on(Arc::new(own.clone())).await.open_writer(options()).await.unwrap();
    let held = own.hold(Op::Put, world.entry(2));
    let _ = world.faults.on(Op::Put, |path| path.contains("/wal/"), Fault::Deny);
    let one = submit(&writer, 1).await;
    let flush = writer.flush();
    tokio::pin!(flush);
    assert!(futures::poll!(&mut flush).is_pending());
    submit(&writer, 2).await.await.unwrap_err();
    assert!(futures::poll!(&mut flush).is_pending(), "what it waits for is still on its way");
    held.release();
    one.await.unwrap_err();
    assert!(matches!(flush.await, Err(AppendError::NotDone { at, .. }) if at.get() == 2));
}

/// Neither dropping its future nor closing or dropping the writer takes a checkpoint back.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_seen_through() {
    for closes in [true, false] {
        for (op, matches) in
            [(Op::List, (|path| path.ends_with("/manifest")) as fn(&str) -> bool), (Op::Put, any_manifest)]
        {
            let world = World::new().await;
            let writer = world.writer().await;
            append_all(&writer, 1..=3).await;
            let held = world.faults.hold(op, matches);
            assert!(writer.checkpoint(Position::new(3)).now_or_never().is_none());
            held.arrived().await;
            let close = closes.then(|| tokio::spawn(close(writer)));
            settle().await;
            held.release();
            settle().await;
            if let Some(close) = close {
                close.await.unwrap().unwrap();
            }
            assert_eq!(world.rows().await, [3], "{closes} {op:?}");
        }
    }
}

/// What waits for the pace is written by a writer that was dropped, too.
#[tokio::test(start_paused = true)]
async fn a_dropped_writer_finishes_what_waits_for_the_pace() {
    let world = World::new().await;
    let capped = options().with_puts_per_second_max(PutRate::AtMost(NonZeroU32::MIN));
    let writer = world.wal.open_writer(capped).await.unwrap();
    let tickets: [Ticket; 3] = [submit(&writer, 1).await, submit(&writer, 2).await, submit(&writer, 3).await];
    drop(writer);
    for ticket in tickets {
        ticket.await.unwrap();
    }
    assert_eq!(world.rows().await, [1, 2, 3]);
}

/// P-26: the successor replayed it, and the writer, whose reply was lost, must not call it refused.
#[tokio::test(start_paused = true)]
async fn what_lies_below_the_fence_is_not_called_refused() {
    let world = World::new().await;
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let writer = wal_on(Arc::new(own.clone())).await.open_writer(options()).await.unwrap();
    let _ = own.on(Op::Put, world.entry(2), Fault::LoseReply);
    let _ = own.on(Op::Get, world.entry(2), Fault::Drop);
    let one = submit(&writer, 1).await;
    settle().await;
    let successor = world.writer().await;
    assert_eq!(world.rows().await, [1]);
    let two = submit(&writer, 2).await.await.unwrap_err();
    assert!(matches!(two, AppendError::Fenced { definite: true, .. }), "{two}");
    let one = one.await.unwrap_err();
    assert!(matches!(one, AppendError::Unknown { .. }) && !one.is_definite(), "{one}");
    append_all(&successor, [3]).await;
    assert_eq!(world.rows().await, [1, 3]);
}

/// P-26: once the successor's checkpoint has passed the place, nobody can tell whether an earlier attempt
/// landed and was replayed there.
#[tokio::test(start_paused = true)]
async fn what_the_checkpoint_has_passed_is_not_called_refused() {
    for passes in [false, true] {
        let world = World::new().await;
        let own = FaultStore::new(Arc::clone(world.faults.inner()));
        let writer = wal_on(Arc::new(own.clone())).await.open_writer(options()).await.unwrap();
        let held = own.hold(Op::Put, world.entry(2));
        let one = submit(&writer, 1).await;
        held.arrived().await;
        let successor = world.writer().await;
        append_all(&successor, [2]).await;
        if passes {
            successor.checkpoint(successor.status().acknowledged).await.unwrap();
        }
        held.release();
        let one = one.await.unwrap_err();
        assert!(matches!(one, AppendError::Fenced { definite, .. } if definite != passes), "{passes}: {one}");
    }
}
