//! Enough of a log's life to have every metric recorded.

use super::told;
use crate::support::{World, append, append_all, options};
use fencepost::{CursorName, GiveUp, Position, ReadFrom};
use fencepost_store::wrap::{Fault, Op};

/// What a recorder says after all scenes.
pub(super) fn all() -> String {
    told(async || {
        writers().await;
        Box::pin(readers()).await;
        collections().await;
    })
}

/// A lease, a takeover after a crash, a lost answer, a fenced writer, a checkpoint that is refused.
async fn writers() {
    let world = World::new().await;
    let leased = options().with_lease_ttl(Some(std::time::Duration::from_secs(5)));
    let first = world.wal.open_writer(leased).await.unwrap();
    let _lost = world.faults.on(Op::Put, world.entry(2), Fault::LoseReply).times(1);
    append_all(&first, 1..=3).await;
    first.checkpoint(Position::new(99)).await.unwrap_err();
    first.checkpoint(Position::new(2)).await.unwrap();
    let _second = world.writer().await;
    append(&first, 4).await.unwrap_err();
}

/// A tail, a cursor that moves, and an entry that was given up.
async fn readers() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    writer.close().await.unwrap();
    world.delete_entries([3]).await;
    let found = world.wal.verify(|_, _| ()).await.unwrap();
    let (first, last) = (Position::new(3), Position::new(3));
    let plan = found.plan_repair(&[GiveUp::Gap { first, last }]).unwrap();
    world.wal.repair(&plan, |_| ()).await.unwrap();
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    for _ in 0..6 {
        tail.poll().await.unwrap();
    }
    let cursor = CursorName::parse("consumer").unwrap();
    let mut cursor = world.wal.cursor(cursor, Position::new(1)).await.unwrap();
    cursor.advance(Position::new(2)).await.unwrap();
    let replayed = world.writer().await;
    let mut late = world.wal.reader(ReadFrom::Position(Position::new(1))).await.unwrap();
    world.delete_entries(1..=4).await;
    replayed.checkpoint(Position::new(6)).await.unwrap();
    late.next().await.unwrap_err();
}

/// A collection, and a look at what is left.
async fn collections() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    writer.checkpoint(Position::new(8)).await.unwrap();
    world.wal.collector().plan().await.unwrap();
    world.wal.collector().run().await.unwrap();
    world.wal.overview().await.unwrap();
}
