//! Which cursor is over its leash.

use super::*;
use crate::testing::{InventoryExt, facts, inventory};
use fencepost_format::{CursorDocument, LeashLimit};
use std::time::Duration;

fn name() -> CursorName {
    CursorName::parse("audit").unwrap()
}

/// Five entries of 100 bytes, of which the checkpoint covers four; the cursor was made at 0 and moved to `at` at time 70.
fn log(at: u64, leash: Leash) -> Inventory {
    let mut log = inventory("1:d1 2:d1 3:d1 4:d1 5:d1").with_age(2, 50).with_age(3, 80).with_age(4, 90);
    let (nonce, at) = (Nonce(1), Position::new(at).into());
    for (document, time) in [
        (CursorDocument::Leash(nonce, leash), 99),
        (CursorDocument::Cursor(nonce, Position::NONE.into()), 1),
        (CursorDocument::Decision(nonce), 99),
        (CursorDocument::Position(nonce, at), 70),
    ] {
        log.note_cursor_at(name(), document, StoreTime(time));
    }
    log.newest_other = StoreTime(100);
    log
}

fn over(at: u64, leash: Leash) -> Option<Exceeded> {
    let all = over_leash(&log(at, leash), &facts(1, 4));
    all.first().map(|over| over.exceeded)
}

/// What is not checkpointed stays anyway: it is not the cursor that holds it.
// P-161.
#[test]
fn a_cursor_holds_what_is_checkpointed_and_above_it() {
    let of = |at| held_above(&log(0, Leash::new()), Position::new(at), Position::new(4));
    assert_eq!(of(1), Held { entries: 3, bytes: 300, oldest: Some(StoreTime(50)) });
    assert_eq!((of(4), of(7)), (Held::default(), Held::default()));
}

/// One limit after the other, each at its edge.
// P-161.
#[test]
fn a_leash_counts_entries_bytes_and_ages() {
    let exceeded = |limit, is, allowed| Some(Exceeded { limit, is, allowed });
    let millis = Duration::from_millis;
    assert_eq!(over(1, Leash::new().with_entries(3)), None);
    assert_eq!(over(1, Leash::new().with_entries(2)), exceeded(LeashLimit::Entries, 3, 2));
    assert_eq!(over(1, Leash::new().with_bytes(300)), None);
    assert_eq!(over(1, Leash::new().with_bytes(299)), exceeded(LeashLimit::Bytes, 300, 299));
    assert_eq!(over(1, Leash::new().with_age(millis(50))), None);
    assert_eq!(over(1, Leash::new().with_age(millis(49))), exceeded(LeashLimit::Age, 50, 49));
    // It moved at 70, after entry 2 was there.
    assert_eq!(over(1, Leash::new().with_expire(millis(30))), None);
    assert_eq!(over(1, Leash::new().with_expire(millis(29))), exceeded(LeashLimit::Expire, 30, 29));
    // Entry 3 came after it had moved.
    assert_eq!(over(2, Leash::new().with_expire(millis(19))), exceeded(LeashLimit::Expire, 20, 19));
}

/// A consumer that has read all there is may rest for as long as nothing comes.
// P-161.
#[test]
fn a_cursor_that_holds_nothing_is_never_over() {
    let tight = Leash::new().with_entries(1).with_bytes(1).with_expire(Duration::from_millis(1));
    assert!(over(1, tight).is_some());
    assert_eq!((over(4, tight), over(5, tight)), (None, None));
}

/// What nobody can tell, is held.
// P-160, P-161.
#[test]
fn an_unclear_leash_and_a_move_without_a_time_break_nothing() {
    let mut log = log(1, Leash::new().with_expire(Duration::from_millis(1)));
    assert_eq!(over_leash(&log, &facts(1, 4)).len(), 1);
    let moves = std::mem::take(&mut log.cursor_moves);
    assert!(over_leash(&log, &facts(1, 4)).is_empty());
    log.cursor_moves = moves;
    log.note_cursor(name(), CursorDocument::Leash(Nonce(1), Leash::new().with_entries(1)));
    assert!(over_leash(&log, &facts(1, 4)).is_empty(), "it has two");
}
