//! Cursors that may be broken.
// P-160, P-164, P-165.

use super::{CursorCore, CursorDocuments, CursorEvent};
use crate::Tick;
use fencepost_format::{Consumed, CursorDecision, CursorDocument, Epoch, Leash};
use std::collections::BTreeSet;

impl CursorCore {
    /// If a cursor is made, it has this leash, for as long as it lives. One that is there keeps the leash that it has.
    // P-160.
    #[must_use]
    pub const fn with_leash(mut self, leash: Leash) -> Self {
        self.leash = Some(leash);
        self
    }

    /// If the cursor was broken, one is made anew. Otherwise that is only told.
    // P-165.
    #[must_use]
    pub const fn with_broken_remade(mut self) -> Self {
        self.remakes = true;
        self
    }

    pub(super) fn leash_document(&self) -> Option<CursorDocument> {
        self.leash.map(|leash| CursorDocument::Leash(self.nonce, leash))
    }

    /// What is decided about ours if it is granted.
    // P-166.
    pub(super) const fn granting(&self, epoch: Epoch) -> CursorDecision {
        match self.leash {
            Some(_) => CursorDecision::Leashed(epoch),
            None => CursorDecision::Granted(epoch),
        }
    }

    /// What is deleted of ours if it comes to nothing: the cursor first, so that it never stands without its leash.
    pub(super) fn of_ours(&self) -> [BTreeSet<CursorDocument>; 2] {
        [BTreeSet::from([self.itself()]), self.leash_document().into_iter().collect()]
    }

    /// It moved, and this is what was there afterwards.
    ///
    /// SUBTLE: the look comes after the move. A collection that goes on without the cursor marked it first, and listed
    /// the cursors after that. If its listing began before the position was there, the look sees the mark. If it began
    /// after that, it shows the position, or another move took that away, whose own look sees the mark.
    // P-164.
    pub(super) fn checked(&mut self, now: Tick, to: Consumed, found: &CursorDocuments) {
        let is_broken = |found: &CursorDocuments, nonce| found.contains(&CursorDocument::Broken(nonce));
        let broken = self.own.keys().copied().find(|nonce| is_broken(found, *nonce));
        let there: BTreeSet<_> = found.cursors().map(|cursor| cursor.nonce).collect();
        self.own.retain(|nonce, _| there.contains(nonce) && !is_broken(found, *nonce));
        if !self.own.is_empty() {
            return self.moved(now, to);
        }
        self.end(match broken {
            Some(nonce) => CursorEvent::Broken { nonce, at: self.consumed.position },
            None => CursorEvent::Missing,
        });
    }

    /// Those of this name that were broken: are they all that there is?
    // P-165.
    pub(super) fn told_broken(&self) -> Option<CursorEvent> {
        let last = self.broken.cursors().max_by_key(super::CursorFound::held)?;
        let told = CursorEvent::Broken { nonce: last.nonce, at: last.held() };
        (!(self.makes && self.remakes)).then_some(told)
    }
}
