//! Requests that are held back, and requests that arrive late.

use super::rule::Rule;
use object_store::path::Path;
use object_store::{ObjectStore, PutOptions, PutPayload, PutResult, Result};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Requests held back on their way to the store. Releases them when dropped.
///
/// A held write lands at its release even if its caller has stopped waiting, as a request in a network would.
#[derive(Debug)]
#[must_use = "dropping it releases what it holds"]
pub struct Held {
    rule: Rule,
    gate: Gate,
}

impl Held {
    pub(super) fn new(rule: Rule) -> (Self, Gate) {
        let gate =
            Gate { arrived: Arc::new(watch::Sender::new(0)), open: Arc::new(watch::Sender::new(false)) };
        (Self { rule, gate: gate.clone() }, gate)
    }

    /// Holds only the next `requests` that match, and lets later ones pass.
    pub fn times(self, requests: u64) -> Self {
        let _ = self.rule.clone().times(requests);
        self
    }

    /// Lets the next `requests` that match go by first.
    pub fn after(self, requests: u64) -> Self {
        let _ = self.rule.clone().after(requests);
        self
    }

    /// Waits until a request is held, or was.
    pub async fn arrived(&self) {
        self.arrivals(1).await;
    }

    /// Waits until that many requests were held.
    pub async fn arrivals(&self, requests: u64) {
        let mut arrived = self.gate.arrived.subscribe();
        arrived.wait_for(|held| *held >= requests).await.expect("the sender lives in `self`");
    }

    /// How many requests were held so far.
    pub fn hits(&self) -> u64 {
        self.rule.hits()
    }

    /// Lets go of all that is held, and holds no more.
    pub fn release(&self) {
        self.rule.stop();
        self.gate.open.send_replace(true);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

/// The store's side of [`Held`].
#[derive(Clone, Debug)]
pub(super) struct Gate {
    arrived: Arc<watch::Sender<u64>>,
    open: Arc<watch::Sender<bool>>,
}

impl Gate {
    pub(super) async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.arrived.send_modify(|held| *held += 1);
        // Open, or its holder is gone, which is as good.
        let _ = open.wait_for(|open| *open).await;
    }
}

/// Writes that are to arrive late: kept until [`deliver`](Self::deliver).
#[derive(Debug)]
#[must_use = "without it the writes never arrive"]
pub struct Late {
    rule: Rule,
    queue: Queue,
    store: Arc<dyn ObjectStore>,
}

impl Late {
    pub(super) fn new(rule: Rule, store: Arc<dyn ObjectStore>) -> (Self, Queue) {
        let queue = Queue { kept: Arc::default(), arrived: Arc::new(watch::Sender::new(0)) };
        (Self { rule, queue: queue.clone(), store }, queue)
    }

    /// Keeps only the next `requests` that match.
    pub fn times(self, requests: u64) -> Self {
        let _ = self.rule.clone().times(requests);
        self
    }

    /// Lets the next `requests` that match go by first.
    pub fn after(self, requests: u64) -> Self {
        let _ = self.rule.clone().after(requests);
        self
    }

    /// Waits until a write is kept, or was.
    pub async fn arrived(&self) {
        let mut arrived = self.queue.arrived.subscribe();
        arrived.wait_for(|kept| *kept > 0).await.expect("the sender lives in `self`");
    }

    /// How many writes were kept so far.
    pub fn hits(&self) -> u64 {
        self.rule.hits()
    }

    /// Lets the kept writes arrive, oldest first, each with the condition it was sent with, and returns what
    /// the store said. Their callers never learn of it.
    pub async fn deliver(&self) -> Vec<Result<PutResult>> {
        let kept = std::mem::take(&mut *self.queue.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let mut results = Vec::with_capacity(kept.len());
        for Write { to, payload, options } in kept {
            results.push(self.store.put_opts(&to, payload, options).await);
        }
        results
    }
}

/// The store's side of [`Late`].
#[derive(Clone, Debug)]
pub(super) struct Queue {
    kept: Arc<Mutex<Vec<Write>>>,
    arrived: Arc<watch::Sender<u64>>,
}

impl Queue {
    pub(super) fn keep(&self, to: &Path, payload: &PutPayload, options: &PutOptions) {
        let write = Write { to: to.clone(), payload: payload.clone(), options: options.clone() };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(write);
        self.arrived.send_modify(|kept| *kept += 1);
    }
}

#[derive(Debug)]
struct Write {
    to: Path,
    payload: PutPayload,
    options: PutOptions,
}
