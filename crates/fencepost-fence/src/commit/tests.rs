//! Manifest commits by scripts. The commit's own nonce is 20.

use super::*;
use crate::ReadReply;
use crate::testing::{Party, SHARD, play};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Committing(Commit, Option<String>, bool);

impl Party for Committing {
    fn request(&mut self, _: Tick) -> Option<Request> {
        if self.2 { None } else { self.0.poll_request() }
    }

    fn handle(&mut self, now: Tick, reply: &Reply) {
        if self.2 {
            return;
        }
        self.1 = self.0.handle(now, reply).map(|outcome| match outcome {
            CommitOutcome::Won(manifest) => format!("won{}e{}", manifest.version, manifest.writer_epoch),
            CommitOutcome::Unchanged(manifest) => format!("unchanged-r{}", manifest.replay_after),
            CommitOutcome::Superseded { by } => format!("superseded-by{by}"),
            CommitOutcome::Sealed => "sealed".to_owned(),
            CommitOutcome::GaveUp(why) => format!("{why:?}"),
        });
        self.2 = self.1.is_some();
    }

    fn event(&mut self) -> Option<String> {
        self.1.take()
    }
}

fn check(change: Change, script: &str, expect: &str) {
    let mut commit = Committing(Commit::new(change, Nonce(20), Tick(100)), None, false);
    assert_eq!(play(&mut commit, script), expect, "{script}");
}

fn claim(script: &str, expect: &str) {
    check(Change::Claim { shard: SHARD, only_if: None }, script, expect);
}

fn claim_if(only_if: u64, script: &str, expect: &str) {
    check(Change::Claim { shard: SHARD, only_if: Some(Epoch::new(only_if)) }, script, expect);
}

fn checkpoint(script: &str, expect: &str) {
    let (replay_after, tail) = (Position::new(50), Position::new(60));
    let (epoch, known, nonce) = (Epoch::new(2), Version::new(7), Some(Nonce(u128::MAX)));
    check(Change::Checkpoint { epoch, known, nonce, replay_after, tail }, script, expect);
}

/// P-150.
#[test]
fn only_the_holder_seals_and_only_once() {
    let seal = |script: &str, expect: &str| check(Change::Seal { epoch: Epoch::new(2) }, script, expect);
    seal(
        "list=7 man7=e2r5 man8=absent cre8=done list=8 man8=e2r5sn20 man9=absent",
        "LIST MAN7 MAN8 CRE8:e2r5h0 LIST MAN8 MAN9 won8e2",
    );
    seal("list=7 man7=e2r5s man8=absent list=7", "LIST MAN7 MAN8 LIST unchanged-r5");
    seal("list=7 man7=e3r5 man8=absent list=7", "LIST MAN7 MAN8 LIST superseded-by3");
    seal(
        "list=7 man7=e1r5 man8=absent list=7",
        "LIST MAN7 MAN8 LIST RolledBack { ours: Epoch(2), found: Epoch(1) }",
    );
}

/// P-150.
#[test]
fn a_seal_is_lifted_under_the_next_epoch() {
    check(
        Change::Unseal,
        "list=7 man7=e2r5s man8=absent cre8=done list=8 man8=e3r5n20 man9=absent",
        "LIST MAN7 MAN8 CRE8:e3r5h0 LIST MAN8 MAN9 won8e3",
    );
    check(Change::Unseal, "list=7 man7=e2r5 man8=absent list=7", "LIST MAN7 MAN8 LIST unchanged-r5");
    check(Change::Unseal, "list=0 man1=absent", "LIST MAN1 superseded-by0");
}

/// P-2, P-3, P-10.
#[test]
fn a_claim_takes_the_next_epoch_and_confirms() {
    claim(
        "list=0 man1=absent cre1=done list=1 man1=e1n20 man2=absent",
        "LIST MAN1 CRE1:e1r0h0 LIST MAN1 MAN2 won1e1",
    );
    claim(
        "list=7 man7=e1r5h6 man8=absent cre8=done list=8 man8=e2n20 man9=absent",
        "LIST MAN7 MAN8 CRE8:e2r5h6 LIST MAN8 MAN9 won8e2",
    );
}

