//! Planning and running a collection through the facade.

use crate::support::{World, append_all, settle};
use fencepost::{CollectError, CollectEvent, Position, Receipts};

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

/// P-135: a collection reads a few entries for each change of hands, however many there are, and keeps and counts
/// what one does that reads all.
#[tokio::test(start_paused = true)]
async fn what_openers_recorded_is_not_read_again() {
    let collect = async |with_records: bool| {
        let world = World::new().await;
        for turn in 0..3_i64 {
            let writer = world.writer().await;
            append_all(&writer, 0..200 * turn + 100).await;
            writer.checkpoint(writer.status().acknowledged).await.unwrap();
            settle().await;
        }
        if !with_records {
            for object in world.wal.store().list_all(world.wal.paths().openings_dir()).await.unwrap() {
                world.wal.store().delete([&object.path]).await;
            }
        }
        let collected = world.wal.collector().run().await.unwrap();
        (world.layout().await, collected)
    };
    let (plain, all) = collect(false).await;
    let (left, some) = collect(true).await;
    assert_eq!(left, plain);
    assert_eq!(some.report.deleted.entries, all.report.deleted.entries);
    assert_eq!((some.report.deleted.openings, some.report.kept["opening_record"]), (2, 1));
    // The manifests; three records; three fence entries, and the windows above the two that guard.
    assert!(some.requests.get <= 10 + 3 + 3 + 2 * 64, "{:?}", some.requests);
    assert!(all.requests.get > 1_000, "{:?}", all.requests);
}

/// P-140: an auditor sees from it what went, why the rest stayed, and from what that was concluded.
#[tokio::test(start_paused = true)]
async fn a_collection_leaves_a_receipt_that_says_what_it_did() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    writer.checkpoint(Position::new(4)).await.unwrap();
    settle().await;
    let collected = world.wal.collector().run().await.unwrap();
    let listed = world.wal.receipts().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((Some(listed[0].id), listed[0].ended), (collected.receipt.id, true));
    let receipt = world.wal.receipt(listed[0].id).await.unwrap().unwrap();
    let (plan, end) = (receipt.plan.unwrap(), receipt.end.unwrap());
    assert_eq!(plan.delete.entries, [[1, 4]]);
    assert_eq!((plan.from.replay_after, plan.from.bound, plan.from.epoch), (4, 4, 1));
    let live = plan.keep.iter().find(|kept| kept.reason == "live").unwrap();
    assert_eq!(live.objects.entries, [[5, 6]]);
    assert_eq!((end.deleted, end.failed), (collected.report.deleted.objects(), 0));
    assert_eq!(end.entry_bytes, plan.entry_bytes);
}

/// Nobody wants to pay two PUTs an hour for each of ten thousand logs at rest.
#[tokio::test(start_paused = true)]
async fn an_idle_pass_leaves_no_receipt_unless_it_is_told_to() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=5).await;
    settle().await;
    let idle = world.wal.collector().run().await.unwrap();
    assert_eq!((idle.receipt.id, idle.requests.put), (None, 0));
    let told = world.wal.collector().with_receipts(Receipts::All).run().await.unwrap();
    assert_eq!((told.receipt.id.is_some(), told.requests.put), (true, 1));
    let never = world.wal.collector().with_receipts(Receipts::Never).run().await.unwrap();
    assert_eq!(never.receipt.id, None);
    assert_eq!(world.wal.receipts().await.unwrap().len(), 1);
}
