//! Cursors, which limit how far a collection may delete.

use crate::Inventory;
use fencepost_format::{CursorName, Position};

/// The limit that the cursors set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Floor {
    /// There are none.
    Free,
    /// The lowest cursor: entries above it are not consumed yet.
    Cursor(CursorName, Position),
    /// Something in the folder of cursors is not understood, and may be a cursor anywhere.
    NotUnderstood,
}

impl Floor {
    /// The lowest of the cursors in `inventory`.
    #[must_use]
    pub fn of(inventory: &Inventory) -> Self {
        if !inventory.cursors_not_understood.is_empty() {
            return Self::NotUnderstood;
        }
        let held = inventory.cursors.iter().filter_map(|(name, documents)| Some((name, documents.held()?)));
        let lowest = held.min_by_key(|&(_, position)| position);
        lowest.map_or(Self::Free, |(name, position)| Self::Cursor(name.clone(), position))
    }

    /// The highest position that may be deleted; `None` for no limit.
    #[must_use]
    pub const fn limit(&self) -> Option<Position> {
        match self {
            Self::Free => None,
            Self::Cursor(_, position) => Some(*position),
            Self::NotUnderstood => Some(Position::NONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::InventoryExt;
    use fencepost_format::{CursorDocument, Nonce};

    fn inventory(cursors: &[(&str, u64)]) -> Inventory {
        let with =
            |inventory: Inventory, (name, position): &(&str, u64)| inventory.with_cursor(name, *position);
        cursors.iter().fold(Inventory::default(), with)
    }

    #[test]
    fn the_lowest_cursor_is_the_floor() {
        assert_eq!(Floor::of(&inventory(&[])).limit(), None);
        assert_eq!(Floor::of(&inventory(&[("a", 7), ("b", 5), ("c", 9)])).limit(), Some(Position::new(5)));
        assert_eq!(Floor::of(&inventory(&[("a", 0), ("b", 5)])).limit(), Some(Position::NONE));
    }

    /// A newer program might name its cursors in another way; deleting what they wait for would be the worse
    /// mistake.
    #[test]
    fn what_may_be_a_cursor_holds_everything() {
        let mut inventory = inventory(&[("a", 7)]);
        inventory.cursors_not_understood.insert("fencepost/cursors/b/v2-7.json".into());
        assert_eq!(Floor::of(&inventory), Floor::NotUnderstood);
        assert_eq!(Floor::of(&inventory).limit(), Some(Position::NONE));
    }

    /// What only the first listing shows, and what only the second shows, both hold; of one cursor the
    /// highest place counts.
    // P-95.
    #[test]
    fn a_second_listing_forgets_nothing_of_the_first() {
        let floor = |first: &[(&str, u64)], second: &[(&str, u64)]| {
            let mut both = inventory(first);
            both.absorb(inventory(second));
            Floor::of(&both).limit().unwrap().get()
        };
        assert_eq!(floor(&[("gone", 6), ("on", 9)], &[("on", 9)]), 6);
        assert_eq!(floor(&[("on", 9)], &[("new", 7), ("on", 9)]), 7);
        assert_eq!(floor(&[("moved", 5)], &[("moved", 8)]), 8);
    }

    /// A removal that broke off leaves positions. They hold nothing.
    #[test]
    fn positions_without_their_cursor_hold_nothing() {
        let mut inventory = Inventory::default();
        let position = CursorDocument::Position(Nonce(1), Position::new(7).into());
        inventory.note_cursor(CursorName::parse("a").unwrap(), position);
        assert_eq!(Floor::of(&inventory), Floor::Free);
    }
}
