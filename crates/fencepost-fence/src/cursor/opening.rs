//! Opening a cursor: where it was left, or a new one that is checked against the boundary.
// P-54, P-97, P-165.

use super::{CursorCore, CursorDocuments, CursorEvent, CursorFound, Step, Then};
use crate::{CreateReply, GaveUp, Rule, Tick, rules};
use fencepost_format::{Consumed, CursorDecision, CursorDocument, Epoch, Nonce, Position};
use std::collections::VecDeque;

impl CursorCore {
    /// Tells the highest epoch up to where a new cursor holds ([`CursorEvent::Held`]); [`Epoch::NONE`] if
    /// nobody knows.
    ///
    /// # Panics
    /// If it did not ask for it.
    pub fn grant(&mut self, now: Tick, epoch: Epoch) {
        assert!(matches!(self.step, Step::Held), "the epoch is told once, when it is asked for");
        self.create(now, Step::Grant(epoch));
    }

    /// What is there: cursors to go on with, or nothing but what others left.
    ///
    /// SUBTLE: a listing may show a cursor and miss what was written for it a moment ago. So one that nothing
    /// is decided about, or that seems not to have moved, is listed again.
    pub(super) fn found(&mut self, now: Tick, found: CursorDocuments) {
        let is_open = |cursor: &CursorFound| !cursor.broken || !rules::on(Rule::OpenUnbroken);
        let cursors: VecDeque<_> = found.cursors().filter(is_open).collect();
        let is_doubtful = |cursor: &CursorFound| !cursor.decided || cursor.moved.is_none();
        if cursors.iter().any(is_doubtful) && self.doubts < DOUBTS_MAX {
            self.doubts += 1;
            self.attempt += 1;
            self.asked = false;
            return;
        }
        self.own.clear();
        self.leashed = false;
        self.broken = found.broken();
        self.stale.clear();
        self.consumed = Position::NONE.into();
        self.judge(now, found, cursors);
    }

    /// Finds out about one cursor after the other whether it was granted.
    fn judge(&mut self, now: Tick, found: CursorDocuments, open: VecDeque<CursorFound>) {
        match open.front() {
            Some(cursor) if cursor.decided => self.go(now, Step::ReadDecision(found, open)),
            Some(_) if rules::on(Rule::DecideOnce) => self.create(now, Step::GiveUp(found, open)),
            Some(_) => self.judged(now, found, open, Some(CursorDecision::GivenUp)),
            // P-97: what it holds decides, not the boundary. Each collector that published a later one saw it
            // before it deleted anything.
            None if !self.own.is_empty() => self.delete(now, [self.stale.clone()], Then::TellOpened),
            // What others left is swept by whoever makes a cursor.
            None if !self.makes && self.told_broken().is_none() => self.end(CursorEvent::Missing),
            None => {
                if let Some(told) = self.told_broken() {
                    return self.end(told);
                }
                self.consumed = self.made;
                let [mut cursors, others] = std::mem::take(&mut self.broken).to_remove();
                cursors.extend(&self.stale);
                self.delete(now, [cursors, others], Then::Make);
            }
        }
    }

    /// The first one was granted, or given up. Without a decision it was removed meanwhile.
    fn judged(
        &mut self,
        now: Tick,
        found: CursorDocuments,
        mut open: VecDeque<CursorFound>,
        decision: Option<CursorDecision>,
    ) {
        let Some(cursor) = open.pop_front() else { return };
        match decision {
            Some(granted @ (CursorDecision::Granted(epoch) | CursorDecision::Leashed(epoch))) => {
                self.leashed |= matches!(granted, CursorDecision::Leashed(_));
                let made = Consumed { epoch, ..cursor.made };
                self.consumed = self.consumed.max(cursor.moved.unwrap_or(made));
                self.own.insert(cursor.nonce, cursor.moved);
                let lower = found.positions(cursor.nonce).filter(|position| Some(*position) < cursor.moved);
                self.stale.extend(lower.map(|position| CursorDocument::Position(cursor.nonce, position)));
            }
            // The decision stays: it may be that its consumer has yet to learn of it.
            Some(CursorDecision::GivenUp) => {
                self.stale.insert(CursorDocument::Cursor(cursor.nonce, cursor.made));
            }
            None => return self.start_over(now, Default::default()),
        }
        self.judge(now, found, open);
    }

