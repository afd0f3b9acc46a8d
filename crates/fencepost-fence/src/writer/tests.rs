//! An open epoch by scripts: epoch 2 with its fence entry at 5 in a window of 4, `replay_after` at 3, first
//! append at 9.

use super::*;
use crate::Pipelining;
use crate::testing::{PARAMS, Party, manifest, nonce, number, play};

impl Party for WriterCore {
    fn request(&mut self, _: Tick) -> Option<Request> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        Machine::handle(self, now, reply.clone());
    }

    fn event(&mut self) -> Option<String> {
        Some(match self.poll_event()? {
            WriterEvent::Append(AppendEvent::Acknowledged { through }) => format!("ack{through}"),
            WriterEvent::Append(AppendEvent::Closed) => "closed".to_owned(),
            WriterEvent::Append(AppendEvent::Failed { from, .. }) => format!("fail{from}"),
            WriterEvent::Checkpoint(CheckpointOutcome::At { replay_after, .. }) => {
                format!("at{replay_after}")
            }
            WriterEvent::Checkpoint(CheckpointOutcome::Fenced { by }) => format!("fenced-by{by}"),
            WriterEvent::Checkpoint(CheckpointOutcome::GaveUp(why)) => format!("{why:?}"),
        })
    }

    fn command(&mut self, now: Tick, word: &str) {
        match word {
            "submit" => drop(self.submit(now)),
            "close" => self.begin_close(now),
            "above-tail" => {
                let tail = self.window().acked();
                let refused = self.checkpoint(now, tail.next(), Nonce(20));
                assert_eq!(refused, Err(CheckpointRefused::AboveTail { tail }));
            }
            "refused-as-fenced" => {
                let refused = self.checkpoint(now, Position::new(1), Nonce(20));
                assert_eq!(refused, Err(CheckpointRefused::Fenced { by: Epoch::new(3) }));
            }
            "refused-as-rolled-back" => {
                let refused = self.checkpoint(now, Position::new(1), Nonce(20));
                assert!(matches!(refused, Err(CheckpointRefused::RolledBack(_))), "{refused:?}");
            }
            "busy" => {
                assert_eq!(self.checkpoint(now, Position::new(1), Nonce(20)), Err(CheckpointRefused::Busy))
            }
            _ => {
                let p = number(word.strip_prefix("checkpoint").expect("a command"));
                self.checkpoint(now, Position::new(p), Nonce(20)).unwrap();
            }
        }
    }
}

fn check(script: &str, expect: &str) {
    check_with(Pipelining::UnlessLance, false, "e2r3", script, expect);
}

fn check_with(pipelining: Pipelining, in_table: bool, claimed: &str, script: &str, expect: &str) {
    let params = Params { pipelining, in_table, ..PARAMS };
    assert_eq!(play(&mut WriterCore::new(params, &opened(claimed)), script), expect, "{script}");
}

fn opened(claimed: &str) -> Opened {
    let mut fence_ranges = FenceRanges::default();
    fence_ranges.note(Position::new(5));
    Opened {
        epoch: Epoch::new(2),
        nonce: nonce(Epoch::new(2)),
        fence: Position::new(5),
        clean_fence: false,
        next: Position::new(9),
        fence_ranges,
        record: None,
        manifest: manifest(7, claimed),
    }
}

const FOUND: &str = "list=7 man7=e2r3 man8=absent";

/// A look that finds another epoch in version 9, and becomes a search.
const MOVED: &str = "list=9 man7=e2r3 man8=absent man9=e3r8 man10=absent list=9";

/// P-30.
#[test]
fn a_checkpoint_is_at_most_the_acknowledged_tail() {
    check("above-tail submit above-tail put9=done above-tail", "PUT9:d ack9");
    check(
        &format!("submit put9=done checkpoint9 {FOUND} cre8=done list=8 man8=e2r9h9n20 man9=absent"),
        "PUT9:d ack9 LIST MAN7 MAN8 CRE8:e2r9h9 LIST MAN8 MAN9 at9",
    );
}

/// P-31.
#[test]
fn a_checkpoint_in_the_fence_range_is_rounded_down() {
    for (asked, rests) in [(4, 4), (5, 4), (7, 4), (8, 8)] {
        check(&format!("checkpoint{asked} {FOUND}"), &format!("LIST MAN7 MAN8 CRE8:e2r{rests}h8"));
    }
}

/// P-32.
#[test]
fn one_checkpoint_at_a_time_and_only_by_the_holder() {
    check("checkpoint4 busy", "LIST MAN7 MAN8");
    check(
        &format!("submit checkpoint4 {MOVED} submit put9=done"),
        "PUT9:d LIST MAN7 MAN8 MAN9 MAN10 LIST fenced-by3 ack9",
    );
}

