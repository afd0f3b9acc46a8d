//! The search for the latest manifest by scripts.

use super::*;
use crate::testing::{Party, play};

/// What it found, and whether it has ended: nobody asks it any more then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Search(FindLatest, Option<String>, bool);

impl Party for Search {
    fn request(&mut self, _: Tick) -> Option<Request> {
        if self.2 { None } else { self.0.poll_request() }
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        if self.2 {
            return;
        }
        self.1 = self.0.handle(now, reply).map(|found| match found {
            Ok(Some(manifest)) => format!("found{}", manifest.version),
            Ok(None) => "none".to_owned(),
            Err(why) => format!("{why:?}"),
        });
        self.2 = self.1.is_some();
    }

    fn event(&mut self) -> Option<String> {
        self.1.take()
    }
}

fn check(script: &str, expect: &str) {
    check_of(FindLatest::new(Tick(100)), script, expect);
}

fn check_of(search: FindLatest, script: &str, expect: &str) {
    let mut search = Search(search, None, false);
    assert_eq!(play(&mut search, script), expect, "{script}");
}

/// P-1.
#[test]
fn the_listed_one_is_read_and_then_probed_beyond() {
    check("list=7 man7=e1 man8=absent list=7", "LIST MAN7 MAN8 LIST found7");
    check("list=7 man7=e1 man8=e2 man9=absent list=8", "LIST MAN7 MAN8 MAN9 LIST found8");
    check("list=0 man1=absent", "LIST MAN1 none");
    check("list=7 man6=e9 man7=e1 man9=absent man8=absent list=7", "LIST MAN7 MAN8 LIST found7");
    check("list=0 man1=e1 man2=absent list=1", "LIST MAN1 MAN2 LIST found1");
}

/// P-1: pruned between listing and reading.
#[test]
fn a_listed_version_that_is_gone_makes_it_list_again() {
    check(
        "list=7 man7=absent man8=absent list=9 man9=e1 man10=absent list=9",
        "LIST MAN7 MAN8 LIST#1 MAN9 MAN10 LIST found9",
    );
}

/// P-67: a store that goes on listing what it does not have. A search once asked it for ever, without a pause.
#[test]
fn a_version_that_is_listed_and_never_there_ends_the_search() {
    check(
        "list=7 man7=absent man8=absent list=7 @99 man8=absent man7=absent list=7 @100 man7=absent man8=absent",
        "LIST MAN7 MAN8 LIST#1 MAN7 MAN8 LIST#2 MAN7 MAN8 MissingManifest(Version(7))",
    );
    check(
        "list=6 man6=e1 man7=absent list=9 man9=absent man10=absent list=? list=9 @100 man9=absent man10=absent",
        "LIST MAN6 MAN7 LIST MAN9 MAN10 LIST#1 LIST#2 MAN9 MAN10 MissingManifest(Version(9))",
    );
}

/// P-1: version 7 was pruned with 8 after it was listed, and a late create landed on its place. A search once
/// returned that one: a fenced writer then took the `replay_after` in it for the real one, and said of rows
/// in the log that they were not.
#[test]
fn a_version_that_took_the_place_of_a_pruned_one_is_passed_over() {
    check(
        "list=7 man7=e1 man8=absent list=9 man9=e3 man10=absent list=9",
        "LIST MAN7 MAN8 LIST MAN9 MAN10 LIST found9",
    );
}

/// P-1: the second list is a lower bound like the first; what was read stays read.
#[test]
fn a_second_list_that_lags_changes_nothing() {
    check("list=7 man7=e1 man8=e2 man9=absent list=7", "LIST MAN7 MAN8 MAN9 LIST found8");
}

#[test]
fn failures_are_not_absence() {
    check(
        "list=? list=7 man7=? man7=e1 man8=? man8=absent list=? list=7",
        "LIST LIST#1 MAN7 MAN8 MAN7#1 MAN8#1 LIST LIST#1 found7",
    );
    check("list=7 man7=e1 man8=absent @100 list=?", "LIST MAN7 MAN8 LIST Unread");
    check("list=7 man7=e1 @100 man8=?", "LIST MAN7 MAN8 Unread");
    check("list=7 man7=e1 man8=e2 @100 man9=?", "LIST MAN7 MAN8 MAN9 Unread");
    check("list=7 man7=bad man8=absent", "LIST MAN7 MAN8 DamagedManifest(Version(7))");
    check("list=7 man7=e1 man8=bad", "LIST MAN7 MAN8 DamagedManifest(Version(8))");
}

