//! One question that is asked until it is answered.

use fencepost_fence::Tick;

/// Which attempt it is at, and whether it is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    since: Tick,
    attempt: u32,
    asked: bool,
}

impl Ask {
    pub(crate) const fn new(now: Tick) -> Self {
        Self { since: now, attempt: 0, asked: false }
    }

    /// The attempt to make now, if any.
    pub(crate) const fn poll(&mut self) -> Option<u32> {
        if self.asked {
            return None;
        }
        self.asked = true;
        Some(self.attempt)
    }

    /// Whether an answer is awaited.
    pub(crate) const fn is_out(&self) -> bool {
        self.asked
    }

    /// Asks something else about the same matter, at once.
    pub(crate) const fn turn(&mut self) {
        self.asked = false;
    }

    /// Asks again.
    pub(crate) const fn again(&mut self) {
        self.attempt += 1;
        self.asked = false;
    }

    /// Whether it has gone without an answer for as long as the patience lasts.
    pub(crate) const fn is_late(&self, now: Tick, patience: u64) -> bool {
        now.since(self.since) >= patience
    }
}
