//! A consumer's cursor against collection.
// P-54, P-95 to P-97, P-160 to P-165.

mod documents;
mod leash;
mod opening;
mod vocabulary;

pub use documents::{CursorDocuments, CursorFound};
pub use vocabulary::{CursorEvent, CursorReply, CursorRequest};

use crate::{CreateReply, GaveUp, Machine, ReadReply, Rule, Tick, rules};
use fencepost_format::{Consumed, CursorDecision, CursorDocument, Epoch, Leash, Nonce, Position};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One cursor, in the hands of its consumer: opened, moved on, removed.
///
/// A [`Machine`] that does one thing at a time. What is under way may be given up at any moment by asking for
/// something else; a request that is out then counts as unknown.
///
/// ```text
///   open ─► list ─┬─► there is one: read the decision ─► Opened
///                 └─► none: create it ─► look at the boundary ─┬─► Held ─► grant: decide ─► Opened
///                                                              └─► too late: delete it ─► Truncated
/// ```
///
/// A cursor with a [leash](Self::with_leash) may be broken by a collection. Whoever opens it or moves it then is told
/// ([`CursorEvent::Broken`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CursorCore {
    /// The cursor that is made if there is none.
    nonce: Nonce,
    made: Consumed,
    /// Whether one is made.
    makes: bool,
    /// The leash that it is made with.
    leash: Option<Leash>,
    /// Whether one that was broken is made anew.
    remakes: bool,
    /// What its consumer is done with.
    consumed: Consumed,
    /// The cursors that it lives on, each with its position once it moved: all of this name that were granted.
    own: BTreeMap<Nonce, Option<Consumed>>,
    /// Whether one of them has a leash: then it may be broken, and each move looks whether it was.
    leashed: bool,
    /// Those of this name that were broken.
    broken: CursorDocuments,
    /// What may stand besides and means nothing any more.
    stale: BTreeSet<CursorDocument>,
    retry_timeout: u64,
    step: Step,
    /// The question under way: since when, which attempt, whether it is out.
    since: Tick,
    attempt: u32,
    asked: bool,
    /// Whether an attempt at the document being created may have landed unseen.
    uncertain: bool,
    /// How often what was listed was not taken at its word.
    doubts: u32,
    /// How often it started over, since somebody else was at the same name.
    restarts: u32,
    events: VecDeque<CursorEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// Opening: what is there?
    Find,
    /// What is decided about the first of these?
    ReadDecision(CursorDocuments, VecDeque<CursorFound>),
    /// Nothing is decided about the first of these: it is given up.
    GiveUp(CursorDocuments, VecDeque<CursorFound>),
    /// Creating the leash of ours.
    MakeLeash,
    /// Creating ours.
    Make,
    /// [P-54](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-54).
    Look,
    /// Held; the driver finds out the epoch.
    Held,
    /// Deciding that ours is granted.
    Grant(Epoch),
    /// Somebody decided: we did, in an earlier attempt, or it was given up.
    ReadGrant(Epoch),
    /// Creating a position for each cursor that we live on: those that are left, all at the same place.
    Move(VecDeque<Nonce>, Consumed),
    /// They stand there. Was the cursor broken?
    // P-164.
    Check(Consumed),
    /// The document that we create "exists": does it?
    ReadBack(CursorDocument, Box<Self>),
    /// Removing: what is there?
    FindAll,
    /// Deleting, one set after the other; and then?
    Delete(VecDeque<BTreeSet<CursorDocument>>, Then),
    /// Open, and nothing to do.
    Idle,
    Ended,
}

/// What follows deletions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    Make,
    FindAgain,
    TellOpened,
    TellTruncated { first: Position },
    TellAdvanced,
    TellRemoved { found: bool },
}

impl CursorCore {
    /// Opens the cursor where it was left, or makes one at `start`. The nonce must be fresh.
    #[must_use]
    pub const fn open(now: Tick, retry_timeout: u64, nonce: Nonce, start: Consumed) -> Self {
        Self::new(now, retry_timeout, nonce, start, true, Step::Find)
    }

    /// Opens the cursor where it was left. If there is none, that is told, and none is made.
    #[must_use]
    pub fn existing(now: Tick, retry_timeout: u64) -> Self {
        Self::new(now, retry_timeout, Nonce::default(), Position::NONE.into(), false, Step::Find)
    }

