//! Gives up an entry that is lost, damaged or unreadable: a tombstone takes its place.
// P-93, P-94.

use crate::proof::proven_below;
use crate::{
    Attempt, Create, CreateAnswer, CreateAsk, CreateFate, FindLatest, GaveUp, Params, ReadReply, Reply,
    Request, Tick, Window, WriterId,
};
use fencepost_format::{EntryHeader, EntryKind, Manifest, Position};

/// What is wrong with the entry that is to be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ailment {
    /// It is gone, and the entry at this position proves that it was there.
    Lost {
        /// What proves it.
        proof: Position,
    },
    /// It is there, but cannot be understood.
    Damaged,
    /// It is there, but the store does not return it.
    Unreadable,
}

/// One entry being given up.
///
/// Poll a request, answer it with [`handle`](Self::handle), until that returns an outcome. It makes sure that
/// the ailment is still what it was said to be, in the order of
/// [P-92](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-92), and puts the tombstone
/// where nothing stands. Where a damaged object stands, it only decides ([`MendOutcome::Replace`]).
///
/// Costs, for a lost entry, one HEAD, one range read, one GET, a manifest search and one create; else two
/// GETs. Dropping it at any point is safe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mend {
    at: Position,
    ailment: Ailment,
    writer: WriterId,
    window: Window,
    retry_timeout: u64,
    attempt: Attempt,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// The proof is read first,
    Proof(Position),
    /// then what is missing,
    Missing,
    /// then the manifest.
    Manifest(FindLatest),
    Create(Create),
    /// A damaged object is read twice: what differs between two reads is not the object.
    Unsound {
        again: bool,
    },
}

/// The outcome of giving up an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MendOutcome {
    /// The tombstone is in place.
    Mended,
    /// A tombstone was there already.
    WasMended,
    /// The object at the position has the expected ailment. The tombstone may replace it in one overwrite, so
    /// that the position is never empty.
    // P-94.
    Replace,
    /// Nothing was changed, since the entry is not, or no longer, in the expected state.
    Refused(NotAiling),
    /// It ended without an answer. Where a create may have happened, the tombstone may stand there; trying
    /// again is safe.
    GaveUp(GaveUp),
}

/// Why nothing may be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotAiling {
    /// The position holds a sound entry.
    Sound(EntryHeader),
    /// The position is empty, and nothing proves that it ever held an entry: it is the tail, or beyond.
    Tail,
    /// The position lies at or below `replay_after` by now: nobody replays it any more.
    Covered,
    /// The entry cannot be understood, though it was said to be lost or unreadable.
    Damaged,
    /// The entry could not be read, though it was said to be damaged.
    Unreadable,
}

impl Mend {
    /// Starts to give up the entry at `at`. The tombstone is written in the name of `writer`, with the epoch
    /// of what it replaces and a fresh nonce.
    #[must_use]
    pub const fn new(params: Params, now: Tick, at: Position, ailment: Ailment, writer: WriterId) -> Self {
        let step = match ailment {
            Ailment::Lost { proof } => Step::Proof(proof),
            Ailment::Damaged | Ailment::Unreadable => Step::Unsound { again: false },
        };
        let (window, retry_timeout) = (params.window, params.retry_timeout);
        let attempt = Attempt::until(now.plus(retry_timeout));
        Self { at, ailment, writer, window, retry_timeout, attempt, step }
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self) -> Option<Request> {
        let at = self.at;
        Some(match &mut self.step {
            Step::Manifest(find) => return find.poll_request(),
            Step::Create(create) => match create.ask()? {
                CreateAsk::Create(attempt) => {
                    Request::CreateEntry { entry: self.writer.entry(at, EntryKind::Tombstone), attempt }
                }
                CreateAsk::ReadBack(attempt) => Request::ReadEntry { at, attempt },
            },
            Step::Proof(proof) => Request::PeekEntry { at: *proof, attempt: self.attempt.ask()? },
            Step::Missing | Step::Unsound { .. } => Request::ReadEntry { at, attempt: self.attempt.ask()? },
        })
    }

