//! Fencing by scripts: epoch 3 over a log whose `replay_after` is 4, in a window of 4. The claimed manifest
//! is version 7.

use super::*;
use crate::testing::{PARAMS, Party, letter, looks, manifest, nonce, play};

impl Party for Fence {
    fn request(&mut self, _: Tick) -> Option<Request> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        Self::handle(self, now, reply);
    }

    fn event(&mut self) -> Option<String> {
        Some(match self.poll_event()? {
            FenceEvent::Replayed { header, deliver } => {
                let what = if deliver { "replay" } else { "pass" };
                format!("{what}{}:{}{}", header.position, letter(header.kind), header.epoch)
            }
            FenceEvent::Opened(opened) => {
                let fence_ranges: Vec<_> =
                    opened.fence_ranges.fences().iter().map(|fence| fence.get()).collect();
                format!("open{}:ranges{fence_ranges:?}", opened.next)
            }
            FenceEvent::Fenced { by } => format!("fenced-by{by}"),
            FenceEvent::GaveUp(why) => format!("{why:?}"),
        })
    }
}

fn check_from(claimed: &str, script: &str, expect: &str) {
    let claimed = manifest(7, claimed);
    let nonce = nonce(claimed.writer_epoch);
    let mut fence = Fence::new(PARAMS, Tick(0), &claimed, nonce);
    assert_eq!(play(&mut fence, script), looks(expect), "{script}");
}

fn check(script: &str, expect: &str) {
    check_from("e3r4", script, expect);
}

const LATEST: &str = "list=7 man7=e3r4 man8=absent";
const LOOK: &str = "LIST MAN7 MAN8";
/// A look that finds another epoch in version 9, and becomes a search.
const MOVED: &str = "list=9 man7=e3r4 man8=absent man9=e4r9 man10=absent list=9";
const MOVED_ASKED: &str = "LIST MAN7 MAN8 MAN9 MAN10 LIST fenced-by4";

/// P-12, P-15: nobody came before, so nothing is in flight.
#[test]
fn the_first_epoch_begins_with_a_clean_fence() {
    check_from(
        "e1r0",
        "get1=absent put1=done list=7 man7=e1r0 man8=absent",
        "GET1 PUT1:h LIST MAN7 MAN8 open2:ranges[]",
    );
}

/// P-13, P-15.
#[test]
fn after_a_close_entry_the_fence_is_a_clean_fence() {
    check(
        &format!("get5=d2 get6=c2 get7=absent tail7 put7=done {LATEST}"),
        &format!("GET5 replay5:d2 GET6 GET7 pass6:c2 GET8 LOOK7 PUT7:h {LOOK} open8:ranges[]"),
    );
    // Something after the close entry: its writer may have more in flight.
    check(
        "get5=c1 get6=d2 get7=absent tail7 put7=done",
        "GET5 pass5:c1 GET6 GET7 replay6:d2 GET8 LOOK7 PUT7:p LIST MAN7 MAN8",
    );
}

/// P-16, P-17, P-18.
#[test]
fn after_an_unclean_end_the_window_is_filled_between_two_reads() {
    check(
        &format!("get5=absent tail5 put5=done {LATEST} put7=done put6=done put8=done {LATEST}"),
        &format!("GET5 LOOK5 PUT5:p {LOOK} PUT6:f PUT7:f PUT8:f {LOOK} open9:ranges[5]"),
    );
}

/// P-16: an opener that lost fills nothing.
#[test]
fn an_epoch_that_moved_before_the_fillers_fences() {
    check(&format!("get5=absent tail5 put5=done {MOVED}"), &format!("GET5 LOOK5 PUT5:p {MOVED_ASKED}"));
}

/// P-18.
#[test]
fn an_epoch_that_moved_before_the_end_fences() {
    let filled = format!("get5=absent tail5 put5=done {LATEST} put6=done put7=done put8=done");
    let asked = format!("GET5 LOOK5 PUT5:p {LOOK} PUT6:f PUT7:f PUT8:f");
    check(&format!("{filled} {MOVED}"), &format!("{asked} {MOVED_ASKED}"));
    check(
        &format!("get5=c2 get6=absent tail6 put6=done {MOVED}"),
        &format!("GET5 pass5:c2 GET6 GET7 LOOK6 PUT6:h {MOVED_ASKED}"),
    );
    check(
        &format!("{filled} list=6 man7=absent man8=absent man6=e2 man7=absent list=6"),
        &format!("{asked} {LOOK} MAN6 MAN7 LIST RolledBack {{ ours: Epoch(3), found: Epoch(2) }}"),
    );
}