/// P-10.
#[test]
fn a_sealed_shard_refuses_claims_but_not_checkpoints() {
    claim("list=7 man7=e1s man8=absent list=7", "LIST MAN7 MAN8 LIST sealed");
    checkpoint("list=7 man7=e2s man8=absent", "LIST MAN7 MAN8 CRE8:e2r50h60");
}

/// F-15.
#[test]
fn a_manifest_of_lances_is_remembered_for_ever() {
    claim("list=7 man7=e1l man8=absent", "LIST MAN7 MAN8 CRE8:e2r0h0b");
    claim("list=7 man7=e1b man8=absent", "LIST MAN7 MAN8 CRE8:e2r0h0b");
    checkpoint("list=7 man7=e2b man8=absent", "LIST MAN7 MAN8 CRE8:e2r50h60b");
}

/// P-5, P-67: every search after a lost race waits longer. It once went on without a pause until its deadline.
#[test]
fn lost_races_are_paced() {
    let lost = "list=7 man7=e1 man8=absent cre8=exists man8=e2n5";
    claim(
        &format!("{lost} {lost} @100 {lost}"),
        "LIST MAN7 MAN8 CRE8:e2r0h0 MAN8 LIST#1 MAN7 MAN8 CRE8:e2r0h0 MAN8 LIST#2 MAN7 MAN8 CRE8:e2r0h0 MAN8 Unknown",
    );
    // "Exists" and "absent" about the same version in turn.
    claim(
        "list=7 man7=e1 man8=absent cre8=exists man8=absent cre8=exists man8=absent cre8=exists",
        "LIST MAN7 MAN8 CRE8:e2r0h0 MAN8 CRE8:e2r0h0#1 MAN8 CRE8:e2r0h0#2 MAN8",
    );
}

/// P-11.
#[test]
fn a_claim_after_a_wait_is_for_the_watched_epoch_only() {
    claim_if(1, "list=7 man7=e1 man8=absent", "LIST MAN7 MAN8 CRE8:e2r0h0");
    claim_if(1, "list=7 man7=e2 man8=absent list=7", "LIST MAN7 MAN8 LIST superseded-by2");
    claim_if(0, "list=0 man1=absent", "LIST MAN1 CRE1:e1r0h0");
    claim_if(0, "list=0 man1=e1 man2=absent list=1", "LIST MAN1 MAN2 LIST superseded-by1");
}

/// P-4.
#[test]
fn a_create_that_is_not_the_latest_is_not_won() {
    let created = "list=7 man7=e1 man8=absent cre8=done man8=e2n20 man9=absent";
    let asked = "LIST MAN7 MAN8 CRE8:e2r0h0 LIST MAN8 MAN9";
    // A higher epoch.
    claim(
        &format!("{created} list=90 man90=e3 man91=absent list=90"),
        &format!("{asked} MAN90 MAN91 LIST superseded-by3"),
    );
    // The same epoch by somebody else, in version 8 or above: the next one.
    claim(
        &format!("{created} list=90 man90=e2n33 man91=absent list=90 list=90 man90=e2n33 man91=absent"),
        &format!("{asked} MAN90 MAN91 LIST LIST#1 MAN90 MAN91 CRE91:e3r0h0"),
    );
    // A lower epoch: into pruned space.
    claim(
        &format!("{created} list=90 man90=e1 man91=absent list=90 list=90 man90=e1 man91=absent"),
        &format!("{asked} MAN90 MAN91 LIST LIST#1 MAN90 MAN91 CRE91:e2r0h0"),
    );
}

/// P-5.
#[test]
fn exists_is_read_back() {
    let proposed = "list=7 man7=e1 man8=absent cre8=exists";
    let asked = "LIST MAN7 MAN8 CRE8:e2r0h0 MAN8";
    claim(
        &format!("{proposed} man8=e2n20 list=8 man8=e2n20 man9=absent"),
        &format!("{asked} LIST MAN8 MAN9 won8e2"),
    );
    claim(
        &format!("{proposed} man8=e2n33 list=8 man8=e2n33 man9=absent"),
        &format!("{asked} LIST#1 MAN8 MAN9 CRE9:e3r0h0"),
    );
    claim(&format!("{proposed} man8=absent cre8=done"), &format!("{asked} CRE8:e2r0h0#1 LIST MAN8 MAN9"));
    claim(&format!("{proposed} man8=bad"), &format!("{asked} DamagedManifest(Version(8))"));
}

