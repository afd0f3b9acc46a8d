//! Hazard 6: every entry is covered and deleted; a writer that looks for the tail by listing begins again at
//! position 1, below the replay point. Lance's does.

use crate::support::{World, append, append_all, headers};
use fencepost::Position;

/// What a writer that lists would take for the next position.
async fn next_by_listing(world: &World) -> u64 {
    headers(&world.truth).await.keys().max().copied().unwrap_or(0) + 1
}

async fn covered() -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    writer.checkpoint(Position::new(6)).await.unwrap();
    drop(writer);
    world
}

/// P-52: one entry stays, so that whoever lists finds a tail above the replay point.
#[tokio::test(start_paused = true)]
async fn h06_the_highest_entry_stays() {
    let world = covered().await;
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "6:d1");
    assert_eq!(next_by_listing(&world).await, 7);
    let writer = world.writer().await;
    append_all(&writer, [7]).await;
    assert_eq!(world.rows().await, [7]);
}

/// Without the cure, a listing says 1. Our own writers never ask one: they begin above the replay point (P-13).
#[tokio::test(start_paused = true)]
async fn h06_without_it_a_listing_begins_again_and_our_writers_do_not() {
    let world = covered().await;
    world.delete_entries(1..=6).await;
    assert_eq!(
        next_by_listing(&world).await,
        1,
        "below the replay point: whoever writes there is never read"
    );
    let writer = world.writer().await;
    assert_eq!(append(&writer, 7).await.unwrap(), 7 + 64);
    assert_eq!(world.rows().await, [7]);
}
