//! Reading entries in order, with several GETs in flight. Shared by the replay of an opening and by readers.

use crate::{ReadReply, Request, Tick};
use fencepost_format::{EntryHeader, Position};
use std::collections::BTreeMap;

/// Entries from a position upward, fetched ahead and handed out in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Forward {
    next: Position,
    last: Option<Position>,
    /// How many reads may be out at once now: one, and one more with every entry found, so that reads of
    /// entries that do not exist never outnumber those of entries that do by more than one.
    ahead: u64,
    ahead_max: u64,
    asked: BTreeMap<Position, Ask>,
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
            asked,
            fetched,
            above: Above::Unasked,
            retry_timeout,
            quiet_since: now,
        }
    }

    /// The position that is handed out next.
    pub(crate) const fn next(&self) -> Position {
        self.next
    }

    pub(crate) fn poll_request(&mut self) -> Option<Request> {
        if let Some((&at, ask)) = self.asked.iter_mut().find(|(_, ask)| !ask.out) {
            ask.out = true;
            return Some(Request::ReadEntry { at, attempt: ask.attempt });
        }
        let mut at = self.next;
        while at < self.next.plus(self.ahead) && self.last.is_none_or(|last| at <= last) {
            match self.fetched.get(&at) {
                Some(ReadReply::Absent) => return None,
                Some(_) => {}
                None if self.asked.contains_key(&at) => {}
                None => {
                    self.asked.insert(at, Ask { attempt: 0, out: true, stale: false });
                    return Some(Request::ReadEntry { at, attempt: 0 });
                }
            }
            at = at.next();
        }
        None
    }

    /// Takes an answer; `false` if nobody asked.
    pub(crate) fn handle(&mut self, now: Tick, at: Position, reply: &ReadReply<EntryHeader>) -> bool {
        let Some(ask) = self.asked.get_mut(&at).filter(|ask| ask.out) else { return false };
        match reply {
            // Of no use. If it is needed again, it is asked again; a reader that rests must not pay for it at
            // every poll.
            ReadReply::Absent if ask.stale => drop(self.asked.remove(&at)),
            ReadReply::Unknown if ask.stale && at > self.next => drop(self.asked.remove(&at)),
            ReadReply::Unknown => {
                ask.attempt += 1;
                ask.out = false;
            }
            ReadReply::Found(_) | ReadReply::Absent | ReadReply::Damaged => {
                self.asked.remove(&at);
                self.quiet_since = now;
                self.fetched.insert(at, reply.clone());
            }
        }
        true
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
                self.ahead = (self.ahead + 1).min(self.ahead_max);
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
        for ask in self.asked.values_mut() {
            ask.stale = true;
        }
        self.ahead = 1;
        self.quiet_since = now;
    }

    /// Stays at `at`, whose answer was handed out: the reader ends there and has not passed it.
    pub(crate) const fn stop_at(&mut self, at: Position) {
        self.next = at;
    }

    /// Goes on from a position that was read by other means.
    pub(crate) fn skip_to(&mut self, now: Tick, next: Position) {
        self.restart(now);
        self.asked.retain(|&at, ask| at >= next && ask.out);
        self.next = next;
    }

    fn is_stuck(&self, now: Tick) -> bool {
        let failing = self.asked.get(&self.next).is_some_and(|ask| ask.attempt > 0);
        failing && now.since(self.quiet_since) >= self.retry_timeout
    }
}

#[cfg(test)]
mod tests;
