//! What each action does.

use super::action::Landing;
use super::possible::is_peek;
use super::state::{Flight, Party, ReaderParty, State};
use super::{Action, LogModel, NOW, Reached, collect};
use crate::world::writer::Note;
use crate::world::{Begin, Oracle, Reader, Store, Writer};
use fencepost_fence::{CreateReply, ReadReply, Reply, Request, Start, Stop, Tick, Verify, Walk};
use fencepost_format::{
    Consumed, EntryHeader, EntryKind, Epoch, Generation, Manifest, Nonce, OpeningRecord, Position, Version,
};
use std::sync::Arc;

impl State {
    pub(super) fn act(&mut self, model: &LogModel, action: &Action) {
        match *action {
            Action::Open => self.open(model),
            Action::Claim { writer } => self.claim(model, writer),
            Action::Read { writer, which } => self.read(model, writer, which),
            Action::Land { flight, how } => self.land(model, flight, how),
            Action::Duplicate { entry } => {
                self.faults.duplicates -= 1;
                self.echoes.remove(&entry);
                self.land_entry(model, &entry, true);
            }
            Action::TimeOut { flight } => {
                self.faults.losses -= 1;
                let sender = self.flights[flight].sender.take();
                let reply = self.flights[flight].reply(CreateReply::Unknown);
                self.tell(model, sender, &reply);
            }
            Action::Conflict { flight } => {
                self.faults.conflicts -= 1;
                let flight = self.flights.remove(flight);
                self.tell(model, flight.sender, &flight.reply(CreateReply::Exists));
            }
            Action::Checkpoint { writer, at } => {
                let party = Arc::make_mut(&mut self.writers[writer]);
                if party.writer.checkpoint(NOW, at) {
                    party.checkpoints_left -= 1;
                    self.settle(model, writer);
                }
            }
            Action::Close { writer } => {
                let party = Arc::make_mut(&mut self.writers[writer]);
                party.closes = true;
                party.writer.close(NOW);
                self.settle(model, writer);
            }
            Action::GiveUp { writer } => {
                self.faults.give_ups -= 1;
                Arc::make_mut(&mut self.writers[writer]).writer.time_out(Tick(u64::MAX));
                self.settle(model, writer);
            }
            Action::Crash { writer } => {
                self.faults.crashes -= 1;
                Arc::make_mut(&mut self.writers[writer]).writer.crash();
            }
            Action::Record { record } => {
                let record = self.records.remove(record);
                Arc::make_mut(&mut self.store).openings.entry(record.epoch).or_insert(record);
            }
            Action::OldRecord => {
                self.faults.old_records -= 1;
                let epoch = self.store.epoch();
                let (nonce, replay_after) = (Nonce(u128::MAX), Position::NONE);
                let fence = Position::FIRST;
                let record = OpeningRecord { epoch, nonce, replay_after, fence, kept: Vec::new() };
                Arc::make_mut(&mut self.store).openings.entry(epoch).or_insert(record);
            }
            Action::CollectorLooks => {
                self.collections_left -= 1;
                self.collections.extend(collect::look(&self.store, model.bounds.window).map(Arc::new));
            }
            Action::CollectorPlans { collector } => {
                let collection = Arc::unwrap_or_clone(self.collections.remove(collector));
                let store = Arc::make_mut(&mut self.store);
                let collect::Conclusion { deletions, damaged, unread } = collect::plan(collection, store);
                if !unread.is_empty() {
                    model.coverage.note(Reached::PassedUnread);
                }
                if unread.iter().any(|&at| self.is_late_fence(at)) {
                    model.coverage.note(Reached::LateFencePassedUnread);
                }
                // They are carried out when somebody looks, or never; so they are judged now.
                let (store, oracle) = (&self.store, Arc::make_mut(&mut self.oracle));
                deletions.iter().for_each(|&at| oracle.condemned(store, at));
                if damaged {
                    model.coverage.note(Reached::FencedOff);
                    oracle.collector_says_damaged();
                }
                self.condemned.extend(deletions);
            }
            Action::Delete { at } => self.delete(model, at),
            Action::ReaderBegins { at } => {
                self.reader = Some(Arc::new(ReaderParty::new(Begin::At(at))));
                self.reader_reads(model);
            }
            Action::ReaderReads => self.reader_reads(model),
            Action::ReaderIsMisled => {
                self.faults.lags -= 1;
                let party = Arc::make_mut(self.reader.as_mut().expect("it waits for a listing"));
                party.reads.pop();
                party.reader.handle(model.params, NOW, Reply::Boundary(ReadReply::Found(Position::NONE)));
                self.reader_goes_on(model, None);
            }
            Action::ConsumerMarks => self.consumer_marks(model),
            Action::ConsumerReturns => self.consumer_returns(model),
            Action::Lose { at } => {
                self.faults.lost_entries -= 1;
                Arc::make_mut(&mut self.store).delete_entry(at);
                Arc::make_mut(&mut self.oracle).lose(at);
            }
            Action::Stranger { at } => {
                self.faults.strangers -= 1;
                self.put(&by_lance(at, self.store.epoch().prev(), None));
            }
            Action::Flushed { at } => {
                self.faults.flushed -= 1;
                self.put(&by_lance(at, Epoch::FIRST, Some(Generation(0))));
            }
        }
        self.tidy(model);
    }

