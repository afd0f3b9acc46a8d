//! Many small reads, some at a time, in any order.

use fencepost_fence::Tick;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The reads that are not answered yet, each with its attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reads<K> {
    ready: VecDeque<(K, u32)>,
    out: BTreeMap<K, u32>,
    total: usize,
    in_flight_max: usize,
    quiet_since: Tick,
}

impl<K: Copy + Ord> Reads<K> {
    pub(crate) fn new(now: Tick, wanted: BTreeSet<K>, in_flight_max: usize) -> Self {
        let ready: VecDeque<_> = wanted.into_iter().map(|key| (key, 0)).collect();
        Self { total: ready.len(), ready, out: BTreeMap::new(), in_flight_max, quiet_since: now }
    }

    /// The next one to ask for, with its attempt.
    pub(crate) fn poll(&mut self) -> Option<(K, u32)> {
        if self.out.len() >= self.in_flight_max {
            return None;
        }
        let (key, attempt) = self.ready.pop_front()?;
        self.out.insert(key, attempt);
        Some((key, attempt))
    }

    pub(crate) fn is_asked(&self, key: &K) -> bool {
        self.out.contains_key(key)
    }

    /// It is answered.
    pub(crate) fn settle(&mut self, now: Tick, key: &K) {
        self.out.remove(key);
        self.quiet_since = now;
    }

    /// It was not answered. If nothing was for as long as the retry timeout lasts, all that is open is given
    /// up and returned.
    pub(crate) fn again(&mut self, now: Tick, key: &K, retry_timeout: u64) -> BTreeSet<K> {
        if now.since(self.quiet_since) >= retry_timeout {
            let open = std::mem::take(&mut self.ready).into_iter().chain(std::mem::take(&mut self.out));
            return open.map(|(key, _)| key).collect();
        }
        if let Some((key, attempt)) = self.out.remove_entry(key) {
            // At the end, so that one that never succeeds doesn't hold up the others.
            self.ready.push_back((key, attempt + 1));
        }
        BTreeSet::new()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.ready.is_empty() && self.out.is_empty()
    }

    /// How many are answered, and of how many.
    pub(crate) fn progress(&self) -> (u64, u64) {
        let open = self.ready.len() + self.out.len();
        ((self.total - open) as u64, self.total as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_asked_for_at_once_than_allowed() {
        let mut reads = Reads::new(Tick(0), [1, 2, 3].into(), 2);
        assert_eq!([reads.poll(), reads.poll(), reads.poll()], [Some((1, 0)), Some((2, 0)), None]);
        reads.settle(Tick(0), &2);
        assert_eq!([reads.poll(), reads.poll()], [Some((3, 0)), None]);
        assert!(reads.again(Tick(5), &1, 10).is_empty());
        assert_eq!([reads.poll(), reads.poll()], [Some((1, 1)), None]);
        assert_eq!(reads.progress(), (1, 3));
    }

    /// One object that cannot be read must not stop a collection for ever, and a store that is gone must not
    /// be asked for each.
    #[test]
    fn after_silence_all_that_is_open_is_given_up() {
        let mut reads = Reads::new(Tick(0), [1, 2, 3].into(), 1);
        reads.poll();
        reads.settle(Tick(7), &1);
        reads.poll();
        assert!(reads.again(Tick(16), &2, 10).is_empty());
        reads.poll();
        assert_eq!(reads.again(Tick(17), &2, 10), [2, 3].into());
        assert!(reads.is_done());
    }
}
