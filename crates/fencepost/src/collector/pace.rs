//! A collection's budget of requests a second.

use crate::shard::Io;
use fencepost_gc::{CollectRequest, Object};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A cap on requests, evenly spaced. Clones share it.
#[derive(Clone, Debug)]
pub struct RequestBudget {
    each: Duration,
    next: Arc<Mutex<Option<Instant>>>,
}

impl RequestBudget {
    /// At most so many requests a second. A listing counts once, however many pages it has: those come one after the
    /// other.
    #[must_use]
    pub fn per_second(requests: NonZeroU32) -> Self {
        Self { each: Duration::from_secs(1) / requests.get(), next: Arc::default() }
    }

    /// Waits until so many requests are due.
    pub(super) async fn take(&self, requests: u64) {
        let due = {
            let now = Instant::now();
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let due = next.map_or(now, |next| next.max(now));
            let requests = u32::try_from(requests).unwrap_or(u32::MAX);
            *next = Some(due + self.each.saturating_mul(requests));
            due
        };
        tokio::time::sleep_until(due).await;
    }
}

/// How many requests it takes to perform one of a collection's.
pub(super) fn cost(io: &Io, request: &CollectRequest) -> u64 {
    match request {
        CollectRequest::Delete { objects, .. } if !matches!(objects[..], [Object::SsTable(_)]) => {
            io.store.delete_cost(objects.len() as u64)
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced_evenly_and_a_large_one_holds_up_the_next() {
        let budget = RequestBudget::per_second(NonZeroU32::new(10).unwrap());
        let began = Instant::now();
        let mut times = Vec::new();
        for requests in [1, 1, 5, 1] {
            budget.clone().take(requests).await;
            times.push(began.elapsed().as_millis());
        }
        assert_eq!(times, [0, 100, 200, 700]);
        tokio::time::sleep(Duration::from_secs(9)).await;
        let rested = Instant::now();
        budget.take(1).await;
        budget.take(1).await;
        assert_eq!(rested.elapsed().as_millis(), 100, "what was not used is not made up for");
    }
}
