//! What became of submissions, and what a flush waits for. Plain data: it sends nothing and asks nobody.

use crate::AppendError;
use fencepost_format::Position;
use std::collections::VecDeque;

/// The books of one writer: submissions by number, in the order in which they came, and the flushes that wait
/// for them.
///
/// A submission is *accepted*, then *placed* (it has a position, or was refused one), then acknowledged or
/// *lost*. Places are given in the order of the numbers, so two counters tell of every submission how far it
/// is. `F` is whoever waits for a flush.
#[derive(Clone, Debug)]
pub(super) struct Ledger<F> {
    /// Submissions taken from callers.
    accepted: u64,
    /// Those of them that got a position, or were refused one.
    placed: u64,
    /// The last position that any of them got.
    last: Position,
    /// The first submission that failed, by its number, and why: no flush after it may succeed.
    lost: Option<(u64, AppendError)>,
    /// Why the writer stopped. Nothing is placed after that.
    stopped: Option<AppendError>,
    flushes: VecDeque<Flush<F>>,
    acknowledged_bytes: u64,
    repeated: u64,
}

/// Somebody who waits for everything submitted before.
#[derive(Clone, Debug)]
struct Flush<F> {
    /// How many submissions had been accepted when it came.
    accepted: u64,
    /// The last position that any of them has; `None` while one of them has none yet.
    through: Option<Position>,
    waiter: F,
}

impl<F> Default for Ledger<F> {
    fn default() -> Self {
        Self {
            accepted: 0,
            placed: 0,
            last: Position::NONE,
            lost: None,
            stopped: None,
            flushes: VecDeque::new(),
            acknowledged_bytes: 0,
            repeated: 0,
        }
    }
}

impl<F> Ledger<F> {
    /// Takes a submission. The error is for its caller: the writer has stopped, and it is lost.
    pub(super) fn accept(&mut self) -> Result<(), AppendError> {
        let number = self.accepted;
        self.accepted += 1;
        match self.refusal() {
            None => Ok(()),
            Some(refusal) => {
                self.lose(number, &refusal);
                Err(refusal)
            }
        }
    }

    /// The next `submissions` get a position, or are refused one. The number of the first.
    pub(super) fn place(&mut self, submissions: usize) -> u64 {
        let first = self.placed;
        self.placed += submissions as u64;
        assert!(self.placed <= self.accepted, "only what was accepted is placed");
        first
    }

    /// Everything that is placed by now has a position up to `last`, if it has one.
    ///
    /// SUBTLE: only the books remember it. The core's window forgets its highest positions when it meets a
    /// successor, and their appends are told of that only when it is sure what became of them.
    pub(super) fn reach(&mut self, last: Position) {
        self.last = self.last.max(last);
        let (placed, last) = (self.placed, self.last);
        let unplaced = |flush: &&mut Flush<F>| flush.through.is_none();
        for flush in self.flushes.iter_mut().filter(unplaced).take_while(|flush| flush.accepted <= placed) {
            flush.through = Some(last);
        }
    }

    /// Somebody waits for everything submitted so far, also for what has no position yet.
    pub(super) fn flush(&mut self, waiter: F) {
        let through = (self.accepted == self.placed).then_some(self.last);
        self.flushes.push_back(Flush { accepted: self.accepted, through, waiter });
    }

    /// The submissions from this number on failed, or some of them.
    pub(super) fn lose(&mut self, number: u64, why: &AppendError) {
        if self.lost.as_ref().is_none_or(|(first, _)| number < *first) {
            self.lost = Some((number, why.clone()));
        }
    }

    /// Everything that has no place yet will never have one.
    pub(super) fn lose_waiting(&mut self, why: &AppendError) {
        self.lose(self.placed, why);
    }

    /// Remembers why the writer stopped; what it says first counts.
    pub(super) fn stop(&mut self, why: AppendError) {
        self.stopped.get_or_insert(why);
    }

    /// Why the writer stopped, if it did.
    pub(super) const fn stopped(&self) -> Option<&AppendError> {
        self.stopped.as_ref()
    }

    /// What the submissions are told that come too late; `None` while the writer runs.
    pub(super) fn refusal(&self) -> Option<AppendError> {
        self.stopped.as_ref().map(AppendError::for_unsent)
    }

    /// Whether anybody waits for a flush.
    pub(super) fn has_flushes(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// The flushes that are decided, now that everything up to `acked` is acknowledged, in the order in which
    /// they came.
    pub(super) fn settle(&mut self, acked: Position) -> Vec<(F, Result<(), AppendError>)> {
        let mut settled = Vec::new();
        for flush in std::mem::take(&mut self.flushes) {
            match (&self.lost, flush.through) {
                (Some((lost, why)), _) if *lost < flush.accepted => {
                    settled.push((flush.waiter, Err(why.clone())));
                }
                (_, Some(through)) if through <= acked => settled.push((flush.waiter, Ok(()))),
                _ => self.flushes.push_back(flush),
            }
        }
        settled
    }

    /// Data entries of so many bytes are acknowledged.
    pub(super) const fn acknowledge(&mut self, bytes: u64) {
        self.acknowledged_bytes += bytes;
    }

    /// A data entry is sent, for the first time (0) or once more.
    pub(super) fn note_attempt(&mut self, attempt: u32) {
        self.repeated += u64::from(attempt > 0);
    }

    /// Bytes of the data entries that were acknowledged.
    pub(super) const fn acknowledged_bytes(&self) -> u64 {
        self.acknowledged_bytes
    }

    /// Data entries that were sent once more.
    pub(super) const fn repeated(&self) -> u64 {
        self.repeated
    }
}

#[cfg(test)]
mod tests;
