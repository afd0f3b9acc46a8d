//! Reading entries in order, with several GETs in flight. Shared by the replay of an opening and by readers.

mod scouting;

use crate::{ReadReply, Request, Tick};
use fencepost_format::{EntryHeader, Position};
use scouting::Scouting;
use std::collections::{BTreeMap, BTreeSet};

/// Entries from a position upward, fetched ahead and handed out in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Forward {
    next: Position,
    last: Option<Position>,
    /// How far it may read now without knowing that anything is there: one position, and one more with every
    /// entry found, so that reads of entries that do not exist never outnumber those of entries that do by
    /// more than one.
    ahead: u64,
    ahead_max: u64,
    /// Where it may read deeper than that.
    scouting: Option<Scouting>,
    asked: BTreeMap<Position, Ask>,
    /// Those of them that failed and are to be asked for again.
    again: BTreeSet<Position>,
    /// From `next` up to below here, everything is asked for or fetched.
    covered: Position,
    fetched: BTreeMap<Position, ReadReply<EntryHeader>>,
    /// What was known of the position above the absent one that was handed out last.
    above: Above,
    retry_timeout: u64,
    quiet_since: Tick,
}

/// What is known of the position above an absent one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Above {
    /// Something stands there.
    There,
    /// It is absent too.
    Absent,
    /// It is being read.
    Asked,
    /// Nobody asked.
    Unasked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ask {
    attempt: u32,
    out: bool,
    /// Asked before the reader last stopped: an "absent" of that time says nothing about now.
    stale: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next answer: found, absent or damaged. Absent does not move on.
    Answer(Position, ReadReply<EntryHeader>),
    /// Reads did not get an answer for as long as the retry timeout lasts.
    Unread,
}

impl Forward {
    pub(crate) fn new(
        now: Tick,
        next: Position,
        last: Option<Position>,
        ahead_max: u64,
        retry_timeout: u64,
    ) -> Self {
        assert!(ahead_max > 0, "a reader needs at least one read in flight");
        let (asked, fetched) = (BTreeMap::new(), BTreeMap::new());
        Self {
            next,
            last,
            ahead: 1,
            ahead_max,
            scouting: (ahead_max > AHEAD_UNKNOWN_MAX).then(|| Scouting::new(next.prev())),
            asked,
            again: BTreeSet::new(),
            covered: next,
            fetched,
            above: Above::Unasked,
            retry_timeout,
            quiet_since: now,
        }
    }

    /// Reads this many at once from the start, for whoever would rather read one in vain than wait once more.
    pub(crate) fn begin_with(mut self, ahead: u64) -> Self {
        self.ahead = ahead.min(self.ahead_max);
        self
    }

    /// The position that is handed out next.
    pub(crate) const fn next(&self) -> Position {
        self.next
    }

    pub(crate) fn poll_request(&mut self) -> Option<Request> {
        if let Some(at) = self.again.pop_first() {
            let ask = self.asked.get_mut(&at).expect("what is asked for again was asked for before");
            ask.out = true;
            return Some(Request::ReadEntry { at, attempt: ask.attempt });
        }
        let frontier = self.frontier();
        while self.covered <= frontier && self.last.is_none_or(|last| self.covered <= last) {
            let at = self.covered;
            match self.fetched.get(&at) {
                // It stays the first that is not covered.
                Some(ReadReply::Absent) => return None,
                None if !self.asked.contains_key(&at) => return Some(self.ask(at)),
                _ => self.covered = at.next(),
            }
        }
        let scout = self.scout(frontier)?;
        Some(self.ask(scout))
    }

    fn ask(&mut self, at: Position) -> Request {
        self.asked.insert(at, Ask { attempt: 0, out: true, stale: false });
        Request::ReadEntry { at, attempt: 0 }
    }

    /// The highest position that may be asked for now, but for scouts.
    fn frontier(&self) -> Position {
        let felt = self.next.plus(self.ahead).prev();
        let Some(scouting) = &self.scouting else { return felt };
        let deep = scouting.reach().min(self.next.plus(self.ahead_max).prev());
        felt.max(deep)
    }

    /// The next scout to send, if one is due: they go out together, when those before are back, and no farther
    /// than a few times what may be read ahead.
    fn scout(&self, frontier: Position) -> Option<Position> {
        let scouting = self.scouting.as_ref().filter(|_| self.ahead >= AHEAD_TO_SCOUT)?;
        let far = scouting.reach() >= self.next.plus(self.ahead_max.saturating_mul(2));
        let (sent, wanted): (Vec<_>, Vec<_>) =
            scouting.next().partition(|at| self.asked.contains_key(at) || self.fetched.contains_key(at));
        let others =
            self.asked.range(frontier.max(scouting.reach()).next()..).any(|(at, _)| !sent.contains(at));
        let mut wanted =
            wanted.into_iter().filter(|at| *at > frontier && self.last.is_none_or(|last| *at <= last));
        wanted.next().filter(|_| !far && !others)
    }

