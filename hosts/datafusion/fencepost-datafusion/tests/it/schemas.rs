//! Logs whose columns change.

use crate::support::{World, append, ask, numbers, over, table};
use datafusion::arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use fencepost_datafusion::{LogColumns, LogError, LogTable, LogTableOptions};
use std::sync::Arc;

fn texts(column: &str, texts: &[&str]) -> RecordBatch {
    let array: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    RecordBatch::try_from_iter([(column, array)]).unwrap()
}

fn names(table: &LogTable) -> Vec<String> {
    use datafusion::catalog::TableProvider as _;
    table.schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[tokio::test]
async fn columns_come_and_go() {
    let world = World::new().await;
    let writer = world.writer().await;
    append(&writer, numbers("gone", [1, 2])).await;
    let both = {
        let (a, b): (ArrayRef, ArrayRef) =
            (Arc::new(Int32Array::from(vec![3])), Arc::new(StringArray::from(vec!["x"])));
        RecordBatch::try_from_iter([("gone", a), ("passing", b)]).unwrap()
    };
    append(&writer, both).await;
    append(&writer, texts("late", &["y", "z"])).await;
    let ends = table(&world.wal).await;
    assert_eq!(names(&ends), ["late", "gone", "_position", "_epoch", "_row"]);
    let answer = ask(&over(&ends), "select * from log order by _position, _row").await.unwrap();
    assert_eq!(answer, [",1,2,1,0", ",2,2,1,1", ",3,3,1,0", "y,,4,1,0", "z,,4,1,1"]);

    let newest = LogTableOptions::new().with_columns(LogColumns::Newest);
    let newest = LogTable::open(&world.wal, newest).await.unwrap();
    assert_eq!(names(&newest), ["late", "_position", "_epoch", "_row"]);
    assert_eq!(ask(&over(&newest), "select count(*), count(late) from log").await.unwrap(), ["5,2"]);

    let wanted = Schema::new(vec![Field::new("passing", DataType::LargeUtf8, true)]);
    let these = LogTableOptions::new().with_columns(LogColumns::These(Arc::new(wanted)));
    let these = LogTable::open(&world.wal, these).await.unwrap();
    let answer = ask(&over(&these), "select passing, _position from log where passing is not null").await;
    assert_eq!(answer.unwrap(), ["x,3"]);
}

#[tokio::test]
async fn a_type_that_differs_is_an_error_where_it_is_asked_for() {
    let world = World::new().await;
    let writer = world.writer().await;
    append(&writer, numbers("a", [1])).await;
    append(&writer, texts("a", &["one"])).await;
    append(&writer, numbers("a", [3])).await;
    let session = over(&table(&world.wal).await);
    let error = ask(&session, "select sum(a) from log").await.unwrap_err();
    let found = LogError::find(&error);
    assert!(
        matches!(found, Some(LogError::ColumnType { at, column, .. }) if at.get() == 3 && column == "a"),
        "{error}"
    );
    assert_eq!(ask(&session, "select count(*) from log").await.unwrap(), ["3"], "not asked for");
    assert_eq!(ask(&session, "select a from log where _position <> 3 order by a").await.unwrap(), ["1", "3"]);
}

/// Narrow numbers at the beginning, wide ones at the end: the table has the wide type.
#[tokio::test]
async fn a_type_that_grew_is_converted() {
    let world = World::new().await;
    let writer = world.writer().await;
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![i32::MAX]));
    append(&writer, RecordBatch::try_from_iter([("a", narrow)]).unwrap()).await;
    append(&writer, numbers("a", [i64::MAX])).await;
    let answer = ask(&over(&table(&world.wal).await), "select a from log order by a").await.unwrap();
    assert_eq!(answer, [i64::from(i32::MAX).to_string(), i64::MAX.to_string()]);
}

#[tokio::test]
async fn a_column_of_the_log_may_have_any_name() {
    let world = World::new().await;
    append(&world.writer().await, numbers("_position", [7])).await;
    let error = LogTable::open(&world.wal, LogTableOptions::new()).await.unwrap_err();
    assert!(matches!(error, LogError::ColumnTaken { .. }), "{error}");
    let options = LogTableOptions::new().with_prefix("log_");
    let session = over(&LogTable::open(&world.wal, options).await.unwrap());
    let answer = ask(&session, "select _position, log_position from log where log_position = 2").await;
    assert_eq!(answer.unwrap(), ["7,2"]);
}

/// Nobody wrote yet, or nobody wrote rows.
#[tokio::test]
async fn a_log_without_rows_is_a_table_without_rows() {
    let world = World::new().await;
    assert_eq!(ask(&over(&table(&world.wal).await), "select count(*) from log").await.unwrap(), ["0"]);
    let _writer = world.writer().await;
    let opened = table(&world.wal).await;
    assert_eq!((opened.first().get(), opened.last().get()), (1, 1));
    assert_eq!(names(&opened), ["_position", "_epoch", "_row"]);
    assert_eq!(ask(&over(&opened), "select count(*) from log").await.unwrap(), ["0"]);
}
