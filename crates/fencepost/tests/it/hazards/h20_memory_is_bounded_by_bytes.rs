//! Hazard 20: a store that is slow or gone while callers go on submitting. What is in memory is bounded by
//! its bytes, not by its count.

use crate::support::{World, any_entry, batch, options, settle};
use fencepost_store::wrap::Op;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test(start_paused = true)]
async fn h20_callers_wait_instead_of_filling_the_memory() {
    let world = World::new().await;
    let buffer = 1 << 20;
    let options = options().with_buffer_bytes_max(buffer).with_group_bytes_max(1 << 18);
    let writer = Arc::new(world.wal.open_writer(options).await.unwrap());
    let held = world.faults.hold(Op::Put, any_entry);
    let taken = Arc::new(AtomicUsize::new(0));
    let rows = 4_000; // 32,000 bytes
    let callers = (0..500).map(|_| {
        let (writer, taken) = (Arc::clone(&writer), Arc::clone(&taken));
        tokio::spawn(async move {
            let ticket = writer.submit(vec![batch(0..rows)]).await.unwrap();
            taken.fetch_add(1, Ordering::Relaxed);
            ticket.await.unwrap();
        })
    });
    let callers: Vec<_> = callers.collect();
    settle().await;
    let inside = taken.load(Ordering::Relaxed);
    assert!((25..=32).contains(&inside), "{inside} of 32,000 bytes each, in a buffer of a MiB");
    assert!(writer.status().waiting_bytes <= u64::from(buffer));
    held.release();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(taken.load(Ordering::Relaxed), 500);
    assert_eq!(world.rows().await.len(), 500 * rows as usize);
}