/// P-3: pruned and created again by another who had the same version in mind.
#[test]
fn another_commit_under_our_version_is_not_our_win() {
    claim(
        "list=7 man7=e1 man8=absent cre8=done list=8 man8=e2n33 man9=absent man8=e2n33 man9=absent list=8",
        "LIST MAN7 MAN8 CRE8:e2r0h0 LIST MAN8 MAN9 MAN8 MAN9 LIST LIST#1",
    );
}

#[test]
fn answers_about_other_versions_are_ignored() {
    claim(
        "list=7 man7=e1 man8=absent list=7 cre9=done cre8=exists man9=e2n20 man8=e2n20",
        "LIST MAN7 MAN8 CRE8:e2r0h0 MAN8 LIST MAN8 MAN9",
    );
}

/// What messages name.
#[test]
fn the_version_that_is_tried_is_known() {
    let mut commit = Committing(
        Commit::new(Change::Claim { shard: SHARD, only_if: None }, Nonce(20), Tick(100)),
        None,
        false,
    );
    assert_eq!(commit.0.version(), None);
    play(&mut commit, "list=7 man7=e1 man8=absent");
    assert_eq!(commit.0.version(), Some(Version::new(8)));
    play(&mut commit, "cre8=done");
    assert_eq!(commit.0.version(), Some(Version::new(8)));
}

/// P-6.
#[test]
fn unknown_is_tried_again_and_then_said_to_be() {
    let proposed = "list=7 man7=e1 man8=absent";
    let asked = "LIST MAN7 MAN8 CRE8:e2r0h0";
    claim(&format!("{proposed} cre8=? cre8=done"), &format!("{asked} CRE8:e2r0h0#1 LIST MAN8 MAN9"));
    claim(&format!("{proposed} cre8=? @100 cre8=?"), &format!("{asked} CRE8:e2r0h0#1 Unknown"));
    claim(&format!("{proposed} cre8=? cre8=no"), &format!("{asked} CRE8:e2r0h0#1 Unknown"));
    claim(&format!("{proposed} cre8=later cre8=no"), &format!("{asked} CRE8:e2r0h0#1 NotDone"));
    claim(
        &format!("{proposed} cre8=done @100 man8=e2n20 man9=absent list=? list=?"),
        &format!("{asked} LIST MAN8 MAN9 LIST Unknown"),
    );
}

/// P-7: whatever this code does not know travels along; here Lance's fields.
#[test]
fn a_rewritten_manifest_keeps_the_rest() {
    let mut latest = crate::testing::manifest(7, "e1r5h6");
    latest.shard_spec_id = 9;
    latest.current_generation = fencepost_format::Generation(4);
    let mut commit = Commit::new(Change::Claim { shard: SHARD, only_if: None }, Nonce(20), Tick(100));
    let read = |version, read| Reply::Manifest(version, read);
    for reply in [
        Reply::Listed(ReadReply::Found(latest.version)),
        read(latest.version, ReadReply::Found(latest.clone())),
        read(latest.version.next(), ReadReply::Absent),
    ] {
        while commit.poll_request().is_some() {}
        assert_eq!(commit.handle(Tick(0), &reply), None);
    }
    let Some(Request::CreateManifest { manifest, .. }) = commit.poll_request() else { panic!("a create") };
    let (version, writer_epoch, nonce) = (latest.version.next(), Epoch::new(2), Some(Nonce(20)));
    assert_eq!(manifest, Manifest { version, writer_epoch, nonce, ..latest });
}

/// P-30, P-33.
#[test]
fn a_checkpoint_moves_r_and_h_and_never_back() {
    checkpoint("list=7 man7=e2r5h6 man8=absent", "LIST MAN7 MAN8 CRE8:e2r50h60");
    checkpoint("list=7 man7=e2r5h70 man8=absent", "LIST MAN7 MAN8 CRE8:e2r50h70");
    checkpoint("list=7 man7=e2r50 man8=absent", "LIST MAN7 MAN8 unchanged-r50");
    checkpoint("list=7 man7=e2r55 man8=absent", "LIST MAN7 MAN8 unchanged-r55");
}