/// Appends go on while a checkpoint does, and first.
#[test]
fn appends_do_not_wait_for_a_checkpoint() {
    check("checkpoint4 submit put9=done submit list=7", "LIST MAN7 MAN8 PUT9:d ack9 PUT10:d");
}

/// P-27.
#[test]
fn where_lance_may_come_appends_go_one_at_a_time() {
    let script = "submit submit put9=done submit put10=done";
    let one_by_one = "PUT9:d ack9 PUT10:d ack10";
    check_with(Pipelining::UnlessLance, false, "e2r3b", script, one_by_one);
    check_with(Pipelining::UnlessLance, true, "e2r3", script, one_by_one);
    check_with(Pipelining::Never, false, "e2r3", script, one_by_one);
    let together = "PUT9:d PUT10:d ack9 PUT11:d ack10";
    check_with(Pipelining::UnlessLance, false, "e2r3", script, together);
    check_with(Pipelining::Always, true, "e2r3b", script, together);
}

/// P-23.
#[test]
fn a_writer_wakes_at_the_deadline_of_its_oldest_append() {
    let mut core = WriterCore::new(PARAMS, &opened("e2r3"));
    assert_eq!(core.poll_timeout(), None);
    play(&mut core, "@3 submit @7 submit");
    assert_eq!(core.poll_timeout(), Some(Tick(103)));
    core.handle_timeout(Tick(102));
    assert_eq!(core.stopped(), None);
    core.handle_timeout(Tick(103));
    assert_eq!(core.stopped(), Some(Stop::Unknown { at: Position::new(9) }));
}

/// P-32: whoever is superseded stops.
#[test]
fn a_superseded_writer_says_so() {
    let mut core = WriterCore::new(PARAMS, &opened("e2r3"));
    assert_eq!(core.stopped(), None);
    play(&mut core, &format!("checkpoint4 {MOVED}"));
    assert_eq!(core.stopped(), Some(Stop::Fenced { by: Epoch::new(3), at: Position::new(9) }));
}

/// P-26, P-32: a fenced writer that asks the manifest has no say about checkpoints. It once was told to come
/// again, which its driver took for impossible.
#[test]
fn a_checkpoint_is_refused_as_soon_as_a_successor_was_met() {
    check(
        "submit put9=exists get9=p3 refused-as-fenced list=7 refused-as-fenced man7=e3r3 man8=absent list=7 refused-as-fenced",
        "PUT9:d GET9 LIST MAN7 MAN8 LIST fail9",
    );
    check(&format!("checkpoint4 {MOVED} refused-as-fenced"), "LIST MAN7 MAN8 MAN9 MAN10 LIST fenced-by3");
    // A checkpoint that was under way goes on, and the window asks after it.
    check(
        &format!("submit checkpoint4 put9=exists get9=p3 {MOVED} list=9"),
        "PUT9:d LIST MAN7 MAN8 GET9 MAN9 MAN10 LIST fenced-by3 LIST MAN9 MAN10",
    );
}

/// P-66: a bucket that was put back to an earlier state. The writer once went on and acknowledged above the gap.
#[test]
fn a_writer_whose_manifest_went_back_stops() {
    for (latest, why) in [
        ("list=6 man6=e1r3 man7=absent list=6", "RolledBack { ours: Epoch(2), found: Epoch(1) }"),
        ("list=0 list=0 man1=absent", "RolledBack { ours: Epoch(2), found: Epoch(0) }"),
        ("list=6 man6=e2r3 man7=absent list=6", "WentBack { known: Version(7), found: Version(6) }"),
        ("list=7 man7=e2r3n33 man8=absent list=7", "WentBack { known: Version(7), found: Version(7) }"),
    ] {
        let script = format!(
            "submit submit put9=done checkpoint4 man7=absent man8=absent {latest} put10=done submit refused-as-rolled-back"
        );
        let played = {
            let mut core = WriterCore::new(PARAMS, &opened("e2r3"));
            play(&mut core, &script)
        };
        let told = played.split_once("ack9 ").unwrap().1;
        assert!(told.ends_with(&format!("fail10 {why}")), "{script}: {told}");
    }
}

/// P-66: what a checkpoint of its own made of the manifest is known too.
#[test]
fn a_writer_knows_the_versions_that_it_made() {
    let moved = "checkpoint4 list=7 man7=e2r3 man8=absent cre8=done list=8 man8=e2r4n20 man9=absent";
    let mut core = WriterCore::new(PARAMS, &opened("e2r3"));
    let played = play(
        &mut core,
        &format!("{moved} checkpoint4 list=7 man8=absent man9=absent man7=e2r3 man8=absent list=7"),
    );
    assert!(played.ends_with("fail9 WentBack { known: Version(8), found: Version(7) }"), "{played}");
}

/// P-35.
#[test]
fn a_closed_writer_appends_nothing_more() {
    check("submit close put9=done put10=done submit", "PUT9:d ack9 PUT10:c closed");
}
