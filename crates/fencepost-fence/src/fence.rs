//! Fencing: read forward, look above, fence entry, fill, look again.
// P-12 to P-18, P-91.

mod fillers;
mod record;

use crate::above::{LookAbove, Seen};
use crate::forward::{Forward, Next};
use crate::latest::Known;
use crate::{
    Create, CreateAnswer, CreateAsk, CreateFate, FenceRanges, FindLatest, GaveUp, Params, ReadReply, Reply,
    Request, Rule, RulingEpoch, Tick, WriterId, rules,
};
use fencepost_format::{EntryHeader, EntryKind, Epoch, Generation, Manifest, Nonce, OpeningRecord, Position};
use fillers::{Fillers, Filling};
use record::Replayed;

/// An epoch that is claimed and being made effective.
///
/// A part of [`Opening`](crate::Opening): drain [`poll_event`](Self::poll_event) and
/// [`poll_request`](Self::poll_request) after each [`handle`](Self::handle). Costs one GET for each entry
/// above `replay_after` and one more, one HEAD for each position of a window above the first absent one, in
/// parallel, one PUT for the fence entry and one look at the manifest (a LIST and two GETs at the same time);
/// after an unclean end of the predecessor also `W - 1` PUTs in parallel and one more look.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    params: Params,
    writer: WriterId,
    /// The manifest of its claim, the latest as far as it knows.
    claimed: Known,
    forward: Forward,
    ruling: RulingEpoch,
    /// Entries of generations below it are in Lance's SSTables already.
    // P-44.
    flushed_below: Generation,
    last_valid: Option<EntryKind>,
    fence_ranges: FenceRanges,
    /// What it tells collectors.
    // P-135.
    replayed: Replayed,
    step: Step,
    /// Its claim is not known to have won: it reads, and that is all.
    // P-114.
    ahead: bool,
    events: Vec<FenceEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Replay,
    /// The first absent position: the tail, or a lost entry?
    // P-91.
    Look(LookAbove),
    Fence {
        at: Position,
        kind: EntryKind,
        create: Create,
    },
    BeforeFillers {
        fence: Position,
        find: FindLatest,
    },
    Fill {
        fence: Position,
        fillers: Fillers,
    },
    Final {
        fence: Position,
        kind: EntryKind,
        find: FindLatest,
    },
    Ended,
}

/// An event of fencing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FenceEvent {
    /// An entry of the replay, in order. Provisional until [`FenceEvent::Opened`]: an opener that was
    /// superseded may have read a log that its successor was already collecting.
    Replayed {
        /// The entry. The driver holds its rows.
        header: EntryHeader,
        /// Whether its rows are to be replayed: data, no stale entry, and not flushed by Lance already.
        // P-40, P-44.
        deliver: bool,
    },
    /// The epoch is open for appends.
    Opened(Opened),
    /// Another epoch has the shard.
    Fenced {
        /// The epoch that was seen.
        by: Epoch,
    },
    /// It ended without an answer.
    GaveUp(GaveUp),
}

/// An open epoch: what the append window starts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Opened {
    /// The epoch held.
    pub epoch: Epoch,
    /// The nonce in every entry of it.
    pub nonce: Nonce,
    /// Where the fence entry stands.
    pub fence: Position,
    /// Whether it is a clean fence: the predecessor had closed.
    pub clean_fence: bool,
    /// The position of the first append.
    pub next: Position,
    /// The fence ranges above `replay_after`.
    pub fence_ranges: FenceRanges,
    /// What it tells collectors, once it is open; `None` if they had better read everything themselves. To be
    /// created if absent, best effort: nobody waits for it, and its loss costs only reads.
    // P-135.
    pub record: Option<OpeningRecord>,
    /// The manifest as last read.
    pub manifest: Manifest,
}

impl Fence {
    /// Starts fencing under a claimed manifest.
    #[must_use]
    pub fn new(params: Params, now: Tick, claimed: &Manifest, nonce: Nonce) -> Self {
        let from = claimed.replay_after.next();
        Self {
            params,
            writer: WriterId { epoch: claimed.writer_epoch, nonce },
            claimed: Known::of(claimed),
            forward: Forward::new(now, from, None, params.read_ahead, params.retry_timeout),
            ruling: RulingEpoch::NONE,
            flushed_below: claimed.current_generation,
            last_valid: None,
            fence_ranges: FenceRanges::default(),
            replayed: Replayed::above(claimed.replay_after),
            step: Step::Replay,
            ahead: false,
            events: Vec::new(),
        }
    }

