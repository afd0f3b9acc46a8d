//! Questions to a log that is written to, and collected, meanwhile: the right answer or an error, never another one.

use crate::support::{World, append, append_numbers, ask, collected, numbers, over, session, table};
use fencepost::{CursorName, ErrorKind, Position, Writer};
use fencepost_datafusion::{LogError, LogTable, LogTableOptions};
use std::sync::Arc;

async fn collect(world: &World, writer: &Writer, through: u64) {
    writer.checkpoint(Position::new(through)).await.unwrap();
    world.wal.collector().run().await.unwrap();
}

#[tokio::test]
async fn a_position_that_was_collected_is_named() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_numbers(&writer, 0, 200).await;
    let table = table(&world.wal).await;
    let session = over(&table);
    collect(&world, &writer, 150).await;
    let error = ask(&session, "select count(*) from log").await.unwrap_err();
    assert_eq!(collected(&error), Some(1), "{error}");
    let text = error.to_string();
    assert!(text.contains("position 1 was collected") && text.contains("positions 1 to 201"), "{text}");
    assert_eq!(LogError::find(&error).unwrap().kind(), ErrorKind::Truncated);
    let error = ask(&session, "select n from log where _position = 100").await.unwrap_err();
    assert_eq!(collected(&error), Some(100), "{error}");
    // What is still there is answered from the same snapshot.
    let answer = ask(&session, "select count(*), sum(n) from log where _position > 151").await.unwrap();
    assert_eq!(answer, ["50,8725"]);
}

/// Rows that are appended after the snapshot are in none of its answers.
#[tokio::test]
async fn a_snapshot_stays_what_it_was() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_numbers(&writer, 0, 10).await;
    let before = table(&world.wal).await;
    append_numbers(&writer, 10, 10).await;
    let session = over(&before);
    let both = "select (select count(*) from log), (select max(n) from log)";
    assert_eq!(ask(&session, both).await.unwrap(), ["10,9"]);
    assert_eq!(ask(&over(&table(&world.wal).await), both).await.unwrap(), ["20,19"]);
}

/// Many rounds, at whatever moments the scheduler makes of them: a writer appends and collects, while questions are
/// put to snapshots, some of which are held. Both ends are met.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_answer_is_right_or_names_the_position_that_was_collected() {
    let world = Arc::new(World::new().await);
    let writer = world.writer().await;
    append_numbers(&writer, 0, 300).await;
    let other = world.clone();
    let (done, mut ended) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        let (mut next, mut passes) = (300, 0_u64);
        while ended.try_recv().is_err() {
            for _ in 0..20 {
                append(&writer, numbers("n", [next])).await;
                next += 1;
            }
            collect(&other, &writer, writer.status().acknowledged.get() - 200).await;
            passes += 1;
        }
        passes
    });
    let (mut right, mut refused) = (0, 0);
    for round in 0..60 {
        let hold = (round % 3 == 0).then(|| CursorName::parse(&format!("query-{round}")).unwrap());
        let is_held = hold.is_some();
        let options = LogTableOptions::new().with_partition_positions_min(50).with_hold(hold);
        let table = LogTable::open(&world.wal, options).await.unwrap();
        let session = session(3);
        session.register_table("log", Arc::new(table.clone())).unwrap();
        // Until the collector has passed the snapshot, where nothing holds it.
        for _ in 0..20 {
            let first = table.first().get().max(2);
            let (count, sum) = expected(first, table.last().get());
            match ask(&session, "select count(*), sum(n) from log").await {
                Ok(answer) => {
                    assert_eq!(answer, [format!("{count},{sum}")], "round {round}");
                    right += 1;
                }
                Err(error) => {
                    let at = collected(&error).unwrap_or_else(|| panic!("round {round}: {error}"));
                    assert!(!is_held, "round {round}: {error}");
                    assert!(
                        (table.first().get()..=table.last().get()).contains(&at),
                        "round {round}: {error}"
                    );
                    refused += 1;
                    break;
                }
            }
        }
        table.release().await.unwrap();
    }
    done.send(()).unwrap();
    assert!(writing.await.unwrap() > 2);
    assert!(right > 60 && refused > 5, "{right} answers, {refused} refused: both ends must be met");
    assert!(world.wal.cursors().await.unwrap().is_empty());
}

/// The number at position p is p - 2.
fn expected(first: u64, last: u64) -> (u64, u64) {
    (last - first + 1, (first..=last).map(|at| at - 2).sum())
}

/// A log that is not the one that it was is no shorter answer.
#[tokio::test]
async fn a_log_that_lost_its_end_is_an_error() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 10).await;
    let session = over(&table(&world.wal).await);
    for at in 8..=11 {
        world.delete_entry(at).await;
    }
    let error = ask(&session, "select count(*) from log").await.unwrap_err();
    assert!(matches!(LogError::find(&error), Some(LogError::Shorter { at, .. }) if at.get() == 8), "{error}");
    assert_eq!(ask(&session, "select count(*) from log where _position < 8").await.unwrap(), ["6"]);
}

/// P-91: a window further up stands what proves that it was there.
#[tokio::test]
async fn an_entry_that_is_lost_is_an_error() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 200).await;
    let session = over(&table(&world.wal).await);
    world.delete_entry(5).await;
    let error = ask(&session, "select count(*) from log").await.unwrap_err();
    assert_eq!(LogError::find(&error).map(LogError::kind), Some(ErrorKind::Damaged), "{error}");
    assert!(error.to_string().contains("position 5 is lost"), "{error}");
    // Nor does the log end there for a table that is opened later.
    let error = ask(&over(&table(&world.wal).await), "select count(*) from log").await.unwrap_err();
    assert!(error.to_string().contains("position 5 is lost"), "{error}");
}

/// P-102: whoever passes what a repair gave up is told. Rows that are not asked for were not passed.
#[tokio::test]
async fn what_a_repair_gave_up_is_told() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 200).await;
    world.delete_entry(5).await;
    let found = world.wal.verify(|_, _| ()).await.unwrap();
    let plan = found.plan_repair(&found.ailing()).unwrap();
    world.wal.repair(&plan, |_| ()).await.unwrap();
    let table = table(&world.wal).await;
    let session = over(&table);
    assert_eq!(ask(&session, "select n from log where _position = 6").await.unwrap(), ["4"]);
    assert!(table.given_up().is_empty());
    assert_eq!(ask(&session, "select count(*), sum(n) from log").await.unwrap(), ["199,19897"]);
    assert_eq!(table.given_up(), [Position::new(5)]);
}
