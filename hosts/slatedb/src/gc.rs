//! Collection: what no manifest of SlateDB needs.

use crate::{SlateWal, cursor_name, position, unavailable};
use async_trait::async_trait;
use fencepost::Policy;
use slatedb::wal::{WalError, WalFileRange, WalGc};
use std::ops::Bound;
use std::time::Duration;

#[async_trait]
impl WalGc for SlateWal {
    async fn collect(
        &self,
        ranges: Vec<WalFileRange>,
        min_age: Duration,
        dry_run: bool,
    ) -> Result<(), WalError> {
        let Some(unneeded) = ranges.iter().map(|range| below(&range.0)).min() else { return Ok(()) };
        let held = position(unneeded)?;
        let collector = self.wal.collector().with_policy(Policy::new().with_retain_age(min_age));
        if dry_run {
            return collector.plan().await.map(drop).map_err(unavailable);
        }
        // Lower than any range: what is kept has no holes.
        let mut cursor = self.wal.cursor(cursor_name(), held).await.map_err(unavailable)?;
        if cursor.position() < held {
            cursor.advance(held).await.map_err(unavailable)?;
        }
        // Its failure is no reason to collect nothing: whoever has the log now moves its checkpoint.
        let _ = self.move_checkpoint(unneeded).await;
        collector.run().await.map(drop).map_err(unavailable)
    }
}

/// The last id below a range.
const fn below(start: &Bound<u64>) -> u64 {
    match *start {
        Bound::Included(start) => start.saturating_sub(1),
        Bound::Excluded(start) => start,
        Bound::Unbounded => 0,
    }
}