/// P-17.
#[test]
fn fillers_that_exist_are_read_back() {
    let fence_stands = format!("get5=absent tail5 put5=done {LATEST}");
    let asked = format!("GET5 LOOK5 PUT5:p {LOOK} PUT6:f PUT7:f PUT8:f");
    check(
        &format!("{fence_stands} put6=exists get6=d2 put7=exists get7=absent put7=done put8=? put8=done"),
        &format!("{asked} GET6 GET7 PUT7:f#1 PUT8:f#1 LIST MAN7 MAN8"),
    );
    check(
        &format!("{fence_stands} put6=exists get6=? get6=bad put7=no"),
        &format!("{asked} GET6 GET6#1 NotDone"),
    );
    check(&format!("{fence_stands} put6=? @100 put6=?"), &format!("{asked} PUT6:f#1 Unknown"));
    for unread in ["absent", "?"] {
        check(&format!("{fence_stands} put6=exists @100 get6={unread}"), &format!("{asked} GET6 Unknown"));
    }
    // A filler that may have landed, and is refused then, is not refused for certain. Each that is there is a
    // sign of life for the others.
    check(&format!("{fence_stands} put6=? put6=no"), &format!("{asked} PUT6:f#1 Unknown"));
    check(
        &format!("{fence_stands} @99 put7=done @198 put6=? @199 put6=later"),
        &format!("{asked} PUT6:f#1 Unknown"),
    );
    // Only the answer to what was asked last counts.
    check(&format!("{fence_stands} put6=exists put6=done put7=done put8=done"), &format!("{asked} GET6"));
    check(&format!("{fence_stands} get6=d2 put7=done put8=done"), &asked);
}

/// P-13.
#[test]
fn the_replay_ends_at_what_fences_or_cannot_be_read() {
    check("get5=d4", "GET5 fenced-by4");
    check("get5=d3x", "GET5 fenced-by3");
    check("get5=bad", "GET5 DamagedEntry(Position(5))");
    check("get5=? get5=d2", "GET5 GET5#1 replay5:d2 GET6 GET7");
    check("@100 get5=?", "GET5 Unread");
}

/// P-13: in the order of positions, whatever the order of the answers.
#[test]
fn the_replay_is_in_order() {
    check(
        "get5=d2 get7=d2 get6=d2 get8=absent tail8",
        "GET5 replay5:d2 GET6 GET7 replay6:d2 replay7:d2 GET8 GET9 LOOK8 PUT8:p",
    );
}

#[test]
fn answers_about_other_positions_are_ignored() {
    check("get5=absent tail5 put6=done put5=exists get6=d2 get5=p3", "GET5 LOOK5 PUT5:p GET5 LIST MAN7 MAN8");
}

/// P-44: what Lance flushed is not replayed. It counts all the same: it has an epoch, and stands where it stands.
#[test]
fn what_lance_flushed_is_not_replayed() {
    check_from(
        "e3r4g3",
        "get5=d1g2 get6=d1g3 get7=d2g2 get8=d1l",
        "GET5 pass5:d1 GET6 GET7 replay6:d1 GET8 pass7:d2 GET9 pass8:d1 GET10",
    );
}

/// P-40: stale entries of lower epochs are told apart.
#[test]
fn stale_entries_are_not_replayed() {
    check("get5=p2 get6=d1 get7=absent tail7", "GET5 pass5:p2 GET6 GET7 pass6:d1 GET8 LOOK7 PUT7:p");
}

/// P-14.
#[test]
fn what_stands_where_the_fence_should_go_is_read() {
    check("get5=absent tail5 put5=exists get5=p3 list=7", "GET5 LOOK5 PUT5:p GET5 LIST MAN7 MAN8");
    check(
        "get5=absent tail5 put5=exists get5=absent put5=done",
        "GET5 LOOK5 PUT5:p GET5 PUT5:p#1 LIST MAN7 MAN8",
    );
    check("get5=absent tail5 put5=exists get5=d4", "GET5 LOOK5 PUT5:p GET5 fenced-by4");
    check("get5=absent tail5 put5=exists get5=bad", "GET5 LOOK5 PUT5:p GET5 DamagedEntry(Position(5))");
    check(
        "get5=absent tail5 put5=exists get5=d2 get6=absent tail6",
        "GET5 LOOK5 PUT5:p GET5 replay5:d2 GET6 LOOK6 PUT6:p",
    );
    check("get5=absent tail5 put5=? put5=no", "GET5 LOOK5 PUT5:p PUT5:p#1 Unknown");
    check("get5=absent tail5 put5=no", "GET5 LOOK5 PUT5:p NotDone");
    check("get5=absent tail5 put5=? @100 put5=?", "GET5 LOOK5 PUT5:p PUT5:p#1 Unknown");
    check("get5=absent tail5 put5=exists get5=p3x", "GET5 LOOK5 PUT5:p GET5 fenced-by3");
    check(
        "get5=absent tail5 put5=exists get5=? get5=? get5=p3",
        "GET5 LOOK5 PUT5:p GET5 GET5#1 GET5#2 LIST MAN7 MAN8",
    );
    check("get5=absent tail5 put5=exists @100 get5=?", "GET5 LOOK5 PUT5:p GET5 Unknown");
    check("get5=absent tail5 put5=exists @100 get5=absent", "GET5 LOOK5 PUT5:p GET5 Unknown");
    check(
        "get5=absent tail5 put5=later put5=later put5=done",
        "GET5 LOOK5 PUT5:p PUT5:p#1 PUT5:p#2 LIST MAN7 MAN8",
    );
    check("get5=absent tail5 put5=later @100 put5=later", "GET5 LOOK5 PUT5:p PUT5:p#1 NotDone");
}

