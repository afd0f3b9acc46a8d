//! Group commit: submissions that wait together share an entry.

use crate::telemetry::Stopwatch;
use crate::writer::Waiter;
use fencepost_fence::Tick;
use fencepost_format::EncodedBatches;
use std::collections::VecDeque;
use tokio::sync::OwnedSemaphorePermit;

/// One submission: encoded batches, memory accounted for, and somebody who waits.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) batches: EncodedBatches,
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) waiter: Waiter,
}

/// Submissions that will be one entry.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) batches: Vec<EncodedBatches>,
    pub(super) permits: Vec<OwnedSemaphorePermit>,
    pub(super) waiters: Vec<Waiter>,
    /// Runs since the first of them came.
    pub(super) begun: Stopwatch,
    bytes: u64,
    since: Tick,
}

/// What else decides whether a group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressure {
    /// Somebody waits for everything to be sent.
    Hurry,
    /// Nothing.
    Ordinary,
    /// As many are in flight as pay, of those that are small.
    Deep,
    /// As many are in flight as may be, if it can be helped.
    Full,
}

/// What was submitted and has no position yet, in order.
#[derive(Debug)]
pub(super) struct Groups {
    waiting: VecDeque<Group>,
    group_bytes_max: u64,
    linger: u64,
}

impl Groups {
    pub(super) const fn new(group_bytes_max: u64, linger: u64) -> Self {
        Self { waiting: VecDeque::new(), group_bytes_max, linger }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.waiting.iter().map(|group| group.bytes).sum()
    }

    /// Joins the last group if the schema is the same and there is room, else begins another.
    pub(super) fn push(&mut self, now: Tick, submission: Submission) {
        let Submission { batches, permit, waiter } = submission;
        let bytes = batches.bytes();
        let limit = self.group_bytes_max;
        let fits = |last: &&mut Group| {
            let same = last.batches.first().is_some_and(|first| first.schema() == batches.schema());
            same && last.bytes + bytes <= limit
        };
        if let Some(last) = self.waiting.back_mut().filter(fits) {
            last.bytes += bytes;
            last.batches.push(batches);
            last.permits.push(permit);
            last.waiters.push(waiter);
        } else {
            let (batches, permits, waiters) = (vec![batches], vec![permit], vec![waiter]);
            let begun = Stopwatch::start();
            self.waiting.push_back(Group { batches, permits, waiters, begun, bytes, since: now });
        }
    }

    /// When the first group is due, if there is one and it is known: at once if nobody can join it any more,
    /// since it is full or another waits behind it, or if somebody hurries; else when its linger is over, and
    /// not before one of those in flight is answered, if these are as many as pay. A large one takes as long as its
    /// bytes do, so it does not wait for that.
    pub(super) fn due(&self, pressure: Pressure) -> Option<Tick> {
        let first = self.waiting.front()?;
        let closed = self.waiting.len() > 1 || first.bytes >= self.group_bytes_max;
        match pressure {
            _ if closed => Some(first.since),
            Pressure::Hurry => Some(first.since),
            Pressure::Ordinary => Some(first.since.plus(self.linger)),
            Pressure::Deep if first.bytes >= LARGE_BYTES => Some(first.since.plus(self.linger)),
            Pressure::Deep | Pressure::Full => None,
        }
    }

    pub(super) fn pop(&mut self) -> Option<Group> {
        self.waiting.pop_front()
    }

    /// Puts a group that is too much for one entry back in front, each submission by itself.
    pub(super) fn part(&mut self, group: Group) {
        let Group { batches, permits, waiters, begun, since, .. } = group;
        for ((batches, permit), waiter) in batches.into_iter().zip(permits).zip(waiters).rev() {
            let (bytes, batches) = (batches.bytes(), vec![batches]);
            let (permits, waiters) = (vec![permit], vec![waiter]);
            self.waiting.push_front(Group { batches, permits, waiters, begun, bytes, since });
        }
    }

    /// Everything that waits, for telling it that it will not be written.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Group> + '_ {
        self.waiting.drain(..)
    }
}

/// From here on, sharing a PUT saves little: the time it takes is that of its bytes, and several at once have more of
/// the bandwidth.
pub(super) const LARGE_BYTES: u64 = 1 << 20;
