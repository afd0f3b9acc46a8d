//! Follows a log while it is written, with a cursor that keeps what was not consumed yet from being collected.
//!
//! ```sh
//! cargo run -p fencepost --example tail
//! ```

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use fencepost::{CursorName, Position, Wal, WriterOptions};
use std::sync::Arc;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wal = Wal::at("memory://tail").or_new_shard().open().await?;
    let writer = wal.open_writer(WriterOptions::new()).await?;
    let writing = tokio::spawn(async move {
        for number in 1..=5 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let numbers: ArrayRef = Arc::new(Int64Array::from(vec![number]));
            let batch =
                RecordBatch::try_from_iter([("number", numbers)]).expect("one column of numbers is a batch");
            writer.append(&[batch]).await?;
        }
        writer.close().await
    });

    let name = CursorName::parse("printer").ok_or("a cursor's name has letters, digits, dots and dashes")?;
    let mut cursor = wal.cursor(name, Position::NONE).await?;
    let mut tail = wal.tail(cursor.read_from()).await?;
    for _ in 0..5 {
        let entry = tail.next().await?;
        println!("position {}: {} rows", entry.position(), entry.rows());
        // What was printed need not be kept for us any more.
        cursor.advance(entry.position()).await?;
    }
    writing.await??;
    println!("next time we go on above {}", cursor.position());
    Ok(())
}
