//! A writer: the production machines of an opening and of an open epoch, and a client that notes what it is told.

use crate::world::{Append, Broken, Oracle, Store};
use fencepost_fence::{
    AppendEvent, CheckpointOutcome, GaveUp, Machine, NewEntry, Opened, Opening, OpeningEvent, Params, Reply,
    Request, Stop, Tick, WriterCore, WriterEvent,
};
use fencepost_format::{EntryKind, Epoch, Nonce, OpeningRecord, Position, ShardId};

/// A writer and its client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Writer {
    nonce: Nonce,
    epoch: Epoch,
    phase: Phase,
    /// The data that it replayed or had acknowledged.
    view: Vec<Append>,
    /// The acknowledged tail, as the client was told.
    acked: Position,
    /// The position of each of the client's appends.
    appends: Vec<Position>,
    commits: u32,
    /// What it tells collectors, until somebody takes it.
    record: Option<OpeningRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Opening(Opening),
    Open(WriterCore),
    Gone(Gone),
}

/// How a writer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gone {
    /// Its opening failed: fenced, sealed or given up.
    NotOpened,
    /// It crashed, or nobody needs it any more.
    Dropped,
}

/// What happened to a writer that its surroundings may care about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// Its claim was won.
    Claimed(Epoch),
    /// It replayed an entry.
    Replayed,
    /// It is open.
    Opened,
    /// Its opening ended; by whom it was fenced, if so.
    OpeningEnded(Option<Epoch>),
    /// Its opening ended, since an entry is lost.
    FoundLoss(Position),
    /// More is acknowledged.
    Acknowledged,
    /// Appends failed.
    Failed(Stop),
    /// A checkpoint ended.
    Checkpointed(CheckpointOutcome),
    /// It is closed.
    Closed,
}

impl Writer {
    /// A writer that starts to open the shard.
    #[must_use]
    pub fn open(params: Params, now: Tick, nonce: Nonce, only_if: Option<Epoch>) -> Self {
        let opening = Opening::new(params, now, ShardId::default(), nonce, only_if);
        Self {
            nonce,
            epoch: Epoch::NONE,
            phase: Phase::Opening(opening),
            view: Vec::new(),
            acked: Position::NONE,
            appends: Vec::new(),
            commits: 0,
            record: None,
        }
    }

    /// Its nonce.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// Its epoch, once claimed.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The data that it replayed or had acknowledged.
    #[must_use]
    pub fn view(&self) -> &[Append] {
        &self.view
    }

    /// The acknowledged tail.
    #[must_use]
    pub const fn acked(&self) -> Position {
        self.acked
    }

    /// How many appends were made.
    #[must_use]
    pub fn appends(&self) -> usize {
        self.appends.len()
    }

    /// The open epoch.
    #[must_use]
    pub const fn core(&self) -> Option<&WriterCore> {
        match &self.phase {
            Phase::Open(core) => Some(core),
            Phase::Opening(_) | Phase::Gone(_) => None,
        }
    }