    /// Starts to read under a manifest that is being claimed. Until it [goes on](Self::go_on) it writes nothing and
    /// searches for nothing, and what it has to tell is nobody's business. It holds as many entries as it may read
    /// ahead.
    // P-114.
    pub(crate) fn ahead_of(params: Params, now: Tick, claiming: &Manifest, nonce: Nonce) -> Self {
        let fence = Self::new(params, now, claiming, nonce);
        Self { forward: fence.forward.begin_with(READ_AT_ONCE), ahead: true, ..fence }
    }

    /// Its claim has won, with this manifest.
    // P-114.
    pub(crate) fn go_on(&mut self, now: Tick, claimed: &Manifest) {
        (self.ahead, self.claimed) = (false, Known::of(claimed));
        if matches!(self.step, Step::Replay) {
            self.replay(now);
        }
    }

    /// The position that is absent although another proves that it was occupied, while that is being made sure of.
    // P-92.
    #[must_use]
    pub const fn suspects(&self) -> Option<Position> {
        match &self.step {
            Step::Look(look) if look.suspects() => Some(look.at()),
            _ => None,
        }
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self) -> Option<Request> {
        match &mut self.step {
            Step::Replay => self.forward.poll_request(),
            Step::Look(look) if self.ahead && look.searches() => None,
            Step::Look(look) => look.poll_request(),
            Step::Fence { .. } if self.ahead => None,
            Step::Fence { at, kind, create } => {
                let at = *at;
                Some(match create.ask()? {
                    CreateAsk::Create(attempt) => {
                        Request::CreateEntry { entry: self.writer.entry(at, *kind), attempt }
                    }
                    CreateAsk::ReadBack(attempt) => Request::ReadEntry { at, attempt },
                })
            }
            Step::Ended => None,
            Step::BeforeFillers { find, .. } | Step::Final { find, .. } => find.poll_request(),
            Step::Fill { fillers, .. } => fillers.poll_request(self.writer),
        }
    }

    /// The next event, if there is one.
    pub fn poll_event(&mut self) -> Option<FenceEvent> {
        if self.events.is_empty() { None } else { Some(self.events.remove(0)) }
    }

    /// Takes an answer. Answers to questions that were not asked are ignored.
    pub fn handle(&mut self, now: Tick, reply: &Reply) {
        if let Reply::Entry(at, read) = reply
            && !matches!(self.step, Step::Replay)
        {
            // A read ahead that was still out at the first absent position. The replay may come back to it (P-14).
            self.forward.handle(now, *at, read);
        }
        match (&mut self.step, reply) {
            (Step::Replay, Reply::Entry(at, read)) if self.forward.handle(now, *at, read) => {
                self.replay(now);
            }
            (Step::Look(look), reply) => {
                let at = look.at();
                if let Some(seen) = look.handle(now, reply) {
                    self.looked(now, at, seen);
                }
            }
            (Step::Fence { at, .. }, Reply::EntryCreated(of, reply)) if of == at => {
                self.handle_fence(now, CreateAnswer::Created(*reply))
            }
            (Step::Fence { at, .. }, Reply::Entry(of, read)) if of == at => {
                self.handle_fence(now, CreateAnswer::Read(read.as_ref()))
            }
            (Step::BeforeFillers { fence, find }, reply) => {
                let fence = *fence;
                if let Some(found) = find.handle(now, reply)
                    && self.still_ours(found).is_some()
                {
                    self.fill(now, fence);
                }
            }
            (Step::Fill { fence, fillers }, reply) => {
                let fence = *fence;
                match fillers.handle(now, reply) {
                    Filling::Going => {}
                    Filling::Done => self.look_again(now, fence, EntryKind::Fence),
                    Filling::GaveUp(gave_up) => self.end(FenceEvent::GaveUp(gave_up)),
                }
            }
            (Step::Final { fence, kind, find }, reply) => {
                let (fence, kind) = (*fence, *kind);
                if let Some(found) = find.handle(now, reply)
                    && let Some(manifest) = self.still_ours(found)
                {
                    self.open(fence, kind, manifest);
                }
            }
            _ => {}
        }
    }

