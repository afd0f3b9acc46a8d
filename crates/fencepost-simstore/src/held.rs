//! Handles on rules and on requests held back.

use crate::faults::Fault;
use crate::matching::Match;
use crate::request::Sent;
use crate::shared::Shared;
use crate::state::{HoldState, RuleState};
use std::sync::Arc;

/// A rule by which requests fail. It lasts as long as the store, or until it is [removed](Self::remove).
#[derive(Clone, Debug)]
pub struct Rule {
    shared: Arc<Shared>,
    id: u64,
}

impl Rule {
    pub(crate) fn new(shared: Arc<Shared>, matches: Match, fault: Fault) -> Self {
        let mut state = shared.lock().0;
        let id = state.next_order();
        state.rules.insert(id, RuleState { matches, fault, left: u64::MAX, hits: 0 });
        drop(state);
        Self { shared, id }
    }

    /// Limits it to the next `times` requests.
    pub fn times(self, times: u64) -> Self {
        if let Some(rule) = self.shared.lock().0.rules.get_mut(&self.id) {
            rule.left = times;
        }
        self
    }

    /// How many requests it hit so far.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.shared.lock().0.rules.get(&self.id).map_or(0, |rule| rule.hits)
    }

    /// Takes it away.
    pub fn remove(self) {
        self.shared.lock().0.rules.remove(&self.id);
    }
}

/// Requests that are held back. Dropping the handle releases nothing.
#[derive(Clone, Debug)]
pub struct Held {
    shared: Arc<Shared>,
    id: u64,
}

impl Held {
    pub(crate) fn new(shared: Arc<Shared>, matches: Match) -> Self {
        let mut state = shared.lock().0;
        let id = state.next_order();
        state.holds.insert(id, HoldState { matches, left: u64::MAX, waiting: Vec::new() });
        drop(state);
        Self { shared, id }
    }

    /// Holds back the next `times` requests only.
    pub fn times(self, times: u64) -> Self {
        if let Some(hold) = self.shared.lock().0.holds.get_mut(&self.id) {
            hold.left = times;
        }
        self
    }

    /// How many are held now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.lock().0.holds.get(&self.id).map_or(0, |hold| hold.waiting.len())
    }

    /// Waits until `count` are held.
    pub async fn arrived(&self, count: usize) {
        loop {
            let changed = self.shared.changed.notified();
            if self.waiting() >= count {
                return;
            }
            changed.await;
        }
    }

    /// Lets the first go on. Returns whether there was one.
    pub fn release_one(&self) -> bool {
        let (mut state, now) = self.shared.lock();
        let hold = state.holds.get_mut(&self.id);
        let first: Option<Arc<Sent>> =
            hold.and_then(|hold| if hold.waiting.is_empty() { None } else { Some(hold.waiting.remove(0)) });
        let Some(sent) = first else { return false };
        state.release(now, sent);
        drop(state);
        self.shared.changed.notify_waiters();
        true
    }

    /// Lets all go on, and holds no more.
    pub fn release_all(&self) {
        while self.release_one() {}
        self.shared.lock().0.holds.remove(&self.id);
    }

    /// Lets those that are held disappear, and holds no more. Their callers wait for ever.
    pub fn lose_all(&self) {
        self.shared.lock().0.holds.remove(&self.id);
    }
}
