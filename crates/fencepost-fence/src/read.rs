//! A reader's way through the log.
// P-40 to P-48.

mod look;

use crate::above::{LookAbove, Seen};
use crate::forward::{Above, Forward, Next};
use crate::{
    Attempt, FindLatest, GaveUp, Machine, Params, ReadReply, Reply, Request, Rule, RulingEpoch, Tick, rules,
};
use fencepost_format::{EntryHeader, Epoch, Generation, Manifest, Position};
use look::{Look, Looked, Shown};
use std::collections::VecDeque;

/// A walk upward through the entries of a log.
///
/// A [`Machine`]. At the tail it rests; [`resume`](Self::resume) makes it look again. Costs one GET for each
/// entry, one LIST of the boundaries where the log changes hands, and at the tail one GET and one manifest
/// search. Where it passes what Lance flushed, one LIST for all that was read before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Walk {
    params: Params,
    forward: Forward,
    last: Option<Position>,
    /// Entries below this only tell which epoch rules.
    // P-43.
    deliver_from: Position,
    ruling: RulingEpoch,
    /// Entries of generations below it are in Lance's SSTables already.
    // P-44.
    flushed_below: Generation,
    /// What was handed out by [`poll_event`](Machine::poll_event): the next position, and the highest epoch
    /// below it. Entries that wait as events are above it.
    handed: (Position, Epoch),
    step: Step,
    /// The tail as last verified, while the walk may take it for granted.
    known_tail: Option<(Position, Manifest)>,
    /// `replay_after` of a manifest that was read before the entries that are being read: what is absent up
    /// to here was collected.
    // P-42.
    covered: Position,
    /// Whether a cursor keeps what is at the start and above.
    held: bool,
    shown: Shown,
    events: VecDeque<WalkEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Reading,
    /// Before the walk concludes from what it read (or, below its start, did not find) here.
    // P-45.
    Looking {
        at: Position,
        entry: Option<EntryHeader>,
        look: Look,
    },
    /// The first absent position: the tail, or a lost entry?
    // P-91.
    Above(LookAbove),
    Verifying {
        absent: Position,
        find: FindLatest,
    },
    Resting {
        at: Position,
        manifest: Manifest,
    },
    /// At rest, and asking whether there is a newer manifest, or anything above.
    // P-129.
    Glancing {
        at: Position,
        manifest: Manifest,
        glance: Glance,
        attempt: Attempt,
    },
    Ended,
}

/// What a glance from a rest is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Glance {
    /// Whether there is another manifest than the one known: if there is none, nothing was covered.
    Manifest,
    /// Whether anything stands above: if so, an entry may have been lost.
    Above,
}

/// Where a walk starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// Just above `replay_after` of a manifest: the epochs below do not matter.
    // P-31.
    AfterReplay {
        /// `replay_after`.
        replay_after: Position,
        /// Lance's next memtable generation in the same manifest: entries of a lower one are passed.
        // P-44.
        flushed_below: Generation,
    },
    /// At `next`, knowing that no entry below it has a higher epoch than `highest`: a cursor.
    Cursor {
        /// The first position to hand out.
        next: Position,
        /// The highest epoch below it.
        highest: Epoch,
    },
    /// Anywhere: the walk first reads the `W - 1` positions below, as far as they are above the boundary: the
    /// collectors' bound never rests in a fence range, so the epochs below it do not matter.
    // P-43.
    Anywhere {
        /// The first position to hand out.
        next: Position,
        /// `replay_after`. If it is below `next`, nothing below it needs to be read.
        replay_after: Position,
    },
}

/// Whether a walk that finds nothing new at the tail asks the manifest again.
// P-42.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Ask: the position may have been written and collected since.
    Always,
    /// Ask only if the walk has moved. It otherwise rests at the same position, so nothing is skipped, but it
    /// notices a collection only when it next asks.
    IfMoved,
    /// Ask only if a glance shows that something changed. The position is not read unless it does: so a reader
    /// that waits for long pays for one request at each poll and no more.
    // P-129.
    IfSeen(Glance),
}

/// An event of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WalkEvent {
    /// The entry at the next position. The driver holds its rows.
    Entry {
        /// The entry.
        header: EntryHeader,
        /// Whether its rows are to be handed out: data, no stale entry, and not flushed by Lance already.
        // P-40, P-44.
        deliver: bool,
    },
    /// Nothing more yet: the position is absent and `replay_after` is below it. The walk rests.
    Tail {
        /// The position that is absent.
        at: Position,
        /// The manifest that was read after that.
        manifest: Manifest,
    },
    /// The walk passed the last position asked for.
    End,
    /// The position was collected.
    // P-42.
    Truncated {
        /// The position that is gone.
        at: Position,
        /// The first position that can be read.
        first: Position,
    },
    /// The shard has no manifest: there is no log here.
    NoLog,
    /// It ended without an answer. Starting again from the same position is safe.
    GaveUp(GaveUp),
}

