//! A reader: the production [`Walk`] after a search for the manifest, and what it was handed.

use crate::world::{Append, Broken, Oracle, Store};
use fencepost_fence::{FindLatest, Params, ReadReply, Reply, Request, Start, Tick, Verify, Walk, WalkEvent};
use fencepost_format::Position;
use std::collections::BTreeMap;

/// A reader and what it was handed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    phase: Phase,
    /// Just below the first position that it was to be handed.
    after: Position,
    delivered: Vec<Append>,
    /// For each position that it read as absent since it last rested: everything acknowledged, and `R`, at that moment. The
    /// first moment counts, since the reply to a later read may be the one that is lost.
    floors: BTreeMap<Position, Position>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Finding(FindLatest),
    Walking(Walk),
    Ended,
}

impl Reader {
    /// A reader that starts at `R`.
    #[must_use]
    pub fn from_replay_point(deadline: Tick) -> Self {
        let find = FindLatest::new(deadline);
        Self {
            phase: Phase::Finding(find),
            after: Position::NONE,
            delivered: Vec::new(),
            floors: BTreeMap::new(),
        }
    }

    /// A reader that starts elsewhere; `next` is the first position that it is to be handed.
    #[must_use]
    pub fn at(params: Params, now: Tick, start: Start, next: Position) -> Self {
        let walk = Walk::new(params, now, start, None);
        let after = next.prev();
        Self { phase: Phase::Walking(walk), after, delivered: Vec::new(), floors: BTreeMap::new() }
    }

    /// The walk, once it began.
    #[must_use]
    pub const fn walk(&self) -> Option<&Walk> {
        if let Phase::Walking(walk) = &self.phase { Some(walk) } else { None }
    }

    /// Whether it is done.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// How many entries it was handed.
    #[must_use]
    pub fn delivered(&self) -> usize {
        self.delivered.len()
    }

    /// Looks again after a rest.
    pub fn resume(&mut self, now: Tick, verify: Verify) {
        if let Phase::Walking(walk) = &mut self.phase {
            walk.resume(now, verify);
        }
    }

    /// The next request.
    pub fn poll_request(&mut self) -> Option<Request> {
        match &mut self.phase {
            Phase::Finding(find) => find.poll_request(),
            Phase::Walking(walk) => walk.poll_request(),
            Phase::Ended => None,
        }
    }

    /// Notes that a read it asked for was just answered from `store`: what it must have seen if it is told of the tail.
    pub fn note_read(&mut self, reply: &Reply, store: &Store, oracle: &Oracle) {
        if let Reply::Entry(at, ReadReply::Absent) = reply {
            let acked = oracle.acked().last().map_or(Position::NONE, |append| append.at);
            self.floors.entry(*at).or_insert_with(|| acked.max(store.replay_after()));
        }
    }

    /// Hands it an answer.
    pub fn handle(&mut self, params: Params, now: Tick, reply: &Reply) {
        match &mut self.phase {
            Phase::Finding(find) => match find.handle(now, reply) {
                Some(Ok(Some(manifest))) => {
                    self.after = manifest.replay_after;
                    let start = Start::AfterReplay(manifest.replay_after);
                    self.phase = Phase::Walking(Walk::new(params, now, start, None));
                }
                Some(Ok(None) | Err(_)) => self.phase = Phase::Ended,
                None => {}
            },
            Phase::Walking(walk) => walk.handle(now, reply),
            Phase::Ended => {}
        }
    }

    /// Takes its events; `true` if it rests at the tail now.
    pub fn take_events(&mut self, store: &Store, oracle: &mut Oracle) -> bool {
        let mut rests = false;
        while let Phase::Walking(walk) = &mut self.phase
            && let Some(event) = walk.poll_event()
        {
            match event {
                WalkEvent::Entry { header, deliver: true } => self.delivered.push(Append::of(&header)),
                WalkEvent::Entry { deliver: false, .. } => {}
                WalkEvent::Tail { at, .. } => {
                    rests = true;
                    if self.floors.get(&at).is_some_and(|&floor| at <= floor) {
                        oracle.breaks(Broken::TailTooLow);
                    }
                    self.floors.clear();
                }
                WalkEvent::Truncated { at, first } => {
                    if at > store.replay_after() || first <= at {
                        oracle.breaks(Broken::FalseTruncation);
                    }
                    self.phase = Phase::Ended;
                }
                WalkEvent::End | WalkEvent::NoLog | WalkEvent::GaveUp(_) => self.phase = Phase::Ended,
            }
        }
        rests
    }

    /// Whether what it was handed is the log, from its start to where it is.
    #[must_use]
    pub fn agrees(&self, store: &Store, oracle: &Oracle) -> bool {
        let Phase::Walking(walk) = &self.phase else { return true };
        let read = self.after.next()..walk.next();
        let log = oracle.log(store);
        self.delivered.iter().eq(log.iter().filter(|append| read.contains(&append.at)))
    }
}
