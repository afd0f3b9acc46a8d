//! Scripts of a cursor with a leash.

use super::*;

fn leashed(nonce: u128, at: u64) -> CursorCore {
    open(nonce, at).with_leash(Leash::new().with_entries(3))
}

fn broken(nonce: u128, at: u64) -> CursorEvent {
    CursorEvent::Broken { nonce: Nonce(nonce), at: Position::new(at) }
}

/// A world with a cursor on a leash that was opened, and the cursor.
fn held(nonce: u128, at: u64) -> (World, CursorCore) {
    let mut world = World::default();
    let mut cursor = leashed(nonce, at);
    world.run(&mut cursor);
    (world, cursor)
}

/// The leash is there before the cursor is, so nobody sees the cursor alone.
// P-160, P-166.
#[test]
fn a_leash_is_written_before_its_cursor_and_goes_after_it() {
    let mut world = World { boundary: 5, ..World::default() };
    let (asked, told) = world.run(&mut leashed(7, 5));
    assert_eq!(asked, "LIST#0 PUT:l7#0 PUT:c7@5e0#0 LOOK#0 LEASH:7e2#0");
    assert_eq!(told, [CursorEvent::Opened(at(5, 2))]);
    assert_eq!(world.documents.cursors().next().unwrap().leash, Some(Leash::new().with_entries(3)));

    let mut world = World { boundary: 6, ..World::default() };
    let (asked, _) = world.run(&mut leashed(7, 5));
    assert!(asked.ends_with("LOOK#0 DELETE:c7@5e0#0 DELETE:l7#0"), "{asked}");
    assert!(world.documents.is_empty());
}

/// Each move looks afterwards; an opener knows by the decision that there is a leash, whatever a listing misses.
// P-164, P-166.
#[test]
fn a_move_of_a_cursor_with_a_leash_looks_whether_it_was_broken() {
    let (mut world, mut cursor) = held(7, 5);
    cursor.advance(Tick(0), at(8, 3));
    let (asked, told) = world.run(&mut cursor);
    assert_eq!((asked.as_str(), told), ("PUT:p7@8e3#0 LIST#0", vec![CursorEvent::Advanced(at(8, 3))]));
    world.documents.remove(&CursorDocument::Leash(Nonce(7), Leash::new().with_entries(3)));
    let mut again = open(8, 0);
    world.run(&mut again);
    again.advance(Tick(0), at(9, 3));
    assert_eq!(world.run(&mut again).0, "PUT:p7@9e3#0 LIST#0 DELETE:p7@8e3#0");
}

/// Whoever moves it then is told, and holds nothing.
// P-164.
#[test]
fn a_cursor_that_was_broken_does_not_move_on() {
    let (mut world, mut cursor) = held(7, 5);
    world.create(CursorDocument::Broken(Nonce(7)));
    cursor.advance(Tick(0), at(8, 3));
    let (asked, told) = world.run(&mut cursor);
    assert_eq!((asked.as_str(), told), ("PUT:p7@8e3#0 LIST#0", vec![broken(7, 5)]));
    assert_eq!((world.documents.held(), cursor.poll_request()), (None, None));
}

/// Somebody removed it by name, and perhaps made another: that one is not ours.
// P-164.
#[test]
fn a_cursor_with_a_leash_that_was_removed_does_not_move_on() {
    let (mut world, mut cursor) = held(7, 5);
    world.run(&mut CursorCore::removal(Tick(0), 1_000));
    assert!(world.documents.is_empty());
    world.run(&mut leashed(9, 6));
    cursor.advance(Tick(0), at(8, 3));
    assert_eq!(world.run(&mut cursor).1, [CursorEvent::Missing]);
}

/// A look that fails is no answer: the cursor is still open, and moves when it is asked again.
// P-164.
#[test]
fn a_move_whose_look_fails_is_not_told_as_done() {
    let (mut world, mut cursor) = held(7, 5);
    cursor.advance(Tick(0), at(8, 3));
    let (_, told) = world.run_with(&mut cursor, |world, request| match request {
        CursorRequest::List { .. } => CursorReply::Listed(ReadReply::Unknown),
        request => world.perform(request),
    });
    assert_eq!(told, [CursorEvent::GaveUp(GaveUp::Unread)]);
    cursor.advance(Tick(0), at(8, 3));
    assert_eq!(world.run(&mut cursor).1, [CursorEvent::Advanced(at(8, 3))]);
}

/// Never by accident: to begin anew is its owner's word.
// P-165.
#[test]
fn a_cursor_that_was_broken_is_made_anew_only_if_that_is_asked_for() {
    let (mut world, _) = held(7, 5);
    world.create(CursorDocument::Broken(Nonce(7)));
    world.boundary = 9;
    for mut opener in [open(8, 9), leashed(8, 9), CursorCore::existing(Tick(0), 1_000)] {
        let (asked, told) = world.run(&mut opener);
        assert_eq!((asked.as_str(), told), ("LIST#0", vec![broken(7, 5)]));
    }
    let (asked, told) = world.run(&mut leashed(8, 9).with_broken_remade());
    assert!(asked.starts_with("LIST#0 DELETE:c7@5e0#0 DELETE:"), "the cursor before its mark: {asked}");
    assert_eq!(told, [CursorEvent::Opened(at(9, 2))]);
    assert_eq!(world.layout(), "c8@9e0 d8 l8");
    let (_, told) = world.run(&mut leashed(6, 3).with_broken_remade());
    assert_eq!(told, [CursorEvent::Opened(at(9, 2))], "one that is whole is opened");
}

/// P-54 decides about the new one like about any other.
// P-165.
#[test]
fn one_that_is_made_anew_too_low_is_too_late() {
    let (mut world, _) = held(7, 5);
    world.create(CursorDocument::Broken(Nonce(7)));
    world.boundary = 9;
    let (_, told) = world.run(&mut leashed(8, 8).with_broken_remade());
    assert_eq!(told, [CursorEvent::Truncated { at: Position::new(9), first: Position::new(10) }]);
}

/// A mark proves to a reader that nothing is held, whatever the decision says.
// P-46, P-163.
#[test]
fn what_was_broken_is_not_granted() {
    let (mut world, _) = held(7, 5);
    let granted = |world: &World| world.documents.granted(|nonce| world.decisions.get(&nonce).copied());
    assert_eq!(granted(&world), Some(Position::new(5)));
    world.create(CursorDocument::Broken(Nonce(7)));
    assert_eq!(granted(&world), None);
}