impl Walk {
    /// Starts a walk, up to and including `last` if given.
    #[must_use]
    pub fn new(params: Params, now: Tick, start: Start, last: Option<Position>) -> Self {
        let mut flushed_below = Generation::default();
        let (first, deliver_from, highest, covered) = match start {
            Start::AfterReplay { replay_after, flushed_below: below } => {
                flushed_below = below;
                (replay_after.next(), replay_after.next(), Epoch::NONE, Position::NONE)
            }
            Start::Cursor { next, highest } => (next, next, highest, Position::NONE),
            Start::Anywhere { next, replay_after } => {
                let floor = if replay_after < next { replay_after.next() } else { Position::FIRST };
                (next.minus(params.window.get() - 1).max(floor), next, Epoch::NONE, replay_after)
            }
        };
        let mut walk = Self {
            params,
            forward: Forward::new(now, first, last, params.read_ahead, params.retry_timeout),
            last,
            deliver_from,
            ruling: RulingEpoch::above(highest),
            flushed_below,
            handed: (deliver_from, highest),
            step: Step::Reading,
            known_tail: None,
            covered,
            held: false,
            shown: Shown::default(),
            events: VecDeque::new(),
        };
        walk.end_if_past();
        walk
    }

    /// Tells the walk that a cursor holds its start. Where the boundary may have passed what was read, the cursor
    /// decides whether it was kept.
    // P-54.
    #[must_use]
    pub const fn held_by_cursor(mut self) -> Self {
        self.held = true;
        self
    }

    /// A cursor to resume from: the position above the last entry that [`poll_event`](Machine::poll_event)
    /// returned, and the highest epoch below it. That is [`Epoch::NONE`] while it is not known, or does not
    /// matter.
    #[must_use]
    pub fn cursor(&self) -> Start {
        let (next, highest) = self.handed;
        let known = self.next() >= self.deliver_from;
        Start::Cursor { next, highest: if known { highest } else { Epoch::NONE } }
    }

    /// The first position that the walk has not passed yet.
    #[must_use]
    pub const fn next(&self) -> Position {
        if let Step::Looking { at, .. } = self.step { at } else { self.forward.next() }
    }

    /// Looks again after a rest at the tail. Does nothing at other times. Costs one GET if there is nothing
    /// new, and a manifest search with [`Verify::Always`]; with [`Verify::IfSeen`] one LIST or HEAD instead.
    pub fn resume(&mut self, now: Tick, verify: Verify) {
        if let Step::Resting { at, manifest } = &self.step {
            if let Verify::IfSeen(glance) = verify {
                let attempt = Attempt::until(now.plus(self.params.retry_timeout));
                self.step = Step::Glancing { at: *at, manifest: manifest.clone(), glance, attempt };
                return;
            }
            self.known_tail = (verify == Verify::IfMoved).then(|| (*at, manifest.clone()));
            self.step = Step::Reading;
            // The retry timeout with reads counts from here, not from before the rest.
            self.restart(now);
        }
    }

    fn advance(&mut self, now: Tick) {
        while let Some(next) = self.forward.pop(now) {
            match next {
                Next::Answer(at, ReadReply::Found(header)) => {
                    if self.shown.leaves_open(&header, self.ruling.epoch(), self.passes_as_flushed(&header)) {
                        return self.look(now, at, Some(header));
                    }
                    self.take(header);
                }
                Next::Answer(at, ReadReply::Absent) if !rules::on(Rule::StopAtAbsent) => {
                    self.skip_to(now, at.next());
                    break;
                }
                // SUBTLE: below the start, only what was collected may be passed over. Above `replay_after`,
                // absent means that the start lies beyond the tail, and what stands above may be what a dead
                // writer left there: not in the log, nor ever to be (P-41).
                Next::Answer(at, ReadReply::Absent) if at < self.deliver_from && at <= self.covered => {
                    return self.look(now, at, None);
                }
                Next::Answer(at, ReadReply::Absent) if at <= self.covered => {
                    let first = self.covered.next();
                    return self.end(WalkEvent::Truncated { at, first });
                }
                Next::Answer(at, ReadReply::Absent) => {
                    if let Some((tail, manifest)) = self.known_tail.take()
                        && tail == at
                    {
                        return self.rest(at, manifest);
                    }
                    return self.look_above(now, at);
                }
                Next::Answer(at, ReadReply::Damaged) => {
                    return self.end_at(at, WalkEvent::GaveUp(GaveUp::DamagedEntry(at)));
                }
                Next::Answer(_, ReadReply::Unknown) | Next::Unread => {
                    return self.end(WalkEvent::GaveUp(GaveUp::Unread));
                }
            }
        }
        self.end_if_past();
    }