    /// Whether it is still opening.
    #[must_use]
    pub const fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening(_))
    }

    /// The position that it is making sure of (P-92).
    #[must_use]
    pub const fn suspects(&self) -> Option<Position> {
        match &self.phase {
            Phase::Opening(opening) => opening.suspects(),
            Phase::Open(_) | Phase::Gone(_) => None,
        }
    }

    /// How it ended, if it did.
    #[must_use]
    pub const fn gone(&self) -> Option<Gone> {
        if let Phase::Gone(gone) = self.phase { Some(gone) } else { None }
    }

    /// Whether a checkpoint is under way or possible.
    #[must_use]
    pub const fn commits(&self) -> u32 {
        self.commits
    }

    /// What it tells collectors, once: it is to be created at some time, or lost.
    pub const fn take_record(&mut self) -> Option<OpeningRecord> {
        self.record.take()
    }

    /// Forgets the machines. What was on its way stays on its way.
    pub fn crash(&mut self) {
        self.phase = Phase::Gone(Gone::Dropped);
    }

    /// Forgets everything but that it was there.
    pub fn forget(&mut self) {
        *self = Self {
            phase: Phase::Gone(Gone::Dropped),
            ..Self::open(Params::default(), Tick(0), self.nonce, None)
        };
    }

    /// Whether it is [forgotten](Self::forget).
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.gone() == Some(Gone::Dropped)
            && self.epoch.is_none()
            && self.view.is_empty()
            && self.appends.is_empty()
    }

    /// Appends, if there is room.
    pub fn append(&mut self, now: Tick) -> Option<Position> {
        let Phase::Open(core) = &mut self.phase else { return None };
        let at = core.submit(now)?;
        self.appends.push(at);
        Some(at)
    }

    /// Starts a checkpoint; `false` if it was refused.
    pub fn checkpoint(&mut self, now: Tick, p: Position) -> bool {
        let Phase::Open(core) = &mut self.phase else { return false };
        let nonce = Nonce(self.nonce.0 + (u128::from(self.commits + 1) << 64));
        let begins = core.checkpoint(now, p, nonce).is_ok();
        self.commits += u32::from(begins);
        begins
    }

    /// Starts to close.
    pub fn close(&mut self, now: Tick) {
        if let Phase::Open(core) = &mut self.phase {
            core.begin_close(now);
        }
    }

    /// Gives up what is past its deadline.
    pub fn time_out(&mut self, now: Tick) {
        if let Phase::Open(core) = &mut self.phase {
            core.handle_timeout(now);
        }
    }

    /// Hands an answer to the machines.
    pub fn handle(&mut self, now: Tick, reply: Reply) {
        match &mut self.phase {
            Phase::Opening(opening) => opening.handle(now, reply),
            Phase::Open(core) => core.handle(now, reply),
            Phase::Gone(_) => {}
        }
    }

    /// The next request.
    pub fn poll_request(&mut self, window: u64, oracle: &mut Oracle) -> Option<Request> {
        let request = match &mut self.phase {
            Phase::Opening(opening) => opening.poll_request()?,
            Phase::Open(core) => core.poll_request()?,
            Phase::Gone(_) => return None,
        };
        if let Request::CreateEntry { entry, .. } = &request {
            self.watch_entry(entry, window, oracle);
        }
        Some(request)
    }

    fn watch_entry(&self, entry: &NewEntry, window: u64, oracle: &mut Oracle) {
        let (at, kind) = (entry.position, entry.kind);
        if matches!(kind, EntryKind::Data | EntryKind::Close) && at > self.acked.plus(window) {
            oracle.breaks(Broken::WindowExceeded);
        }
        if kind == EntryKind::Close && at != self.acked.next() {
            oracle.breaks(Broken::ClosedUnsettled);
        }
    }

    /// The next event, noted with the oracle.
    pub fn poll_note(&mut self, params: Params, store: &Store, oracle: &mut Oracle) -> Option<Note> {
        match &mut self.phase {
            Phase::Opening(opening) => {
                let event = opening.poll_event()?;
                Some(self.note_opening(event, params, store, oracle))
            }
            Phase::Open(core) => {
                let event = core.poll_event()?;
                Some(self.note_open(event, oracle))
            }
            Phase::Gone(_) => None,
        }
    }

    fn note_opening(
        &mut self,
        event: OpeningEvent,
        params: Params,
        store: &Store,
        oracle: &mut Oracle,
    ) -> Note {
        match event {
            OpeningEvent::Claimed { epoch, .. } => {
                self.epoch = epoch;
                Note::Claimed(epoch)
            }
            OpeningEvent::Replayed { header, deliver } => {
                if deliver {
                    self.view.push(Append::of(&header));
                }
                Note::Replayed
            }
            OpeningEvent::Opened(opened) => {
                self.begin(params, &opened, store, oracle);
                Note::Opened
            }
            OpeningEvent::Fenced { by } => self.end_opening(Some(by)),
            OpeningEvent::GaveUp(GaveUp::LostEntry { at, .. }) => {
                if !oracle.is_lost(at) {
                    oracle.breaks(Broken::FalseDamage);
                }
                self.phase = Phase::Gone(Gone::NotOpened);
                Note::FoundLoss(at)
            }
            OpeningEvent::Sealed | OpeningEvent::GaveUp(_) => self.end_opening(None),
        }
    }

    fn begin(&mut self, params: Params, opened: &Opened, store: &Store, oracle: &mut Oracle) {
        oracle.opened(store, self.nonce, opened.epoch, opened.fence, opened.next);
        self.acked = opened.next.prev();
        self.record.clone_from(&opened.record);
        self.phase = Phase::Open(WriterCore::new(params, opened));
    }

    fn end_opening(&mut self, by: Option<Epoch>) -> Note {
        self.phase = Phase::Gone(Gone::NotOpened);
        Note::OpeningEnded(by)
    }

    fn note_open(&mut self, event: WriterEvent, oracle: &mut Oracle) -> Note {
        match event {
            WriterEvent::Append(AppendEvent::Acknowledged { through }) => {
                let fresh = self.appends.iter().filter(|&&at| at > self.acked && at <= through);
                let fresh: Vec<_> = fresh.map(|&at| Append { at, by: self.nonce }).collect();
                fresh.iter().for_each(|&append| oracle.acknowledged(append));
                self.view.extend(fresh);
                self.acked = through;
                Note::Acknowledged
            }
            WriterEvent::Append(AppendEvent::Failed { from, stop }) => {
                let failed = self.appends.iter().filter(|&&at| at >= from && stop.is_definite(at));
                failed.for_each(|&at| oracle.refused(Append { at, by: self.nonce }));
                if matches!(stop, Stop::Obstructed { .. }) {
                    oracle.breaks(Broken::WriterObstructed);
                }
                Note::Failed(stop)
            }
            WriterEvent::Append(AppendEvent::Closed) => {
                self.acked = self.acked.next();
                Note::Closed
            }
            WriterEvent::Checkpoint(outcome) => {
                if matches!(
                    outcome,
                    CheckpointOutcome::GaveUp(GaveUp::RolledBack { .. } | GaveUp::WentBack { .. })
                ) {
                    oracle.breaks(Broken::FalseRollback);
                }
                Note::Checkpointed(outcome)
            }
        }
    }

    /// Whether its view of the log is what readers see, as far as it still holds the shard.
    #[must_use]
    pub fn agrees(&self, store: &Store, oracle: &Oracle) -> bool {
        let holds = matches!(self.phase, Phase::Open(_)) && store.epoch() == self.epoch;
        !holds || oracle.view_is_readers_view(store, self.acked, &self.view)
    }
}
