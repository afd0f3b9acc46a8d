//! Fencing: read forward, look above, post, fill, look again (P-12 to P-18, P-91).

mod fillers;

use crate::above::{LookAbove, Seen};
use crate::forward::{Forward, Next};
use crate::{
    Create, CreateAnswer, CreateAsk, CreateFate, FindLatest, GaveUp, Params, ReadReply, Reply, Request, Rule,
    RulingEpoch, Tick, WriterId, Zones, rules,
};
use fencepost_format::{EntryHeader, EntryKind, Epoch, Generation, Manifest, Nonce, Position};
use fillers::{Fillers, Filling};

/// An epoch that is claimed and being made effective.
///
/// A part of [`Opening`](crate::Opening): drain [`poll_event`](Self::poll_event) and [`poll_request`](Self::poll_request) after each [`handle`](Self::handle).
/// Costs one GET for each entry above `R` and one more, one HEAD for each position of a window above the first absent one, in parallel, one PUT
/// for the post and one manifest search; after an unclean end of the predecessor also `W - 1` PUTs and one more manifest search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    params: Params,
    writer: WriterId,
    forward: Forward,
    ruling: RulingEpoch,
    /// Entries of generations below it are in Lance's SSTables already (P-44).
    flushed_below: Generation,
    last_valid: Option<EntryKind>,
    zones: Zones,
    step: Step,
    events: Vec<FenceEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Replay,
    /// P-91: the first absent position: the tail, or a lost entry?
    Look(LookAbove),
    Post {
        at: Position,
        kind: EntryKind,
        create: Create,
    },
    BeforeFillers {
        post: Position,
        find: FindLatest,
    },
    Fill {
        post: Position,
        fillers: Fillers,
    },
    Final {
        post: Position,
        kind: EntryKind,
        find: FindLatest,
    },
    Ended,
}

