//! Appends a few rows, closes, and reads them back. Run it with a directory or URL, or with nothing for a log
//! in memory:
//!
//! ```sh
//! cargo run -p fencepost --example quickstart -- ./log
//! ```

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use fencepost::{ReadFrom, Wal, WriterOptions};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let location = std::env::args().nth(1).unwrap_or_else(|| "memory://quickstart".to_owned());
    let wal = Wal::at(location).or_new_shard().open().await?;

    let writer = wal.open_writer(WriterOptions::new()).await?;
    let done = writer.append(&[greeting(1, "hello")?]).await?;
    println!("row 1 is durable, in the entry at {}", done.position);

    // Hand over several at once and wait for them later: they share entries, and so PUTs.
    let mut tickets = Vec::new();
    for id in 2..=100 {
        tickets.push(writer.submit(vec![greeting(id, "and again")?]).await?);
    }
    for ticket in tickets {
        ticket.await?;
    }
    println!("100 rows took {} PUTs", writer.status().requests.put);
    writer.close().await?;

    let mut reader = wal.reader(ReadFrom::Checkpoint).await?;
    while let Some(entry) = reader.next().await? {
        println!("position {}, epoch {}: {} rows", entry.position(), entry.epoch(), entry.rows());
    }
    Ok(())
}

fn greeting(id: i64, text: &str) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let id: ArrayRef = Arc::new(Int64Array::from(vec![id]));
    let text: ArrayRef = Arc::new(StringArray::from(vec![text]));
    RecordBatch::try_from_iter([("id", id), ("text", text)])
}
