//! Finding the tail of a log without reading its entries.
// P-126 to P-128.

mod probes;

use crate::above::{LookAbove, Seen};
use crate::forward::Above;
use crate::proof::proven_below;
use crate::{Attempt, FindLatest, GaveUp, Machine, Params, ReadReply, Reply, Request, Tick};
use fencepost_format::{EntryHeader, Manifest, Position};
use probes::Probes;
use std::collections::BTreeMap;

/// A search for the tail: the first position where nothing stands, above entries that stand one upon the other
/// from `replay_after`.
///
/// Where a hint names a position near the tail it costs about 90 HEADs and two manifest searches, in a dozen
/// round trips, however long the log is. The hint, and all that is probed on the way, only tell where to look:
///
/// ```text
///   replay_after        floor             anchor      tail
///   ─ ─ ─ ┼─────────────────┬──────────────────┬───────────┬─ ─ ─
///         │ proven by the   │ each position is probed:     │ absent, and a manifest that is
///         │ anchor (P-90)   │ holes are here, if anywhere  │ read after that is below it
/// ```
///
/// An entry that was lost below the floor is not noticed: readers and openers do that. One that was lost above
/// it ends the search, as it would end a reading.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FindTail {
    params: Params,
    hint: Position,
    replay_after: Position,
    step: Step,
    /// How far above the lowest absent position to probe: more each time when the log outgrew that.
    margin: u64,
    restarts: u32,
    outcome: Option<Result<TailFound, GaveUp>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// Where does the log begin, and (asked at the same time) about where does it end?
    Begin {
        find: FindLatest,
        manifest: Option<Option<Manifest>>,
        hint: Option<Attempt>,
    },
    /// Something stands at `low`, or it is `replay_after`. How far does the log go on?
    Gallop {
        low: Position,
        probes: Probes,
    },
    /// Something stands at `low`, and nothing at `high`.
    Narrow {
        low: Position,
        high: Position,
        probes: Probes,
    },
    /// What does the anchor prove, and where is the first hole above that?
    Scan {
        anchor: Option<Anchor>,
        probes: Probes,
    },
    /// Does what stands above tell that an entry was lost there?
    Above {
        look: LookAbove,
    },
    /// Was it written and covered meanwhile?
    Verify {
        next: Position,
        find: FindLatest,
    },
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Anchor {
    at: Position,
    attempt: Attempt,
    /// What it proves, once it was looked at.
    proven: Option<Position>,
}

/// What a search for the tail found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TailFound {
    /// The tail, at some moment since the search began.
    Tail {
        /// The first position where nothing stands.
        next: Position,
        /// A manifest that was read after that.
        manifest: Manifest,
    },
    /// Only reading can tell: what stands near the tail was written by Lance, given up or damaged, and proves
    /// nothing about what is below.
    Unproven,
    /// There is no log.
    NoLog,
}

/// A request of a search for the tail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TailRequest {
    /// As for any other machine.
    Shard(Request),
    /// Is anything at this position?
    Probe {
        /// The position.
        at: Position,
        /// Which try this is.
        attempt: u32,
    },
    /// A position that probably has an entry and is not far below the tail, found cheaply; nothing is concluded
    /// from it.
    Hint {
        /// Which try this is.
        attempt: u32,
    },
}

/// The answer to a [`TailRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TailReply {
    /// To [`TailRequest::Shard`].
    Shard(Reply),
    /// To [`TailRequest::Probe`].
    Probed(Position, ReadReply<()>),
    /// To [`TailRequest::Hint`]: [`Position::NONE`] if there is none.
    Hinted(ReadReply<Position>),
}

impl FindTail {
    /// Starts a search.
    #[must_use]
    pub fn new(params: Params, now: Tick) -> Self {
        let deadline = now.plus(params.retry_timeout);
        let (find, hint) = (FindLatest::new(deadline), Some(Attempt::until(deadline)));
        Self {
            params,
            hint: Position::NONE,
            replay_after: Position::NONE,
            step: Step::Begin { find, manifest: None, hint },
            margin: 1,
            restarts: 0,
            outcome: None,
        }
    }