/// An event of fencing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FenceEvent {
    /// An entry of the replay, in order. Provisional until [`FenceEvent::Opened`]: an opener that was superseded may have read a log
    /// that its successor was already collecting.
    Replayed {
        /// The entry. The driver holds its rows.
        header: EntryHeader,
        /// Whether its rows are to be replayed: data, no leftover (P-40), and not flushed by Lance already (P-44).
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
    /// Where the post stands.
    pub post: Position,
    /// Whether it is a handover post: the predecessor had closed.
    pub handover: bool,
    /// The position of the first append.
    pub next: Position,
    /// The zones above `R`.
    pub zones: Zones,
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
            forward: Forward::new(now, from, None, params.read_ahead, params.patience),
            ruling: RulingEpoch::NONE,
            flushed_below: claimed.current_generation,
            last_valid: None,
            zones: Zones::default(),
            step: Step::Replay,
            events: Vec::new(),
        }
    }

    /// The position that is absent although another proves that it was occupied, while that is being made sure of (P-92).
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
            Step::Look(look) => look.poll_request(),
            Step::Post { at, kind, create } => {
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
            (Step::Post { at, .. }, Reply::EntryCreated(of, reply)) if of == at => {
                self.handle_post(now, CreateAnswer::Created(*reply))
            }
            (Step::Post { at, .. }, Reply::Entry(of, read)) if of == at => {
                self.handle_post(now, CreateAnswer::Read(read.as_ref()))
            }
            (Step::BeforeFillers { post, find }, reply) => {
                let post = *post;
                if let Some(found) = find.handle(now, reply)
                    && self.still_ours(found).is_some()
                {
                    self.fill(now, post);
                }
            }
            (Step::Fill { post, fillers }, reply) => {
                let post = *post;
                match fillers.handle(now, reply) {
                    Filling::Going => {}
                    Filling::Done => self.look_again(now, post, EntryKind::Post),
                    Filling::GaveUp(gave_up) => self.end(FenceEvent::GaveUp(gave_up)),
                }
            }
            (Step::Final { post, kind, find }, reply) => {
                let (post, kind) = (*post, *kind);
                if let Some(found) = find.handle(now, reply)
                    && let Some(manifest) = self.still_ours(found)
                {
                    self.open(post, kind, manifest);
                }
            }
            _ => {}
        }
    }

    /// P-13: takes entries in order, up to the first absent position.
    fn replay(&mut self, now: Tick) {
        while let Some(next) = self.forward.pop(now) {
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
        if begins_zone(&header, self.ruling.epoch()) {
            self.zones.note(header.position);
        }
        let valid = self.ruling.pass(&header);
        if valid {
            self.last_valid = Some(header.kind);
        }
        let flushed = header.is_flushed(self.flushed_below) && rules::on(Rule::PassFlushed);
        let deliver = valid && header.kind.is_data() && !flushed;
        self.events.push(FenceEvent::Replayed { header, deliver });
        true
    }

    /// P-91. Before the first epoch there was nobody who could have lost anything.
    fn look(&mut self, now: Tick, at: Position) {
        let nobody_before = self.writer.epoch == Epoch::FIRST && self.last_valid.is_none();
        if nobody_before || !rules::on(Rule::LookBeforePost) {
            return self.post(now, at);
        }
        self.step = Step::Look(LookAbove::of_opener(now, at, self.params));
    }

    /// P-92: the verdict. It is the opener's own only while it holds the shard.
    fn looked(&mut self, now: Tick, at: Position, seen: Seen) {
        match seen {
            Seen::Nothing => self.post(now, at),
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
                    Some(_) => self.post(now, at),
                    None => {}
                }
            }
            Seen::GaveUp(gave_up) => self.end(FenceEvent::GaveUp(gave_up)),
        }
    }

    fn post(&mut self, now: Tick, at: Position) {
        // P-15: only a close entry tells that nothing is in flight. Before the first epoch there was nobody.
        let settled = self.last_valid == Some(EntryKind::Close)
            || (self.writer.epoch == Epoch::FIRST && self.last_valid.is_none())
            || !rules::on(Rule::HandoverAfterClose);
        let kind = if settled { EntryKind::Handover } else { EntryKind::Post };
        if !rules::on(Rule::Post) {
            return self.look_again(now, at, kind);
        }
        let create = Create::until(now.plus(self.params.patience));
        self.step = Step::Post { at, kind, create };
    }

    /// P-14: ours, or somebody's who came before?
    fn handle_post(&mut self, now: Tick, answer: CreateAnswer<&EntryHeader>) {
        let Step::Post { at, kind, create } = &mut self.step else { unreachable!("called while posting") };
        let (at, kind) = (*at, *kind);
        match create.handle(now, answer) {
            CreateFate::Pending => {}
            CreateFate::Created => self.posted(now, at, kind),
            CreateFate::There(header) if self.writer.wrote(header) => self.posted(now, at, kind),
            CreateFate::There(header) => {
                self.step = Step::Replay;
                self.forward.skip_to(now, at.next());
                if !rules::on(Rule::ReadPastPost) || self.take(*header) {
                    self.replay(now);
                }
            }
            CreateFate::Damaged => self.end(FenceEvent::GaveUp(GaveUp::DamagedEntry(at))),
            CreateFate::GaveUp(gave_up) => self.end(FenceEvent::GaveUp(gave_up)),
        }
    }

    fn posted(&mut self, now: Tick, post: Position, kind: EntryKind) {
        if kind == EntryKind::Handover || !rules::on(Rule::Fillers) {
            return self.look_again(now, post, kind);
        }
        if rules::on(Rule::ReadBeforeFillers) {
            let find = FindLatest::new(now.plus(self.params.patience));
            self.step = Step::BeforeFillers { post, find };
        } else {
            self.fill(now, post);
        }
    }

    fn fill(&mut self, now: Tick, post: Position) {
        match Fillers::new(now, post, self.params) {
            Some(fillers) => self.step = Step::Fill { post, fillers },
            None => self.look_again(now, post, EntryKind::Post),
        }
    }

    /// P-18.
    fn look_again(&mut self, now: Tick, post: Position, kind: EntryKind) {
        let find = FindLatest::new(now.plus(self.params.patience));
        self.step = Step::Final { post, kind, find };
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

    fn open(&mut self, post: Position, kind: EntryKind, manifest: Manifest) {
        let handover = kind == EntryKind::Handover;
        let mut zones = std::mem::take(&mut self.zones);
        if !handover {
            zones.note(post);
        }
        let next = if handover || !rules::on(Rule::Fillers) {
            post.next()
        } else {
            post.plus(self.params.window.get())
        };
        let WriterId { epoch, nonce } = self.writer;
        self.end(FenceEvent::Opened(Opened { epoch, nonce, post, handover, next, zones, manifest }));
    }

    fn end(&mut self, event: FenceEvent) {
        self.step = Step::Ended;
        self.events.push(event);
    }
}

/// Whether a zone begins with this entry, above entries of up to epoch `highest` (P-31): a needed post, or a tombstone in the place of one (P-93).
#[must_use]
pub const fn begins_zone(entry: &EntryHeader, highest: Epoch) -> bool {
    match entry.kind {
        EntryKind::Post => true,
        EntryKind::Tombstone => entry.epoch.get() > highest.get(),
        EntryKind::Data | EntryKind::Handover | EntryKind::Filler | EntryKind::Close => false,
    }
}

#[cfg(test)]
mod tests;
