//! One writer takes the log over from another, which does not know yet: it learns it at its next append, and
//! loses nothing.
//!
//! ```sh
//! cargo run -p fencepost --example takeover
//! ```

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use fencepost::{AppendError, Takeover, Wal, WriterOptions};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wal = Wal::at("memory://takeover").or_new_shard().open().await?;
    let old = wal.open_writer(WriterOptions::new().with_holder("old")).await?;
    for number in 1..=3 {
        old.append(&[row(number)?]).await?;
    }

    // `Takeover::Expired`, the default, would wait until the old writer's lease runs out.
    let options = WriterOptions::new().with_holder("new").with_takeover(Takeover::Now);
    let mut opening = wal.begin_writing(options).await?;
    println!("claimed epoch {}; to be replayed:", opening.epoch());
    while let Some(entry) = opening.next_recovered().await? {
        println!("  position {}: {} rows", entry.position(), entry.rows());
    }
    let new = opening.finish().await?;

    match old.append(&[row(4)?]).await {
        Err(error @ AppendError::Fenced { .. }) => {
            println!("the old writer was refused ({error})");
            // It is certain that row 4 is not in the log, so the new writer may take it.
            assert!(error.is_definite());
            println!("the new writer has it at {}", new.append(&[row(4)?]).await?.position);
        }
        other => println!("not what this example is about: {other:?}"),
    }
    new.close().await?;
    Ok(())
}

fn row(number: i64) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![number]));
    RecordBatch::try_from_iter([("number", numbers)])
}
