//! Hazard 5: a checkpoint inside a fence range. Readers begin above the fence entry, do not see it, and take
//! a stale entry for valid.

use crate::support::{World, append_all, submit};
use fencepost::{AppendError, Manifest, Position, Version};
use fencepost_store::wrap::Op;

/// A's PUT at 4 landed, the one at 3 did not; B's fence entry stands at 3, and A's stale entry at 4 is in its
/// fence range.
async fn stale_entry_in_a_fence_range() -> (World, fencepost::Writer) {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, [1]).await;
    let held = world.faults.hold(Op::Put, world.entry(3)).times(1);
    let tickets = [submit(&a, 2).await, submit(&a, 3).await];
    crate::support::settle().await;
    let b = world.writer().await;
    held.release();
    for ticket in tickets {
        assert!(matches!(ticket.await, Err(AppendError::Fenced { .. })), "told that it is not in the log");
    }
    append_all(&b, 11..=12).await;
    assert_eq!(world.layout().await, "1:h1 2:d1 3:p2 4:d1 5-66:f2 67-68:d2");
    (world, b)
}

/// P-31.
#[tokio::test(start_paused = true)]
async fn h05_checkpoints_in_a_fence_range_are_rounded_down() {
    for asked in [3, 4, 40, 65] {
        let (world, b) = stale_entry_in_a_fence_range().await;
        assert_eq!(b.checkpoint(Position::new(asked)).await.unwrap().get(), 2, "asked for {asked}");
        assert_eq!(world.rows().await, [11, 12]);
    }
    for asked in [2, 66, 67] {
        let (world, b) = stale_entry_in_a_fence_range().await;
        assert_eq!(b.checkpoint(Position::new(asked)).await.unwrap().get(), asked);
        let expected: &[i64] = if asked == 67 { &[12] } else { &[11, 12] };
        assert_eq!(world.rows().await, expected);
    }
}

/// A writer that opens later knows the fence ranges of those before it, from its replay.
#[tokio::test(start_paused = true)]
async fn h05_fence_ranges_of_earlier_epochs_count_too() {
    let (world, b) = stale_entry_in_a_fence_range().await;
    b.close().await.unwrap();
    let c = world.writer().await;
    assert_eq!(c.checkpoint(Position::new(30)).await.unwrap().get(), 2);
}

/// Without the cure: a checkpoint made by hand rests on the fence entry, and a refused row is read as if it
/// counted.
#[tokio::test(start_paused = true)]
async fn h05_without_the_rounding_a_refused_row_becomes_valid() {
    let (world, _b) = stale_entry_in_a_fence_range().await;
    let (paths, store) = (world.truth.paths(), world.truth.store());
    let path = paths.manifest(Version::new(2));
    let bytes = store.get(&path).await.into_result().unwrap().unwrap().bytes;
    let mut manifest = Manifest::decode(&path, Version::new(2), &bytes).unwrap();
    (manifest.version, manifest.replay_after) = (Version::new(3), Position::new(3));
    store.create(paths.manifest(manifest.version), manifest.encode().into()).await.unwrap();
    assert_eq!(world.rows().await, [3, 11, 12], "row 3 was refused");
}