    fn begin(&mut self, now: Tick) {
        let Step::Begin { manifest: Some(manifest), hint: None, .. } = &self.step else { return };
        let Some(manifest) = manifest else { return self.end(Ok(TailFound::NoLog)) };
        self.replay_after = manifest.replay_after;
        self.gallop(now, manifest.replay_after.max(self.hint));
    }

    fn gallop(&mut self, now: Tick, low: Position) {
        let ahead = (0..GALLOP_PROBES).map(|nth| low.plus(GALLOP_FIRST << nth));
        // That something stands there was only hinted at.
        let doubtful = (low > self.replay_after).then_some(low);
        self.step = Step::Gallop { low, probes: Probes::new(now, doubtful.into_iter().chain(ahead)) };
    }

    fn galloped(&mut self, now: Tick, low: Position, answers: &BTreeMap<Position, bool>) {
        if answers.get(&low) == Some(&false) {
            // It was collected, or the hint was wrong.
            return self.gallop(now, self.replay_after);
        }
        match self.bracket(low, answers) {
            (low, Some(high)) => self.narrow(now, low, high),
            (low, None) => self.gallop(now, low),
        }
    }

    /// The highest of these positions that is occupied, and the lowest above it that is not.
    fn bracket(&self, low: Position, answers: &BTreeMap<Position, bool>) -> (Position, Option<Position>) {
        let there = answers.iter().rev().find(|(_, there)| **there).map(|(at, _)| *at);
        let low = low.max(there.unwrap_or(low));
        let high = answers.range(low.next()..).map(|(at, _)| *at).next();
        (low, high)
    }

    fn narrow(&mut self, now: Tick, low: Position, high: Position) {
        let span = low.distance_to(high);
        if span <= NEAR {
            return self.scan(now, low, high);
        }
        let step = span.div_ceil(NARROW_PROBES + 1);
        let between = (1..=NARROW_PROBES).map(|nth| low.plus(step * nth)).filter(|at| *at < high);
        self.step = Step::Narrow { low, high, probes: Probes::new(now, between) };
    }

    /// From the lowest position that the anchor can fail to prove.
    // P-126.
    fn scan(&mut self, now: Tick, low: Position, high: Position) {
        let floor = low.minus(self.params.window.get()).max(self.replay_after);
        let top = high.plus(self.margin);
        let mut each = Vec::new();
        let mut at = floor.next();
        while at <= top {
            each.push(at);
            at = at.next();
        }
        let deadline = now.plus(self.params.retry_timeout);
        // A short log is probed from its beginning.
        let anchor = Anchor { at: low, attempt: Attempt::until(deadline), proven: None };
        let anchor = (floor > self.replay_after).then_some(anchor);
        self.step = Step::Scan { anchor, probes: Probes::new(now, each) };
    }

    /// What the anchor proves; `None` ends the search.
    // P-90, P-126.
    fn proven_by(&self, at: Position, read: ReadReply<&Option<EntryHeader>>) -> Option<Position> {
        let ReadReply::Found(Some(header)) = read else { return None };
        let proven = proven_below(header, self.params.window);
        (proven >= at.minus(self.params.window.get())).then_some(proven)
    }

    fn scanned(&mut self, now: Tick) {
        let Step::Scan { anchor, probes } = &self.step else { unreachable!("called while scanning") };
        let (Some(answers), true) = (probes.answers(), anchor.is_none_or(|anchor| anchor.proven.is_some()))
        else {
            return;
        };
        let floor = anchor.and_then(|anchor| anchor.proven).unwrap_or(self.replay_after);
        let hole = answers.range(floor.next()..).find(|(_, there)| !**there).map(|(at, _)| *at);
        let Some(next) = hole else {
            let top = answers.keys().next_back().copied().unwrap_or(floor);
            self.margin = (self.margin * 8).max(self.params.window.get()).min(MARGIN_MAX);
            return self.gallop(now, top);
        };
        let above = match answers.get(&next.next()) {
            None => Above::Unasked,
            Some(_) if answers.range(next.next()..).any(|(_, there)| *there) => Above::There,
            Some(_) => Above::Absent,
        };
        if above == Above::Absent {
            return self.verify(now, next);
        }
        self.step = Step::Above { look: LookAbove::of_reader(now, next, self.params, above) };
    }

