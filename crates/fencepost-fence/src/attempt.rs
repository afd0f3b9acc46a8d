//! One question that is asked until it is answered, or until it is too late.

use crate::Tick;
use crate::rounds::Rounds;

/// Which attempt a question is at, whether it is out, and until when it is asked again.
///
/// One rule for all deadlines: an answer that settles nothing, and comes at the deadline or after it, is the
/// last. One rule for all pauses: an attempt waits for as long as its number says, and only failures are
/// counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    deadline: Tick,
    failures: Rounds,
    out: bool,
}

impl Attempt {
    /// A question that is asked until `deadline`.
    #[must_use]
    pub const fn until(deadline: Tick) -> Self {
        Self::after(deadline, Rounds::NONE)
    }

    /// The same after others that failed, which pace its first attempt.
    pub(crate) const fn after(deadline: Tick, failures: Rounds) -> Self {
        Self { deadline, failures, out: false }
    }

    /// The number of the attempt to make now, if one is due.
    pub const fn ask(&mut self) -> Option<u32> {
        if self.out {
            return None;
        }
        self.out = true;
        Some(self.failures.attempt())
    }

    /// Whether an answer is awaited.
    #[must_use]
    pub const fn is_out(&self) -> bool {
        self.out
    }

    /// Asks again, after a pause.
    pub const fn again(&mut self) {
        self.failures = self.failures.next();
        self.out = false;
    }

    /// Asks something else about the same matter, since this was answered. What failed so far still counts.
    pub const fn turn(&mut self) {
        self.out = false;
    }

    /// Asks something new, at once.
    pub const fn restart(&mut self) {
        *self = Self::until(self.deadline);
    }

    /// Whether an answer that settles nothing is the last.
    #[must_use]
    pub fn is_late(&self, now: Tick) -> bool {
        now >= self.deadline
    }

    /// When it is given up, if nothing else happens before.
    #[must_use]
    pub const fn deadline(&self) -> Tick {
        self.deadline
    }

    /// Goes on until then, since there was a sign of life.
    pub const fn extend(&mut self, deadline: Tick) {
        self.deadline = deadline;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_slow_the_next_attempt_down() {
        let mut attempt = Attempt::until(Tick(10));
        assert_eq!([attempt.ask(), attempt.ask()], [Some(0), None]);
        attempt.again();
        assert_eq!(attempt.ask(), Some(1));
        attempt.turn();
        assert_eq!(attempt.ask(), Some(1));
        attempt.restart();
        assert_eq!(attempt.ask(), Some(0));
    }

    #[test]
    fn it_is_late_from_its_deadline_on_and_a_sign_of_life_moves_that() {
        let mut attempt = Attempt::until(Tick(10));
        assert_eq!([9, 10].map(|now| attempt.is_late(Tick(now))), [false, true]);
        attempt.extend(Tick(15));
        assert_eq!([14, 15].map(|now| attempt.is_late(Tick(now))), [false, true]);
    }
}