    /// Removes whatever cursor has the name.
    #[must_use]
    pub fn removal(now: Tick, retry_timeout: u64) -> Self {
        Self::new(now, retry_timeout, Nonce::default(), Position::NONE.into(), false, Step::FindAll)
    }

    const fn new(
        now: Tick,
        retry_timeout: u64,
        nonce: Nonce,
        made: Consumed,
        makes: bool,
        step: Step,
    ) -> Self {
        Self {
            nonce,
            made,
            makes,
            leash: None,
            remakes: false,
            consumed: made,
            own: BTreeMap::new(),
            leashed: false,
            broken: CursorDocuments::NONE,
            stale: BTreeSet::new(),
            retry_timeout,
            step,
            since: now,
            attempt: 0,
            asked: false,
            uncertain: false,
            doubts: 0,
            restarts: 0,
            events: VecDeque::new(),
        }
    }

    /// What its consumer is done with.
    #[must_use]
    pub const fn consumed(&self) -> Consumed {
        self.consumed
    }

    /// The cursors that it lives on, once it is open: all of its name that were granted and are not known to be broken.
    pub fn lives_on(&self) -> impl Iterator<Item = Nonce> {
        self.own.keys().copied()
    }

    /// Moves on: everything up to `to` was consumed. Moving back or staying does nothing.
    ///
    /// The new place is written before the old one is deleted; the cursor itself stays where it is.
    ///
    /// # Panics
    /// If it was not opened.
    // P-95.
    pub fn advance(&mut self, now: Tick, to: Consumed) {
        assert!(!self.own.is_empty(), "only an open cursor moves");
        if to.position <= self.consumed.position {
            self.step = Step::Idle;
            return self.tell(CursorEvent::Advanced(self.consumed));
        }
        // Until they are known to be written, they may be or come to be.
        self.stale.extend(self.own.keys().map(|nonce| CursorDocument::Position(*nonce, to)));
        self.create(now, Step::Move(self.own.keys().copied().collect(), to));
    }

    /// Lets go of the log: everything of this name is deleted.
    pub fn remove(&mut self, now: Tick) {
        self.go(now, Step::FindAll);
    }

    fn is_creating(&self, document: CursorDocument) -> bool {
        match &self.step {
            Step::Make => document == self.itself(),
            Step::MakeLeash => Some(document) == self.leash_document(),
            Step::Move(open, to) => {
                open.front().is_some_and(|nonce| document == CursorDocument::Position(*nonce, *to))
            }
            _ => false,
        }
    }

    fn create(&mut self, now: Tick, step: Step) {
        self.uncertain = false;
        self.go(now, step);
    }

    /// The answer to the creation of a document whose name has our nonce: whatever stands there is ours.
    fn handle_created(&mut self, now: Tick, document: CursorDocument, reply: CreateReply) {
        if !self.is_creating(document) {
            return;
        }
        match reply {
            CreateReply::Done => self.created(now),
            CreateReply::Exists => {
                self.step = Step::ReadBack(document, Box::new(self.step.clone()));
                self.asked = false;
            }
            CreateReply::Unknown | CreateReply::NotDone { .. } => self.not_created(now, reply),
        }
    }

    fn not_created(&mut self, now: Tick, reply: CreateReply) {
        self.uncertain |= reply == CreateReply::Unknown;
        let why = if self.uncertain { GaveUp::Unknown } else { GaveUp::NotDone };
        match reply {
            CreateReply::NotDone { again: false } => self.give_up(why),
            _ => self.again(now, why),
        }
    }

    fn handle_read_back(&mut self, now: Tick, before: Step, read: ReadReply<()>) {
        match read {
            ReadReply::Found(()) | ReadReply::Damaged => {
                self.step = before;
                self.created(now);
            }
            // Nothing stood in the way: some stores say so of a name where two requests met.
            ReadReply::Absent => {
                self.step = before;
                self.again(now, GaveUp::Unknown);
            }
            ReadReply::Unknown => self.again(now, GaveUp::Unknown),
        }
    }

