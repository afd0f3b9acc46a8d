//! What a writer tells about itself.

use crate::AppendError;
use fencepost_format::{Epoch, Position};
use fencepost_store::RequestCounts;

/// A writer's state at one moment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WriterStatus {
    /// The epoch held.
    pub epoch: Epoch,
    /// The acknowledged tail.
    pub acknowledged: Position,
    /// Bytes of the data entries that were acknowledged.
    pub acknowledged_bytes: u64,
    /// `R`, as this writer last knew it.
    pub replay_after: Position,
    /// Positions that are undecided.
    pub in_flight: usize,
    /// How many may be: 64, or 1 beside Lance (P-27).
    pub in_flight_max: u64,
    /// Encoded bytes that wait for a position.
    pub waiting_bytes: u64,
    /// Requests of the appends, checkpoints and the close, since it was opened.
    pub requests: RequestCounts,
    /// Requests of the opening.
    pub open_requests: RequestCounts,
    /// Requests of the lease.
    pub lease_requests: RequestCounts,
    /// Attempts that were repeated: above zero, the store is slow or throttles.
    pub repeated: u64,
    /// Why it stopped, if it did. Only a new opening helps.
    pub stopped: Option<AppendError>,
    /// Whether the close entry is durable.
    pub closed: bool,
}
