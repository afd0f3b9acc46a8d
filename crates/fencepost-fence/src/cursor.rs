//! A consumer's cursor against collection (P-54).

use crate::{Rule, rules};
use fencepost_format::Position;

/// Whether a cursor at `position` keeps what is above it, given the highest `boundary` that a read *after* writing the cursor showed.
///
/// If not, a collector may have gone past it before it could see the cursor, and the consumer has lost its place.
#[must_use]
pub fn cursor_holds(position: Position, boundary: Position) -> bool {
    boundary <= position || !rules::on(Rule::CheckBoundary)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P-54: the boundary says what may be gone, up to and including itself.
    #[test]
    fn a_cursor_holds_unless_its_next_position_may_be_gone() {
        for (position, boundary, holds) in
            [(4, 3, true), (4, 4, true), (4, 5, false), (0, 0, true), (0, 1, false)]
        {
            assert_eq!(
                cursor_holds(Position::new(position), Position::new(boundary)),
                holds,
                "{position} {boundary}"
            );
        }
    }
}
