//! The driver around the core: what it must not get wrong although the core decides rightly.

use crate::support::{World, append_all, options, settle, submit, wal_on};
use fencepost::{Ticket, Writer};
use fencepost_store::wrap::{FaultStore, Held, Op};
use std::sync::Arc;

mod checkpoint;
mod collects;
mod copies;
mod cursors;
mod ends;
mod followers;
mod inspects;
mod looks;
mod repairs;
mod rows;
mod unreadable;
mod verifies;
mod waits;

/// Two epochs, the first of which was closed.
async fn changed_hands() -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=3).await;
    writer.close().await.unwrap();
    append_all(&world.writer().await, 4..=6).await;
    assert_eq!(world.layout().await, "1:h1 2-4:d1 5:c1 6:h2 7-9:d2");
    world
}

/// A writer that is stalled at 3, while what it sent to 4 has landed.
struct Stalled {
    world: World,
    at_three: Held,
    tickets: [Ticket; 2],
    _writer: Writer,
}

/// Row 1 at 2, row 3 at 4, and row 2 on its way to 3.
async fn stalled() -> Stalled {
    let world = World::new().await;
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let writer = wal_on(Arc::new(own.clone())).await.open_writer(options()).await.unwrap();
    append_all(&writer, [1]).await;
    let at_three = own.hold(Op::Put, world.entry(3));
    let tickets = [submit(&writer, 2).await, submit(&writer, 3).await];
    at_three.arrived().await;
    settle().await;
    assert_eq!(world.layout().await, "1:h1 2:d1 4:d1");
    Stalled { world, at_three, tickets, _writer: writer }
}

/// The same, taken over by somebody who appends row 4: what landed at 4 is a stale entry.
async fn taken_over() -> (Stalled, Writer) {
    let stalled = stalled().await;
    let next = stalled.world.writer().await;
    append_all(&next, [4]).await;
    assert_eq!(stalled.world.layout().await, "1:h1 2:d1 3:p2 4:d1 5-66:f2 67:d2");
    (stalled, next)
}