    fn created(&mut self, now: Tick) {
        if self.step == Step::MakeLeash {
            return self.create(now, Step::Make);
        }
        let Step::Move(open, to) = &mut self.step else { return self.look(now) };
        let to = *to;
        let nonce = open.pop_front().expect("it was being written");
        let is_done = open.is_empty();
        self.stale.remove(&CursorDocument::Position(nonce, to));
        if let Some(before) = self.own.insert(nonce, Some(to)).flatten() {
            self.stale.insert(CursorDocument::Position(nonce, before));
        }
        if is_done && self.leashed && rules::on(Rule::LookAfterMove) {
            self.go(now, Step::Check(to));
        } else if is_done {
            self.moved(now, to);
        } else {
            self.uncertain = false;
            self.restart_question(now);
        }
    }

    pub(super) fn moved(&mut self, now: Tick, to: Consumed) {
        self.consumed = to;
        self.delete(now, [self.stale.clone()], Then::TellAdvanced);
    }

    fn delete<const N: usize>(&mut self, now: Tick, sets: [BTreeSet<CursorDocument>; N], then: Then) {
        let sets: VecDeque<_> = sets.into_iter().filter(|set| !set.is_empty()).collect();
        if sets.is_empty() {
            return self.deleted(now, then);
        }
        self.go(now, Step::Delete(sets, then));
    }

    fn deleted(&mut self, now: Tick, then: Then) {
        match then {
            // The leash first: whoever sees the cursor sees its leash.
            Then::Make if self.leash.is_some() => self.create(now, Step::MakeLeash),
            Then::Make => self.create(now, Step::Make),
            Then::FindAgain => self.go(now, Step::Find),
            Then::TellOpened => self.opened(),
            Then::TellTruncated { first } => {
                self.end(CursorEvent::Truncated { at: self.made.position.next(), first });
            }
            Then::TellAdvanced => {
                self.step = Step::Idle;
                self.tell(CursorEvent::Advanced(self.consumed));
            }
            Then::TellRemoved { found } => self.end(CursorEvent::Removed { found }),
        }
    }

    /// Unpacks the answer to a question; `None` if there is none yet.
    fn read<T>(&mut self, now: Tick, read: ReadReply<T>) -> Option<Option<T>> {
        match read {
            ReadReply::Found(found) => Some(Some(found)),
            ReadReply::Absent => Some(None),
            ReadReply::Damaged | ReadReply::Unknown => {
                self.again(now, GaveUp::Unread);
                None
            }
        }
    }

    /// Asks again, unless it is too late for that.
    fn again(&mut self, now: Tick, why: GaveUp) {
        if now.since(self.since) >= self.retry_timeout {
            return self.give_up(why);
        }
        self.attempt += 1;
        self.asked = false;
    }

    /// An open cursor stays open, at its old place. One that was not open yet has ended.
    fn give_up(&mut self, why: GaveUp) {
        self.step = if self.own.is_empty() { Step::Ended } else { Step::Idle };
        self.tell(CursorEvent::GaveUp(why));
    }

    /// Begins anew, unless that has been in vain too often.
    fn start_over(&mut self, now: Tick, sweep: [BTreeSet<CursorDocument>; 2]) {
        self.restarts += 1;
        self.doubts = 0;
        if self.restarts > RESTARTS_MAX {
            return self.give_up(GaveUp::Unread);
        }
        self.delete(now, sweep, Then::FindAgain);
    }

    fn go(&mut self, now: Tick, step: Step) {
        self.step = step;
        self.restart_question(now);
    }

    const fn restart_question(&mut self, now: Tick) {
        self.since = now;
        self.attempt = 0;
        self.asked = false;
    }

    fn end(&mut self, event: CursorEvent) {
        self.own.clear();
        self.step = Step::Ended;
        self.tell(event);
    }

    fn tell(&mut self, event: CursorEvent) {
        self.events.push_back(event);
    }
}

impl Machine for CursorCore {
    type Request = CursorRequest;
    type Reply = CursorReply;
    type Event = CursorEvent;

    fn poll_event(&mut self) -> Option<CursorEvent> {
        self.events.pop_front()
    }

