//! What DataFusion makes of what a table says of itself.

use crate::support::{World, append_numbers, over, plan, session, table};
use fencepost_datafusion::{LogTable, LogTableOptions};
use std::sync::Arc;

#[tokio::test]
async fn the_order_of_the_log_is_not_sorted_again() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 400).await;
    let options = LogTableOptions::new().with_partition_positions_min(100);
    let table = LogTable::open(&world.wal, options).await.unwrap();
    let session = session(3);
    session.register_table("log", Arc::new(table)).unwrap();
    for query in [
        "select * from log order by _position",
        "select n, _row, _position from log order by _position, _row",
    ] {
        let plan = plan(&session, query).await;
        assert!(plan.contains("SortPreservingMergeExec") && !plan.contains("SortExec"), "{plan}");
        assert!(plan.contains("partitions=3"), "{plan}");
    }
    let other = plan(&session, "select n from log order by n").await;
    assert!(other.contains("SortExec"), "{other}");
}

#[tokio::test]
async fn an_explanation_names_the_positions_and_no_filter_is_left() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 10).await;
    let session = over(&table(&world.wal).await);
    let shown = plan(&session, "select n from log where _position between 5 and 7 or _position = 9").await;
    assert!(shown.contains("positions=[5..=7, 9..=9], partitions=1"), "{shown}");
    assert!(!shown.contains("FilterExec"), "{shown}");
    let limited = plan(&session, "select n from log where _position > 5 limit 1").await;
    assert!(limited.contains("limit=1") && limited.contains("positions=[6..=11]"), "{limited}");
    let left = plan(&session, "select n from log where _position > 5 and n > 3").await;
    assert!(left.contains("FilterExec: n@0 > 3") && left.contains("positions=[6..=11]"), "{left}");
    let nothing = plan(&session, "select n from log where _position > 11").await;
    assert!(nothing.contains("EmptyExec"), "{nothing}");
}
