//! A writer of ours on a shard of Lance's: the production machines.

use super::party::{Kind, Row};
use crate::world::writer::Note;
use crate::world::{Oracle, Store, Writer};
use fencepost_fence::{CreateReply, Params, Pipelining, Reply, Request, Tick, Window, WriterCore};
use fencepost_format::{EntryHeader, Manifest, Nonce, Position};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A writer, from its claim on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ours {
    writer: Writer,
    reads: Vec<Request>,
    flights: BTreeSet<EntryHeader>,
    /// The rows that it replayed or had acknowledged.
    rows: BTreeSet<Row>,
    seen: usize,
    appends: u8,
    checkpoints: u8,
    params: Params,
}

/// What others need to know of a step.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Rows that were acknowledged.
    pub(super) acked: BTreeSet<Row>,
    /// Rows that were refused for certain.
    pub(super) refused: BTreeSet<Row>,
    /// Rows that a checkpoint covers.
    pub(super) applied: BTreeSet<Row>,
    /// It, or its opening, was fenced.
    pub(super) fenced: bool,
    /// Its opening said that an entry is lost.
    pub(super) found_loss: bool,
}

impl Ours {
    /// Starts to open, and claims. The claim is performed at one go.
    pub(super) fn claim(
        store: &mut Store,
        index: usize,
        (kind, appends, checkpoints): (Kind, u8, u8),
    ) -> (Self, Heard) {
        let params = if kind == Kind::OursOneByOne {
            Params { pipelining: Pipelining::Never, ..PARAMS }
        } else {
            PARAMS
        };
        let writer = Writer::open(params, NOW, Nonce(index as u128 + 1), None);
        let (reads, flights, rows) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut ours = Self { writer, reads, flights, rows, seen: 0, appends, checkpoints, params };
        let heard = ours.settle(store);
        (ours, heard)
    }

    /// How many different requests of its can be performed next.
    pub(super) fn steps(&self) -> usize {
        self.reads.len() + self.flights.len()
    }

    /// Whether its next read is a look above the tail, whose requests are performed at one moment: see the
    /// model of the log.
    fn looks_above(&self) -> bool {
        matches!(self.reads.first(), Some(Request::PeekEntry { .. }))
    }

    /// Where it may checkpoint.
    pub(super) fn checkpoints(&self) -> impl Iterator<Item = Position> {
        let core = self.writer.core().filter(|_| self.checkpoints > 0);
        let tail = self.writer.acked();
        let above = move |core: &WriterCore| {
            let replay_after = core.replay_after();
            [tail.prev(), tail].into_iter().filter(move |at| *at > replay_after)
        };
        core.into_iter().flat_map(above)
    }

    /// Whether one of its next steps looks at this position.
    pub(super) fn looks_at(&self, at: Position) -> bool {
        let reads = |read: &Request| matches!(read, Request::ReadEntry { at: of, .. } | Request::PeekEntry { at: of, .. } if *of == at);
        self.reads.iter().any(reads) || self.flights.iter().any(|entry| entry.position == at)
    }

    /// Performs a request.
    pub(super) fn step(&mut self, store: &mut Store, which: usize) -> Heard {
        if which < self.reads.len() && self.looks_above() {
            for request in std::mem::take(&mut self.reads) {
                self.writer.handle(NOW, store.read(&request).expect("only reads wait here"));
            }
            return self.settle(store);
        }
        let reply = if which < self.reads.len() {
            store.read(&self.reads.remove(which)).expect("only reads wait here")
        } else {
            let nth = self.flights.iter().nth(which - self.reads.len()).copied();
            let entry = nth.expect("a step is one of those that were offered");
            self.flights.remove(&entry);
            Reply::EntryCreated(entry.position, store.create_entry(entry))
        };
        self.writer.handle(NOW, reply);
        self.settle(store)
    }

    /// Starts a checkpoint.
    pub(super) fn checkpoint(&mut self, store: &mut Store, at: Position) -> Heard {
        if self.writer.checkpoint(NOW, at) {
            self.checkpoints -= 1;
        }
        self.settle(store)
    }

