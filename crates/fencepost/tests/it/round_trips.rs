//! How many round trips an opening and a checkpoint wait for, on a store where each request takes the same time.
//! Requests that are out together count once: this is what a caller waits for, not what the store bills.

use crate::support::{append_all, options, settle, wal_on};
use fencepost::{Takeover, Wal, Writer, WriterOptions};
use fencepost_store::wrap::LatencyStore;
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const ROUND_TRIP: Duration = Duration::from_millis(20);

/// A log behind a slow store, whose create-if-absent was probed before.
async fn slow_log() -> Wal {
    let wal = wal_on(Arc::new(LatencyStore::new(Arc::new(InMemory::new()), ROUND_TRIP))).await;
    wal.open_writer(probing()).await.unwrap().close().await.unwrap();
    wal
}

/// With everything that an opening does by default.
fn probing() -> WriterOptions {
    options().with_store_probe(true).with_lease_ttl(Some(Duration::from_secs(10)))
}

/// The round trips that `work` takes.
async fn round_trips<T>(work: impl Future<Output = T>) -> (u128, T) {
    let begun = Instant::now();
    let done = work.await;
    let (took, one) = (begun.elapsed().as_millis(), ROUND_TRIP.as_millis());
    assert_eq!(took % one, 0, "{took} ms");
    (took / one, done)
}

/// Appends, and moves the checkpoint to the end.
async fn used(writer: &Writer) -> u128 {
    append_all(writer, 0..3).await;
    let (trips, done) = round_trips(writer.checkpoint(writer.status().acknowledged)).await;
    done.unwrap();
    settle().await;
    trips
}

/// P-111.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_three_round_trips() {
    let wal = slow_log().await;
    let writer = wal.open_writer(probing()).await.unwrap();
    assert_eq!(used(&writer).await, 3);
    append_all(&writer, [9]).await;
    assert_eq!(used(&writer).await, 3, "and the next one too");
}

/// P-110, P-112, P-113, P-114.
#[tokio::test(start_paused = true)]
async fn an_opening_after_a_clean_close() {
    let wal = slow_log().await;
    let writer = wal.open_writer(probing()).await.unwrap();
    used(&writer).await;
    writer.close().await.unwrap();
    for takeover in [Takeover::Expired, Takeover::Free, Takeover::Now] {
        let (trips, writer) = round_trips(wal.open_writer(probing().with_takeover(takeover))).await;
        let writer = writer.unwrap();
        assert_eq!(trips, 6, "{takeover:?}");
        used(&writer).await;
        writer.close().await.unwrap();
    }
}

/// P-113: with the look before the fillers (P-16), and the fillers (P-17).
#[tokio::test(start_paused = true)]
async fn an_opening_after_a_crash() {
    let wal = slow_log().await;
    let writer = wal.open_writer(probing()).await.unwrap();
    used(&writer).await;
    drop(writer);
    settle().await;
    // Whoever waits for the lease waits for its ttl.
    let now = probing().with_takeover(Takeover::Now);
    let (trips, writer) = round_trips(wal.open_writer(now)).await;
    assert_eq!(trips, 8);
    assert!(!writer.unwrap().status().closed);
}
