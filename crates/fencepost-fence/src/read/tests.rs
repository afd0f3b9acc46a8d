//! A reader's walk by scripts, in a window of 4.

mod looks;

use super::*;
use crate::testing::{PARAMS, Party, letter, play};

impl Party for Walk {
    fn request(&mut self, _: Tick) -> Option<Request> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        Machine::handle(self, now, reply.clone());
    }

    fn event(&mut self) -> Option<String> {
        Some(match self.poll_event()? {
            WalkEvent::Entry { header, deliver } => {
                let what = if deliver { "give" } else { "pass" };
                format!("{what}{}:{}{}", header.position, letter(header.kind), header.epoch)
            }
            WalkEvent::Tail { at, .. } => format!("tail{at}"),
            WalkEvent::End => "end".to_owned(),
            WalkEvent::Truncated { at, first } => format!("truncated{at}-go-on{first}"),
            WalkEvent::NoLog => "no-log".to_owned(),
            WalkEvent::GaveUp(why) => format!("{why:?}"),
        })
    }

    fn command(&mut self, now: Tick, word: &str) {
        match word {
            "look" => self.resume(now, Verify::Always),
            "peek" => self.resume(now, Verify::IfMoved),
            "glance-manifest" => self.resume(now, Verify::IfSeen(Glance::Manifest)),
            "glance-above" => self.resume(now, Verify::IfSeen(Glance::Above)),
            other => panic!("{other}"),
        }
    }
}

fn check(start: Start, last: Option<u64>, script: &str, expect: &str) {
    check_walk(Walk::new(PARAMS, Tick(0), start, last.map(Position::new)), script, expect);
}

fn check_walk(mut walk: Walk, script: &str, expect: &str) {
    assert_eq!(play(&mut walk, script), expect, "{script}");
}

fn after(replay_after: u64) -> Start {
    flushed(replay_after, 1)
}

/// Just above `replay_after`, where Lance flushed the generations below this one.
fn flushed(replay_after: u64, below: u64) -> Start {
    Start::AfterReplay { replay_after: Position::new(replay_after), flushed_below: Generation(below) }
}

fn cursor(next: u64, highest: u64) -> Start {
    Start::Cursor { next: Position::new(next), highest: Epoch::new(highest) }
}

fn anywhere(next: u64, replay_after: u64) -> Start {
    Start::Anywhere { next: Position::new(next), replay_after: Position::new(replay_after) }
}

/// P-40.
#[test]
fn stale_entries_and_markers_are_not_handed_out() {
    check(
        after(4),
        Some(8),
        "get5=d1 get6=p2 bound=0 get7=d1 get8=d2",
        "GET5 give5:d1 GET6 GET7 BOUND pass6:p2 GET8 pass7:d1 give8:d2 end",
    );
    check(cursor(5, 2), Some(5), "get5=d1 bound=4", "GET5 BOUND pass5:d1 end");
    check(after(4), Some(5), "get5=c1", "GET5 pass5:c1 end");
}

/// P-41: an entry above the first absent position is not used.
#[test]
fn a_reader_stops_at_the_first_absent_position() {
    check(
        after(4),
        None,
        "get5=d1 get7=d1 get6=absent peek7=d1 peek8=absent peek9=absent peek10=absent list=7 man7=e1r4 man8=absent list=7 look get6=d1 get7=d1",
        "GET5 give5:d1 GET6 GET7 PEEK7 PEEK8 PEEK9 PEEK10 LIST MAN7 MAN8 LIST tail6 GET6 give6:d1 GET7 GET8 give7:d1 GET9",
    );
}

