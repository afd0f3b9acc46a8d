//! The look above an absent position, by openers and readers.
// P-91, P-92.

use crate::forward::Above;
use crate::proof::proven_below;
use crate::{FindLatest, GaveUp, Params, ReadReply, Reply, Request, Rule, Tick, Window, rules};
use fencepost_format::{EntryHeader, Manifest, Position};
use std::collections::BTreeMap;

/// A look above an absent position: is it the tail, or was an entry lost there?
///
/// The order matters, and is kept here for openers and readers alike: what is above is read first, then the
/// position once more, then the manifest. Otherwise a living writer that fills the position meanwhile, or a
/// checkpoint and a collection, would look like damage.
///
/// Where nothing is above it costs an opener one HEAD for each position of a window, all in parallel, since
/// it is about to put something there. A reader looks at the next position alone, which it has mostly read
/// ahead, else by one HEAD; only if something stands there, at the others.
// P-92.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LookAbove {
    at: Position,
    window: Window,
    retry_timeout: u64,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Next { ask: Ask, since: Tick },
    Above { open: BTreeMap<Position, Ask>, quiet_since: Tick },
    Again { proof: Position, ask: Ask, since: Tick },
    Manifest { proof: Position, find: FindLatest },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ask {
    attempt: u32,
    asked: bool,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Seen {
    /// Nothing within a window proves anything about the position.
    Nothing,
    /// The position is occupied by now.
    There(EntryHeader),
    /// The position is occupied by now, by something that cannot be understood.
    Damaged,
    /// The position was occupied, and is absent. If this manifest, which was read after that, has
    /// `replay_after` below it, the entry is lost.
    Absent {
        /// What proves it.
        proof: Position,
        /// The latest manifest; `None` if there is none.
        manifest: Option<Manifest>,
    },
    /// It ended without an answer.
    GaveUp(GaveUp),
}

impl LookAbove {
    /// Starts an opener's look above `at`, which was just found absent.
    pub(crate) fn of_opener(now: Tick, at: Position, params: Params) -> Self {
        let (window, retry_timeout) = (params.window, params.retry_timeout);
        Self { at, window, retry_timeout, step: Step::all(now, at, window) }
    }

    /// Starts a reader's look above `at`, which was just found absent.
    ///
    /// What it has read ahead costs nothing more: where that tells of the next position, or is about to,
    /// nothing is asked.
    pub(crate) fn of_reader(now: Tick, at: Position, params: Params, above: Above) -> Self {
        let step = match above {
            Above::There => Step::all(now, at, params.window),
            Above::Asked => Step::Next { ask: Ask { attempt: 0, asked: true }, since: now },
            Above::Absent | Above::Unasked => Step::Next { ask: Ask::NEW, since: now },
        };
        Self { at, window: params.window, retry_timeout: params.retry_timeout, step }
    }

    /// The position that it is about.
    pub(crate) const fn at(&self) -> Position {
        self.at
    }

    /// Whether something proves that the position was occupied, and it is being made sure of.
    pub(crate) const fn suspects(&self) -> bool {
        matches!(self.step, Step::Again { .. } | Step::Manifest { .. })
    }

    /// Whether it searches for the manifest, or would next.
    pub(crate) const fn searches(&self) -> bool {
        matches!(self.step, Step::Manifest { .. })
    }

    pub(crate) fn poll_request(&mut self) -> Option<Request> {
        match &mut self.step {
            Step::Above { open, .. } => {
                let (&at, ask) = open.iter_mut().find(|(_, ask)| !ask.asked)?;
                ask.asked = true;
                Some(Request::PeekEntry { at, attempt: ask.attempt })
            }
            Step::Next { ask: Ask { asked: true, .. }, .. } => None,
            Step::Next { ask, .. } => {
                ask.asked = true;
                Some(Request::PeekEntry { at: self.at.next(), attempt: ask.attempt })
            }
            Step::Again { ask: Ask { asked: true, .. }, .. } => None,
            Step::Again { ask, .. } => {
                ask.asked = true;
                Some(Request::ReadEntry { at: self.at, attempt: ask.attempt })
            }
            Step::Manifest { find, .. } => find.poll_request(),
        }
    }

    /// Takes an answer; `Some` ends the look. Answers to questions that were not asked are ignored.
    pub(crate) fn handle(&mut self, now: Tick, reply: &Reply) -> Option<Seen> {
        match (&mut self.step, reply) {
            (Step::Next { ask, .. }, Reply::Peeked(at, read)) if *at == self.at.next() && ask.asked => {
                self.peeked_next(now, &read.clone().map(drop))
            }
            // The read ahead.
            (Step::Next { ask, .. }, Reply::Entry(at, read)) if *at == self.at.next() && ask.asked => {
                self.peeked_next(now, &read.clone().map(drop))
            }
            (Step::Above { open, .. }, Reply::Peeked(at, read))
                if open.get(at).is_some_and(|ask| ask.asked) =>
            {
                self.peeked(now, *at, read)
            }
            (Step::Again { ask, .. }, Reply::Entry(at, read)) if *at == self.at && ask.asked => {
                self.read_again(now, read)
            }
            (Step::Manifest { proof, find }, reply) => {
                let proof = *proof;
                Some(match find.handle(now, reply)? {
                    Ok(manifest) => Seen::Absent { proof, manifest },
                    Err(gave_up) => Seen::GaveUp(gave_up),
                })
            }
            _ => None,
        }
    }

    fn peeked_next(&mut self, now: Tick, read: &ReadReply<()>) -> Option<Seen> {
        let Step::Next { ask, since } = &mut self.step else {
            unreachable!("called while looking at the next")
        };
        match read {
            ReadReply::Absent => return Some(Seen::Nothing),
            ReadReply::Found(()) | ReadReply::Damaged => self.step = Step::all(now, self.at, self.window),
            ReadReply::Unknown if now.since(*since) >= self.retry_timeout => {
                return Some(Seen::GaveUp(GaveUp::Unread));
            }
            ReadReply::Unknown => *ask = Ask::again(Some(*ask)),
        }
        None
    }

    fn peeked(&mut self, now: Tick, at: Position, read: &ReadReply<Option<EntryHeader>>) -> Option<Seen> {
        let Step::Above { open, quiet_since } = &mut self.step else {
            unreachable!("called while looking above")
        };
        match read {
            ReadReply::Found(Some(header)) if proven_below(header, self.window) >= self.at => {
                self.step = if rules::on(Rule::ReadAgainBelowProof) {
                    Step::Again { proof: at, ask: Ask::NEW, since: now }
                } else {
                    Step::Manifest { proof: at, find: FindLatest::new(now.plus(self.retry_timeout)) }
                };
                return None;
            }
            ReadReply::Unknown if now.since(*quiet_since) >= self.retry_timeout => {
                return Some(Seen::GaveUp(GaveUp::Unread));
            }
            ReadReply::Unknown => {
                open.insert(at, Ask::again(open.get(&at).copied()));
                return None;
            }
            // What is damaged, or not ours, proves nothing.
            ReadReply::Found(_) | ReadReply::Damaged | ReadReply::Absent => {
                open.remove(&at);
                *quiet_since = now;
            }
        }
        open.is_empty().then_some(Seen::Nothing)
    }

    fn read_again(&mut self, now: Tick, read: &ReadReply<EntryHeader>) -> Option<Seen> {
        let Step::Again { proof, ask, since } = &mut self.step else {
            unreachable!("called while reading again")
        };
        match read {
            ReadReply::Found(header) => return Some(Seen::There(*header)),
            ReadReply::Damaged => return Some(Seen::Damaged),
            ReadReply::Unknown if now.since(*since) >= self.retry_timeout => {
                return Some(Seen::GaveUp(GaveUp::Unread));
            }
            ReadReply::Unknown => *ask = Ask::again(Some(*ask)),
            ReadReply::Absent => {
                let find = FindLatest::new(now.plus(self.retry_timeout));
                self.step = Step::Manifest { proof: *proof, find };
            }
        }
        None
    }
}

impl Step {
    /// All positions of a window above `at`.
    fn all(now: Tick, at: Position, window: Window) -> Self {
        let open = (1..=window.get()).map(|step| (at.plus(step), Ask::NEW)).collect();
        Self::Above { open, quiet_since: now }
    }
}

impl Ask {
    const NEW: Self = Self { attempt: 0, asked: false };

    fn again(before: Option<Self>) -> Self {
        Self { attempt: before.map_or(0, |ask| ask.attempt + 1), asked: false }
    }
}
