//! The appends of one writer that are not acknowledged yet. In the ordinary case each is one create and nothing
//! else.
// P-20 to P-26, P-25.

use crate::{
    Create, CreateAnswer, CreateAsk, CreateFate, CreateReply, FindLatest, Found, GaveUp, Params, ReadReply,
    Reply, Request, Rule, Tick, WriterId, rules,
};
use fencepost_format::{EntryHeader, EntryKind, Epoch, Position};
use std::collections::VecDeque;

/// The append window, a part of [`WriterCore`](crate::WriterCore).
///
/// Feed it with [`submit`](Self::submit), [`begin_close`](Self::begin_close), [`handle`](Self::handle) and
/// [`handle_timeout`](Self::handle_timeout); after each call drain [`poll_request`](Self::poll_request), then
/// [`poll_event`](Self::poll_event), then read [`poll_timeout`](Self::poll_timeout). It never waits and never
/// fails.
///
/// ```text
///   acknowledged | done  ?  done  ?  ?  | free
///   ─────────────┼──────────────────────┼──────
///           acked│ slots, at most W     │next
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppendWindow {
    params: Params,
    writer: WriterId,
    acked: Position,
    slots: VecDeque<Slot>,
    state: State,
    collision: Option<Collision>,
    /// The epoch of a successor that was met, or whose manifest was seen.
    superseded_by: Option<Epoch>,
    /// How many questions to the manifest were put by searches that are given up by now: their answers are not
    /// answers to the next search.
    owed: usize,
    events: VecDeque<AppendEvent>,
}

/// A successor's entry stands at `at`; is it sure that ours never stood there?
///
/// SUBTLE: not below `replay_after`. Ours may have landed unseen, been replayed and covered by the successor,
/// and collected; and then an entry of a stalled opener, or a duplicate of a fence entry, may have landed on
/// the empty position. Above `replay_after` nothing was ever collected, so what stands there was the first to
/// come. And not above an entry of Lance's: it leaves no fillers and its replay skips no stale entries, so
/// what lands above its sentinel after all may be replayed.
// P-26.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Collision {
    by: Epoch,
    at: Position,
    by_lance: bool,
    /// One above the last append.
    end: Position,
    find: FindLatest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Slot {
    kind: EntryKind,
    /// `None`: it is durable.
    create: Option<Create>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Open,
    Closing,
    Closed,
    Stopped(Stop),
}

/// Why a writer stopped. Only a new claim helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// A successor has the shard. Appends at and above `at` are definitely not in the log; those below that
    /// failed may be.
    Fenced {
        /// The successor's epoch.
        by: Epoch,
        /// The position of the successor's entry; or the next position, if the manifest told of the successor
        /// or `replay_after` has passed that entry.
        at: Position,
    },
    /// An entry from an unknown writer occupies position `at`. The append at `at` is not in the log; those
    /// above may be.
    Obstructed {
        /// The position.
        at: Position,
    },
    /// The outcome of `at` stayed unknown until the deadline: it and those above may be in the log, or get
    /// there later.
    Unknown {
        /// The first of them.
        at: Position,
    },
    /// The manifest is older than what this writer had: the bucket was rolled back or replaced. What is
    /// acknowledged from here on would stand above a gap, so nothing is; what was undecided may be in what is
    /// there now or not.
    // P-66.
    RolledBack {
        /// The first position that was undecided.
        at: Position,
        /// What showed it: [`GaveUp::RolledBack`] or [`GaveUp::WentBack`].
        why: GaveUp,
    },
    /// The store refused `at` for certain: it and those above are definitely not in the log.
    NotDone {
        /// The first of them.
        at: Position,
    },
}

impl Stop {
    /// The first position that it concerns.
    #[must_use]
    pub const fn at(self) -> Position {
        match self {
            Self::Fenced { at, .. }
            | Self::Obstructed { at }
            | Self::Unknown { at }
            | Self::RolledBack { at, .. }
            | Self::NotDone { at } => at,
        }
    }

