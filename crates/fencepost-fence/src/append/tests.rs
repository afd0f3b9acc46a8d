//! The append window by scripts: writer of epoch 2, first append at 5.

use super::*;
use crate::testing::{PARAMS, Party, nonce, number, play, play_on};
use fencepost_format::Version;

impl Party for AppendWindow {
    fn request(&mut self, _: Tick) -> Option<Request> {
        self.poll_request().or_else(|| self.poll_manifest_request())
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        Self::handle(self, now, reply);
    }

    fn event(&mut self) -> Option<String> {
        Some(match self.poll_event()? {
            AppendEvent::Acknowledged { through } => format!("ack{through}"),
            AppendEvent::Failed { from, stop } => {
                let stop = match stop {
                    Stop::Fenced { by, at } => format!("fenced-by{by}-sure-from{at}"),
                    Stop::Obstructed { .. } => "obstructed".to_owned(),
                    Stop::Unknown { .. } => "unknown".to_owned(),
                    Stop::NotDone { .. } => "not-done".to_owned(),
                    Stop::RolledBack { .. } => "rolled-back".to_owned(),
                };
                format!("fail{from}:{stop}")
            }
            AppendEvent::Closed => "closed".to_owned(),
        })
    }

    fn command(&mut self, now: Tick, word: &str) {
        match word {
            "submit" => drop(self.submit(now)),
            "close" => self.begin_close(now),
            "timeout" => self.handle_timeout(now),
            "rolled-back" => {
                self.rolled_back(GaveUp::WentBack { known: Version::new(7), found: Version::new(6) })
            }
            _ => self.superseded(Epoch::new(number(word.strip_prefix("superseded").expect("a command")))),
        }
    }
}

fn window() -> AppendWindow {
    let epoch = Epoch::new(2);
    let writer = WriterId { epoch, nonce: nonce(epoch) };
    AppendWindow::new(PARAMS, writer, Position::new(5))
}

fn check(script: &str, expect: &str) {
    assert_eq!(play(&mut window(), script), expect, "{script}");
}

/// P-20, P-25.
#[test]
fn appends_take_positions_in_order_and_at_most_a_window_of_them() {
    check("submit submit put5=done put6=done", "PUT5:d PUT6:d ack5 ack6");
    check("submit submit submit submit submit submit", "PUT5:d PUT6:d PUT7:d PUT8:d");
    check("submit submit submit submit put6=done submit", "PUT5:d PUT6:d PUT7:d PUT8:d");
    check(
        "submit submit submit submit put6=done put5=done submit",
        "PUT5:d PUT6:d PUT7:d PUT8:d ack6 PUT9:d",
    );
}

/// P-21.
#[test]
fn acknowledgements_are_in_order_whatever_the_replies() {
    check("submit submit submit put7=done put6=done put5=done", "PUT5:d PUT6:d PUT7:d ack7");
    check("submit submit submit put6=done put5=done put7=done", "PUT5:d PUT6:d PUT7:d ack6 ack7");
}

/// P-22.
#[test]
fn exists_is_read_back() {
    check("submit put5=exists get5=d2", "PUT5:d GET5 ack5");
    check("submit put5=exists get5=absent put5=done", "PUT5:d GET5 PUT5:d#1 ack5");
    check("submit put5=exists get5=? get5=d2", "PUT5:d GET5 GET5#1 ack5");
    check("submit submit put5=exists get5=d2x", "PUT5:d PUT6:d GET5 fail5:obstructed");
    check("submit put5=exists get5=d1", "PUT5:d GET5 fail5:obstructed");
    check("submit put5=exists get5=bad", "PUT5:d GET5 fail5:obstructed");
}

/// P-26.
#[test]
fn a_successors_entry_fences_and_the_manifest_says_how_sure_that_is() {
    let collided = "submit submit put5=exists get5=p3 list=7";
    check(
        &format!("{collided} man7=e3r4 man8=absent list=7"),
        "PUT5:d PUT6:d GET5 LIST MAN7 MAN8 LIST fail5:fenced-by3-sure-from5",
    );
    check(
        &format!("{collided} man7=e3r9 man8=absent list=7"),
        "PUT5:d PUT6:d GET5 LIST MAN7 MAN8 LIST fail5:fenced-by3-sure-from7",
    );
    // R stands at the very position: it has passed it.
    check(
        &format!("{collided} man7=e3r5 man8=absent list=7"),
        "PUT5:d PUT6:d GET5 LIST MAN7 MAN8 LIST fail5:fenced-by3-sure-from7",
    );
    check(
        &format!("{collided} man8=absent @100 man7=?"),
        "PUT5:d PUT6:d GET5 LIST MAN7 MAN8 fail5:fenced-by3-sure-from7",
    );
}