    /// Takes an answer; `false` if nobody asked.
    pub(crate) fn handle(&mut self, now: Tick, at: Position, reply: &ReadReply<EntryHeader>) -> bool {
        let scout = at > self.frontier();
        let Some(ask) = self.asked.get_mut(&at).filter(|ask| ask.out) else { return false };
        match reply {
            // Of no use. If it is needed again, it is asked again; a reader that rests must not pay for it at
            // every poll.
            ReadReply::Absent if ask.stale => self.forget(at),
            ReadReply::Unknown if ask.stale && at > self.next => self.forget(at),
            ReadReply::Absent if scout => {
                self.asked.remove(&at);
                self.quiet_since = now;
                if let Some(scouting) = &mut self.scouting {
                    scouting.absent(at);
                }
            }
            ReadReply::Unknown => {
                ask.attempt += 1;
                ask.out = false;
                self.again.insert(at);
            }
            ReadReply::Found(_) | ReadReply::Absent | ReadReply::Damaged => {
                self.asked.remove(&at);
                self.quiet_since = now;
                self.fetched.insert(at, reply.clone());
                if *reply == ReadReply::Absent {
                    // Nothing is asked for above it.
                    self.covered = self.covered.min(at);
                } else if let Some(scouting) = &mut self.scouting {
                    scouting.found(at, scout);
                }
            }
        }
        true
    }

    fn forget(&mut self, at: Position) {
        self.asked.remove(&at);
        self.covered = self.covered.min(at);
    }

    /// The last of the entries that are here already and will be handed out next; the one before
    /// [`next`](Self::next) if none is.
    pub(crate) fn fetched_through(&self) -> Position {
        let mut last = self.next.prev();
        while let Some(ReadReply::Found(_)) = self.fetched.get(&last.next()) {
            last = last.next();
        }
        last
    }

    /// The next answer in order, if it is here.
    pub(crate) fn pop(&mut self, now: Tick) -> Option<Next> {
        let at = self.next;
        match self.fetched.remove(&at) {
            Some(ReadReply::Absent) => {
                self.above = self.above(at.next());
                self.restart(now);
                Some(Next::Answer(at, ReadReply::Absent))
            }
            Some(answer) => {
                self.next = at.next();
                self.covered = self.covered.max(self.next);
                self.ahead = (self.ahead + 1).min(self.ahead_max).min(AHEAD_UNKNOWN_MAX);
                Some(Next::Answer(at, answer))
            }
            None if self.is_stuck(now) => Some(Next::Unread),
            None => None,
        }
    }

    /// What was known of the position above the absent one that [`pop`](Self::pop) returned last, at that moment.
    pub(crate) const fn above_absent(&self) -> Above {
        self.above
    }

    fn above(&self, at: Position) -> Above {
        match self.fetched.get(&at) {
            Some(ReadReply::Absent) => Above::Absent,
            Some(_) => Above::There,
            None if self.asked.get(&at).is_some_and(|ask| ask.out) => Above::Asked,
            None => Above::Unasked,
        }
    }

    /// Forgets what was fetched above, since time passes before anybody asks again.
    pub(crate) fn restart(&mut self, now: Tick) {
        self.fetched.clear();
        self.covered = self.next;
        for ask in self.asked.values_mut() {
            ask.stale = true;
        }
        self.ahead = 1;
        if let Some(scouting) = &mut self.scouting {
            *scouting = Scouting::new(self.next.prev());
        }
        self.quiet_since = now;
    }

    /// Stays at `at`, whose answer was handed out: the reader ends there and has not passed it.
    pub(crate) const fn stop_at(&mut self, at: Position) {
        self.next = at;
    }

    /// Goes on from a position that was read by other means.
    pub(crate) fn skip_to(&mut self, now: Tick, next: Position) {
        self.next = next;
        self.restart(now);
        self.asked.retain(|&at, ask| at >= next && ask.out);
        self.again.clear();
    }

    fn is_stuck(&self, now: Tick) -> bool {
        let failing = self.asked.get(&self.next).is_some_and(|ask| ask.attempt > 0);
        failing && now.since(self.quiet_since) >= self.retry_timeout
    }
}

/// How far to read ahead without knowing that anything is there.
const AHEAD_UNKNOWN_MAX: u64 = 16;

/// How far it must have felt its way before scouts are worth it: whoever reads the few entries that came since
/// it last looked sends none.
const AHEAD_TO_SCOUT: u64 = 4;

#[cfg(test)]
mod tests;