    /// Takes an answer; `Some` ends it. Answers to questions that were not asked are ignored.
    pub fn handle(&mut self, now: Tick, reply: &Reply) -> Option<MendOutcome> {
        if let Step::Manifest(find) = &mut self.step {
            let found = find.handle(now, reply)?;
            return self.searched(now, found);
        }
        match (&self.step, reply) {
            (Step::Create(_), Reply::EntryCreated(at, reply)) if *at == self.at => {
                self.created(now, CreateAnswer::Created(*reply))
            }
            (Step::Create(_), Reply::Entry(at, read)) if *at == self.at => {
                self.created(now, CreateAnswer::Read(read.as_ref()))
            }
            _ if !self.attempt.is_out() => None,
            (Step::Proof(proof), Reply::Peeked(at, read)) if at == proof => self.proof(now, read),
            (Step::Missing, Reply::Entry(at, read)) if *at == self.at => self.missing(now, read),
            (Step::Unsound { .. }, Reply::Entry(at, read)) if *at == self.at => self.unsound(now, read),
            _ => None,
        }
    }

    fn proof(&mut self, now: Tick, read: &ReadReply<Option<EntryHeader>>) -> Option<MendOutcome> {
        match read {
            ReadReply::Found(Some(header)) if proven_below(header, self.window) >= self.at => {
                self.go(now, Step::Missing)
            }
            ReadReply::Found(_) | ReadReply::Damaged | ReadReply::Absent => refused(NotAiling::Tail),
            ReadReply::Unknown => self.again(now),
        }
    }

    fn missing(&mut self, now: Tick, read: &ReadReply<EntryHeader>) -> Option<MendOutcome> {
        match read {
            ReadReply::Absent => self.go(now, Step::Manifest(FindLatest::new(now.plus(self.retry_timeout)))),
            ReadReply::Found(header) => standing(header),
            ReadReply::Damaged => refused(NotAiling::Damaged),
            ReadReply::Unknown => self.again(now),
        }
    }

    fn searched(&mut self, now: Tick, found: Result<Option<Manifest>, GaveUp>) -> Option<MendOutcome> {
        match found {
            Ok(Some(manifest)) if manifest.replay_after < self.at => {
                self.go(now, Step::Create(Create::until(now.plus(self.retry_timeout))))
            }
            Ok(_) => refused(NotAiling::Covered),
            Err(gave_up) => Some(MendOutcome::GaveUp(gave_up)),
        }
    }

    fn created(&mut self, now: Tick, answer: CreateAnswer<&EntryHeader>) -> Option<MendOutcome> {
        let Step::Create(create) = &mut self.step else { unreachable!("called while creating") };
        match create.handle(now, answer) {
            CreateFate::Pending => None,
            CreateFate::Created => Some(MendOutcome::Mended),
            CreateFate::There(header) if self.writer.wrote(header) => Some(MendOutcome::Mended),
            // A late create of its own writer: the entry is back.
            CreateFate::There(header) => standing(header),
            CreateFate::Damaged => refused(NotAiling::Damaged),
            CreateFate::GaveUp(gave_up) => Some(MendOutcome::GaveUp(gave_up)),
        }
    }

    fn unsound(&mut self, now: Tick, read: &ReadReply<EntryHeader>) -> Option<MendOutcome> {
        let Step::Unsound { again } = self.step else { unreachable!("called while reading what is unsound") };
        match (self.ailment, read) {
            (_, ReadReply::Found(header)) => standing(header),
            (_, ReadReply::Absent) => refused(NotAiling::Tail),
            (Ailment::Damaged, ReadReply::Damaged) | (Ailment::Unreadable, ReadReply::Unknown) if again => {
                Some(MendOutcome::Replace)
            }
            (Ailment::Damaged, ReadReply::Damaged) | (Ailment::Unreadable, ReadReply::Unknown) => {
                self.go(now, Step::Unsound { again: true })
            }
            (Ailment::Damaged, ReadReply::Unknown) => refused(NotAiling::Unreadable),
            (_, ReadReply::Damaged | ReadReply::Unknown) => refused(NotAiling::Damaged),
        }
    }

    fn go(&mut self, now: Tick, step: Step) -> Option<MendOutcome> {
        self.step = step;
        self.attempt = Attempt::until(now.plus(self.retry_timeout));
        None
    }

    fn again(&mut self, now: Tick) -> Option<MendOutcome> {
        if self.attempt.is_late(now) {
            return Some(MendOutcome::GaveUp(GaveUp::Unread));
        }
        self.attempt.again();
        None
    }
}

fn standing(header: &EntryHeader) -> Option<MendOutcome> {
    if header.kind == EntryKind::Tombstone {
        return Some(MendOutcome::WasMended);
    }
    refused(NotAiling::Sound(*header))
}

const fn refused(why: NotAiling) -> Option<MendOutcome> {
    Some(MendOutcome::Refused(why))
}

#[cfg(test)]
mod tests;