    fn open(&mut self, model: &LogModel) {
        let index = self.writers.len();
        // P-60: clocks may say anything, so any opener may have seen a lease expire.
        let expired = Some(self.store.epoch());
        let writer = Writer::open(model.params, NOW, Nonce(index as u128 + 1), expired);
        let appends_left = model.bounds.appends[index];
        let checkpoints_left = model.bounds.checkpoints[index];
        let (reads, claim) = (Vec::new(), None);
        let party = Party { writer, reads, claim, appends_left, checkpoints_left, closes: false };
        self.writers.push(Arc::new(party));
        self.settle(model, index);
    }

    /// Whether a fence entry landed here in collected space.
    fn is_late_fence(&self, at: Position) -> bool {
        let is_fence = self.store.entry(at).is_some_and(|entry| entry.kind == EntryKind::Fence);
        is_fence && !self.oracle.fence_ranges().contains(&at)
    }

    /// The next writer opens without a stall. What it appends then is on its way.
    pub(super) fn opens_at_once(&mut self, model: &LogModel, writer: usize) {
        self.act(model, &Action::Open);
        while self.writers[writer].writer.is_opening() {
            let party = &self.writers[writer];
            let action = match party.reads.first() {
                _ if party.claim.is_some() => Action::Claim { writer },
                Some(_) => Action::Read { writer, which: 0 },
                None => {
                    let flight = self.flights.iter().position(|flight| flight.sender == Some(writer));
                    let flight = flight.expect("an opening waits for a read or a create");
                    Action::Land { flight, how: Landing::Told }
                }
            };
            self.act(model, &action);
        }
    }

    fn claim(&mut self, model: &LogModel, writer: usize) {
        let party = Arc::make_mut(&mut self.writers[writer]);
        let manifest = party.claim.take().expect("a claim is on its way");
        let pending = self.lowest_claim();
        let party = Arc::make_mut(&mut self.writers[writer]);
        let (store, oracle) = (Arc::make_mut(&mut self.store), Arc::make_mut(&mut self.oracle));
        let reply = commit(store, oracle, &manifest, &party.writer, pending);
        party.writer.handle(NOW, Reply::ManifestCreated(manifest.version, reply));
        self.settle(model, writer);
    }

    /// The lowest version that a claim is about to create.
    fn lowest_claim(&self) -> Option<Version> {
        self.writers.iter().filter_map(|party| Some(party.claim.as_ref()?.version)).min()
    }