/// P-42.
#[test]
fn absent_is_the_end_only_if_r_is_below_it() {
    check(
        after(4),
        None,
        "get5=absent peek6=absent list=7 man7=e1r4 man8=absent list=7",
        "GET5 PEEK6 LIST MAN7 MAN8 LIST tail5",
    );
    check(
        after(4),
        None,
        "get5=absent peek6=absent list=7 man7=e1r9 man8=absent list=7 get5=absent",
        "GET5 PEEK6 LIST MAN7 MAN8 LIST GET5 truncated5-go-on10",
    );
    check(
        after(4),
        None,
        "get5=absent peek6=absent list=7 man7=e1r5 man8=absent list=7 get5=absent",
        "GET5 PEEK6 LIST MAN7 MAN8 LIST GET5 truncated5-go-on6",
    );
    check(after(4), None, "get5=absent peek6=absent list=0 man1=absent", "GET5 PEEK6 LIST MAN1 no-log");
}

/// P-129: a reader that waits pays for one request, and looks as before only if that shows something.
#[test]
fn a_reader_at_rest_glances_and_rests_on_unless_something_changed() {
    let at_rest = "get5=absent peek6=absent list=7 man7=e1r4 man8=absent list=7";
    let asked = "GET5 PEEK6 LIST MAN7 MAN8 LIST tail5";
    for (script, expect) in [
        ("glance-manifest list=7", "LIST tail5"),
        ("glance-manifest list=? list=7", "LIST LIST#1 tail5"),
        ("glance-manifest list=8", "LIST GET5"),
        ("glance-manifest list=6", "LIST GET5"),
        ("@100 glance-manifest list=? @200 list=?", "LIST LIST#1 Unread"),
        ("glance-above peek6=absent", "PEEK6 tail5"),
        ("glance-above peek6=d1", "PEEK6 GET5"),
        ("glance-above peek6=bad", "PEEK6 GET5"),
        ("glance-above peek6=? peek6=absent", "PEEK6 PEEK6#1 tail5"),
        (
            "glance-above peek6=absent glance-manifest list=8 get5=d1",
            "PEEK6 tail5 LIST GET5 give5:d1 GET6 GET7",
        ),
    ] {
        check(after(4), None, &format!("{at_rest} {script}"), &format!("{asked} {expect}"));
    }
}

/// P-42: between the read and the manifest, a writer may have appended and checkpointed. Consumers were told
/// then that what their cursor held was gone.
#[test]
fn what_was_written_and_covered_since_it_was_read_is_not_truncated() {
    check(
        after(4),
        None,
        "get5=absent peek6=absent list=7 man7=e1r6 man8=absent list=7 get5=d1 get6=d1 get7=absent get8=absent list=7 man7=e1r6 man8=absent list=7",
        "GET5 PEEK6 LIST MAN7 MAN8 LIST GET5 give5:d1 GET6 GET7 give6:d1 GET8 LIST MAN7 MAN8 LIST tail7",
    );
    check(
        after(4),
        None,
        "get5=absent peek6=absent list=7 man7=e1r6 man8=absent list=7 get5=d1 get6=absent",
        "GET5 PEEK6 LIST MAN7 MAN8 LIST GET5 give5:d1 GET6 GET7 truncated6-go-on7",
    );
}

/// P-42: at rest the manifest need not be asked each time, since nothing is skipped by staying.
#[test]
fn a_walk_at_rest_may_peek_without_the_manifest() {
    check(
        after(4),
        None,
        "get5=absent peek6=absent list=7 man7=e1r4 man8=absent list=7 peek get5=absent peek get5=absent look get5=absent",
        "GET5 PEEK6 LIST MAN7 MAN8 LIST tail5 GET5 tail5 GET5 tail5 GET5 PEEK6",
    );
    check(
        after(4),
        None,
        "get5=absent peek6=absent list=7 man7=e1r4 man8=absent list=7 peek get5=d1 get6=absent get7=absent",
        "GET5 PEEK6 LIST MAN7 MAN8 LIST tail5 GET5 give5:d1 GET6 GET7 LIST",
    );
}

