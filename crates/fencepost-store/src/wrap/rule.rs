//! Which requests something happens to, and how often it did.

use super::Op;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Chooses requests, and counts those it chose. A handle: cloning it shares the rule.
///
/// Without further ado it chooses every request that matches.
#[derive(Clone)]
#[must_use = "keep it to ask how often it applied, or drop it with `let _ =`"]
pub struct Rule {
    shared: Arc<Shared>,
}

impl Rule {
    pub(super) fn new(op: Op, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let state = State { skip: 0, left: u64::MAX, hits: 0 };
        Self { shared: Arc::new(Shared { op, matches: Box::new(matches), state: Mutex::new(state) }) }
    }

    /// Lets the next `requests` that match go by before it applies.
    pub fn after(self, requests: u64) -> Self {
        self.state().skip = requests;
        self
    }

    /// Applies to that many more requests and then no longer.
    pub fn times(self, requests: u64) -> Self {
        self.state().left = requests;
        self
    }

    /// No longer applies.
    pub fn stop(&self) {
        self.state().left = 0;
    }

    /// How often it applied.
    pub fn hits(&self) -> u64 {
        self.state().hits
    }

    /// Whether it applies to this request; if so, counts it.
    pub(super) fn applies(&self, op: Op, path: &str) -> bool {
        if self.shared.op != op || !(self.shared.matches)(path) {
            return false;
        }
        let mut state = self.state();
        if state.skip > 0 {
            state.skip -= 1;
            return false;
        }
        if state.left == 0 {
            return false;
        }
        state.left -= 1;
        state.hits += 1;
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("op", &self.shared.op)
            .field("hits", &self.hits())
            .finish_non_exhaustive()
    }
}

struct Shared {
    op: Op,
    matches: Box<dyn Fn(&str) -> bool + Send + Sync>,
    state: Mutex<State>,
}

struct State {
    skip: u64,
    left: u64,
    hits: u64,
}
