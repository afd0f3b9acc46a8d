//! Planning and running a collection through the facade.

use crate::support::{World, append_all};
use fencepost::{CollectError, CollectEvent, Position};

/// A dry run writes nothing and says what a run would do.
#[tokio::test(start_paused = true)]
async fn a_plan_writes_nothing_and_a_run_does_what_it_said() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    writer.checkpoint(Position::new(4)).await.unwrap();
    let before = world.layout().await;
    let planned = world.wal.collector().plan().await.unwrap();
    assert_eq!((planned.requests.put, planned.requests.delete), (0, 0));
    assert_eq!(world.layout().await, before);
    let ran = world.wal.collector().run().await.unwrap();
    assert!(ran.plan.deletions().eq(planned.plan.deletions()));
    assert_eq!(ran.report.deleted.entries, 4);
    assert_eq!(world.layout().await, "5-6:d1");
    assert_eq!(world.rows().await, [4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_run_tells_how_far_it_is() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    writer.checkpoint(Position::new(4)).await.unwrap();
    let (mut progress, mut done) = (0, 0);
    let collector = world.wal.collector();
    let run = collector.run_with(|event| match event {
        CollectEvent::Progress(_) => progress += 1,
        CollectEvent::Done(_) => done += 1,
        _ => {}
    });
    run.await.unwrap();
    assert!(progress > 2);
    assert_eq!(done, 1);
}

#[tokio::test(start_paused = true)]
async fn there_is_nothing_to_collect_where_no_log_is() {
    let world = World::new().await;
    assert!(matches!(world.wal.collector().run().await, Err(CollectError::NoLog { .. })));
}
