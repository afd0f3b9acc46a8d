//! Collections against readers with cursors (P-53, P-54).

use super::*;
use crate::testing::Seen;
use fencepost_format::CursorName;

/// A new reader: writes its cursor, then reads the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reader {
    Starts,
    WroteCursor,
    Reads,
    Truncated,
}

impl Reader {
    fn step(self, world: &mut World, cursor: Position) -> Option<Self> {
        match self {
            Self::Starts => {
                world.cursors.insert((CursorName::parse("new").unwrap(), cursor));
                Some(Self::WroteCursor)
            }
            Self::WroteCursor => {
                let boundary = world.boundaries.last_key_value().map_or(Position::NONE, |(at, _)| *at);
                Some(if boundary > cursor { Self::Truncated } else { Self::Reads })
            }
            Self::Reads | Self::Truncated => None,
        }
    }
}

/// Every interleaving of a new reader with two passes: a reader that is not told `Truncated` finds every entry above its cursor.
///
/// Fails if the cursors are not read after the boundary is published.
#[test]
fn a_reader_that_is_not_told_truncated_misses_nothing() {
    let cursor = Position::new(6);
    let start = World::new(LOG, 3, 11);
    let expected: Vec<_> = start.entries.range(cursor.next()..).map(|(at, _)| *at).collect();
    let mut seen = Seen::default();
    let mut open = vec![(start, collection(), collection(), Reader::Starts)];
    let (mut truncated, mut held) = (false, false);
    while let Some(state) = open.pop() {
        if !seen.insert(&state) {
            continue;
        }
        let (world, one, two, reader) = state;
        if reader == Reader::Reads {
            let there = world.entries.range(cursor.next()..).map(|(at, _)| *at);
            assert_eq!(there.collect::<Vec<_>>(), expected, "{one:#?}");
        }
        truncated |= reader == Reader::Truncated;
        held |= reader == Reader::Reads && world.boundaries.contains_key(&Position::new(11));
        for mover in 0..3 {
            let (mut world, mut one, mut two, mut reader) = (world.clone(), one.clone(), two.clone(), reader);
            let moved = match mover {
                0 => reader.step(&mut world, cursor).map(|next| reader = next).is_some(),
                1 => step(&mut world, &mut one).is_some(),
                _ => step(&mut world, &mut two).is_some(),
            };
            while one.poll_event().is_some() || two.poll_event().is_some() {}
            if moved {
                open.push((world, one, two, reader));
            }
        }
    }
    assert!(truncated && held, "both sides of the race are reached");
}

#[test]
fn a_cursor_that_moves_on_while_the_pass_runs_frees_no_more_than_the_boundary() {
    let mut world = World::new(LOG, 3, 11);
    world.cursor("a", 5);
    let mut pass = collection();
    while world.boundaries.is_empty() {
        step(&mut world, &mut pass);
    }
    world.cursor("a", 9);
    run(&mut world, &mut pass);
    assert_eq!(world.positions(), [4, 6, 7, 8, 9, 10, 11, 12, 13]);
}

/// A listing that is not sorted may show neither the old nor the new document of a cursor that moves at that moment.
#[test]
fn a_cursor_that_the_second_listing_misses_still_holds() {
    let mut world = World::new(LOG, 3, 11);
    world.cursor("a", 8);
    world.cursor("b", 10);
    let mut pass = collection();
    while world.boundaries.is_empty() {
        step(&mut world, &mut pass);
    }
    world.cursors.clear();
    run(&mut world, &mut pass);
    assert_eq!(world.positions(), [4, 9, 10, 11, 12, 13]);
}
