//! What a store, its clients and their handles share.

use crate::state::State;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    origin: Mutex<Option<Instant>>,
    /// Woken when something changed that no timer tells of.
    pub(crate) changed: Notify,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), origin: Mutex::new(None), changed: Notify::new() }
    }

    /// The state, and the virtual time since the first look at it.
    pub(crate) fn lock(&self) -> (MutexGuard<'_, State>, Duration) {
        let now = Instant::now();
        let mut origin = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.saturating_duration_since(*origin.get_or_insert(now));
        (self.state.lock().unwrap_or_else(PoisonError::into_inner), elapsed)
    }

    pub(crate) fn instant(&self, at: Duration) -> Instant {
        let origin = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        origin.expect("the state was looked at before") + at
    }
}