    /// Forgets what nobody asks any more, once it lost the shard and has nothing left to hear.
    pub(super) fn tidy(&mut self, store: &Store) {
        let superseded = store.epoch() > self.writer.epoch();
        let window = self.writer.core().map(WriterCore::window);
        let done = window.is_some_and(|window| window.undecided() == 0 && !window.is_asking_manifest());
        let idle = superseded && done && self.appends == 0;
        if !self.writer.is_forgotten() && (idle || self.writer.gone().is_some()) {
            self.writer.forget();
            self.reads.clear();
            self.rows.clear();
            (self.seen, self.appends, self.checkpoints) = (0, 0, 0);
        }
    }

    /// Lets the machines run until they wait for somebody.
    fn settle(&mut self, store: &mut Store) -> Heard {
        let mut heard = Heard::default();
        loop {
            let mut told = Oracle::default();
            if let Some(note) = self.writer.poll_note(self.params, store, &mut told) {
                self.note(store, note, &told, &mut heard);
                continue;
            }
            match self.writer.poll_request(WINDOW, &mut told) {
                Some(Request::CreateEntry { entry, .. }) => drop(self.flights.insert(entry.header())),
                Some(Request::CreateManifest { manifest, .. }) => {
                    self.commit(store, Arc::new(manifest), &mut heard)
                }
                Some(request) if self.is_at_once(&request) => {
                    let reply = store.read(&request).expect("this is a read");
                    self.writer.handle(NOW, reply);
                }
                Some(request) => self.reads.push(request),
                None => return heard,
            }
        }
    }

    fn note(&mut self, store: &mut Store, note: Note, told: &Oracle, heard: &mut Heard) {
        // What it tells collectors is there at once: then the most may go unread.
        // P-138.
        if let Some(record) = self.writer.take_record() {
            store.openings.entry(record.epoch).or_insert(record);
        }
        let epoch_of = |at: Position| store.entry(at).map(|entry| (at, entry.epoch));
        for append in &self.writer.view()[self.seen..] {
            let own = append.by == self.writer.nonce();
            let row = if own { Some((append.at, self.writer.epoch())) } else { epoch_of(append.at) };
            self.rows.extend(row);
        }
        self.seen = self.writer.view().len();
        let mine = |appends: &BTreeSet<crate::world::Append>| -> BTreeSet<Row> {
            appends.iter().map(|append| (append.at, self.writer.epoch())).collect()
        };
        heard.acked.append(&mut mine(told.acked()));
        heard.refused.append(&mut mine(told.refusals()));
        heard.found_loss |= matches!(note, Note::FoundLoss(_));
        heard.fenced |= matches!(note, Note::OpeningEnded(Some(_)) | Note::Failed(_));
        while self.appends > 0 && self.writer.append(NOW).is_some() {
            self.appends -= 1;
        }
    }

    /// Commits are performed at one go, as Lance's are here.
    fn commit(&mut self, store: &mut Store, manifest: Arc<Manifest>, heard: &mut Heard) {
        let (version, through) = (manifest.version, manifest.replay_after);
        let reply = store.create_manifest(manifest);
        if reply == CreateReply::Done {
            heard.applied.extend(self.rows.iter().filter(|(at, _)| *at <= through));
        }
        self.writer.handle(NOW, Reply::ManifestCreated(version, reply));
    }

    /// As in the model of the log: all of a commit, and the search after a collision.
    fn is_at_once(&self, request: &Request) -> bool {
        let settled = self.writer.core().is_some() || self.writer.epoch().is_none();
        match request {
            Request::ReadManifest { .. } => true,
            Request::ListManifests { .. } => settled,
            _ => false,
        }
    }
}

const WINDOW: u64 = 2;
const PARAMS: Params = Params {
    window: Window::for_models(WINDOW),
    pipelining: Pipelining::UnlessLance,
    in_table: false,
    read_ahead: 1,
    retry_timeout: u64::MAX / 2,
};
const NOW: Tick = Tick(0);
