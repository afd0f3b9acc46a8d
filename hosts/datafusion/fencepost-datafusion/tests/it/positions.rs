//! What a question reads.

use crate::support::{World, append_numbers, ask, over, session, table};
use fencepost_datafusion::{LogTable, LogTableOptions};
use std::sync::Arc;

/// A log of 1,000 entries at positions 2 to 1001, after the fence entry at 1. The number at position p is p - 2.
async fn thousand() -> World {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 1_000).await;
    world
}

const LAST: u64 = 1_001;

/// P-43: to begin at a position, a reader reads up to 63 below it, which tell the epoch. Nothing else is read.
#[tokio::test]
async fn only_the_entries_of_the_asked_positions_are_read() {
    let world = thousand().await;
    let session = over(&table(&world.wal).await);
    let watch = world.watch();
    for (filter, first, last, rows) in [
        ("_position = 500", 500, 500, 1),
        ("_position >= 500 and _position < 600", 500, 599, 100),
        ("_position between 500 and 509", 500, 509, 10),
        ("600 > _position and 500 <= _position", 500, 599, 100),
        ("_position in (500, 503, 509)", 500, 509, 3),
        ("_position = 500 or _position = 560", 500, 560, 2),
        ("_position > 990", 991, LAST, 11),
        ("_position < 10", 1, 9, 8),
        ("_position = cast(500 as int)", 500, 500, 1),
        ("_position = '500'", 500, 500, 1),
    ] {
        watch.take(LAST);
        let answer = ask(&session, &format!("select n from log where {filter}")).await.unwrap();
        assert_eq!(answer.len(), rows, "{filter}");
        let read = watch.take(LAST);
        let from = first.max(64) - 63;
        assert_eq!((read[0], *read.last().unwrap()), (from, last), "{filter}");
        assert_eq!(read.len() as u64, last - from + 1, "{filter}");
    }
}

/// Stretches that lie far apart have a beginning each; what is between them is not read.
#[tokio::test]
async fn what_lies_between_two_ranges_is_not_read() {
    let world = thousand().await;
    let session = over(&table(&world.wal).await);
    let watch = world.watch();
    let query = "select n from log where _position in (300, 900) order by n";
    assert_eq!(ask(&session, query).await.unwrap(), ["298", "898"]);
    let expected: Vec<u64> = (237..=300).chain(837..=900).collect();
    assert_eq!(watch.take(LAST), expected);
}

#[tokio::test]
async fn nothing_is_read_for_positions_that_are_not_there() {
    let world = thousand().await;
    let session = over(&table(&world.wal).await);
    let before = world.wal.requests().total();
    for filter in [
        "_position > 18446744073709551614",
        "_position >= 18446744073709551615",
        "_position = 0",
        "_position > 1001",
        "_position between 600 and 500",
        "_position < 500 and _position > 500",
        "_position = null",
        "_position <> null",
        "_position in (0, 5000)",
        "_position is null",
    ] {
        let answer = ask(&session, &format!("select n from log where {filter}")).await.unwrap();
        assert!(answer.is_empty(), "{filter}: {answer:?}");
    }
    assert_eq!(world.wal.requests().total(), before);
    let all =
        ask(&session, "select count(*) from log where _position <= 18446744073709551615").await.unwrap();
    assert_eq!(all, ["1000"]);
}

/// What is not understood is filtered by DataFusion, so the answer is the same.
#[tokio::test]
async fn other_conditions_read_everything_and_are_true_all_the_same() {
    let world = thousand().await;
    let session = over(&table(&world.wal).await);
    let watch = world.watch();
    for (filter, rows) in [
        ("_position + 1 > 500", "502"),
        ("_position = 500 or n = 0", "2"),
        ("_position > n", "1000"),
        ("_position > 999.5", "2"),
        ("_position > -1", "1000"),
        ("_epoch = 1", "1000"),
    ] {
        watch.take(LAST);
        let answer = ask(&session, &format!("select count(*) from log where {filter}")).await.unwrap();
        assert_eq!(answer, [rows], "{filter}");
        assert!(watch.take(LAST).len() >= 1_000, "{filter}");
    }
}

#[tokio::test]
async fn a_limit_ends_the_reading() {
    let world = thousand().await;
    let session = over(&table(&world.wal).await);
    let watch = world.watch();
    for query in [
        "select n from log limit 5",
        "select n from log where _position >= 2 limit 5",
        "select n from log order by _position limit 5",
    ] {
        watch.take(LAST);
        assert_eq!(ask(&session, query).await.unwrap(), ["0", "1", "2", "3", "4"], "{query}");
        let read = watch.take(LAST).len();
        assert!(read < 100, "{query}: {read} entries");
    }
}

/// Each of the partitions begins for itself, and none reads what another does but to learn the epoch.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_share_the_positions_out() {
    let world = thousand().await;
    let options = LogTableOptions::new().with_partition_positions_min(100);
    let table = LogTable::open(&world.wal, options).await.unwrap();
    let session = session(4);
    session.register_table("log", Arc::new(table)).unwrap();
    let before = world.wal.requests();
    let answer = ask(&session, "select count(*), sum(n) from log").await.unwrap();
    assert_eq!(answer, ["1000,499500"]);
    let cost = world.wal.requests() - before;
    assert!((1_001..=1_001 + 3 * 63 + 4 * 6).contains(&cost.get), "{cost:?}");
    assert_eq!(cost.get + cost.list + cost.head, cost.total(), "a question writes nothing");
}

/// A snapshot says where it ends, so nobody looks for the end again.
#[tokio::test]
async fn a_whole_log_costs_a_get_for_each_entry_and_little_more() {
    let world = thousand().await;
    let table = table(&world.wal).await;
    assert_eq!((table.first().get(), table.last().get()), (1, LAST));
    let before = world.wal.requests();
    assert_eq!(ask(&over(&table), "select count(*) from log").await.unwrap(), ["1000"]);
    let cost = world.wal.requests() - before;
    assert_eq!((cost.get, cost.list, cost.total()), (LAST + 2, 2, LAST + 4), "and a search for the manifest");
}