    pub(super) fn handle_decision(&mut self, now: Tick, decision: Option<CursorDecision>) {
        if let Step::ReadDecision(found, open) = &mut self.step {
            let (found, open) = (std::mem::take(found), std::mem::take(open));
            self.judged(now, found, open, decision);
        }
    }

    /// It was left half made, as far as anybody knows. If its consumer lives after all, one of the two learns
    /// that the other was first.
    // P-97.
    pub(super) fn handle_given_up(&mut self, now: Tick, reply: CreateReply) {
        let Step::GiveUp(found, open) = &mut self.step else { return };
        match reply {
            CreateReply::Done => {
                let (found, open) = (std::mem::take(found), std::mem::take(open));
                self.judged(now, found, open, Some(CursorDecision::GivenUp));
            }
            CreateReply::Exists => {
                let (found, open) = (std::mem::take(found), std::mem::take(open));
                self.go(now, Step::ReadDecision(found, open));
            }
            CreateReply::Unknown | CreateReply::NotDone { .. } => self.not_created(now, reply),
        }
    }

    /// The cursor that we make.
    pub(super) const fn itself(&self) -> CursorDocument {
        CursorDocument::Cursor(self.nonce, self.made)
    }

    /// Only now that it is written.
    // P-54.
    pub(super) fn look(&mut self, now: Tick) {
        self.go(now, Step::Look);
    }

    pub(super) fn looked(&mut self, now: Tick, boundary: Position) {
        if boundary > self.made.position && rules::on(Rule::CheckBoundary) {
            return self.delete(now, self.of_ours(), Then::TellTruncated { first: boundary.next() });
        }
        self.step = Step::Held;
        self.tell(CursorEvent::Held(self.made.position));
    }

    pub(super) fn handle_granted(&mut self, now: Tick, epoch: Epoch, reply: CreateReply) {
        match reply {
            CreateReply::Done => self.granted(epoch),
            CreateReply::Exists if rules::on(Rule::DecideOnce) => {
                self.step = Step::ReadGrant(epoch);
                self.asked = false;
            }
            CreateReply::Exists => self.granted(epoch),
            CreateReply::Unknown | CreateReply::NotDone { .. } => self.not_created(now, reply),
        }
    }

    pub(super) fn handle_grant_read(&mut self, now: Tick, epoch: Epoch, decision: Option<CursorDecision>) {
        match decision {
            Some(CursorDecision::Granted(_) | CursorDecision::Leashed(_)) => self.granted(epoch),
            Some(CursorDecision::GivenUp) => {
                let own = self.of_ours();
                // A nonce is used once.
                self.nonce = Nonce(self.nonce.0.wrapping_add(1));
                self.start_over(now, own);
            }
            // Nothing stood in the way.
            None => {
                self.step = Step::Grant(epoch);
                self.again(now, GaveUp::Unknown);
            }
        }
    }

    fn granted(&mut self, epoch: Epoch) {
        self.own.insert(self.nonce, None);
        self.leashed = self.leash.is_some();
        self.consumed = Consumed { epoch, ..self.made };
        self.opened();
    }

    pub(super) fn opened(&mut self) {
        self.step = Step::Idle;
        self.tell(CursorEvent::Opened(self.consumed));
    }
}

/// How often a cursor that looks half made or unmoved is listed again before that is believed. Each time,
/// somebody else would have to be writing to it at that very moment.
const DOUBTS_MAX: u32 = 1;
