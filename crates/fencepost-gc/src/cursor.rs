//! Cursors as a floor under which a collection may delete.

use crate::Inventory;
use fencepost_format::{CursorName, Position};

/// What the cursors allow.
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
        let lowest = inventory.cursors.iter().min_by_key(|&(_, position)| *position);
        lowest.map_or(Self::Free, |(name, &position)| Self::Cursor(name.clone(), position))
    }

    /// The highest position that it lets go; `None` if it has no opinion.
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

    fn inventory(cursors: &[(&str, u64)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (name, position) in cursors {
            inventory.note_cursor(CursorName::parse(name).unwrap(), Position::new(*position));
        }
        inventory
    }

    #[test]
    fn the_lowest_cursor_is_the_floor() {
        assert_eq!(Floor::of(&inventory(&[])).limit(), None);
        assert_eq!(Floor::of(&inventory(&[("a", 7), ("b", 5), ("c", 9)])).limit(), Some(Position::new(5)));
        assert_eq!(Floor::of(&inventory(&[("a", 0), ("b", 5)])).limit(), Some(Position::NONE));
    }

    #[test]
    fn of_one_cursor_the_highest_document_counts() {
        assert_eq!(Floor::of(&inventory(&[("a", 7), ("a", 9), ("a", 8)])).limit(), Some(Position::new(9)));
    }

    /// A newer program might name its cursors in another way; deleting what they wait for would be the worse mistake.
    #[test]
    fn what_may_be_a_cursor_holds_everything() {
        let mut inventory = inventory(&[("a", 7)]);
        inventory.cursors_not_understood.insert("fencepost/cursor/b/v2-7.json".into());
        assert_eq!(Floor::of(&inventory), Floor::NotUnderstood);
        assert_eq!(Floor::of(&inventory).limit(), Some(Position::NONE));
    }

    #[test]
    fn a_later_listing_moves_cursors_either_way_and_drops_none() {
        let mut first = inventory(&[("back", 9), ("gone", 6), ("on", 5)]);
        first.absorb(inventory(&[("back", 7), ("new", 8), ("on", 6)]));
        assert_eq!(first, inventory(&[("back", 7), ("gone", 6), ("new", 8), ("on", 6)]));
    }
}
