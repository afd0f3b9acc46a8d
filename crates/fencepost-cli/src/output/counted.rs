//! How many of what, in words.

use fencepost::Position;
use indicatif::HumanCount;

/// `1 row`, `2,500 rows`, `3 entries`: a number and its noun, of which `one` is the singular.
pub(crate) fn counted(number: u64, one: &str) -> String {
    format!("{} {}", HumanCount(number), noun(number, one))
}

/// The noun alone.
fn noun(number: u64, one: &str) -> String {
    match one.strip_suffix('y') {
        _ if number == 1 => one.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ => format!("{one}s"),
    }
}

/// `position 4`, `positions 4 to 9`.
pub(crate) fn positions(first: Position, last: Position) -> String {
    if first == last { format!("position {first}") } else { format!("positions {first} to {last}") }
}

/// `is` or `are`.
pub(crate) const fn is_or_are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_not_said_to_be_several() {
        let said = [(0, "row"), (1, "row"), (2_500, "row"), (1, "entry"), (2, "entry"), (2, "boundary")]
            .map(|(number, one)| counted(number, one));
        assert_eq!(said, ["0 rows", "1 row", "2,500 rows", "1 entry", "2 entries", "2 boundaries"]);
        assert_eq!(counted(2, "key"), "2 keys");
        assert_eq!(positions(Position::new(4), Position::new(4)), "position 4");
        assert_eq!(positions(Position::new(4), Position::new(9)), "positions 4 to 9");
    }
}
