//! A writer's state.

use crate::AppendError;
use fencepost_format::{Epoch, Position};
use fencepost_store::RequestCounts;

/// A writer's state at one moment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WriterStatus {
    /// The writer's epoch.
    pub epoch: Epoch,
    /// Where the fence entry of that epoch stands: earlier writers are refused from here on.
    pub fence: Position,
    /// Whether the writer before had closed, so that nothing of it could be in flight.
    pub clean_fence: bool,
    /// The acknowledged tail: everything up to this position is acknowledged.
    pub acknowledged: Position,
    /// Bytes of the data entries that were acknowledged.
    pub acknowledged_bytes: u64,
    /// The replay point (`replay_after`), as this writer last knew it.
    pub replay_after: Position,
    /// Positions that are in flight: their outcome is undecided.
    pub in_flight: usize,
    /// How many positions may be in flight: 64, or 1 beside Lance.
    // P-27.
    pub in_flight_max: u64,
    /// Encoded bytes that wait for a position.
    pub waiting_bytes: u64,
    /// Requests of the appends, the checkpoints and the close since the opening.
    pub requests: RequestCounts,
    /// Requests of the opening.
    pub open_requests: RequestCounts,
    /// Requests of the lease.
    pub lease_requests: RequestCounts,
    /// Attempts that were repeated. Above zero, the store is slow or throttles.
    pub repeated: u64,
    /// Why the writer stopped, if it did. Only opening again helps.
    pub stopped: Option<AppendError>,
    /// Whether the close entry is durable.
    pub closed: bool,
}
