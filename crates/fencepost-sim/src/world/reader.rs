//! A reader: the production [`Walk`] after a search for the manifest, and what it was handed.

use crate::world::{Append, Broken, Oracle, Store};
use fencepost_fence::{
    FindLatest, GaveUp, Machine, Params, ReadReply, Reply, Request, Start, Tick, Verify, Walk, WalkEvent,
};
use fencepost_format::{Epoch, Position};
use std::collections::BTreeMap;

/// A reader and what it was handed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    phase: Phase,
    /// Just below the first position that it was to be handed.
    after: Position,
    delivered: Vec<Append>,
    /// For each position that it read as absent since it last rested: everything acknowledged, and
    /// `replay_after`, at that moment. The first moment counts, since the reply to a later read may be the
    /// one that is lost.
    floors: BTreeMap<Position, Position>,
    /// The lost position that it read as absent although something stands directly above.
    must_see: Option<Position>,
    /// Whether a cursor holds what it reads, from its start on.
    held: bool,
}

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Begin {
    /// Just above `replay_after`.
    Checkpoint,
    /// At this position, wherever `replay_after` is.
    At(Position),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Finding(FindLatest, Begin),
    Walking(Walk),
    Ended,
}

impl Reader {
    /// A reader that looks for the manifest first.
    #[must_use]
    pub const fn new(deadline: Tick, begin: Begin) -> Self {
        Self {
            phase: Phase::Finding(FindLatest::new(deadline), begin),
            after: Position::NONE,
            delivered: Vec::new(),
            floors: BTreeMap::new(),
            must_see: None,
            held: false,
        }
    }

    /// A reader for a consumer whose cursor holds everything from `next` on, and knows the highest epoch below.
    #[must_use]
    pub fn from_cursor(params: Params, now: Tick, next: Position, highest: Epoch) -> Self {
        let walk = Walk::new(params, now, Start::Cursor { next, highest }, None).held_by_cursor();
        Self {
            phase: Phase::Walking(walk),
            after: next.prev(),
            delivered: Vec::new(),
            floors: BTreeMap::new(),
            must_see: None,
            held: true,
        }
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
            Phase::Finding(find, _) => find.poll_request(),
            Phase::Walking(walk) => walk.poll_request(),
            Phase::Ended => None,
        }
    }

    /// Notes that a read it asked for was just answered from `store`: what it must have seen if it is told of
    /// the tail.
    pub fn note_read(&mut self, reply: &Reply, store: &Store, oracle: &Oracle) {
        if let Reply::Entry(at, ReadReply::Absent) = reply {
            // P-91: what stands directly above is all that a reader asks for.
            let lost = oracle.is_lost(*at) && store.entry(at.next()).is_some();
            self.must_see = lost.then_some(*at);
            let acked = oracle.acked().last().map_or(Position::NONE, |append| append.at);
            self.floors.entry(*at).or_insert_with(|| acked.max(store.replay_after()));
        }
    }

    /// Hands it an answer.
    pub fn handle(&mut self, params: Params, now: Tick, reply: Reply) {
        match &mut self.phase {
            Phase::Finding(find, begin) => match find.handle(now, &reply) {
                Some(Ok(Some(manifest))) => {
                    let replay_after = manifest.replay_after;
                    let (start, after) = match *begin {
                        Begin::Checkpoint => {
                            let flushed_below = manifest.current_generation;
                            (Start::AfterReplay { replay_after, flushed_below }, replay_after)
                        }
                        Begin::At(next) => (Start::Anywhere { next, replay_after }, next.prev()),
                    };
                    self.after = after;
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
                    if self.must_see == Some(at) && at > store.replay_after() {
                        oracle.breaks(Broken::LossPassed);
                    }
                    if self.floors.get(&at).is_some_and(|&floor| at <= floor) {
                        oracle.breaks(Broken::TailTooLow);
                    }
                    self.floors.clear();
                }
                WalkEvent::Truncated { at, first } => {
                    if at > store.boundary() || first <= at {
                        oracle.breaks(Broken::FalseTruncation);
                    }
                    if self.held {
                        oracle.breaks(Broken::HeldTruncated);
                    }
                    self.phase = Phase::Ended;
                }
                WalkEvent::GaveUp(GaveUp::LostEntry { at, .. }) => {
                    if !oracle.is_lost(at) {
                        oracle.breaks(Broken::FalseDamage);
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