/// What was read ahead before a rest is asked again only if it is needed: a reader at rest must not pay for
/// it at each poll.
#[test]
fn reads_ahead_of_the_tail_are_not_repeated_at_every_poll() {
    check(
        after(4),
        None,
        "get5=d1 get6=absent get7=absent list=7 man7=e1r4 man8=absent list=7 peek get6=absent peek get6=absent",
        "GET5 give5:d1 GET6 GET7 LIST MAN7 MAN8 LIST tail6 GET6 tail6 GET6 tail6",
    );
}

/// A read ahead that is answered while the manifest is asked is over: else the walk would wait for it for ever.
#[test]
fn a_read_ahead_that_is_answered_at_the_tail_is_asked_again() {
    check(
        after(4),
        None,
        "get5=d1 get6=absent get7=absent list=7 man7=e1r4 man8=absent list=7 look get6=d1",
        "GET5 give5:d1 GET6 GET7 LIST MAN7 MAN8 LIST tail6 GET6 give6:d1 GET7 GET8",
    );
    check(
        after(4),
        None,
        "get5=d1 get7=absent get6=absent list=7 man7=e1r4 man8=absent list=7 look get6=d1",
        "GET5 give5:d1 GET6 GET7 LIST MAN7 MAN8 LIST tail6 GET6 give6:d1 GET7 GET8",
    );
}

/// P-43.
#[test]
fn a_start_in_the_middle_reads_a_window_below() {
    check(
        anywhere(10, 4),
        Some(10),
        "get7=p2 bound=4 get8=d1 get9=d1 get10=d1",
        "GET7 BOUND GET8 GET9 GET10 pass10:d1 end",
    );
    check(anywhere(10, 8), Some(10), "get9=d1 get10=d1", "GET9 GET10 give10:d1 end");
    check(anywhere(2, 0), Some(2), "get1=h1 get2=d1", "GET1 GET2 give2:d1 end");
    // Collected below, as the boundary says: nothing there matters (P-47).
    check(
        anywhere(10, 12),
        Some(10),
        "get7=absent bound=8 get9=absent bound=9 get10=d2",
        "GET7 BOUND GET9 BOUND GET10 give10:d2 end",
    );
    check(anywhere(10, 12), None, "get7=absent bound=12", "GET7 BOUND truncated10-go-on13");
    // Deleted by hand.
    check(
        anywhere(9, 12),
        Some(9),
        "get6=absent bound=0 get7=d1 get8=d1 get9=d1",
        "GET6 BOUND GET7 GET8 GET9 give9:d1 end",
    );
}

/// P-41: a dead writer's entries above a hole were handed out to a reader that was told to start above it.
#[test]
fn a_start_beyond_the_tail_waits_below_itself() {
    check(
        anywhere(10, 4),
        None,
        "get7=d1 get8=absent get9=absent list=7 man7=e1r4 man8=absent list=7 look get8=p2 bound=4 get9=p2 get10=p2",
        "GET7 GET8 GET9 LIST MAN7 MAN8 LIST tail8 GET8 BOUND GET9 GET10 GET11 pass10:p2 GET12",
    );
    // Written, covered and collected since the walk began.
    check(
        anywhere(10, 4),
        None,
        "get7=absent peek8=absent list=7 man7=e1r9 man8=absent list=7 get7=absent bound=9 get10=d2",
        "GET7 PEEK8 LIST MAN7 MAN8 LIST GET7 BOUND GET10 give10:d2 GET11 GET12",
    );
}

#[test]
fn failures_end_the_walk() {
    check(after(4), None, "get5=bad", "GET5 DamagedEntry(Position(5))");
    check(after(4), None, "get5=? @100 get5=?", "GET5 GET5#1 Unread");
    check(after(4), None, "get5=absent peek6=absent list=?", "GET5 PEEK6 LIST LIST#1");
    check(after(4), None, "get5=absent peek6=absent @100 list=?", "GET5 PEEK6 LIST Unread");
}