    fn end_if_past(&mut self) {
        if self.last.is_some_and(|last| self.forward.next() > last) {
            self.end(WalkEvent::End);
        }
    }

    /// What was read so far was read before this look.
    // P-45.
    fn look(&mut self, now: Tick, at: Position, entry: Option<EntryHeader>) {
        let through = self.forward.fetched_through().max(at);
        self.step =
            Step::Looking { at, entry, look: Look::new(now.plus(self.params.retry_timeout), through) };
    }

    /// Nothing above `kept` was collected before the look.
    // P-45 to P-47.
    fn looked(&mut self, now: Tick, at: Position, entry: Option<EntryHeader>, kept: Position) {
        let (first, start) = (kept.next(), self.deliver_from.max(at));
        if kept >= start {
            return self.end_at(at, WalkEvent::Truncated { at: start, first });
        }
        self.step = Step::Reading;
        match entry {
            Some(header) if kept < at || !rules::on(Rule::WindowAboveBoundary) => self.take(header),
            _ => self.skip_to(now, first.max(at.next())),
        }
        self.advance(now);
    }

    fn restart(&mut self, now: Tick) {
        self.forward.restart(now);
        self.shown.forget_reads();
    }

    fn skip_to(&mut self, now: Tick, next: Position) {
        self.forward.skip_to(now, next);
        self.shown.forget_reads();
    }

    /// Whether Lance flushed what would be handed out otherwise.
    // P-44.
    fn passes_as_flushed(&self, header: &EntryHeader) -> bool {
        let handed_out = header.kind.is_data() && self.ruling.counts(header);
        handed_out && header.is_flushed(self.flushed_below) && rules::on(Rule::PassFlushed)
    }

    /// [P-40](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-40),
    /// [P-44](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-44).
    fn take(&mut self, header: EntryHeader) {
        let flushed = self.passes_as_flushed(&header);
        self.shown.pass(&header, self.ruling.epoch(), self.params.window);
        let valid = self.ruling.pass(&header) || !rules::on(Rule::SkipStaleEntries);
        if header.position >= self.deliver_from {
            let deliver = valid && header.kind.is_data() && !flushed;
            self.events.push_back(WalkEvent::Entry { header, deliver });
        } else {
            self.handed.1 = self.ruling.epoch();
        }
    }

    /// Does the next position tell that something is missing here?
    // P-91.
    fn look_above(&mut self, now: Tick, at: Position) {
        let above = self.forward.above_absent();
        if above == Above::Absent || !rules::on(Rule::LookAboveTail) {
            return self.verify(now, at);
        }
        self.step = Step::Above(LookAbove::of_reader(now, at, self.params, above));
    }

    /// [P-92](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-92).
    fn looked_above(&mut self, now: Tick, at: Position, seen: Seen) {
        match seen {
            Seen::Nothing => self.verify(now, at),
            Seen::There(_) | Seen::Damaged => {
                self.step = Step::Reading;
                self.restart(now);
            }
            Seen::Absent { proof, manifest: Some(manifest) } if manifest.replay_after < at => {
                self.end(WalkEvent::GaveUp(GaveUp::LostEntry { at, proof }));
            }
            Seen::Absent { manifest, .. } => self.verified(now, at, Ok(manifest)),
            Seen::GaveUp(gave_up) => self.end(WalkEvent::GaveUp(gave_up)),
        }
    }

    fn verify(&mut self, now: Tick, absent: Position) {
        let find = FindLatest::new(now.plus(self.params.retry_timeout));
        self.step = Step::Verifying { absent, find };
    }

    /// Is absent the tail, or gone, or was it written and covered since it was read?
    // P-42.
    fn verified(&mut self, now: Tick, at: Position, found: Result<Option<Manifest>, GaveUp>) {
        match found {
            Ok(Some(manifest)) if manifest.replay_after >= at && rules::on(Rule::TruncatedBelowReplay) => {
                self.covered = manifest.replay_after;
                self.step = Step::Reading;
                self.restart(now);
            }
            Ok(Some(manifest)) => self.rest(at, manifest),
            Ok(None) => self.end(WalkEvent::NoLog),
            Err(gave_up) => self.end(WalkEvent::GaveUp(gave_up)),
        }
    }

