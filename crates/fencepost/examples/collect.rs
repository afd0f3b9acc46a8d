//! Checkpoints a log, plans a collection, and runs it.
//!
//! ```sh
//! cargo run -p fencepost --example collect
//! ```

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use fencepost::{Position, Takeover, Verdict, Wal, WriterOptions};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wal = Wal::at("memory://collect").or_new_shard().open().await?;
    // A writer that ends without a close leaves a fence entry behind that must stay for ever.
    let first = wal.open_writer(WriterOptions::new()).await?;
    let last = append(&first, 10).await?;
    drop(first);

    let second = wal.open_writer(WriterOptions::new().with_takeover(Takeover::Now)).await?;
    println!("the first writer's last entry was {last}, the second goes on at {}", append(&second, 1).await?);
    let last = append(&second, 9).await?;
    let stands = second.checkpoint(last).await?;
    println!("everything up to {stands} is safe elsewhere and may go");

    let planned = wal.collector().plan().await?;
    for (object, verdict) in planned.plan.objects() {
        if let Verdict::Keep(reason) = verdict {
            println!("{object} stays. {reason}");
        }
    }
    let collected = wal.collector().run().await?;
    println!("{} entries were deleted, with {:?}", collected.report.deleted.entries, collected.requests);
    second.close().await?;
    Ok(())
}

async fn append(writer: &fencepost::Writer, rows: i64) -> Result<Position, Box<dyn std::error::Error>> {
    let mut last = Position::NONE;
    for number in 0..rows {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![number]));
        last = writer.append(&[RecordBatch::try_from_iter([("number", numbers)])?]).await?.position;
    }
    Ok(last)
}
