//! What comes after the snapshot.

use crate::support::{World, append_numbers, ask, collected, plan, table};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::{SessionConfig, SessionContext};
use fencepost::Position;
use fencepost_datafusion::LogTable;
use futures::StreamExt;
use std::sync::Arc;

/// A session that hands on each row as it comes.
fn following(table: &LogTable) -> SessionContext {
    let session =
        SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1).with_batch_size(1));
    session.register_table("log", Arc::new(table.clone())).unwrap();
    session.register_table("log_tail", Arc::new(table.tail().unwrap())).unwrap();
    session
}

#[tokio::test]
async fn a_tail_goes_on_where_the_snapshot_ends() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_numbers(&writer, 0, 5).await;
    let table = table(&world.wal).await;
    let session = following(&table);
    let query = session.sql("select n from log_tail where n % 2 = 0").await.unwrap();
    let mut rows = query.execute_stream().await.unwrap();
    let following = tokio::spawn(async move {
        let mut found = Vec::new();
        while found.len() < 3 {
            let batch = rows.next().await.unwrap().unwrap();
            found.extend(batch.column(0).as_primitive::<Int64Type>().values().to_vec());
        }
        found
    });
    append_numbers(&writer, 5, 6).await;
    assert_eq!(following.await.unwrap(), [6, 8, 10]);
    // It ends by itself only if it is told how many rows are enough.
    assert_eq!(ask(&session, "select n from log_tail limit 2").await.unwrap(), ["5", "6"]);
    assert_eq!(ask(&session, "select n from log_tail order by _position limit 2").await.unwrap(), ["5", "6"]);
    assert_eq!(ask(&session, "select max(n) from log").await.unwrap(), ["4"]);
}

#[tokio::test]
async fn what_would_wait_for_the_end_is_refused() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 5).await;
    let table = table(&world.wal).await;
    let session = following(&table);
    let frame = session.sql("select n from log_tail order by n").await.unwrap();
    assert!(frame.create_physical_plan().await.is_err());
    let by_position = plan(&session, "select n from log_tail order by _position").await;
    assert!(!by_position.contains("SortExec"), "{by_position}");
}

#[tokio::test]
async fn a_tail_that_a_collection_has_passed_names_the_position() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_numbers(&writer, 0, 5).await;
    let table = table(&world.wal).await;
    let session = following(&table);
    append_numbers(&writer, 5, 20).await;
    writer.checkpoint(Position::new(20)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    let error = ask(&session, "select n from log_tail limit 1").await.unwrap_err();
    assert_eq!(collected(&error), Some(7), "{error}");
}