    /// Whether what was glanced at changed. If not, the walk rests where it was. A glance that missed something
    /// costs time: the walk has not moved, and asks again.
    // P-129.
    fn glanced(&mut self, now: Tick, changed: &ReadReply<bool>) {
        let Step::Glancing { at, manifest, attempt, .. } = &mut self.step else {
            unreachable!("called while glancing")
        };
        match changed {
            ReadReply::Found(false) => {
                let (at, manifest) = (*at, manifest.clone());
                self.rest(at, manifest);
            }
            ReadReply::Found(true) | ReadReply::Absent | ReadReply::Damaged => {
                self.step = Step::Reading;
                self.restart(now);
            }
            ReadReply::Unknown if attempt.is_late(now) => self.end(WalkEvent::GaveUp(GaveUp::Unread)),
            ReadReply::Unknown => attempt.again(),
        }
    }

    fn rest(&mut self, at: Position, manifest: Manifest) {
        self.step = Step::Resting { at, manifest: manifest.clone() };
        self.events.push_back(WalkEvent::Tail { at, manifest });
    }

    /// Ends at a position that was read and is not passed: what rules there is not known.
    fn end_at(&mut self, at: Position, event: WalkEvent) {
        self.forward.stop_at(at);
        self.end(event);
    }

    fn end(&mut self, event: WalkEvent) {
        self.step = Step::Ended;
        self.events.push_back(event);
    }
}

impl Machine for Walk {
    type Request = Request;
    type Reply = Reply;
    type Event = WalkEvent;

    fn poll_event(&mut self) -> Option<WalkEvent> {
        let event = self.events.pop_front();
        if let Some(WalkEvent::Entry { header, .. }) = &event {
            self.handed = (header.position.next(), self.handed.1.max(header.epoch));
        }
        event
    }

    fn poll_request(&mut self) -> Option<Request> {
        match &mut self.step {
            Step::Reading => self.forward.poll_request(),
            Step::Looking { look, .. } => look.poll_request(),
            Step::Above(look) => look.poll_request(),
            Step::Verifying { find, .. } => find.poll_request(),
            Step::Glancing { at, glance, attempt, .. } => {
                let (above, attempt) = (at.next(), attempt.ask()?);
                Some(match glance {
                    Glance::Manifest => Request::ListManifests { attempt },
                    Glance::Above => Request::PeekEntry { at: above, attempt },
                })
            }
            Step::Resting { .. } | Step::Ended => None,
        }
    }

    fn handle(&mut self, now: Tick, reply: Reply) {
        match (&mut self.step, &reply) {
            (Step::Reading, Reply::Entry(at, read)) => {
                self.forward.handle(now, *at, read);
                self.advance(now);
            }
            (Step::Glancing { manifest, glance: Glance::Manifest, attempt, .. }, Reply::Listed(listed))
                if attempt.is_out() =>
            {
                let changed = listed.clone().map(|version| version != manifest.version);
                self.glanced(now, &changed);
            }
            (Step::Glancing { at, glance: Glance::Above, attempt, .. }, Reply::Peeked(above, read))
                if attempt.is_out() && *above == at.next() =>
            {
                let changed = match read {
                    ReadReply::Absent => ReadReply::Found(false),
                    read => read.clone().map(|_| true),
                };
                self.glanced(now, &changed);
            }
            (
                Step::Looking { .. } | Step::Verifying { .. } | Step::Resting { .. } | Step::Glancing { .. },
                Reply::Entry(at, read),
            ) => {
                // A read that was still out when the walk came to a look, or reached the tail.
                self.forward.handle(now, *at, read);
            }
            (Step::Looking { at, entry, look }, reply) => {
                let (at, entry, first) = (*at, *entry, self.deliver_from.max(*at));
                let cursor_too = |boundary| self.held && boundary >= first;
                match look.handle(now, reply, self.shown, cursor_too) {
                    Looked::Kept(kept) => {
                        self.shown.note(look.boundary(kept), kept, look.through);
                        self.looked(now, at, entry, kept);
                    }
                    Looked::Going => {}
                    Looked::GaveUp => self.end_at(at, WalkEvent::GaveUp(GaveUp::Unread)),
                }
            }
            (Step::Above(look), reply) => {
                if let Reply::Entry(at, read) = reply {
                    // A read that was still out when the walk came to the absent position.
                    self.forward.handle(now, *at, read);
                }
                let at = look.at();
                if let Some(seen) = look.handle(now, reply) {
                    self.looked_above(now, at, seen);
                }
            }
            (Step::Verifying { absent, find }, reply) => {
                let absent = *absent;
                if let Some(found) = find.handle(now, reply) {
                    self.verified(now, absent, found);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
