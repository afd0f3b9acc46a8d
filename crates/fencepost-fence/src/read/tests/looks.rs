//! What a reader concludes, and what it looks at first (P-45 to P-48). A window of 4, two reads ahead.

use super::{after, anywhere, check, check_walk, cursor, flushed};
use crate::testing::PARAMS;
use crate::{Start, Tick, Walk};

fn check_held(start: Start, script: &str, expect: &str) {
    check_walk(Walk::new(PARAMS, Tick(0), start, None).held_by_cursor(), script, expect);
}

/// P-45: nobody pays where nothing changes hands.
#[test]
fn an_epoch_alone_is_read_without_a_look() {
    check(after(0), Some(3), "get1=h1 get2=d1 get3=c1", "GET1 pass1:h1 GET2 GET3 give2:d1 pass3:c1 end");
    check(after(7), Some(8), "get8=d3", "GET8 give8:d3 end");
    check(cursor(5, 2), Some(6), "get5=f2 get6=d2", "GET5 pass5:f2 GET6 give6:d2 end");
    check(
        anywhere(10, 4),
        Some(10),
        "get7=f2 get8=d2 get9=d2 get10=d2",
        "GET7 GET8 GET9 GET10 give10:d2 end",
    );
}

/// P-45: a fence entry that stands where an entry was collected raises nothing, and hides nothing.
#[test]
fn a_fence_at_or_below_the_boundary_ends_the_walk() {
    check(cursor(5, 1), None, "get5=p2 bound=5", "GET5 BOUND truncated5-go-on6");
    check(cursor(5, 1), None, "get5=p2 bound=9", "GET5 BOUND truncated5-go-on10");
    check(cursor(5, 1), None, "get5=p2 bound=4", "GET5 BOUND pass5:p2 GET6 GET7");
    check(cursor(5, 3), None, "get5=p2 bound=5", "GET5 BOUND truncated5-go-on6");
    check(after(4), None, "get5=p2 bound=5", "GET5 BOUND truncated5-go-on6");
    check(after(4), None, "get5=h2 bound=4", "GET5 BOUND pass5:h2 GET6 GET7");
}

/// P-45: data of a later epoch, where the reader should have met a fence entry first.
#[test]
fn an_epoch_that_rises_without_a_fence_is_looked_at_too() {
    check(cursor(5, 1), Some(5), "get5=d2 bound=4", "GET5 BOUND give5:d2 end");
    check(cursor(5, 1), Some(5), "get5=d2 bound=5", "GET5 BOUND truncated5-go-on6");
}

/// P-46: what was read ahead before the look began needs no look of its own; what is read later does.
#[test]
fn one_look_serves_all_that_was_read_before_it() {
    check(
        cursor(5, 1),
        Some(8),
        "get5=d1 get7=h3 get6=h2 bound=4 get8=h4 bound=4",
        "GET5 give5:d1 GET6 GET7 BOUND pass6:h2 pass7:h3 GET8 BOUND pass8:h4 end",
    );
    check(
        cursor(5, 1),
        Some(7),
        "get5=d1 get6=h2 get7=h3 bound=5 bound=6",
        "GET5 give5:d1 GET6 GET7 BOUND pass6:h2 BOUND pass7:h3 end",
    );
}

/// P-45: in a fence range no row ever was, so its stale entries need no look. Beyond it, an entry of an
/// earlier epoch does.
#[test]
fn stale_entries_in_a_fence_range_need_no_look() {
    check(
        cursor(5, 1),
        Some(9),
        "get5=p2 bound=4 get6=d1 get7=f2 get8=d1 get9=d1 bound=9",
        "GET5 BOUND pass5:p2 GET6 GET7 pass6:d1 GET8 pass7:f2 GET9 pass8:d1 BOUND truncated9-go-on10",
    );
}

