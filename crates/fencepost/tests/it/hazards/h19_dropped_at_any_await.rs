//! Hazard 19: a future is dropped at any await. The tests of `cancel` do it to every call; this one does it
//! to all of them at once.

use crate::support::{World, append_all, batch, options, rows, submit, wal_on};
use fencepost::{Position, ReadFrom};
use fencepost_store::wrap::LatencyStore;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A whole session in one future, dropped after each millisecond in turn, with the writer and everything else
/// in it. Whatever was acknowledged before that is there afterwards.
#[tokio::test(start_paused = true)]
async fn h19_a_session_dropped_anywhere_loses_nothing_acknowledged() {
    let world = World::new().await;
    let slow = LatencyStore::new(Arc::new(world.faults.clone()), Duration::from_millis(2));
    let wal = wal_on(Arc::new(slow)).await;
    let mut acknowledged = BTreeSet::new();
    let mut broken_off = 0;
    for after in 0..90_i64 {
        let limit = if after % 10 == 9 { 10_000 } else { after as u64 * 2 % 46 };
        let session = async {
            let writer = wal.open_writer(options()).await.unwrap();
            for number in after * 100..after * 100 + 3 {
                writer.append(&[batch([number])]).await.unwrap();
                acknowledged.insert(number);
            }
            let ticket = submit(&writer, after * 100 + 3).await;
            writer.flush().await.unwrap();
            acknowledged.insert(after * 100 + 3);
            writer.checkpoint(Position::NONE).await.unwrap();
            ticket.await.unwrap();
            writer.close().await.unwrap();
        };
        broken_off += usize::from(timeout(Duration::from_millis(limit), session).await.is_err());
    }
    assert!(broken_off > 30, "{broken_off}");
    append_all(&world.writer().await, [i64::MAX]).await;
    let all = rows(&world.wal, ReadFrom::Position(Position::FIRST)).await.unwrap();
    assert!(all.is_sorted() && all.windows(2).all(|pair| pair[0] != pair[1]), "in order and once");
    let all: BTreeSet<_> = all.into_iter().collect();
    assert!(acknowledged.len() > 10 && acknowledged.is_subset(&all));
}