    /// Takes entries in order, up to the first absent position.
    // P-13.
    fn replay(&mut self, now: Tick) {
        while !(self.ahead && self.events.len() as u64 >= self.params.read_ahead)
            && let Some(next) = self.forward.pop(now)
        {
            match next {
                Next::Answer(_, ReadReply::Found(header)) => {
                    if !self.take(header) {
                        return;
                    }
                }
                Next::Answer(at, ReadReply::Absent) => return self.look(now, at),
                Next::Answer(at, ReadReply::Damaged) => {
                    return self.end(FenceEvent::GaveUp(GaveUp::DamagedEntry(at)));
                }
                Next::Answer(_, ReadReply::Unknown) | Next::Unread => {
                    return self.end(FenceEvent::GaveUp(GaveUp::Unread));
                }
            }
        }
    }

    /// Notes one entry of the replay; `false` if it ends the opening.
    fn take(&mut self, header: EntryHeader) -> bool {
        if header.epoch >= self.writer.epoch && rules::on(Rule::FencedByEntry) {
            self.end(FenceEvent::Fenced { by: header.epoch });
            return false;
        }
        if begins_fence_range(&header, self.ruling.epoch()) {
            self.fence_ranges.note(header.position);
        }
        self.replayed.note(&header, self.ruling, self.params.window);
        let valid = self.ruling.pass(&header);
        if valid {
            self.last_valid = Some(header.kind);
        }
        let flushed = header.is_flushed(self.flushed_below) && rules::on(Rule::PassFlushed);
        let deliver = valid && header.kind.is_data() && !flushed;
        self.events.push(FenceEvent::Replayed { header, deliver });
        true
    }

    /// [P-91](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-91). Before the first
    /// epoch there was nobody who could have lost anything.
    fn look(&mut self, now: Tick, at: Position) {
        let nobody_before = self.writer.epoch == Epoch::FIRST && self.last_valid.is_none();
        if nobody_before || !rules::on(Rule::LookBeforeFence) {
            return self.fence(now, at);
        }
        self.step = Step::Look(LookAbove::of_opener(now, at, self.params));
    }

    /// The verdict. It is the opener's own only while it holds the shard.
    // P-92.
    fn looked(&mut self, now: Tick, at: Position, seen: Seen) {
        match seen {
            Seen::Nothing => self.fence(now, at),
            Seen::There(header) => {
                self.step = Step::Replay;
                self.forward.skip_to(now, at.next());
                if self.take(header) {
                    self.replay(now);
                }
            }
            Seen::Damaged => self.end(FenceEvent::GaveUp(GaveUp::DamagedEntry(at))),
            Seen::Absent { proof, manifest } => {
                let lost = FenceEvent::GaveUp(GaveUp::LostEntry { at, proof });
                if !rules::on(Rule::SearchBeforeVerdict) {
                    return self.end(lost);
                }
                match self.still_ours(Ok(manifest)) {
                    Some(manifest) if manifest.replay_after < at => self.end(lost),
                    Some(_) => self.fence(now, at),
                    None => {}
                }
            }
            Seen::GaveUp(gave_up) => self.end(FenceEvent::GaveUp(gave_up)),
        }
    }

    fn fence(&mut self, now: Tick, at: Position) {
        // P-15: only a close entry tells that nothing is in flight. Before the first epoch there was nobody.
        let settled = self.last_valid == Some(EntryKind::Close)
            || (self.writer.epoch == Epoch::FIRST && self.last_valid.is_none())
            || !rules::on(Rule::CleanFenceAfterClose);
        let kind = if settled { EntryKind::CleanFence } else { EntryKind::Fence };
        if !rules::on(Rule::Fence) {
            return self.look_again(now, at, kind);
        }
        let create = Create::until(now.plus(self.params.retry_timeout));
        self.step = Step::Fence { at, kind, create };
    }