/// P-47: what lies at or below the boundary tells nothing about the start, and the window begins above it.
#[test]
fn a_window_begins_above_the_boundary() {
    check(
        anywhere(6, 9),
        Some(7),
        "get3=d1 get4=d1 get5=p2 bound=5 get6=d1 get7=d1",
        "GET3 GET4 GET5 GET6 BOUND give6:d1 GET7 give7:d1 end",
    );
    check(anywhere(6, 9), None, "get3=p2 bound=6", "GET3 BOUND truncated6-go-on7");
}

/// P-46: where the boundary went past what a cursor keeps, the cursor decides.
#[test]
fn what_a_cursor_keeps_is_concluded_from() {
    check_held(
        cursor(5, 1),
        "get5=p2 bound=9 cursor=4 get6=f2",
        "GET5 BOUND CURSOR pass5:p2 GET6 GET7 pass6:f2 GET8",
    );
    check_held(cursor(5, 1), "get5=p2 bound=9 cursor=7", "GET5 BOUND CURSOR truncated5-go-on8");
    check_held(cursor(5, 1), "get5=p2 bound=9 cursor=absent", "GET5 BOUND CURSOR truncated5-go-on10");
    check_held(cursor(5, 1), "get5=p2 bound=4", "GET5 BOUND pass5:p2 GET6 GET7");
    check_held(
        anywhere(5, 9),
        "get2=absent bound=9 cursor=4 get5=d1",
        "GET2 BOUND CURSOR GET5 give5:d1 GET6 GET7",
    );
}

/// P-44, P-48: what Lance flushed is passed, once a look that began after it was read bears that out. One
/// look serves all that was read before.
#[test]
fn what_lance_flushed_is_passed_with_a_look() {
    check(
        flushed(4, 3),
        Some(8),
        "get5=d1g2 bound=4 get6=d1g2 get7=d1g3 bound=4 get8=d1l",
        "GET5 BOUND pass5:d1 GET6 GET7 BOUND pass6:d1 give7:d1 GET8 give8:d1 end",
    );
    check(
        flushed(4, 3),
        Some(7),
        "get5=d1g3 get7=d1g1 get6=d1g2 bound=5",
        "GET5 give5:d1 GET6 GET7 BOUND pass6:d1 pass7:d1 end",
    );
    check(flushed(4, 3), Some(5), "get5=d1g2 bound=5", "GET5 BOUND truncated5-go-on6");
    // A listing that shows less than one before it missed something.
    check(
        flushed(4, 3),
        Some(6),
        "get5=p1l bound=3 get6=d1g2 bound=2 bound=6",
        "GET5 BOUND pass5:p1 GET6 BOUND BOUND#1 truncated6-go-on7",
    );
}

/// P-44: a stale entry is none of the log, flushed or not; and whoever does not begin at the checkpoint is
/// handed what was flushed.
#[test]
fn only_a_reader_from_the_checkpoint_passes_what_was_flushed() {
    check(flushed(4, 3), Some(6), "get5=p2 bound=4 get6=d1g2", "GET5 BOUND pass5:p2 GET6 pass6:d1 end");
    check(cursor(5, 1), Some(5), "get5=d1g0", "GET5 give5:d1 end");
    check(anywhere(5, 4), Some(5), "get5=d1g0", "GET5 give5:d1 end");
}

/// A look that fails is made again, and given up in time. So is a listing that shows less than one before it:
/// it missed something.
#[test]
fn looks_are_repeated_until_they_tell_something() {
    check(cursor(5, 1), Some(5), "get5=p2 bound=? bound=4", "GET5 BOUND BOUND#1 pass5:p2 end");
    check(cursor(5, 1), None, "get5=p2 bound=? @100 bound=?", "GET5 BOUND BOUND#1 Unread");
    check_held(
        cursor(5, 1),
        "get5=p2 bound=? bound=5 cursor=? cursor=4",
        "GET5 BOUND BOUND#1 CURSOR CURSOR#1 pass5:p2 GET6 GET7",
    );
    check(
        cursor(5, 1),
        Some(9),
        "get5=h2 bound=3 get6=h3 bound=2 bound=3",
        "GET5 BOUND pass5:h2 GET6 GET7 BOUND BOUND#1 pass6:h3 GET8",
    );
}