/// P-26: a manifest from before the claim that the successor's entry proves was rolled back, and so was its
/// `replay_after`.
#[test]
fn a_manifest_older_than_the_successors_makes_nothing_definite() {
    check(
        "submit submit put5=exists get5=p4 list=7 man7=e3r4 man8=absent list=7",
        "PUT5:d PUT6:d GET5 LIST MAN7 MAN8 LIST fail5:fenced-by4-sure-from7",
    );
}

/// P-26: the second collision asks anew, and what the first one had asked is not its answer. It once was: the
/// listing was made before the lower entry was met.
#[test]
fn an_answer_to_a_search_that_was_given_up_is_none_to_the_next() {
    // What is owed to the search before is known by its kind alone.
    let on = |script: &str, expect: &str| assert_eq!(play_on(&mut window(), script), expect, "{script}");
    let collided = "submit submit put6=exists get6=p3 put5=exists get5=p3";
    on(
        &format!("{collided} list=7 list=8 man8=e3r9 man9=absent list=8"),
        "PUT5:d PUT6:d GET6 LIST GET5 LIST MAN8 MAN9 LIST fail5:fenced-by3-sure-from7",
    );
    // A stop below gives the search up as well, and the next collision, lower still, waits for its answer.
    on(
        "submit submit submit put7=exists get7=p3 put6=no put5=exists get5=p3 list=7 list=8",
        "PUT5:d PUT6:d PUT7:d GET7 LIST fail6:not-done GET5 LIST MAN8 MAN9",
    );
}

/// P-66.
#[test]
fn after_a_rollback_nothing_is_acknowledged_any_more() {
    check("submit submit put5=done rolled-back put6=done submit", "PUT5:d PUT6:d ack5 fail6:rolled-back");
    check("rolled-back submit", "fail5:rolled-back");
    check("submit put5=done close put6=done rolled-back", "PUT5:d ack5 PUT6:c closed");
    let stop = Stop::RolledBack {
        at: Position::new(6),
        why: GaveUp::WentBack { known: Version::new(7), found: Version::new(6) },
    };
    assert!(!stop.is_definite(Position::new(6)) && !stop.is_definite(Position::new(9)));
}

/// P-26: Lance leaves no fillers, and its replay does not skip what a dead writer left above its sentinel.
#[test]
fn a_successor_of_lances_makes_nothing_definite() {
    check(
        "submit submit put5=exists get5=p3l list=7 man7=e3r4 man8=absent list=7",
        "PUT5:d PUT6:d GET5 LIST MAN7 MAN8 LIST fail5:fenced-by3-sure-from7",
    );
}

/// P-26: what lies below is still decided.
#[test]
fn a_fence_says_nothing_about_what_lies_below() {
    check(
        "submit submit put6=exists get6=p3 list=7 man7=e3r4 man8=absent list=7 put5=done submit",
        "PUT5:d PUT6:d GET6 LIST MAN7 MAN8 LIST fail6:fenced-by3-sure-from6 ack5",
    );
    check("submit superseded3 submit put5=done", "PUT5:d ack5");
}

/// P-23.
#[test]
fn unknown_is_tried_again_until_the_deadline() {
    check("submit put5=? put5=? put5=done", "PUT5:d PUT5:d#1 PUT5:d#2 ack5");
    check("submit submit put5=? @100 put5=?", "PUT5:d PUT6:d PUT5:d#1 fail5:unknown");
    check("submit submit @99 timeout @100 timeout", "PUT5:d PUT6:d fail5:unknown");
    check("submit put5=? @100 timeout submit put5=done", "PUT5:d PUT5:d#1 fail5:unknown");
}

/// P-23: what cannot be read back is given up like what cannot be written, at the deadline and not before.
#[test]
fn a_read_back_has_the_same_deadline() {
    check("submit put5=exists @100 get5=absent", "PUT5:d GET5 fail5:unknown");
    check("submit put5=exists @100 get5=?", "PUT5:d GET5 fail5:unknown");
    check("submit put5=exists @99 get5=absent put5=done", "PUT5:d GET5 PUT5:d#1 ack5");
    check("submit put5=exists @99 get5=? get5=d2", "PUT5:d GET5 GET5#1 ack5");
    check("submit @99 timeout put5=done", "PUT5:d ack5");
    check("submit @50 submit @100 timeout put6=done", "PUT5:d PUT6:d fail5:unknown");
    check("submit @50 submit put5=done @100 timeout put6=done", "PUT5:d PUT6:d ack5 ack6");
}

