//! The documents of one name: where its cursors are, and what they hold.
// P-95.

use crate::{Rule, rules};
use fencepost_format::{Consumed, CursorDecision, CursorDocument, Leash, Nonce, Position};
use std::collections::BTreeSet;

/// The documents of all cursors of one name, as listed.
///
/// As a rule there is one cursor. There are more only if two processes created it at the same moment, or one
/// died while it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CursorDocuments(BTreeSet<CursorDocument>);

/// One cursor, as its documents show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorFound {
    /// Which one it is.
    pub nonce: Nonce,
    /// The position at which it was created.
    pub made: Consumed,
    /// The highest of its positions that was seen.
    pub moved: Option<Consumed>,
    /// Whether it was granted or given up. If neither, its creation is under way or was never finished.
    pub decided: bool,
    /// How long and how much it may hold, if that is limited.
    pub leash: Option<Leash>,
    /// Whether it was broken. Then it holds nothing.
    // P-163.
    pub broken: bool,
}

impl CursorFound {
    /// The position above which it holds everything.
    ///
    /// SUBTLE: the cursor itself is never moved, so a listing that began after it was made shows it. Which of
    /// its positions such a listing shows is luck. None of them is too high, and without any the place where
    /// it was made is low enough.
    // P-95.
    #[must_use]
    pub fn held(&self) -> Position {
        self.moved.map_or(self.made.position, |moved| moved.position)
    }
}

impl CursorDocuments {
    pub(super) const NONE: Self = Self(BTreeSet::new());

    /// Notes one document.
    pub fn insert(&mut self, document: CursorDocument) {
        self.0.insert(document);
    }

    /// Forgets one document, and says whether it was there.
    pub fn remove(&mut self, document: &CursorDocument) -> bool {
        self.0.remove(document)
    }

    /// Adds what another listing showed.
    ///
    /// SUBTLE: nothing is forgotten. A position says what a consumer was done with, which stays true; and a
    /// cursor that the later listing does not show was removed meanwhile, and may hold for this once.
    pub fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether this one is there.
    #[must_use]
    pub fn contains(&self, document: &CursorDocument) -> bool {
        self.0.contains(document)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &CursorDocument> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each cursor. What has none is left of a removal, or of a cursor that was given up, and holds nothing.
    pub fn cursors(&self) -> impl Iterator<Item = CursorFound> {
        self.0.iter().filter_map(|document| {
            let CursorDocument::Cursor(nonce, made) = *document else { return None };
            let decided = self.contains(&CursorDocument::Decision(nonce));
            let broken = self.contains(&CursorDocument::Broken(nonce));
            Some(CursorFound {
                nonce,
                made,
                moved: self.positions(nonce).max(),
                decided,
                leash: self.leash(nonce),
                broken,
            })
        })
    }

    /// The positions of one cursor.
    pub(super) fn positions(&self, of: Nonce) -> impl Iterator<Item = Consumed> {
        self.0.iter().filter_map(move |document| match *document {
            CursorDocument::Position(nonce, consumed) if nonce == of => Some(consumed),
            _ => None,
        })
    }

    /// The leash of one cursor. If it had two, nobody could say which counts: then it has none, and holds.
    // P-160.
    fn leash(&self, of: Nonce) -> Option<Leash> {
        let mut all = self.0.iter().filter_map(|document| match *document {
            CursorDocument::Leash(nonce, leash) if nonce == of => Some(leash),
            _ => None,
        });
        let leash = all.next()?;
        all.next().is_none().then_some(leash)
    }

    /// The documents of those cursors that were broken.
    pub(super) fn broken(&self) -> Self {
        let is_broken = |document: &&CursorDocument| self.contains(&CursorDocument::Broken(document.nonce()));
        self.0.iter().filter(is_broken).copied().collect()
    }

    /// The position above which everything is held; `None` if nothing is.
    // P-163.
    #[must_use]
    pub fn held(&self) -> Option<Position> {
        let found = self.cursors().filter(|found| !found.broken);
        let found = found.filter(|found| found.moved.is_some() || rules::on(Rule::HoldWhereMade));
        found.map(|found| found.held()).min()
    }

    /// The position above which a cursor has held everything ever since it was granted; `None` if none of
    /// them was. One that is not decided proves nothing; nor does one that was given up, and is still there
    /// because its deletion was cut off. `decision` says what was decided of those that are
    /// [decided](CursorFound::decided).
    #[must_use]
    pub fn granted(&self, decision: impl Fn(Nonce) -> Option<CursorDecision>) -> Option<Position> {
        let granted = |found: &CursorFound| {
            let is_granted =
                |decision| matches!(decision, CursorDecision::Granted(_) | CursorDecision::Leashed(_));
            found.decided && !found.broken && decision(found.nonce).is_some_and(is_granted)
        };
        self.cursors().filter(granted).map(|found| found.held()).min()
    }

    /// Whether one of them may be in the making: then its consumer may not have looked at the boundary yet.
    // P-98.
    #[must_use]
    pub fn is_in_the_making(&self) -> bool {
        self.cursors().any(|found| !found.decided)
    }

    /// All documents, the cursors themselves first: what is left of a removal that breaks off then holds nothing.
    pub(super) fn to_remove(&self) -> [BTreeSet<CursorDocument>; 2] {
        let (cursors, others) =
            self.0.iter().partition(|document| matches!(document, CursorDocument::Cursor(..)));
        [cursors, others]
    }
}

impl FromIterator<CursorDocument> for CursorDocuments {
    fn from_iter<T: IntoIterator<Item = CursorDocument>>(documents: T) -> Self {
        Self(documents.into_iter().collect())
    }
}