/// Entries that were read and not yet asked for are above the cursor.
#[test]
fn the_cursor_follows_what_was_handed_out() {
    let mut walk = Walk::new(PARAMS, Tick(0), anywhere(6, 0), None);
    assert_eq!(walk.cursor(), cursor(6, 0), "which epoch rules there is not known yet");
    for at in 3..=8 {
        while walk.poll_request().is_some() {}
        let header = EntryHeader {
            position: Position::new(at),
            epoch: Epoch::new(if at < 5 { 1 } else { 2 }),
            kind: fencepost_format::EntryKind::Data,
            nonce: None,
            generation: None,
        };
        Machine::handle(&mut walk, Tick(0), Reply::Entry(header.position, ReadReply::Found(header)));
        Machine::handle(&mut walk, Tick(0), Reply::Boundary(ReadReply::Found(Position::NONE)));
    }
    assert_eq!(walk.cursor(), cursor(6, 2));
    walk.poll_event().unwrap();
    assert_eq!(walk.cursor(), cursor(7, 2));
    walk.poll_event().unwrap();
    assert_eq!(walk.cursor(), cursor(8, 2));
    assert_eq!(walk.next(), Position::new(9));
}

/// P-43: a walk that ended at the last position below its start has not passed it. Whoever goes on there
/// would take the epoch below for the one that rules, and a stale entry for rows.
#[test]
fn an_epoch_that_was_not_read_to_the_end_is_not_known() {
    for (script, expect) in [
        ("get3=d1 get4=d1 get5=bad", "GET3 GET4 GET5 GET6 DamagedEntry(Position(5))"),
        ("get3=d1 get4=d1 get5=p2 bound=? @100 bound=?", "GET3 GET4 GET5 GET6 BOUND BOUND#1 Unread"),
        ("get3=d1 get4=d1 get5=p2 bound=6", "GET3 GET4 GET5 GET6 BOUND truncated6-go-on7"),
    ] {
        let mut walk = Walk::new(PARAMS, Tick(0), anywhere(6, 0), None);
        assert_eq!(play(&mut walk, script), expect, "{script}");
        assert_eq!(walk.cursor(), cursor(6, 0), "{script}");
        assert!(walk.next() < Position::new(6), "{script}");
    }
}

/// P-91, P-92: what the next position tells, then the others of a window, the position once more, and the
/// manifest.
#[test]
fn a_lost_entry_ends_the_walk() {
    let window = "PEEK6 PEEK7 PEEK8 PEEK9";
    let search = "list=7 man7=e1r4 man8=absent list=7";
    check(
        after(4),
        None,
        &format!("get5=absent peek6=d1 peek6=d1 peek7=c1 get5=absent {search}"),
        &format!(
            "GET5 PEEK6 {window} GET5 LIST MAN7 MAN8 LIST LostEntry {{ at: Position(5), proof: Position(7) }}"
        ),
    );
    // Nothing that proves anything: what a dead writer leaves.
    check(
        after(4),
        None,
        &format!("get5=absent peek6=d1 peek6=d1 peek7=absent peek8=absent peek9=absent {search}"),
        &format!("GET5 PEEK6 {window} LIST MAN7 MAN8 LIST tail5"),
    );
    // It landed meanwhile.
    check(
        after(4),
        None,
        "get5=absent peek6=c1 peek6=c1 get5=d1 get5=d1",
        &format!("GET5 PEEK6 {window} GET5 GET5 give5:d1 GET6 GET7"),
    );
    // It was covered and collected meanwhile.
    check(
        after(4),
        None,
        "get5=absent peek6=c1 peek6=c1 get5=absent list=7 man7=e1r6 man8=absent list=7 get5=absent",
        &format!("GET5 PEEK6 {window} GET5 LIST MAN7 MAN8 LIST GET5 truncated5-go-on7"),
    );
    check(after(4), None, "get5=absent peek6=? @100 peek6=?", "GET5 PEEK6 PEEK6#1 Unread");
}