/// What drivers go by.
#[test]
fn a_window_tells_how_it_stands() {
    let mut window = window();
    let stands = |window: &AppendWindow| (window.undecided(), window.poll_timeout(), window.has_room());
    assert_eq!(stands(&window), (0, None, true));
    play(&mut window, "@3 submit @7 submit");
    assert_eq!(stands(&window), (2, Some(Tick(103)), true));
    play_on(&mut window, "put6=done");
    assert_eq!(stands(&window), (2, Some(Tick(103)), true));
    play_on(&mut window, "put5=done");
    assert_eq!(
        (stands(&window), window.acked(), window.stopped()),
        ((0, None, true), Position::new(6), None)
    );
    play_on(&mut window, "submit submit submit submit");
    assert_eq!(stands(&window), (4, Some(Tick(100)), false));
    play_on(&mut window, "put8=exists get8=p3");
    assert!(window.is_asking_manifest() && !window.is_closed());
    assert_eq!(window.stopped(), Some(Stop::Fenced { by: Epoch::new(3), at: Position::new(8) }));
    play_on(&mut window, "list=7 man7=e3r4 man8=absent list=7");
    assert!(!window.is_asking_manifest());

    let mut window = self::window();
    play(&mut window, "close");
    assert!(!window.is_closed() && !window.has_room());
    play_on(&mut window, "put5=done");
    assert!(window.is_closed() && window.stopped().is_none());
}

/// The first position that stops a writer is why it stopped, in whatever order that is learnt.
#[test]
fn the_lowest_stop_is_what_is_told() {
    let at = Position::new(5);
    let collided = "submit submit submit put6=exists get6=p3 list=7 man7=e3r4 man8=absent list=7";
    let fenced = Stop::Fenced { by: Epoch::new(3), at: Position::new(6) };
    let stopped = |script: &str| {
        let mut window = window();
        play(&mut window, script);
        window.stopped()
    };
    assert_eq!(stopped(collided), Some(fenced));
    assert_eq!(stopped(&format!("{collided} put5=no")), Some(Stop::NotDone { at }));
    assert_eq!(stopped("submit submit put5=no put6=no"), Some(Stop::NotDone { at }));
    let superseded = Stop::Fenced { by: Epoch::new(3), at: Position::new(6) };
    assert_eq!(stopped("submit superseded3"), Some(superseded));
    assert_eq!(stopped("submit superseded3 put5=no"), Some(Stop::NotDone { at }));
}

/// P-24.
#[test]
fn a_definite_refusal_is_definite_unless_an_attempt_was_unknown() {
    check("submit submit put5=no", "PUT5:d PUT6:d fail5:not-done");
    check("submit put5=later put5=later @100 put5=later", "PUT5:d PUT5:d#1 PUT5:d#2 fail5:not-done");
    check("submit put5=? put5=no", "PUT5:d PUT5:d#1 fail5:unknown");
    check("submit submit put6=no put5=done", "PUT5:d PUT6:d fail6:not-done ack5");
}

/// P-35.
#[test]
fn a_close_waits_until_nothing_is_undecided() {
    check("close put5=done submit", "PUT5:c closed");
    check("submit submit close put6=done put5=done submit put7=done", "PUT5:d PUT6:d ack6 PUT7:c closed");
    check("submit close put5=no", "PUT5:d fail5:not-done");
    check(
        "close put5=exists get5=p3 list=1 man1=e3r4 man2=absent list=1",
        "PUT5:c GET5 LIST MAN1 MAN2 LIST fail5:fenced-by3-sure-from5",
    );
}

/// What each error promises about each position.
#[test]
fn only_what_is_known_is_definite() {
    let at = Position::new(5);
    let definite = |stop: Stop| [4, 5, 6].map(|position| stop.is_definite(Position::new(position)));
    assert_eq!(definite(Stop::Fenced { by: Epoch::new(3), at }), [false, true, true]);
    assert_eq!(definite(Stop::NotDone { at })[1..], [true, true]);
    assert_eq!(definite(Stop::Obstructed { at }), [false, true, false]);
    assert_eq!(definite(Stop::Unknown { at }), [false; 3]);
}

#[test]
fn answers_that_nobody_waits_for_are_ignored() {
    check("put5=done submit put6=done get5=p3 put5=done put5=done put5=exists", "PUT5:d ack5");
    check("submit submit put5=done put5=done put4=exists", "PUT5:d PUT6:d ack5");
}
