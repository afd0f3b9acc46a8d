//! Giving up the entry at 5 by scripts, in a window of 4. The manifest is version 7.

use super::*;
use crate::testing::{PARAMS, Party, nonce, play};
use fencepost_format::Epoch;

/// What came of it, and whether it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mending(Mend, Option<MendOutcome>, bool);

impl Party for Mending {
    fn request(&mut self, _: Tick) -> Option<Request> {
        if self.2 { None } else { self.0.poll_request() }
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        if self.2 {
            return;
        }
        self.1 = self.0.handle(now, reply);
        self.2 = self.1.is_some();
    }

    fn event(&mut self) -> Option<String> {
        Some(match self.1.take()? {
            MendOutcome::Refused(NotAiling::Sound(header)) => format!("sound-e{}", header.epoch),
            outcome => format!("{outcome:?}"),
        })
    }
}

fn check(ailment: Ailment, script: &str, expect: &str) {
    let epoch = Epoch::new(2);
    let writer = WriterId { epoch, nonce: nonce(epoch) };
    let mend = Mend::new(PARAMS, Tick(0), Position::new(5), ailment, writer);
    assert_eq!(play(&mut Mending(mend, None, false), script), expect, "{script}");
}

fn lost(script: &str, expect: &str) {
    check(Ailment::Lost { proof: Position::new(8) }, script, expect);
}

const ASKED: &str = "PEEK8 GET5 LIST MAN7 MAN8 LIST PUT5:t";
const SURE: &str = "peek8=c1 get5=absent list=7 man7=e1r4 man8=absent list=7";

/// P-93, in the order of P-92.
#[test]
fn a_lost_entry_is_replaced_by_a_tombstone() {
    lost(&format!("{SURE} put5=done"), &format!("{ASKED} Mended"));
    lost(&format!("{SURE} put5=? put5=exists get5=t2"), &format!("{ASKED} PUT5:t#1 GET5 Mended"));
    lost(&format!("{SURE} put5=exists get5=absent put5=done"), &format!("{ASKED} GET5 PUT5:t#1 Mended"));
    lost(&format!("{SURE} put5=exists get5=t1"), &format!("{ASKED} GET5 WasMended"));
}

/// P-93: nothing is put where nothing is lost.
#[test]
fn what_is_not_lost_is_left_alone() {
    lost("peek8=d1", "PEEK8 Refused(Tail)");
    lost("peek8=absent", "PEEK8 Refused(Tail)");
    lost("peek8=c1l", "PEEK8 Refused(Tail)");
    lost("peek8=c1 get5=d1", "PEEK8 GET5 sound-e1");
    lost("peek8=c1 get5=t1", "PEEK8 GET5 WasMended");
    lost("peek8=c1 get5=bad", "PEEK8 GET5 Refused(Damaged)");
    let covered = "peek8=c1 get5=absent list=7 man7=e1r5 man8=absent list=7";
    lost(covered, "PEEK8 GET5 LIST MAN7 MAN8 LIST Refused(Covered)");
    lost(&format!("{SURE} put5=exists get5=d1"), &format!("{ASKED} GET5 sound-e1"));
}

/// Perhaps written is never called not written.
#[test]
fn what_is_not_answered_is_tried_again_and_then_unknown() {
    lost("peek8=? peek8=c1 get5=? get5=absent", "PEEK8 PEEK8#1 GET5 GET5#1 LIST");
    lost("@100 peek8=?", "PEEK8 GaveUp(Unread)");
    lost(&format!("{SURE} put5=? @100 put5=later"), &format!("{ASKED} PUT5:t#1 GaveUp(Unknown)"));
    lost(&format!("{SURE} put5=? put5=no"), &format!("{ASKED} PUT5:t#1 GaveUp(Unknown)"));
    lost(&format!("{SURE} put5=no"), &format!("{ASKED} GaveUp(NotDone)"));
    lost(&format!("{SURE} @100 put5=later"), &format!("{ASKED} GaveUp(NotDone)"));
    lost(&format!("{SURE} put5=exists @100 get5=?"), &format!("{ASKED} GET5 GaveUp(Unknown)"));
}

/// P-94: damaged and unreadable are two things, and each is seen twice.
#[test]
fn an_unsound_object_is_replaced_only_as_what_it_is() {
    check(Ailment::Damaged, "get5=bad get5=bad", "GET5 GET5 Replace");
    check(Ailment::Damaged, "get5=bad get5=d1", "GET5 GET5 sound-e1");
    check(Ailment::Damaged, "get5=?", "GET5 Refused(Unreadable)");
    check(Ailment::Damaged, "get5=absent", "GET5 Refused(Tail)");
    check(Ailment::Unreadable, "get5=? get5=?", "GET5 GET5 Replace");
    check(Ailment::Unreadable, "get5=bad", "GET5 Refused(Damaged)");
    check(Ailment::Unreadable, "get5=d1", "GET5 sound-e1");
    check(Ailment::Unreadable, "get5=t1", "GET5 WasMended");
}