    /// [P-92](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-92).
    fn looked_above(&mut self, now: Tick, at: Position, seen: Seen) {
        match seen {
            // What is there by now was not lost: when it was probed, it was the tail.
            Seen::Nothing | Seen::There(_) | Seen::Damaged => self.verify(now, at),
            Seen::Absent { proof, manifest: Some(manifest) } if manifest.replay_after < at => {
                self.end(Err(GaveUp::LostEntry { at, proof }));
            }
            Seen::Absent { manifest, .. } => self.verified(now, at, manifest),
            Seen::GaveUp(gave_up) => self.end(Err(gave_up)),
        }
    }

    fn verify(&mut self, now: Tick, next: Position) {
        let find = FindLatest::new(now.plus(self.params.retry_timeout));
        self.step = Step::Verify { next, find };
    }

    /// [P-42](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-42).
    // P-128.
    fn verified(&mut self, now: Tick, next: Position, manifest: Option<Manifest>) {
        match manifest {
            None => self.end(Ok(TailFound::NoLog)),
            Some(manifest) if manifest.replay_after >= next => {
                self.replay_after = manifest.replay_after;
                self.start_over(now);
            }
            Some(manifest) => self.end(Ok(TailFound::Tail { next, manifest })),
        }
    }

    fn start_over(&mut self, now: Tick) {
        self.restarts += 1;
        if self.restarts > RESTARTS_MAX {
            return self.end(Err(GaveUp::Unread));
        }
        self.gallop(now, self.replay_after);
    }

    fn end(&mut self, outcome: Result<TailFound, GaveUp>) {
        self.step = Step::Ended;
        self.outcome = Some(outcome);
    }

    fn handle_begin(&mut self, now: Tick, reply: &TailReply) {
        let Step::Begin { find, manifest, hint } = &mut self.step else {
            unreachable!("called at the beginning")
        };
        match (reply, &mut *hint) {
            (TailReply::Shard(reply), _) => match find.handle(now, reply) {
                Some(Ok(found)) => *manifest = Some(found),
                Some(Err(gave_up)) => return self.end(Err(gave_up)),
                None => {}
            },
            (TailReply::Hinted(ReadReply::Found(at)), Some(_)) => {
                self.hint = *at;
                *hint = None;
            }
            // It is worth one attempt: without a hint there are more probes.
            (TailReply::Hinted(_), Some(_)) => *hint = None,
            _ => {}
        }
        self.begin(now);
    }

    fn handle_anchor(&mut self, now: Tick, at: Position, read: &ReadReply<Option<EntryHeader>>) {
        let Step::Scan { anchor: Some(anchor), .. } = &mut self.step else { return };
        if anchor.at != at || anchor.proven.is_some() {
            return;
        }
        match read {
            ReadReply::Unknown if anchor.attempt.is_late(now) => return self.end(Err(GaveUp::Unread)),
            ReadReply::Unknown => return anchor.attempt.again(),
            // It was collected: the log begins above by now.
            ReadReply::Absent => {
                self.restarts += 1;
                if self.restarts > RESTARTS_MAX {
                    return self.end(Err(GaveUp::Unread));
                }
                let find = FindLatest::new(now.plus(self.params.retry_timeout));
                self.hint = Position::NONE;
                self.step = Step::Begin { find, manifest: None, hint: None };
                return;
            }
            ReadReply::Found(_) | ReadReply::Damaged => {}
        }
        match self.proven_by(at, read.as_ref()) {
            None => self.end(Ok(TailFound::Unproven)),
            Some(proven) => {
                if let Step::Scan { anchor: Some(anchor), .. } = &mut self.step {
                    anchor.proven = Some(proven);
                }
                self.scanned(now);
            }
        }
    }

