//! The same questions to a log and to DataFusion's own table of the same rows.

use crate::support::{World, ask, orders, session, told};
use datafusion::arrow::array::RecordBatch;
use datafusion::datasource::MemTable;
use fencepost_datafusion::{LogTable, LogTableOptions};
use std::sync::Arc;

/// Those with `ORDER BY` over everything are compared in order, the others as sets of rows.
const QUERIES: [&str; 24] = [
    "select count(*) from log",
    "select count(*), count(price), count(note), sum(id), min(at), max(at) from log",
    "select * from log where id between 4000 and 4040 order by id",
    "select kind, count(*), sum(price), avg(price) from log group by kind order by kind",
    "select _epoch, count(*), min(_position), max(_position) from log group by _epoch order by _epoch",
    "select _position, count(*), sum(id) from log group by _position order by _position limit 50",
    "select id, _position, _row from log order by _position, _row limit 100",
    "select id, _position, _row from log order by _position desc, _row desc limit 100",
    "select id from log where _position = 100 order by id",
    "select sum(id), count(*) from log where _position > 200 and _position <= 300",
    "select sum(id), count(*) from log where _position between 100 and 200 or _position in (7, 300, 301)",
    "select count(*) from log where _position not between 100 and 1000000",
    "select count(*) from log where _position <> 100 and _position not in (101, 102)",
    "select count(*) from log where not (_position < 100) and kind = 'plum'",
    "select count(*) from log where _position + 0 > 200 and _epoch = 2",
    "select note, count(distinct kind) from log where paid group by note order by note nulls first",
    "select kind, id from (select kind, id, row_number() over (partition by kind order by id desc) as nth from log) \
     where nth <= 3 order by kind, id",
    "select a.id, b.id from log a join log b on a.id = b.id + 1 where a._position = 150 order by a.id",
    "select count(*) from log a where a.price > (select avg(price) from log where kind = a.kind)",
    "select date_trunc('second', at) as second, count(*) from log where price is null group by 1 order by 1",
    "select distinct kind, paid from log order by kind, paid",
    "select id from log where note like 'note 1%' and price < 10 order by id limit 20",
    "select max(_position) - min(_position), count(distinct _position), max(_row) from log",
    "select kind, sum(case when paid then 1 else -1 end) from log where _position >= 64 group by kind \
     having count(*) > 10 union all select 'all', count(*) from log order by 1, 2",
];

/// A hundred thousand rows, or as many as the environment says, in entries of 1 to 97 rows, by two writers of which
/// the second took over from the first.
async fn written(rows: i64) -> (World, Vec<RecordBatch>) {
    let world = World::new().await;
    let (mut expected, mut first, mut turn) = (Vec::new(), 0, 0);
    for until in [rows / 2, rows] {
        let writer = world.writer().await;
        let epoch = writer.status().epoch.get();
        let mut tickets = Vec::new();
        while first < until {
            let count = (turn * 31 % 97 + 1).min(until - first);
            let batch = orders(first, count);
            tickets.push((batch.clone(), writer.submit(vec![batch]).await.unwrap()));
            (first, turn) = (first + count, turn + 1);
        }
        for (batch, ticket) in tickets {
            expected.push(told(&batch, ticket.await.unwrap().position.get(), epoch));
        }
    }
    (world, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_answers_as_a_table_in_memory_of_the_same_rows() {
    let rows = std::env::var("FENCEPOST_SQL_ROWS").map_or(100_000, |rows| rows.parse().unwrap());
    let (world, expected) = written(rows).await;
    let memory = session(1);
    let schema = expected[0].schema();
    memory.register_table("log", Arc::new(MemTable::try_new(schema, vec![expected]).unwrap())).unwrap();
    let options = LogTableOptions::new().with_partition_positions_min(100);
    let table = Arc::new(LogTable::open(&world.wal, options).await.unwrap());
    let sessions = [1, 3].map(|partitions| {
        let session = session(partitions);
        session.register_table("log", table.clone()).unwrap();
        session
    });
    for query in QUERIES {
        let mut right = ask(&memory, query).await.unwrap();
        for session in &sessions {
            let mut found = ask(session, query).await.unwrap();
            if !query.contains("order by") {
                right.sort();
                found.sort();
            }
            assert!(!right.is_empty(), "a question without an answer tests nothing: {query}");
            assert_eq!(found, right, "{query}");
        }
    }
}