    /// Whether an append at `position` is definitely not in the log and never will be.
    #[must_use]
    pub fn is_definite(self, position: Position) -> bool {
        match self {
            Self::Fenced { at, .. } => position >= at,
            Self::NotDone { .. } => true,
            Self::Obstructed { at } => position == at,
            Self::Unknown { .. } => !rules::on(Rule::UnknownIsUnknown),
            Self::RolledBack { .. } => false,
        }
    }
}

/// An event of an append window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppendEvent {
    /// Everything up to here is durable and acknowledged.
    Acknowledged {
        /// The new acknowledged tail.
        through: Position,
    },
    /// Appends failed; [`Stop::is_definite`] tells for each whether it may be in the log all the same.
    Failed {
        /// The first position that failed; all undecided ones from here on failed with it.
        from: Position,
        /// The reason.
        stop: Stop,
    },
    /// The close entry is durable.
    Closed,
}

impl AppendWindow {
    /// An empty window that appends at `next`.
    #[must_use]
    pub fn new(params: Params, writer: WriterId, next: Position) -> Self {
        let (slots, events) = (VecDeque::new(), VecDeque::new());
        let (state, collision, superseded_by, owed) = (State::Open, None, None, 0);
        let acked = next.prev();
        Self { params, writer, acked, slots, state, collision, superseded_by, owed, events }
    }

    /// The acknowledged tail.
    #[must_use]
    pub const fn acked(&self) -> Position {
        self.acked
    }

    /// The position that the next append takes.
    #[must_use]
    pub fn next(&self) -> Position {
        self.acked.plus(self.slots.len() as u64 + 1)
    }

