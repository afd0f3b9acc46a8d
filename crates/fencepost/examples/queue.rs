//! A queue: two producers, a consumer with a cursor, and a collector that deletes what the consumer is done with.
//!
//! ```sh
//! cargo run -p fencepost --example queue
//! ```

use fencepost::{CursorName, Record, Wal, Writer, WriterOptions};
use std::{error::Error, sync::Arc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let wal = Wal::at("memory://queue").or_new_shard().open().await?;
    let writer = Arc::new(wal.open_writer(WriterOptions::new()).await?);
    let name = CursorName::parse("workers").expect("letters only");
    // Made before the first job, so that no collection gets ahead of it.
    let mut consumer = wal.cursor(name, wal.checkpoint_position().await?).await?;
    let producers = ["red", "blue"].map(|name| tokio::spawn(produce(Arc::clone(&writer), name)));

    let mut jobs = wal.tail(consumer.read_from()).await?;
    let mut done = 0;
    while done < 2 * JOBS {
        let entry = jobs.next_records().await?;
        for job in entry.records() {
            println!("position {}: {:?} for {:?}", entry.position(), job.value, job.key);
            done += 1;
        }
        // After the work: a consumer that dies before this does the entry's jobs once more.
        consumer.advance(&entry).await?;
    }
    for producer in producers {
        producer.await??;
    }

    // Jobs that are done need no replay, and what needs none and no cursor holds may go.
    writer.checkpoint(consumer.position()).await?;
    let collected = wal.collector().run().await?;
    println!("{} of the queue's entries were deleted", collected.report.deleted.entries);
    writer.close().await?;
    Ok(())
}

async fn produce(writer: Arc<Writer>, name: &'static str) -> Result<(), fencepost::AppendError> {
    for job in 1..=JOBS {
        // Durable when this returns. Producers that wait at the same moment share an entry, and so a PUT.
        writer.append_records(&[Record::new(format!("job {job}")).with_key(name)]).await?;
    }
    Ok(())
}

const JOBS: usize = 10;
