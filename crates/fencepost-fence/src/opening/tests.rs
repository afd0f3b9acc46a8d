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
        "list=7 man7=e1r4 man8=absent list=7 cre8=done list=8 man8=e2r4n20 man9=absent list=8 \
         get5=c1 get6=absent tail6 put6=done list=8 man8=e2r4n20 man9=absent list=8",
        "LIST MAN7 MAN8 LIST CRE8:e2r4h0 LIST MAN8 MAN9 LIST claimed8:e2r4 \
         GET5 replay5 GET6 GET7 LOOK6 PUT6:h LIST MAN8 MAN9 LIST open7",
    );
}

/// P-10, P-4: what ends the claim ends the opening.
#[test]
fn a_claim_that_is_not_won_ends_it() {
    check("list=7 man7=e1s man8=absent list=7 get1=d1", "LIST MAN7 MAN8 LIST sealed");
    check(
        "list=7 man7=e1 man8=absent list=7 cre8=done list=9 man9=e3 man10=absent list=9 list=9",
        "LIST MAN7 MAN8 LIST CRE8:e2r0h0 LIST MAN9 MAN10 LIST fenced-by3",
    );
    check("list=7 man7=bad", "LIST MAN7 DamagedManifest(Version(7))");
}