    /// How many positions are undecided.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.slots.len()
    }

    /// How many positions may be undecided.
    #[must_use]
    pub const fn in_flight_max(&self) -> u64 {
        self.params.window.get()
    }

    /// Why the writer stopped, if it did.
    #[must_use]
    pub const fn stopped(&self) -> Option<Stop> {
        match self.state {
            State::Stopped(stop) => Some(stop),
            State::Open | State::Closing | State::Closed => None,
        }
    }

    /// Whether the close entry is durable.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether an append would get a position now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let bound = if rules::on(Rule::BoundedWindow) {
            self.params.window.get()
        } else {
            2 * self.params.window.get()
        };
        self.state == State::Open && (self.slots.len() as u64) < bound
    }

    /// Takes the next position for an append; `None` if the window is full or the writer is not open.
    // P-20.
    pub fn submit(&mut self, now: Tick) -> Option<Position> {
        if !self.has_room() {
            return None;
        }
        let at = self.next();
        self.push(now, EntryKind::Data);
        Some(at)
    }

    /// Takes no more appends and, once nothing is undecided, appends the close entry.
    // P-35.
    pub fn begin_close(&mut self, now: Tick) {
        if self.state == State::Open {
            self.state = State::Closing;
            self.close_if_settled(now);
        }
    }

    /// A successor's manifest was seen. No new appends; the undecided ones are still decided one by one.
    // P-26.
    pub fn superseded(&mut self, by: Epoch) {
        self.superseded_by = Some(by);
        if matches!(self.state, State::Open | State::Closing) {
            self.state = State::Stopped(Stop::Fenced { by, at: self.next() });
        }
    }

    /// The manifest went back behind what this writer had. Nothing is decided any more, whatever answers come.
    // P-66.
    pub fn rolled_back(&mut self, why: GaveUp) {
        if self.state != State::Closed {
            let at = self.acked.next();
            self.fail(Stop::RolledBack { at, why });
        }
    }

    /// The epoch of a successor whose entry or manifest was seen. It decides about checkpoints from then on.
    // P-32.
    #[must_use]
    pub const fn superseded_by(&self) -> Option<Epoch> {
        self.superseded_by
    }

    /// Whether a successor's entry was met and the manifest is being asked about it.
    // P-26.
    #[must_use]
    pub const fn is_asking_manifest(&self) -> bool {
        self.collision.is_some()
    }

    /// The next request to the manifest, if one is due. Whoever also commits must not do both at the same time.
    pub fn poll_manifest_request(&mut self) -> Option<Request> {
        if self.owed > 0 {
            return None;
        }
        self.collision.as_mut()?.find.poll_request()
    }

    /// The next request about entries, if one is due.
    pub fn poll_request(&mut self) -> Option<Request> {
        let (first, writer) = (self.acked.next(), self.writer);
        self.slots.iter_mut().enumerate().find_map(|(index, slot)| {
            let at = first.plus(index as u64);
            Some(match slot.create.as_mut()?.ask()? {
                CreateAsk::Create(attempt) => {
                    Request::CreateEntry { entry: writer.entry(at, slot.kind), attempt }
                }
                CreateAsk::ReadBack(attempt) => Request::ReadEntry { at, attempt },
            })
        })
    }

    /// The next event, if there is one.
    pub fn poll_event(&mut self) -> Option<AppendEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing else happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Tick> {
        self.slots.iter().filter_map(|slot| slot.create).map(|create| create.deadline()).min()
    }

    /// Gives up what is past its deadline.
    // P-23, P-24.
    pub fn handle_timeout(&mut self, now: Tick) {
        let late = |slot: &Slot| slot.create.is_some_and(|create| create.is_late(now));
        if let Some(index) = self.slots.iter().position(late) {
            let at = self.acked.next().plus(index as u64);
            self.stop(Stop::Unknown { at });
        }
    }

    /// Takes an answer. Answers about positions that are decided are ignored.
    pub fn handle(&mut self, now: Tick, reply: &Reply) {
        match reply {
            Reply::EntryCreated(at, reply) => self.handle_create(now, *at, CreateAnswer::Created(*reply)),
            Reply::Entry(at, read) => self.handle_create(now, *at, CreateAnswer::Read(read.as_ref())),
            Reply::Listed(_) | Reply::Manifest(..) if self.owed > 0 => self.owed -= 1,
            Reply::Listed(_) | Reply::Manifest(..) => {
                let collision = self.collision.as_mut();
                if let Some(found) = collision.and_then(|collision| collision.find.handle(now, reply)) {
                    self.fenced(found);
                }
            }
            Reply::ManifestCreated(..) | Reply::Boundary(_) | Reply::Cursor(_) | Reply::Peeked(..) => {}
        }
    }

    /// Ours, a successor's, or what nobody should have put there?
    // P-22.
    fn handle_create(&mut self, now: Tick, at: Position, answer: CreateAnswer<&EntryHeader>) {
        let writer = self.writer;
        let Some(create) = self.create(at).filter(|create| create.awaits(&answer)) else { return };
        match answer {
            CreateAnswer::Created(CreateReply::Exists) if !rules::on(Rule::ReadBack) => {
                return self.stop(Stop::Fenced { by: writer.epoch.next(), at });
            }
            CreateAnswer::Read(ReadReply::Absent) if !rules::on(Rule::AbsentIsRetried) => {
                return self.settle(now, at);
            }
            _ => {}
        }
        match create.handle(now, answer) {
            CreateFate::Pending => {}
            CreateFate::Created => self.settle(now, at),
            CreateFate::There(header) if writer.wrote(header) => self.settle(now, at),
            CreateFate::There(header) if header.epoch > writer.epoch => self.collide(now, header),
            CreateFate::There(_) | CreateFate::Damaged if !rules::on(Rule::NeverStepOver) => {
                self.settle(now, at)
            }
            CreateFate::There(_) | CreateFate::Damaged => self.stop(Stop::Obstructed { at }),
            CreateFate::GaveUp(GaveUp::NotDone) => self.stop(Stop::NotDone { at }),
            CreateFate::GaveUp(_) => self.stop(Stop::Unknown { at }),
        }
    }

    /// The create at `at`, if that is undecided.
    fn create(&mut self, at: Position) -> Option<&mut Create> {
        let index = self.index(at)?;
        self.slots.get_mut(index)?.create.as_mut()
    }

    fn index(&self, at: Position) -> Option<usize> {
        let index = self.acked.next().distance_to(at) as usize;
        (at > self.acked && index < self.slots.len()).then_some(index)
    }

    fn push(&mut self, now: Tick, kind: EntryKind) {
        let create = Create::until(now.plus(self.params.retry_timeout));
        self.slots.push_back(Slot { kind, create: Some(create) });
    }

    /// The entry at `at` is durable; acknowledge as far as everything below is.
    // P-21.
    fn settle(&mut self, now: Tick, at: Position) {
        let index = self.index(at).expect("only undecided positions settle");
        self.slots[index].create = None;
        let tail = self.acked;
        while let Some(slot) =
            self.slots.front().filter(|slot| slot.create.is_none() || !rules::on(Rule::AckInOrder))
        {
            let kind = slot.kind;
            self.slots.pop_front();
            self.acked = self.acked.next();
            if kind == EntryKind::Close {
                self.state = State::Closed;
                self.events.push_back(AppendEvent::Closed);
            }
            if !rules::on(Rule::AckInOrder) && self.acked >= at {
                break;
            }
        }
        if self.acked > tail && self.state != State::Closed {
            self.events.push_back(AppendEvent::Acknowledged { through: self.acked });
        }
        self.close_if_settled(now);
    }

    fn close_if_settled(&mut self, now: Tick) {
        let settled = self.slots.is_empty() || !rules::on(Rule::CloseWhenSettled);
        let closing = self.slots.back().is_some_and(|slot| slot.kind == EntryKind::Close);
        if self.state == State::Closing && settled && !closing {
            self.push(now, EntryKind::Close);
        }
    }

    /// Stops at a successor's entry, and asks whether it was the first one there.
    fn collide(&mut self, now: Tick, successor: &EntryHeader) {
        let (by, at, by_lance) = (successor.epoch, successor.position, successor.is_by_lance());
        let index = self.index(at).expect("only undecided positions collide");
        let end = self.collision.as_ref().map_or_else(|| self.next(), |collision| collision.end);
        self.abandon_search();
        self.superseded_by = Some(by);
        self.slots.truncate(index);
        self.state = State::Stopped(Stop::Fenced { by, at });
        let find = FindLatest::new(now.plus(self.params.retry_timeout));
        self.collision = Some(Collision { by, at, by_lance, end, find });
    }

    /// [P-26](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-26).
    fn fenced(&mut self, found: Found) {
        let Some(Collision { by, at: from, by_lance, end, .. }) = self.collision.take() else { return };
        // A manifest from before the successor's claim was rolled back, and its `replay_after` with it.
        let first_there = found.is_ok_and(|manifest| {
            manifest.is_some_and(|manifest| manifest.writer_epoch >= by && manifest.replay_after < from)
        });
        let sure = (first_there && !by_lance) || !rules::on(Rule::RefuseAboveReplay);
        let stop = Stop::Fenced { by, at: if sure { from } else { end } };
        self.state = State::Stopped(stop);
        self.events.push_back(AppendEvent::Failed { from, stop });
    }

    /// Fails everything from the stop's position on. What is below it is still decided one by one.
    // P-26.
    fn stop(&mut self, stop: Stop) {
        self.index(stop.at()).expect("only undecided positions stop a writer");
        self.fail(stop);
    }

    fn fail(&mut self, stop: Stop) {
        let from = stop.at();
        self.slots.truncate(self.acked.next().distance_to(from) as usize);
        self.abandon_search();
        self.events.push_back(AppendEvent::Failed { from, stop });
        self.state = match self.state {
            State::Stopped(earlier) if earlier.at() < from => State::Stopped(earlier),
            _ => State::Stopped(stop),
        };
    }

    fn abandon_search(&mut self) {
        self.owed += self.collision.take().map_or(0, |collision| collision.find.out());
    }
}

#[cfg(test)]
mod tests;
