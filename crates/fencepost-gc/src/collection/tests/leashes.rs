//! Cursors that are over their leash.
// P-161 to P-163.

use super::*;
use crate::LeashOutcome::{Broken, NotMarked, Warned};
use crate::{CollectReply, CollectRequest, LeashOutcome};
use fencepost_fence::{CreateReply, Machine, ReadReply};
use fencepost_format::{Leash, LeashLimit, OnExceed};
use std::time::Duration;

/// At most two entries, and then it breaks.
const SHORT: Leash = Leash::new().with_entries(2).with_on_exceed(OnExceed::Break);

/// [`LOG`] with a cursor at 2.
fn world(leash: Leash) -> World {
    let mut world = World::new(LOG, 3, 11);
    world.leashed("audit", 2, leash);
    world
}

fn mark() -> (CursorName, CursorDocument) {
    (CursorName::parse("audit").unwrap(), CursorDocument::Broken(Nonce(1)))
}

fn outcomes(report: &Report) -> Vec<(u64, LeashLimit, LeashOutcome)> {
    let of = report.over_leash.iter();
    of.map(|(over, outcome)| (over.position.get(), over.exceeded.limit, *outcome)).collect()
}

/// The mark stands before anything goes, and the same pass goes on without the cursor.
// P-163.
#[test]
fn a_cursor_over_its_leash_is_marked_and_then_passed() {
    let mut world = world(SHORT);
    let mut collection = collection();
    let (mut listings, mut marked) = (0, false);
    let report = loop {
        if let Some(CollectEvent::Done(report)) = collection.poll_event() {
            break report;
        }
        let Some(request) = collection.poll_request() else { continue };
        match &request {
            CollectRequest::List { part: Part::Documents, .. } => listings += 1,
            CollectRequest::BreakCursor { .. } => {
                assert_eq!(listings, 2, "only what a fresh look shows is broken");
                marked = true;
            }
            CollectRequest::PublishBoundary { .. } => assert!(marked),
            CollectRequest::Delete { .. } => assert_eq!(listings, 3, "P-53: listed again after the boundary"),
            _ => {}
        }
        let reply = world.perform(request);
        collection.handle(Tick(0), reply);
    };
    assert_eq!(world.positions(), [4, 12, 13]);
    assert!(world.cursors.contains(&mark()));
    assert_eq!(outcomes(&report), [(2, LeashLimit::Entries, Broken)]);
    assert_eq!(report.kept["broken_cursor"], 1);

    let (_, events) = run(&mut world, &mut super::collection());
    assert_eq!(outcomes(self::report(&events)), [], "what is broken is not over its leash");
}

/// A leash warns unless it was asked to break, and one that is kept says nothing.
// P-162.
#[test]
fn a_cursor_that_only_warns_goes_on_holding() {
    let leash = |entries| Leash::new().with_entries(entries);
    for (leash, told) in [(leash(2), vec![(2, LeashLimit::Entries, Warned)]), (leash(9), vec![])] {
        let mut world = world(leash);
        let (_, events) = run(&mut world, &mut collection());
        assert_eq!(world.positions(), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
        assert_eq!(outcomes(report(&events)), told);
        assert!(!world.cursors.contains(&mark()));
    }
}

/// A dry run tells what would go, and marks nothing.
// P-163.
#[test]
fn a_plan_passes_what_would_be_broken_and_breaks_nothing() {
    let mut world = world(SHORT);
    let before = world.clone();
    let (_, events) = run(&mut world, &mut Collection::new(PARAMS, Tick(0), policy(), Mode::PlanOnly));
    assert_eq!(world, before);
    let report = report(&events);
    assert_eq!((report.bound.get(), outcomes(report)), (11, vec![(2, LeashLimit::Entries, Broken)]));
}

/// Time counts from the last move or, if that was later, from when there was something to read. The store says how
/// late it is, even if nobody writes.
// P-161.
#[test]
fn a_cursor_that_stands_still_is_broken_by_the_stores_clock() {
    let leash = Leash::new().with_expire(Duration::from_millis(500)).with_on_exceed(OnExceed::Break);
    for (time, is_broken) in [(500, false), (501, true)] {
        let mut world = World { time, ..world(leash) };
        run(&mut world, &mut collection());
        assert_eq!(world.cursors.contains(&mark()), is_broken, "{time}");
    }
}

/// Its consumer moved on between the listing and the fresh look.
// P-163.
#[test]
fn a_cursor_that_moves_meanwhile_is_judged_where_it_stands() {
    let mut world = world(SHORT);
    let mut collection = collection();
    while let Some(request) = collection.poll_request() {
        let reply = world.perform(request.clone());
        if matches!(request, CollectRequest::List { part: Part::Documents, .. }) {
            let moved = CursorDocument::Position(Nonce(1), Position::new(9).into());
            world.cursors.insert((CursorName::parse("audit").unwrap(), moved));
        }
        collection.handle(Tick(0), reply);
    }
    assert!(!world.cursors.contains(&mark()));
    assert_eq!(world.positions(), [4, 10, 11, 12, 13]);
}

/// Not known to stand is not there: it holds, and that is told.
// P-163.
#[test]
fn a_mark_without_an_answer_breaks_nothing_in_this_pass() {
    let mut world = world(SHORT);
    let mut collection = collection();
    let (mut now, mut events) = (Tick(0), Vec::new());
    while let Some(request) = collection.poll_request() {
        let reply = match &request {
            CollectRequest::BreakCursor { name, nonce, .. } => {
                CollectReply::CursorBroken(name.clone(), *nonce, CreateReply::Unknown)
            }
            _ => world.perform(request),
        };
        now = now.plus(10);
        collection.handle(now, reply);
        events.extend(std::iter::from_fn(|| collection.poll_event()));
    }
    assert_eq!(world.positions(), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    assert_eq!(outcomes(report(&events)), [(2, LeashLimit::Entries, NotMarked)]);
}

/// Two collections break the same cursor: whose mark it is does not matter. And a store may say "exists" where two
/// requests met and nothing stands.
// P-163.
#[test]
fn a_mark_that_exists_is_read_back() {
    for stands in [true, false] {
        let mut world = world(SHORT);
        let mut collection = collection();
        let (mut tries, mut looks) = (0, 0);
        while let Some(request) = collection.poll_request() {
            let reply = match &request {
                CollectRequest::BreakCursor { name, nonce, .. } => {
                    tries += 1;
                    if stands {
                        world.cursors.insert(mark());
                    }
                    match tries {
                        1 => CollectReply::CursorBroken(name.clone(), *nonce, CreateReply::Exists),
                        _ => world.perform(request),
                    }
                }
                CollectRequest::FindBreak { name, nonce, .. } if looks == 0 => {
                    looks += 1;
                    assert_eq!(world.positions().len(), 13, "nothing goes before");
                    let there = if stands { ReadReply::Found(()) } else { ReadReply::Absent };
                    CollectReply::BreakFound(name.clone(), *nonce, there)
                }
                _ => world.perform(request),
            };
            collection.handle(Tick(0), reply);
        }
        assert_eq!((tries, looks), (if stands { 1 } else { 2 }, 1));
        assert_eq!(world.positions(), [4, 12, 13]);
    }
}

/// Another cursor, without a leash, holds as ever.
// P-163.
#[test]
fn nothing_goes_that_another_cursor_needs() {
    let mut world = world(SHORT);
    world.cursor("other", 8);
    run(&mut world, &mut collection());
    assert_eq!(world.positions(), [4, 9, 10, 11, 12, 13]);
}
