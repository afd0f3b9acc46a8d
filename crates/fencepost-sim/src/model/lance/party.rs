//! One writer of Lance's, step by step.

use super::discover::Discover;
use crate::world::Store;
use fencepost_fence::CreateReply;
use fencepost_format::{EntryHeader, EntryKind, Epoch, Position};
use std::collections::BTreeSet;

/// How Lance is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A `ShardWriter` with a memtable.
    Memtable,
    /// A `ShardWriter` without one.
    WalOnly,
    /// A `ShardWriter` without one whose opening nobody disturbs: it is performed at one go.
    WalOnlyOpened,
    /// A bare `WalAppender`.
    Appender,
    /// A writer of ours, with its production machines and defaults.
    Ours,
    /// The same, told to have one append in flight at a time.
    OursOneByOne,
}

/// A row that was acknowledged, by the place where it was written.
pub(super) type Row = (Position, Epoch);

/// A writer, from its claim on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Party {
    pub(super) kind: Kind,
    pub(super) epoch: Epoch,
    /// `replay_after` at its claim.
    pub(super) replay_after: Position,
    /// `last_seen` at its claim.
    pub(super) hint: Position,
    pub(super) phase: Phase,
    /// What its memtable holds that it has not flushed.
    pub(super) memory: BTreeSet<Row>,
    pub(super) appends: u8,
    pub(super) flushes: u8,
}

/// What it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Looks for the tail, to put its sentinel there.
    Fencing(Discover),
    /// Creates its sentinel here.
    Posting(Position),
    /// Reads this position.
    Replaying(Position),
    /// Looks for the tail, to append there.
    Seeking(Discover),
    /// Open; its next append goes here.
    Open(Position),
    /// It learnt that it is fenced.
    Fenced,
}

/// What a step did that others need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    /// Nothing of the kind.
    Nothing,
    /// It put its sentinel here.
    Posted(Position),
    /// It was told that its row is durable.
    Acked(Row),
    /// Its replay met a later epoch.
    OpenerFenced,
    /// Its append met a later epoch.
    WriterFenced,
    /// Its replay ended at this position.
    Opened(Position),
}

impl Party {
    pub(super) fn claimed(kind: Kind, epoch: Epoch, (replay_after, hint): (Position, Position)) -> Self {
        let phase = match kind {
            Kind::Appender => Phase::Seeking(Discover::Begin),
            // Lance: the first epoch has nobody to fence.
            Kind::WalOnly | Kind::WalOnlyOpened if epoch == Epoch::FIRST => Phase::Seeking(Discover::Begin),
            Kind::Memtable if epoch == Epoch::FIRST => Phase::Replaying(replay_after.next()),
            Kind::Memtable | Kind::WalOnly | Kind::WalOnlyOpened => Phase::Fencing(Discover::Begin),
            Kind::Ours | Kind::OursOneByOne => unreachable!("ours has machines of its own"),
        };
        Self { kind, epoch, replay_after, hint, phase, memory: BTreeSet::new(), appends: 0, flushes: 0 }
    }

    /// Whether it has a next step besides flushing.
    pub(super) const fn can_step(&self) -> bool {
        match self.phase {
            Phase::Open(_) | Phase::Seeking(_) => self.appends > 0,
            Phase::Fenced => false,
            Phase::Fencing(_) | Phase::Posting(_) | Phase::Replaying(_) => true,
        }
    }

    /// Whether its next step looks at this position, so that it matters whether it was deleted before.
    pub(super) fn looks_at(&self, at: Position) -> bool {
        self.can_step()
            && match self.phase {
                Phase::Fencing(discover) | Phase::Seeking(discover) => discover.looks_at(at),
                Phase::Posting(next) | Phase::Replaying(next) | Phase::Open(next) => next == at,
                Phase::Fenced => false,
            }
    }

    /// Its next request. `fresh`: where it looks for `last_seen`, whether in the latest manifest or in that
    /// of its claim.
    pub(super) fn step(&mut self, store: &mut Store, fresh: bool) -> Did {
        let hint =
            if fresh { store.latest().map_or(self.hint, |latest| latest.last_seen) } else { self.hint };
        match self.phase {
            Phase::Fencing(discover) => match discover.step(store, hint) {
                Ok(tail) => self.phase = Phase::Posting(tail),
                Err(next) => self.phase = Phase::Fencing(next),
            },
            Phase::Seeking(discover) => match discover.step(store, hint) {
                Ok(tail) => self.phase = Phase::Open(tail),
                Err(next) => self.phase = Phase::Seeking(next),
            },
            Phase::Posting(at) => return self.fence(store, at),
            Phase::Replaying(at) => return self.replay(store, at),
            Phase::Open(at) => return self.append(store, at),
            Phase::Fenced => unreachable!("a fenced writer takes no step"),
        }
        Did::Nothing
    }

    fn fence(&mut self, store: &mut Store, at: Position) -> Did {
        if store.create_entry(self.entry(at, EntryKind::Fence)) != CreateReply::Done {
            self.phase = Phase::Fencing(Discover::Begin);
            return Did::Nothing;
        }
        self.phase = match self.kind {
            Kind::Memtable => Phase::Replaying(self.replay_after.next()),
            Kind::WalOnly | Kind::WalOnlyOpened | Kind::Appender | Kind::Ours | Kind::OursOneByOne => {
                Phase::Open(at.next())
            }
        };
        Did::Posted(at)
    }

    fn replay(&mut self, store: &Store, at: Position) -> Did {
        match store.entry(at) {
            None => {
                self.phase = Phase::Open(at);
                Did::Opened(at)
            }
            Some(entry) if entry.epoch > self.epoch => {
                self.fenced();
                Did::OpenerFenced
            }
            Some(entry) => {
                if entry.kind.is_data() {
                    self.memory.insert((at, entry.epoch));
                }
                self.phase = Phase::Replaying(at.next());
                Did::Nothing
            }
        }
    }

    fn append(&mut self, store: &mut Store, at: Position) -> Did {
        if store.create_entry(self.entry(at, EntryKind::Data)) == CreateReply::Done {
            let row = (at, self.epoch);
            if self.kind == Kind::Memtable {
                self.memory.insert(row);
            }
            self.appends -= 1;
            self.phase = Phase::Open(at.next());
            return Did::Acked(row);
        }
        if store.entry(at).is_some_and(|entry| entry.epoch > self.epoch) {
            self.fenced();
            return Did::WriterFenced;
        }
        self.phase = Phase::Open(at.next());
        Did::Nothing
    }

    /// It takes no further step, so nothing that it knows matters.
    pub(super) fn fenced(&mut self) {
        self.phase = Phase::Fenced;
        (self.appends, self.flushes) = (0, 0);
        self.memory.clear();
    }

    const fn entry(&self, position: Position, kind: EntryKind) -> EntryHeader {
        EntryHeader { position, epoch: self.epoch, kind, nonce: None, generation: None }
    }
}