    /// Ours, or somebody's who came before?
    // P-14.
    fn handle_fence(&mut self, now: Tick, answer: CreateAnswer<&EntryHeader>) {
        let Step::Fence { at, kind, create } = &mut self.step else {
            unreachable!("called while writing its fence entry")
        };
        let (at, kind) = (*at, *kind);
        match create.handle(now, answer) {
            CreateFate::Pending => {}
            CreateFate::Created => self.fence_stands(now, at, kind),
            CreateFate::There(header) if self.writer.wrote(header) => self.fence_stands(now, at, kind),
            CreateFate::There(header) => {
                self.step = Step::Replay;
                self.forward.skip_to(now, at.next());
                if !rules::on(Rule::ReadPastFence) || self.take(*header) {
                    self.replay(now);
                }
            }
            CreateFate::Damaged => self.end(FenceEvent::GaveUp(GaveUp::DamagedEntry(at))),
            CreateFate::GaveUp(gave_up) => self.end(FenceEvent::GaveUp(gave_up)),
        }
    }

    fn fence_stands(&mut self, now: Tick, fence: Position, kind: EntryKind) {
        if kind == EntryKind::CleanFence || !rules::on(Rule::Fillers) {
            return self.look_again(now, fence, kind);
        }
        if rules::on(Rule::ReadBeforeFillers) {
            let find = self.warm_look(now);
            self.step = Step::BeforeFillers { fence, find };
        } else {
            self.fill(now, fence);
        }
    }

    fn fill(&mut self, now: Tick, fence: Position) {
        match Fillers::new(now, fence, self.params) {
            Some(fillers) => self.step = Step::Fill { fence, fillers },
            None => self.look_again(now, fence, EntryKind::Fence),
        }
    }

    /// [P-18](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-18).
    fn look_again(&mut self, now: Tick, fence: Position, kind: EntryKind) {
        let find = self.warm_look(now);
        self.step = Step::Final { fence, kind, find };
    }

    /// Whether its claim is still the latest manifest; if not, which one is.
    // P-111.
    fn warm_look(&self, now: Tick) -> FindLatest {
        FindLatest::warm(now.plus(self.params.retry_timeout), self.claimed)
    }

    /// Whether the manifest found still has our epoch; if not, that ends the opening.
    fn still_ours(&mut self, found: Result<Option<Manifest>, GaveUp>) -> Option<Manifest> {
        match found {
            Ok(Some(manifest)) if manifest.writer_epoch == self.writer.epoch => return Some(manifest),
            Ok(Some(manifest)) if matches!(self.step, Step::Final { .. }) && !rules::on(Rule::FinalRead) => {
                return Some(manifest);
            }
            Ok(Some(manifest)) if manifest.writer_epoch > self.writer.epoch => {
                self.end(FenceEvent::Fenced { by: manifest.writer_epoch });
            }
            Ok(manifest) => {
                let found = manifest.map_or(Epoch::NONE, |manifest| manifest.writer_epoch);
                self.end(FenceEvent::GaveUp(GaveUp::RolledBack { ours: self.writer.epoch, found }));
            }
            Err(gave_up) => self.end(FenceEvent::GaveUp(gave_up)),
        }
        None
    }

    fn open(&mut self, fence: Position, kind: EntryKind, manifest: Manifest) {
        let clean_fence = kind == EntryKind::CleanFence;
        let mut fence_ranges = std::mem::take(&mut self.fence_ranges);
        if !clean_fence {
            fence_ranges.note(fence);
        }
        let next = if clean_fence || !rules::on(Rule::Fillers) {
            fence.next()
        } else {
            fence.plus(self.params.window.get())
        };
        let WriterId { epoch, nonce } = self.writer;
        let record = self.replayed.record(self.writer, fence, &manifest);
        self.end(FenceEvent::Opened(Opened {
            epoch,
            nonce,
            fence,
            clean_fence,
            next,
            fence_ranges,
            record,
            manifest,
        }));
    }

    fn end(&mut self, event: FenceEvent) {
        self.step = Step::Ended;
        self.events.push(event);
    }
}

/// How many entries an opening reads at once before its claim has won: a close entry and the absent one above it.
const READ_AT_ONCE: u64 = 2;

/// Whether a fence range begins with this entry, above entries of up to epoch `highest`: a guarding fence, or
/// a tombstone in the place of one.
// P-31, P-93.
#[must_use]
pub const fn begins_fence_range(entry: &EntryHeader, highest: Epoch) -> bool {
    match entry.kind {
        EntryKind::Fence => true,
        EntryKind::Tombstone => entry.epoch.get() > highest.get(),
        EntryKind::Data | EntryKind::CleanFence | EntryKind::Filler | EntryKind::Close => false,
    }
}

#[cfg(test)]
mod tests;