    fn read(&mut self, model: &LogModel, writer: usize, which: usize) {
        let party = Arc::make_mut(&mut self.writers[writer]);
        let request = party.reads.remove(which);
        if is_peek(&request) {
            let (peeks, others) = party.reads.drain(..).partition(is_peek);
            party.reads = others;
            let peeks: Vec<_> = peeks;
            for request in [request].into_iter().chain(peeks) {
                let reply = self.store.read(&request).expect("only reads wait here");
                party.writer.handle(NOW, reply);
            }
            return self.settle(model, writer);
        }
        let reply = self.store.read(&request).expect("only reads wait here");
        if let (Some(_), Reply::Entry(_, ReadReply::Absent)) = (party.writer.core(), &reply) {
            model.coverage.note(Reached::ReadBackAbsent);
        }
        if let (Some(core), Reply::Entry(_, ReadReply::Found(entry))) = (party.writer.core(), &reply)
            && entry.epoch == core.epoch()
            && entry.nonce == Some(party.writer.nonce())
        {
            model.coverage.note(Reached::OwnEntryReadBack);
        }
        let suspects = party.writer.suspects();
        if let (Some(_), Reply::Entry(_, ReadReply::Found(_))) = (suspects, &reply) {
            model.coverage.note(Reached::ReadAgainThere);
        }
        party.writer.handle(NOW, reply);
        self.settle(model, writer);
        if suspects.is_some() && self.writers[writer].writer.gone().is_some() {
            model.coverage.note(Reached::LossRuledOut);
        }
        if model.bounds.strides
            && let Some(which) = self.next_stride(writer)
        {
            self.read(model, writer, which);
        }
    }

    /// The next read of an opener's replay, if a stall before it makes no difference by now: the entry is
    /// there and not condemned.
    fn next_stride(&self, writer: usize) -> Option<usize> {
        let party = &self.writers[writer];
        let there = |read: &Request| matches!(read, Request::ReadEntry { at, .. } if self.store.entry(*at).is_some() && !self.condemned.contains(at));
        if party.writer.is_opening() { party.reads.iter().position(there) } else { None }
    }

    fn land(&mut self, model: &LogModel, index: usize, how: Landing) {
        let mut flight = self.flights.remove(index);
        if how == Landing::Again {
            self.faults.duplicates -= 1;
            self.flights.push(flight);
            flight.sender = None;
        }
        let done = self.land_entry(model, &flight.entry, flight.sender.is_none());
        let reply = match how {
            Landing::Told | Landing::Again => done,
            Landing::Lost => {
                self.faults.losses -= 1;
                CreateReply::Unknown
            }
        };
        self.tell(model, flight.sender.take(), &flight.reply(reply));
    }

    fn land_entry(&mut self, model: &LogModel, entry: &EntryHeader, late: bool) -> CreateReply {
        if self.store.entry(entry.position).is_some() {
            if entry.kind == EntryKind::Filler {
                model.coverage.note(Reached::FillerCollided);
            }
            if self.faults.duplicates > 0 {
                self.echoes.insert(*entry);
            }
            return CreateReply::Exists;
        }
        if late && entry.position <= self.store.replay_after() {
            model.coverage.note(Reached::LandedInCollectedSpace);
        }
        let below = self.store.entry(entry.position.prev());
        if entry.kind.is_data() && below.is_some_and(|below| below.epoch > entry.epoch) {
            model.coverage.note(Reached::StaleInFenceRange);
        }
        if entry.kind == EntryKind::CleanFence && entry.position > Position::FIRST {
            model.coverage.note(Reached::CleanFence);
        }
        self.put(entry);
        CreateReply::Done
    }

    fn put(&mut self, entry: &EntryHeader) {
        let store = Arc::make_mut(&mut self.store);
        store.create_entry(*entry);
        Arc::make_mut(&mut self.oracle).landed(store, entry);
    }

    fn tell(&mut self, model: &LogModel, sender: Option<usize>, reply: &Reply) {
        if let Some(writer) = sender {
            Arc::make_mut(&mut self.writers[writer]).writer.handle(NOW, reply.clone());
            self.settle(model, writer);
        }
    }

