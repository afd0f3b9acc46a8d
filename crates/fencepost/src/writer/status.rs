//! A writer's state.

use crate::AppendError;
use fencepost_format::{Epoch, Position};
use fencepost_store::{LogStore, RequestCounts};
use tokio::sync::watch;

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
    /// Requests of the lease, and the glances of an idle holder.
    pub lease_requests: RequestCounts,
    /// Attempts that were repeated. Above zero, the store is slow or throttles.
    pub repeated: u64,
    /// Why the writer stopped, if it did. Only opening again helps.
    pub stopped: Option<AppendError>,
    /// Whether the close entry is durable.
    pub closed: bool,
}

/// How far a writer's task is. A status is put together from it when somebody asks.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) epoch: Epoch,
    pub(super) fence: Position,
    pub(super) clean_fence: bool,
    pub(super) in_flight_max: u64,
    pub(super) open_requests: RequestCounts,
    pub(super) store: LogStore,
    pub(super) lease_store: LogStore,
    /// The task has the other end, and lets go of it when everything is decided and told.
    pub(super) state: watch::Receiver<State>,
}

/// What a writer's task tells.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) progress: Progress,
    pub(super) stopped: Option<AppendError>,
    pub(super) closed: bool,
}

/// What changes with every entry.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) acknowledged: Position,
    pub(crate) acknowledged_bytes: u64,
    pub(crate) replay_after: Position,
    pub(crate) in_flight: usize,
    pub(crate) waiting_bytes: u64,
    pub(crate) repeated: u64,
}

impl State {
    /// Why a writer stopped does not change once it has.
    pub(super) fn update(&mut self, progress: Progress, stopped: Option<&AppendError>, closed: bool) {
        (self.progress, self.closed) = (progress, closed);
        if self.stopped.is_none() {
            self.stopped = stopped.cloned();
        }
    }
}

impl Board {
    pub(super) fn status(&self) -> WriterStatus {
        let State { progress, stopped, closed } = self.state.borrow().clone();
        let Progress { acknowledged, acknowledged_bytes, replay_after, in_flight, waiting_bytes, repeated } =
            progress;
        WriterStatus {
            epoch: self.epoch,
            fence: self.fence,
            clean_fence: self.clean_fence,
            acknowledged,
            acknowledged_bytes,
            replay_after,
            in_flight,
            in_flight_max: self.in_flight_max,
            waiting_bytes,
            requests: self.store.counts(),
            open_requests: self.open_requests,
            lease_requests: self.lease_store.counts(),
            repeated,
            stopped,
            closed,
        }
    }

    /// Whether the writer takes nothing more, and why.
    pub(super) fn has_ended(&self) -> Option<AppendError> {
        let state = self.state.borrow();
        (state.closed || state.stopped.is_some())
            .then(|| state.stopped.clone().unwrap_or(AppendError::Closed))
    }
}
