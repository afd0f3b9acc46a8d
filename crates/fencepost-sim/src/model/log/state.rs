//! The state of the log model, its one form, and its judgement.

use super::{Faults, LogModel};
use crate::world::{Broken, Oracle, Reader, Store, Writer};
use fencepost_fence::{CreateReply, Reply, Request, Window, WriterCore};
use fencepost_format::{EntryHeader, Epoch, Manifest, OpeningRecord, Position};
use fencepost_gc::Collection;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything: the store, the parties, what is on its way, and what was said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) store: Arc<Store>,
    pub(super) oracle: Arc<Oracle>,
    pub(super) writers: Vec<Arc<Party>>,
    pub(super) reader: Option<Arc<ReaderParty>>,
    pub(super) flights: Vec<Flight>,
    /// Creates that reached the store and left nothing there by now: a duplicate of one might.
    pub(super) echoes: BTreeSet<EntryHeader>,
    /// What openers tell collectors, on its way.
    pub(super) records: Vec<OpeningRecord>,
    pub(super) collections: Vec<Arc<Collection>>,
    pub(super) collections_left: u32,
    pub(super) condemned: BTreeSet<Position>,
    pub(super) faults: Faults,
    pub(super) broken: BTreeSet<Broken>,
}

/// A writer with what its client still means to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Party {
    pub(super) writer: Writer,
    pub(super) reads: Vec<Request>,
    /// The manifest of its claim, on its way.
    pub(super) claim: Option<Arc<Manifest>>,
    pub(super) appends_left: u32,
    pub(super) checkpoints_left: u32,
    pub(super) closes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ReaderParty {
    pub(super) reader: Reader,
    pub(super) reads: Vec<Request>,
    pub(super) rests: bool,
    /// The next position and the highest epoch below it, where it left a cursor that holds.
    pub(super) cursor: Option<(Position, Epoch)>,
    /// Whether a listing showed it a boundary; noted only where a later one may show none.
    pub(super) was_shown: bool,
}

/// An entry on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flight {
    pub(super) entry: EntryHeader,
    /// Who waits for the reply.
    pub(super) sender: Option<usize>,
}

impl State {
    pub(super) fn new(model: &LogModel) -> Self {
        let bounds = &model.bounds;
        let mut state = Self {
            store: Arc::default(),
            oracle: Arc::default(),
            writers: Vec::new(),
            reader: None,
            flights: Vec::new(),
            echoes: BTreeSet::new(),
            records: Vec::new(),
            collections: Vec::new(),
            collections_left: bounds.collections,
            condemned: BTreeSet::new(),
            faults: bounds.faults,
            broken: BTreeSet::new(),
        };
        (0..bounds.opened).for_each(|writer| state.opens_at_once(model, writer));
        state
    }

    /// The promises that do not hold.
    #[must_use]
    pub const fn broken(&self) -> &BTreeSet<Broken> {
        &self.broken
    }

    pub(super) fn is_within(&self, positions: u64) -> bool {
        let walked =
            self.reader.as_ref().and_then(|party| party.reader.walk()).map_or(1, |walk| walk.next().get());
        walked <= positions + 2 && self.flights.iter().all(|flight| flight.entry.position.get() <= positions)
    }

    /// Brings the state into its one form, and judges it.
    pub(super) fn tidy(&mut self, model: &LogModel) {
        for index in 0..self.writers.len() {
            let party = &self.writers[index];
            if !party.writer.is_forgotten() && (party.writer.gone().is_some() || self.is_idle(party)) {
                self.bury(index);
            }
        }
        // What stands on a guarding fence's position can only collide, now and for ever.
        let fence_ranges = self.oracle.fence_ranges();
        let blocked = |entry: &EntryHeader| {
            let at = entry.position;
            fence_ranges.contains(&at) && self.store.entry(at).is_some() && !self.condemned.contains(&at)
        };
        self.flights.retain(|flight| flight.sender.is_some() || !blocked(&flight.entry));
        if self.faults.duplicates == 0 {
            self.echoes.clear();
        }
        self.echoes.retain(|entry| !blocked(entry));
        self.flights.sort_by_key(|flight| (flight.entry, flight.sender));
        self.collections.sort_by_key(|collection| collection.facts().map(|facts| facts.version));
        let window = Window::for_models(model.bounds.window);
        self.broken = self.oracle.judge(&self.store, window);
        if !self.writers.iter().all(|party| party.writer.agrees(&self.store, &self.oracle)) {
            self.broken.insert(Broken::ViewsDiffer);
        }
        if !self.reader.as_ref().is_none_or(|party| party.reader.agrees(&self.store, &self.oracle)) {
            self.broken.insert(Broken::ReaderPassedHole);
        }
        if model.bounds.faults.lost_entries > 0 {
            let unseen = self.faults.lost_unseen;
            self.broken.retain(|broken| match broken {
                Broken::FalseDamage => true,
                // Where a fence entry may be lost, what it kept out lands, and nothing tells.
                Broken::FencedOffDeleted => unseen,
                Broken::LossPassed => !unseen,
                _ => false,
            });
        }
        if model.bounds.faults.strangers + model.bounds.faults.flushed > 0 {
            self.broken.remove(&Broken::WriterObstructed);
        }
    }

    /// Nobody waits for a dead writer's replies, and nobody asks what it saw.
    fn bury(&mut self, index: usize) {
        for flight in self.flights.iter_mut().filter(|flight| flight.sender == Some(index)) {
            flight.sender = None;
        }
        let party = Arc::make_mut(&mut self.writers[index]);
        party.reads.clear();
        party.claim = None;
        (party.appends_left, party.checkpoints_left, party.closes) = (0, 0, false);
        party.writer.forget();
    }

    /// A writer that lost the shard and has nothing left to do or to hear.
    fn is_idle(&self, party: &Party) -> bool {
        let superseded = self.store.epoch() > party.writer.epoch();
        let window = party.writer.core().map(WriterCore::window);
        superseded
            && party.appends_left + party.checkpoints_left == 0
            && window.is_some_and(|window| window.undecided() == 0 && !window.is_asking_manifest())
    }
}

impl Flight {
    pub(super) const fn reply(&self, reply: CreateReply) -> Reply {
        Reply::EntryCreated(self.entry.position, reply)
    }
}