/// P-14: the read ahead of position 7 is answered while the fence entry is tried at 6. It must not be waited
/// for when the replay goes on.
#[test]
fn a_read_ahead_that_was_answered_meanwhile_is_not_waited_for() {
    check(
        "get5=d2 get6=absent get7=absent tail6 put6=exists get6=d2 get7=absent",
        "GET5 replay5:d2 GET6 GET7 LOOK6 PUT6:p GET6 replay6:d2 GET7 LOOK7",
    );
    check(
        "get5=d2 get6=absent tail6 put6=exists get6=d2 get7=absent get7=absent tail7",
        "GET5 replay5:d2 GET6 GET7 LOOK6 PUT6:p GET6 replay6:d2 GET7 LOOK7 PUT7:p",
    );
}

/// P-31: the fence ranges of earlier guarding fences are known from the replay.
#[test]
fn fence_ranges_come_from_the_replay() {
    check(
        &format!("get5=p2 get6=c2 get7=absent tail7 put7=done {LATEST}"),
        &format!("GET5 pass5:p2 GET6 GET7 pass6:c2 GET8 LOOK7 PUT7:h {LOOK} open8:ranges[5]"),
    );
}

/// P-91, P-92: what is above is read first, then the position once more, then the manifest.
#[test]
fn a_lost_entry_ends_the_opening() {
    for proof in ["peek6=c2", "peek7=p2", "peek9=h2", "peek9=d2", "peek9=f2"] {
        let at = &proof[4..5];
        check(
            &format!("get5=absent {proof} get5=absent {LATEST} list=7"),
            &format!("GET5 LOOK5 GET5 {LOOK} LIST LostEntry {{ at: Position(5), proof: Position({at}) }}"),
        );
    }
}

/// P-90: a window below, and nothing of Lance's.
#[test]
fn what_proves_nothing_is_passed_over() {
    for above in ["d2", "f2", "d2l", "p2l", "t2", "bad"] {
        check(
            &format!("get5=absent peek7=absent peek8={above} peek6=absent peek9=absent put5=done"),
            "GET5 LOOK5 PUT5:p LIST MAN7 MAN8",
        );
    }
}

/// P-92.
#[test]
fn a_position_that_was_filled_meanwhile_is_replayed() {
    check("get5=absent peek6=c2 get5=d2 get6=c2", "GET5 LOOK5 GET5 replay5:d2 GET6 pass6:c2 GET7 GET8");
    check("get5=absent peek6=c2 get5=bad", "GET5 LOOK5 GET5 DamagedEntry(Position(5))");
    check("get5=absent peek6=p4 get5=p4", "GET5 LOOK5 GET5 fenced-by4");
}

/// P-92: a superseded opener may have read what its successor collects.
#[test]
fn a_superseded_opener_says_fenced_and_not_lost() {
    check(
        "get5=absent peek6=p4 get5=absent list=9 man9=e4r9 man10=absent list=9",
        "GET5 LOOK5 GET5 LIST MAN9 MAN10 LIST fenced-by4",
    );
}

/// What could not be read is not absent.
#[test]
fn a_look_that_is_not_answered_is_no_tail() {
    check(
        "get5=absent peek6=? peek7=absent peek8=absent peek9=absent peek6=absent",
        "GET5 LOOK5 PEEK6#1 PUT5:p",
    );
    check("get5=absent @100 peek6=?", "GET5 LOOK5 Unread");
    check("get5=absent peek6=c2 get5=? get5=absent", "GET5 LOOK5 GET5 GET5#1 LIST");
    check("get5=absent peek6=c2 @100 get5=?", "GET5 LOOK5 GET5 Unread");
    check(
        "get5=absent peek6=c2 get5=absent list=7 man7=bad man8=absent",
        "GET5 LOOK5 GET5 LIST MAN7 MAN8 DamagedManifest(Version(7))",
    );
}

/// P-93: what was given up is passed, and where it took the place of a beginning, a fence range begins with it.
#[test]
fn a_tombstone_is_passed() {
    check(
        &format!("get5=t2 get6=c2 get7=absent tail7 put7=done {LATEST}"),
        &format!("GET5 pass5:t2 GET6 GET7 pass6:c2 GET8 LOOK7 PUT7:h {LOOK} open8:ranges[5]"),
    );
    check(
        &format!("get5=d2 get6=t2 get7=c2 get8=absent tail8 put8=done {LATEST}"),
        &format!("GET5 replay5:d2 GET6 GET7 pass6:t2 GET8 pass7:c2 GET9 LOOK8 PUT8:h {LOOK} open9:ranges[]"),
    );
    check("get5=c2 get6=t2 get7=absent tail7", "GET5 pass5:c2 GET6 GET7 pass6:t2 GET8 LOOK7 PUT7:p");
}
