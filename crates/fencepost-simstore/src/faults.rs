//! What goes wrong, how often, and for how long.

use crate::latency::Latency;
use crate::random::Random;
use crate::request::Op;
use std::time::Duration;

/// One thing that goes wrong with one request. Two questions tell them apart: was it carried out, and did the
/// caller learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// No connection: not carried out, and the caller knows.
    Refused,
    /// HTTP 429: not carried out.
    Throttled,
    /// HTTP 503: not carried out, but callers cannot tell that from a 503 after the effect.
    Unavailable,
    /// A create is told that the name is taken, though it may not be. Not carried out. Other requests go through.
    FalseExists,
    /// The request is lost on its way: not carried out, no answer (see [`Loss`]).
    LoseRequest,
    /// The reply is lost on its way: carried out, no answer.
    LoseReply,
    /// Carried out, but only after this long, whatever becomes of the caller meanwhile; no answer.
    Late(Duration),
    /// Carried out and answered, and then carried out once more after this long. A create then finds its own
    /// object, or succeeds again if that was deleted meanwhile.
    Duplicate(Duration),
}

/// What a caller sees of an answer that does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// Nothing, ever: only the caller's own time-out ends its wait.
    Hang,
    /// A time-out of the client, after [`Faults::with_time_out`].
    TimedOut,
    /// The connection breaks.
    Reset,
    /// An HTTP 500, 502, 503 or 504.
    ServerError,
}

/// How one client's requests fare: latencies, and a probability for each fault. All off by default.
///
/// At most one fault happens to a request; the order of the setters below is the order in which they are drawn.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Faults {
    pub(crate) before: Latency,
    pub(crate) after: Latency,
    pub(crate) page_gap: Latency,
    time_out: Duration,
    losses: Vec<Loss>,
    refused: f64,
    throttled: f64,
    unavailable: f64,
    false_exists: f64,
    lost_requests: f64,
    lost_replies: f64,
    late: (f64, Latency),
    duplicates: (f64, Latency),
    failed_deletions: f64,
}

impl Default for Faults {
    fn default() -> Self {
        let never = (0.0, Latency::zero());
        Self {
            before: Latency::zero(),
            after: Latency::zero(),
            page_gap: Latency::zero(),
            time_out: Duration::from_secs(30),
            losses: vec![Loss::TimedOut, Loss::Reset, Loss::ServerError],
            refused: 0.0,
            throttled: 0.0,
            unavailable: 0.0,
            false_exists: 0.0,
            lost_requests: 0.0,
            lost_replies: 0.0,
            late: never.clone(),
            duplicates: never,
            failed_deletions: 0.0,
        }
    }
}

impl Faults {
    /// None, and no latency.
    pub fn none() -> Self {
        Self::default()
    }

    /// Time from the call to the effect, and from the effect to the answer.
    pub fn with_latency(mut self, before: Latency, after: Latency) -> Self {
        (self.before, self.after) = (before, after);
        self
    }

    /// Time between the pages of a listing, on top of each page's own latency.
    pub fn with_page_gap(mut self, gap: Latency) -> Self {
        self.page_gap = gap;
        self
    }

    /// After how long [`Loss::TimedOut`] is reported. Default: 30 s.
    pub const fn with_time_out(mut self, after: Duration) -> Self {
        self.time_out = after;
        self
    }

    /// What lost answers look like, each equally likely. Default: all but [`Loss::Hang`].
    pub fn with_losses(mut self, losses: impl IntoIterator<Item = Loss>) -> Self {
        self.losses = losses.into_iter().collect();
        self
    }

    /// The chance of [`Fault::Refused`].
    pub const fn with_refused(mut self, chance: f64) -> Self {
        self.refused = chance;
        self
    }

    /// The chance of [`Fault::Throttled`].
    pub const fn with_throttled(mut self, chance: f64) -> Self {
        self.throttled = chance;
        self
    }

    /// The chance of [`Fault::Unavailable`].
    pub const fn with_unavailable(mut self, chance: f64) -> Self {
        self.unavailable = chance;
        self
    }

    /// The chance that a create meets [`Fault::FalseExists`].
    pub const fn with_false_exists(mut self, chance: f64) -> Self {
        self.false_exists = chance;
        self
    }

    /// The chance of [`Fault::LoseRequest`].
    pub const fn with_lost_requests(mut self, chance: f64) -> Self {
        self.lost_requests = chance;
        self
    }

    /// The chance of [`Fault::LoseReply`].
    pub const fn with_lost_replies(mut self, chance: f64) -> Self {
        self.lost_replies = chance;
        self
    }

    /// The chance that a write or a deletion meets [`Fault::Late`], and by how much.
    pub fn with_late(mut self, chance: f64, by: Latency) -> Self {
        self.late = (chance, by);
        self
    }

    /// The chance that a write or a deletion meets [`Fault::Duplicate`], and after how long.
    pub fn with_duplicates(mut self, chance: f64, after: Latency) -> Self {
        self.duplicates = (chance, after);
        self
    }

    /// The chance, for each name in a bulk deletion, that it is refused while others are deleted.
    pub const fn with_failed_deletions(mut self, chance: f64) -> Self {
        self.failed_deletions = chance;
        self
    }

    /// The same latencies without any fault.
    pub(crate) fn calmed(&self) -> Self {
        Self::none()
            .with_latency(self.before.clone(), self.after.clone())
            .with_page_gap(self.page_gap.clone())
    }

    pub(crate) fn draw(&self, op: Op, random: &mut Random) -> Option<Fault> {
        let writes = op.has_effect();
        let late = self.late.1.sample(random);
        let again = self.duplicates.1.sample(random);
        let table = [
            (self.refused, true, Fault::Refused),
            (self.throttled, true, Fault::Throttled),
            (self.unavailable, true, Fault::Unavailable),
            (self.false_exists, op == Op::Create, Fault::FalseExists),
            (self.lost_requests, true, Fault::LoseRequest),
            (self.lost_replies, true, Fault::LoseReply),
            (self.late.0, writes, Fault::Late(late)),
            (self.duplicates.0, writes, Fault::Duplicate(again)),
        ];
        let mut drawn = None;
        for (chance, applies, fault) in table {
            if random.happens(chance) && applies {
                drawn = drawn.or(Some(fault));
            }
        }
        drawn
    }

    /// When a lost answer shows, counted from the call, and as what; `None` if never.
    pub(crate) fn lose(&self, random: &mut Random) -> Option<(Duration, crate::Failure)> {
        let soon = self.before.sample(random) + self.after.sample(random);
        match random.pick(&self.losses).copied().unwrap_or(Loss::Hang) {
            Loss::Hang => None,
            Loss::TimedOut => Some((self.time_out, crate::Failure::TimedOut)),
            Loss::Reset => Some((soon, crate::Failure::Reset)),
            Loss::ServerError => {
                let status = *random.pick(&[500, 502, 503, 504]).expect("four of them");
                Some((soon, crate::Failure::Status(status)))
            }
        }
    }

    /// Which of `names` a bulk deletion leaves out.
    pub(crate) fn leave_out(&self, names: usize, random: &mut Random) -> Vec<usize> {
        (0..names).filter(|_| random.happens(self.failed_deletions)).collect()
    }
}