    fn handle_probe(&mut self, now: Tick, at: Position, read: &ReadReply<()>) {
        let (Step::Gallop { probes, .. } | Step::Narrow { probes, .. } | Step::Scan { probes, .. }) =
            &mut self.step
        else {
            return;
        };
        if !probes.handle(now, at, read, self.params.retry_timeout) {
            return self.end(Err(GaveUp::Unread));
        }
        let Some(answers) = probes.answers().cloned() else { return };
        match self.step {
            Step::Gallop { low, .. } => self.galloped(now, low, &answers),
            Step::Narrow { low, high, .. } => {
                let (low, between) = self.bracket(low, &answers);
                self.narrow(now, low, between.unwrap_or(high));
            }
            _ => self.scanned(now),
        }
    }
}

impl Machine for FindTail {
    type Request = TailRequest;
    type Reply = TailReply;
    type Event = Result<TailFound, GaveUp>;

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.outcome.take()
    }

    fn poll_request(&mut self) -> Option<TailRequest> {
        match &mut self.step {
            Step::Begin { find, hint, .. } => {
                let hinted = hint.as_mut().and_then(Attempt::ask);
                hinted
                    .map(|attempt| TailRequest::Hint { attempt })
                    .or_else(|| find.poll_request().map(TailRequest::Shard))
            }
            Step::Gallop { probes, .. } | Step::Narrow { probes, .. } => probes.poll_request(),
            Step::Scan { anchor, probes } => {
                let peek = anchor.as_mut().filter(|anchor| anchor.proven.is_none());
                let peek = peek.and_then(|anchor| Some((anchor.at, anchor.attempt.ask()?)));
                peek.map(|(at, attempt)| TailRequest::Shard(Request::PeekEntry { at, attempt }))
                    .or_else(|| probes.poll_request())
            }
            Step::Above { look } => look.poll_request().map(TailRequest::Shard),
            Step::Verify { find, .. } => find.poll_request().map(TailRequest::Shard),
            Step::Ended => None,
        }
    }

    fn handle(&mut self, now: Tick, reply: TailReply) {
        match (&mut self.step, &reply) {
            (Step::Begin { .. }, reply) => self.handle_begin(now, reply),
            (Step::Scan { .. }, TailReply::Shard(Reply::Peeked(at, read))) => {
                self.handle_anchor(now, *at, read);
            }
            (_, TailReply::Probed(at, read)) => self.handle_probe(now, *at, read),
            (Step::Above { look }, TailReply::Shard(reply)) => {
                let at = look.at();
                if let Some(seen) = look.handle(now, reply) {
                    self.looked_above(now, at, seen);
                }
            }
            (Step::Verify { next, find }, TailReply::Shard(reply)) => {
                let next = *next;
                match find.handle(now, reply) {
                    Some(Ok(manifest)) => self.verified(now, next, manifest),
                    Some(Err(gave_up)) => self.end(Err(gave_up)),
                    None => {}
                }
            }
            _ => {}
        }
    }
}

/// The first probe above what is known, and how many there are at the same time, each twice as far as the last:
/// up to 2,048 positions above.
const GALLOP_FIRST: u64 = 16;
const GALLOP_PROBES: u32 = 8;

/// How many probes divide what is left. 8 and then 7 of them, and a window, make a hundred requests at most.
const NARROW_PROBES: u64 = 7;

/// As close to the tail as it is worth to come before each position is probed.
const NEAR: u64 = 8;

/// How far above an absent position to probe at most, in a log that grows while it is probed.
const MARGIN_MAX: u64 = 1_024;

/// How often it begins anew because the log was covered meanwhile.
const RESTARTS_MAX: u32 = 10;

#[cfg(test)]
mod tests;