    fn delete(&mut self, model: &LogModel, at: Position) {
        let store = Arc::make_mut(&mut self.store);
        let entry = store.delete_entry(at).expect("only what is there is deleted");
        Arc::make_mut(&mut self.oracle).deleted(store, at);
        if self.faults.duplicates > 0 {
            self.echoes.insert(entry);
        }
        if self.flights.iter().any(|flight| flight.entry.position == at && flight.entry != entry) {
            model.coverage.note(Reached::DeletedInTheWay);
        }
    }

    /// Lets a writer's machines run until they wait for somebody.
    fn settle(&mut self, model: &LogModel, index: usize) {
        let pending = self.lowest_claim();
        let party = Arc::make_mut(&mut self.writers[index]);
        let oracle = Arc::make_mut(&mut self.oracle);
        loop {
            // Events first: what is asked for next must be judged by what the client knows by then.
            if let Some(note) = party.writer.poll_note(model.params, &self.store, oracle) {
                remark(model, &self.store, party, note, !self.condemned.is_empty());
                self.records.extend(party.writer.take_record().filter(|_| model.bounds.records));
                while party.appends_left > 0 && !party.closes && party.writer.append(NOW).is_some() {
                    party.appends_left -= 1;
                }
                continue;
            }
            match party.writer.poll_request(model.bounds.window, oracle) {
                Some(Request::CreateEntry { entry, .. }) => {
                    self.flights.push(Flight { entry: entry.header(), sender: Some(index) });
                }
                Some(Request::CreateManifest { manifest, .. })
                    if model.bounds.claims_stall && party.writer.is_opening() =>
                {
                    party.claim = Some(Arc::new(manifest));
                }
                Some(Request::CreateManifest { manifest, .. }) => {
                    let (store, manifest) = (Arc::make_mut(&mut self.store), Arc::new(manifest));
                    let reply = commit(store, oracle, &manifest, &party.writer, pending);
                    party.writer.handle(NOW, Reply::ManifestCreated(manifest.version, reply));
                }
                Some(request) if is_at_once(&party.writer, &request) => {
                    let reply = self.store.read(&request).expect("this is a read");
                    party.writer.handle(NOW, reply);
                }
                Some(request) => party.reads.push(request),
                None => break,
            }
        }
    }

    /// The cursor is made (P-54) in one step; the models of cursors take that apart.
    fn consumer_marks(&mut self, model: &LogModel) {
        let party = Arc::make_mut(self.reader.as_mut().expect("it reads already"));
        let walk = party.reader.walk().expect("it was handed something");
        let Start::Cursor { next, highest } = walk.cursor() else {
            unreachable!("a walk's cursor is a cursor")
        };
        let consumed = Consumed { position: next.prev(), epoch: highest };
        if Arc::make_mut(&mut self.store).open_cursor(0, Nonce(1), consumed).is_some() {
            party.cursor = Some((next, highest));
            self.consumer_returns(model);
        }
    }

    fn consumer_returns(&mut self, model: &LogModel) {
        let party = Arc::make_mut(self.reader.as_mut().expect("it left a cursor"));
        let (next, highest) = party.cursor.expect("it left a cursor");
        (party.reads, party.rests) = (Vec::new(), false);
        party.reader = Reader::from_cursor(model.params, NOW, next, highest);
        self.reader_reads(model);
    }

    fn reader_reads(&mut self, model: &LogModel) {
        let party = self.reader.get_or_insert_with(|| Arc::new(ReaderParty::new(Begin::Checkpoint)));
        let party = Arc::make_mut(party);
        if party.rests {
            party.rests = false;
            party.reader.resume(NOW, Verify::Always);
        }
        let mut looked = None;
        if let Some(request) = party.reads.pop() {
            let reply = self.store.read(&request).expect("a reader only reads");
            party.reader.note_read(&reply, &self.store, &self.oracle);
            let before = party.reader.walk().map(Walk::next);
            if let Reply::Boundary(ReadReply::Found(boundary)) = reply {
                looked = before.map(|at| (at, boundary));
                party.was_shown |= model.bounds.faults.lags > 0 && boundary > Position::NONE;
            }
            party.reader.handle(model.params, NOW, reply);
        }
        self.reader_goes_on(model, looked);
    }