/// P-110: an answer that is still on its way could be taken for one to a later question.
#[test]
fn a_search_goes_on_when_all_that_it_asked_is_answered() {
    check("list=7 man7=bad", "LIST MAN7 MAN8");
    check("list=7 man8=absent", "LIST MAN7 MAN8");
    check("list=7 man8=absent man7=absent", "LIST MAN7 MAN8 LIST#1");
}

fn warm(script: &str, expect: &str) {
    let known = Known { version: Version::new(7), nonce: Some(Nonce(20)) };
    check_of(FindLatest::warm(Tick(100), known), script, expect);
}

/// P-111.
#[test]
fn a_warm_look_is_one_round_trip() {
    warm("list=7 man7=e1n20 man8=absent", "LIST MAN7 MAN8 found7");
    warm("man8=absent man7=e1n20 list=7", "LIST MAN7 MAN8 found7");
    warm("list=7 man8=absent", "LIST MAN7 MAN8");
}

/// P-111: a listing that shows more, or less, or the same version by another, and whatever was not answered.
#[test]
fn anything_else_makes_it_a_search() {
    let search = "man9=e2 man10=absent list=9";
    let asked = "LIST MAN7 MAN8 MAN9 MAN10 LIST found9";
    warm(&format!("list=9 man7=e1n20 man8=e1 {search}"), asked);
    warm(&format!("man7=absent man8=absent list=9 {search}"), asked);
    warm(
        "list=6 man7=e1n20 man8=absent man6=e1 man7=e1n20 man8=absent list=7",
        "LIST MAN7 MAN8 MAN6 MAN7 MAN8 LIST found7",
    );
    warm(
        "list=7 man7=e1n33 man8=absent man7=e1n33 man8=absent list=7",
        "LIST MAN7 MAN8 MAN7 MAN8 LIST found7",
    );
    warm(
        "list=7 man7=e1n20 man8=e2 man7=e1n20 man8=e2 man9=absent list=8",
        "LIST MAN7 MAN8 MAN7 MAN8 MAN9 LIST found8",
    );
    warm("list=? man7=e1n20 man8=absent list=7", "LIST MAN7 MAN8 LIST MAN7 MAN8");
    warm("list=0 man7=absent man8=absent list=0 man1=absent", "LIST MAN7 MAN8 LIST MAN1 none");
    warm("list=7 man7=? man8=absent man7=e1n20", "LIST MAN7 MAN8 MAN7 MAN8");
    warm(
        "list=7 man7=bad man8=absent man7=bad man8=absent",
        "LIST MAN7 MAN8 MAN7 MAN8 DamagedManifest(Version(7))",
    );
}

/// P-111: Lance's manifests have no nonce, so nothing tells one from another.
#[test]
fn a_manifest_of_lances_is_never_known() {
    let known = Known { version: Version::new(7), nonce: None };
    check_of(FindLatest::warm(Tick(100), known), "list=7 man7=e1l man8=absent", "LIST MAN7 MAN8 MAN7 MAN8");
}

/// P-112.
#[test]
fn a_search_to_build_on_makes_no_second_list() {
    let quick = || FindLatest::to_build_on(Tick(100), Rounds::NONE);
    check_of(quick(), "list=7 man7=e1 man8=absent", "LIST MAN7 MAN8 found7");
    check_of(quick(), "list=7 man7=e1 man8=e2 man9=absent", "LIST MAN7 MAN8 MAN9 found8");
    check_of(quick(), "list=0 man1=absent", "LIST MAN1 none");
    let rest = || FindLatest::to_conclude_from(Tick(100), crate::testing::manifest(7, "e1"));
    check_of(rest(), "list=7", "LIST found7");
    check_of(rest(), "list=8 man8=e2 man9=absent list=8", "LIST MAN8 MAN9 LIST found8");
}