/// P-32.
#[test]
fn a_checkpoint_is_for_the_epochs_holder_only() {
    let gone = "man7=absent man8=absent";
    checkpoint(
        &format!("{gone} list=9 man9=e3r5 man10=absent list=9"),
        "LIST MAN7 MAN8 MAN9 MAN10 LIST superseded-by3",
    );
    checkpoint(
        &format!("{gone} list=7 man7=e1r5 man8=absent list=7"),
        "LIST MAN7 MAN8 MAN7 MAN8 LIST RolledBack { ours: Epoch(2), found: Epoch(1) }",
    );
    checkpoint(
        &format!("{gone} list=0 list=0 man1=absent"),
        "LIST MAN7 MAN8 LIST MAN1 RolledBack { ours: Epoch(2), found: Epoch(0) }",
    );
}

/// P-66, P-111: the bucket went back, and another holder of the same epoch came to the same version.
#[test]
fn a_checkpoint_knows_its_manifest_by_the_nonce() {
    checkpoint(
        "list=7 man7=e2r5n33 man8=absent man7=e2r5n33 man8=absent list=7",
        "LIST MAN7 MAN8 MAN7 MAN8 LIST WentBack { known: Version(7), found: Version(7) }",
    );
    checkpoint(
        "list=8 man7=e2r5 man8=e2r6n33 man8=e2r6n33 man9=absent list=8",
        "LIST MAN7 MAN8 MAN8 MAN9 LIST CRE9:e2r50h60",
    );
}

/// P-112: a manifest that is only built on needs no second LIST; one that ends the commit does.
#[test]
fn a_refusal_is_certain() {
    claim(
        "list=7 man7=e1s man8=absent list=9 man9=e1 man10=absent list=9",
        "LIST MAN7 MAN8 LIST MAN9 MAN10 LIST CRE10:e2r0h0",
    );
    claim_if(
        1,
        "list=7 man7=e2 man8=absent list=9 man9=e3 man10=absent list=9",
        "LIST MAN7 MAN8 LIST MAN9 MAN10 LIST superseded-by3",
    );
}

/// P-112: a claim on top of what was read already.
#[test]
fn a_claim_upon_a_manifest_searches_only_where_it_would_be_refused() {
    let upon = |only_if, read: Option<&str>, script: &str, expect: &str| {
        let change = Change::Claim { shard: SHARD, only_if: Some(Epoch::new(only_if)) };
        let read = read.map_or(Basis::Nothing, |words| Basis::Latest(crate::testing::manifest(7, words)));
        let mut commit = Committing(Commit::upon(change, Nonce(20), Tick(100), read), None, false);
        assert_eq!(play(&mut commit, script), expect, "{script}");
    };
    upon(1, Some("e1r5"), "cre8=done list=8 man8=e2n20 man9=absent", "CRE8:e2r5h0 LIST MAN8 MAN9 won8e2");
    upon(0, None, "cre1=done", "CRE1:e1r0h0 LIST MAN1 MAN2");
    upon(1, Some("e1s"), "list=7", "LIST sealed");
    upon(1, Some("e2"), "list=9 man9=e3 man10=absent list=9", "LIST MAN9 MAN10 LIST superseded-by3");
    upon(
        1,
        Some("e1r5"),
        "cre8=exists man8=e2n33 list=8 man8=e2n33 man9=absent list=8",
        "CRE8:e2r5h0 MAN8 LIST#1 MAN8 MAN9 LIST superseded-by2",
    );
}

/// P-85, F-40: whoever commits on top of a drain creates no drain.
#[test]
fn a_commit_on_top_of_a_drain_is_none() {
    let latest = Manifest { drain: Some(Nonce(7)), version: Version::new(7), ..Manifest::initial(SHARD) };
    let claim = Change::Claim { shard: SHARD, only_if: None };
    let mut commit = Commit::upon(claim, Nonce(20), Tick(100), Basis::Latest(latest));
    let Some(Request::CreateManifest { manifest, .. }) = commit.poll_request() else {
        panic!("it creates the next version")
    };
    assert_eq!((manifest.drain, manifest.version, manifest.lance_before), (None, Version::new(8), true));
}