    fn poll_request(&mut self) -> Option<CursorRequest> {
        if matches!(self.step, Step::Held | Step::Idle | Step::Ended)
            || std::mem::replace(&mut self.asked, true)
        {
            return None;
        }
        let (attempt, given_up) = (self.attempt, CursorDecision::GivenUp);
        Some(match &self.step {
            Step::Find => CursorRequest::List { attempt: attempt + self.restarts },
            Step::FindAll | Step::Check(_) => CursorRequest::List { attempt },
            Step::ReadDecision(_, open) => CursorRequest::ReadDecision { nonce: first(open).nonce, attempt },
            Step::GiveUp(_, open) => {
                CursorRequest::Decide { nonce: first(open).nonce, decision: given_up, attempt }
            }
            Step::Make => CursorRequest::Create { document: self.itself(), attempt },
            Step::MakeLeash => {
                let document = self.leash_document().expect("only a cursor with a leash comes here");
                CursorRequest::Create { document, attempt }
            }
            Step::Look => CursorRequest::Boundary { attempt },
            Step::Grant(epoch) => {
                CursorRequest::Decide { nonce: self.nonce, decision: self.granting(*epoch), attempt }
            }
            Step::ReadGrant(_) => CursorRequest::ReadDecision { nonce: self.nonce, attempt },
            Step::Move(open, to) => {
                let nonce = *open.front().expect("a move without anything to write is over");
                CursorRequest::Create { document: CursorDocument::Position(nonce, *to), attempt }
            }
            Step::ReadBack(document, _) => CursorRequest::Find { document: *document, attempt },
            Step::Delete(sets, _) => {
                let documents = sets.front().cloned().expect("a deletion without anything to delete is over");
                CursorRequest::Delete { documents, attempt }
            }
            Step::Held | Step::Idle | Step::Ended => unreachable!("nothing is asked then"),
        })
    }

    fn handle(&mut self, now: Tick, reply: CursorReply) {
        if !self.asked {
            return;
        }
        match (&mut self.step, reply) {
            (Step::Find, CursorReply::Listed(read)) => {
                if let Some(found) = self.read(now, read) {
                    self.found(now, found.unwrap_or_default());
                }
            }
            (Step::ReadDecision(_, open), CursorReply::Decision(nonce, read))
                if first(open).nonce == nonce =>
            {
                if let Some(decision) = self.read(now, read) {
                    self.handle_decision(now, decision);
                }
            }
            (Step::GiveUp(_, open), CursorReply::Created(CursorDocument::Decision(nonce), reply))
                if first(open).nonce == nonce =>
            {
                self.handle_given_up(now, reply);
            }
            (Step::Look, CursorReply::Boundary(read)) => {
                if let Some(boundary) = self.read(now, read) {
                    self.looked(now, boundary.unwrap_or_default());
                }
            }
            (Step::Grant(epoch), CursorReply::Created(CursorDocument::Decision(nonce), reply))
                if nonce == self.nonce =>
            {
                let epoch = *epoch;
                self.handle_granted(now, epoch, reply);
            }
            (Step::ReadGrant(epoch), CursorReply::Decision(nonce, read)) if nonce == self.nonce => {
                let epoch = *epoch;
                if let Some(decision) = self.read(now, read) {
                    self.handle_grant_read(now, epoch, decision);
                }
            }
            (Step::Make | Step::MakeLeash | Step::Move(..), CursorReply::Created(document, reply)) => {
                self.handle_created(now, document, reply);
            }
            (Step::ReadBack(ours, before), CursorReply::Found(document, read)) if *ours == document => {
                let before = (**before).clone();
                self.handle_read_back(now, before, read);
            }
            (Step::Check(to), CursorReply::Listed(read)) => {
                let to = *to;
                if let Some(found) = self.read(now, read) {
                    self.checked(now, to, &found.unwrap_or_default());
                }
            }
            (Step::FindAll, CursorReply::Listed(read)) => {
                if let Some(found) = self.read(now, read) {
                    let all = found.unwrap_or_default();
                    let then = Then::TellRemoved { found: !all.is_empty() };
                    self.delete(now, all.to_remove(), then);
                }
            }
            (Step::Delete(sets, then), CursorReply::Deleted(true)) => {
                let then = *then;
                for gone in sets.pop_front().into_iter().flatten() {
                    self.stale.remove(&gone);
                }
                if sets.is_empty() { self.deleted(now, then) } else { self.restart_question(now) }
            }
            (Step::Delete(..), CursorReply::Deleted(false)) => self.again(now, GaveUp::Unknown),
            _ => {}
        }
    }
}

fn first(open: &VecDeque<CursorFound>) -> &CursorFound {
    open.front().expect("the step ends with the last of them")
}

/// How often an opening starts over.
const RESTARTS_MAX: u32 = 10;

#[cfg(test)]
mod tests;
