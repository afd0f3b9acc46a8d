//! A whole opening by scripts: claim, replay, fence entry, fillers and the last look.

use super::*;
use crate::testing::{PARAMS, Party, SHARD, looks, nonce, play};

impl Party for Opening {
    fn request(&mut self, _: Tick) -> Option<Request> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        Machine::handle(self, now, reply.clone());
    }

    fn event(&mut self) -> Option<String> {
        Some(match self.poll_event()? {
            OpeningEvent::Claimed { version, epoch, replay_after, .. } => {
                format!("claimed{version}:e{epoch}r{replay_after}")
            }
            OpeningEvent::Replayed { header, .. } => format!("replay{}", header.position),
            OpeningEvent::Opened(opened) => format!("open{}", opened.next),
            OpeningEvent::Fenced { by } => format!("fenced-by{by}"),
            OpeningEvent::Sealed => "sealed".to_owned(),
            OpeningEvent::GaveUp(why) => format!("{why:?}"),
        })
    }
}

fn check(script: &str, expect: &str) {
    let mut opening = Opening::new(PARAMS, Tick(0), SHARD, nonce(Epoch::new(2)), None);
    assert_eq!(play(&mut opening, script), looks(expect), "{script}");
}

/// P-10, P-12, P-18.
#[test]
fn an_opening_claims_replays_fences_and_looks_again() {
    check(
        "list=7 man7=e1r4 man8=absent get5=c1 get6=absent cre8=done tail6 list=8 man8=e2r4n20 man9=absent \
         put6=done list=8 man8=e2r4n20 man9=absent",
        "LIST MAN7 MAN8 CRE8:e2r4h0 GET5 GET6 GET7 LOOK6 LIST MAN8 MAN9 claimed8:e2r4 replay5 \
         PUT6:h LIST MAN8 MAN9 open7",
    );
}

/// P-10, P-4: what ends the claim ends the opening.
#[test]
fn a_claim_that_is_not_won_ends_it() {
    check("list=7 man7=e1s man8=absent list=7 get1=d1", "LIST MAN7 MAN8 LIST sealed");
    check(
        "list=7 man7=e1 man8=absent cre8=done list=9 man8=absent man9=e3 man9=e3 man10=absent list=9 list=9",
        "LIST MAN7 MAN8 CRE8:e2r0h0 GET1 GET2 LIST MAN8 MAN9 MAN9 MAN10 LIST fenced-by3",
    );
    check("list=7 man7=bad man8=absent", "LIST MAN7 MAN8 DamagedManifest(Version(7))");
}

/// P-114: until the claim has won, nothing is told and nothing written, whatever was read.
#[test]
fn what_was_read_early_is_told_when_the_claim_has_won() {
    let asked = "LIST MAN7 MAN8 CRE8:e2r4h0 GET5 GET6";
    let claimed = "cre8=done list=8 man8=e2r4n20 man9=absent";
    let confirmed = "LIST MAN8 MAN9 claimed8:e2r4";
    let opening = "list=7 man7=e1r4 man8=absent";
    check(&format!("{opening} get5=d3"), asked);
    check(&format!("{opening} get5=d3 {claimed}"), &format!("{asked} {confirmed} fenced-by3"));
    check(
        &format!("{opening} get5=bad {claimed}"),
        &format!("{asked} {confirmed} DamagedEntry(Position(5))"),
    );
    check(
        &format!("{opening} get5=absent tail5 {claimed} put5=done"),
        &format!("{asked} LOOK5 {confirmed} PUT5:p LIST MAN8 MAN9"),
    );
    // P-92: the search for the manifest comes after the claim.
    check(
        &format!("{opening} get5=absent peek6=c1 get5=absent {claimed} list=8"),
        &format!("{asked} LOOK5 GET5 {confirmed} LIST MAN8 MAN9"),
    );
    // No more than may be read ahead.
    check(
        &format!("{opening} get5=d1 get6=d1 get7=d1 get8=d1 {claimed}"),
        &format!("{asked} GET7 GET8 {confirmed} replay5 replay6 replay7 replay8 GET9 GET10"),
    );
}

/// P-114: a checkpoint came between, so what was read may be gone. What is still out is waited for and dropped.
#[test]
fn what_was_read_beside_another_claim_is_void() {
    let lost =
        "list=7 man7=e1r4 man8=absent get5=d1 cre8=exists man8=e1r6n33 list=8 man8=e1r6n33 man9=absent";
    let asked = "LIST MAN7 MAN8 CRE8:e2r4h0 GET5 GET6 GET7 MAN8 LIST#1 MAN8 MAN9 CRE9:e2r6h0";
    let won = "cre9=done list=9 man9=e2r6n20 man10=absent";
    check(
        &format!("{lost} get6=absent get7=absent {won} get7=d1"),
        &format!("{asked} GET7 GET8 LIST MAN9 MAN10 claimed9:e2r6 replay7 GET9"),
    );
    check(
        &format!("{lost} {won} get7=absent get6=absent get7=d1"),
        &format!("{asked} LIST MAN9 MAN10 claimed9:e2r6 GET7 replay7 GET8 GET9"),
    );
}

/// P-112: on top of what a candidate read.
#[test]
fn an_opening_upon_a_manifest_begins_with_its_claim() {
    let basis = Basis::Latest(crate::testing::manifest(7, "e1r4"));
    let mut opening = Opening::upon(PARAMS, Tick(0), SHARD, nonce(Epoch::new(2)), Some(Epoch::FIRST), basis);
    let played = play(&mut opening, "cre8=done list=8 man8=e2r4n20 man9=absent");
    assert_eq!(played, "CRE8:e2r4h0 GET5 GET6 LIST MAN8 MAN9 claimed8:e2r4");
}