    /// Lets the reader run until it waits for somebody. `looked`: where it stood when a listing showed it this
    /// boundary.
    fn reader_goes_on(&mut self, model: &LogModel, looked: Option<(Position, Position)>) {
        let party = Arc::make_mut(self.reader.as_mut().expect("it reads"));
        let oracle = Arc::make_mut(&mut self.oracle);
        loop {
            party.rests |= party.reader.take_events(&self.store, oracle);
            let Some(request) = party.reader.poll_request() else { break };
            if let Request::ReadManifest { .. } = request {
                let reply = self.store.read(&request).expect("a reader only reads");
                party.reader.handle(model.params, NOW, reply);
            } else {
                party.reads.push(request);
            }
        }
        if party.reader.has_ended() {
            model.coverage.note(Reached::ReaderTruncated);
        }
        if let Some((at, boundary)) = looked {
            model.coverage.note(match () {
                () if party.reader.has_ended() => Reached::ReaderCannotConclude,
                () if boundary >= at => Reached::ReaderIgnoresBelow,
                () if at <= self.store.replay_after() => Reached::ReaderConcludesBelowReplay,
                () => Reached::ReaderConcludes,
            });
        }
    }
}

impl ReaderParty {
    fn new(begin: Begin) -> Self {
        Self {
            reader: Reader::new(Tick(u64::MAX), begin),
            reads: Vec::new(),
            rests: false,
            cursor: None,
            was_shown: false,
        }
    }
}

const fn by_lance(position: Position, epoch: Epoch, generation: Option<Generation>) -> EntryHeader {
    EntryHeader { position, epoch, kind: EntryKind::Data, nonce: None, generation }
}

/// What is performed in the same step: all of a commit (see the top of `log.rs`), and the search after a
/// collision, since an earlier answer refuses more.
fn is_at_once(writer: &Writer, request: &Request) -> bool {
    matches!(request, Request::ReadManifest { .. })
        || (matches!(request, Request::ListManifests { .. })
            && (writer.core().is_some() || writer.epoch().is_none()))
}

/// Creates a manifest and forgets those before, which nobody will read: those from `pending` on are in the way of a
/// claim.
fn commit(
    store: &mut Store,
    oracle: &mut Oracle,
    manifest: &Arc<Manifest>,
    by: &Writer,
    pending: Option<Version>,
) -> CreateReply {
    let before = store.latest().cloned();
    let reply = store.create_manifest(Arc::clone(manifest));
    if reply == CreateReply::Done {
        oracle.committed(store, before.as_deref(), manifest, by.nonce(), by.view());
        let needed = pending.map_or(manifest.version, |pending| pending.min(manifest.version));
        let versions: Vec<_> = store.manifests().map(|manifest| manifest.version).collect();
        versions.iter().filter(|version| **version < needed).for_each(|version| {
            store.delete_manifest(*version);
        });
    }
    reply
}

/// Notes what of interest just happened to a writer.
fn remark(model: &LogModel, store: &Store, party: &Party, note: Note, collected: bool) {
    let later = store.epoch() > party.writer.epoch();
    match note {
        Note::Acknowledged if later => {
            model.coverage.note(Reached::AckedAfterTakeover);
            if party.writer.acked() <= store.replay_after() {
                model.coverage.note(Reached::AckedBelowReplay);
            }
        }
        Note::FoundLoss(_) => model.coverage.note(Reached::LossFound),
        Note::OpeningEnded(Some(_)) => model.coverage.note(Reached::OpenerFenced),
        Note::Failed(Stop::Fenced { .. }) if collected => {
            model.coverage.note(Reached::ZombieWokeAfterCollection)
        }
        _ => {}
    }
}
