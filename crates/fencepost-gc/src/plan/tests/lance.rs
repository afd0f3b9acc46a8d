//! Shards that Lance writes to, as they were seen with its 14.0.2: what may go, and what must stay for its
//! writers and openers.

use super::{check_facts, reason};
use crate::testing::{InventoryExt, inventory};
use crate::{ClaimState, Hold, Inventory, ManifestFacts, Policy, claims};
use fencepost_format::{Epoch, Generation, Position, Version};
use std::time::Duration;

/// A manifest version by Lance.
fn version(version: u64, epoch: u64, replay_after: u64, last_seen: u64) -> ManifestFacts {
    ManifestFacts {
        version: Version::new(version),
        epoch: Epoch::new(epoch),
        replay_after: Position::new(replay_after),
        last_seen: Position::new(last_seen),
        generation: Generation(1),
        by_lance: true,
        lance_before: false,
    }
}

/// A shard with these entries and versions; the last is the latest.
fn shard(entries: &str, versions: &[ManifestFacts]) -> (Inventory, ManifestFacts) {
    let (latest, older) = versions.split_last().unwrap();
    let mut log = inventory(entries).with_manifests(versions.iter().map(|facts| (facts.version.get(), 0)));
    log.claims.extend(older.iter().map(|facts| (facts.version, Some(*facts))));
    (log, *latest)
}

fn check(entries: &str, versions: &[ManifestFacts], goes: &[u64]) {
    let (log, latest) = shard(entries, versions);
    check_facts(&log, &latest, &Policy::new(), goes);
}

/// Case i: all covered goes but for the epoch's first entry; the tail is there to be found.
#[test]
fn with_a_live_tail_all_that_is_covered_goes() {
    let log = "1:D1 2:D1 3:D1 4:D1 5:D1 6:D1 7:D1 8:D1";
    check(log, &[version(1, 1, 0, 0), version(2, 1, 5, 5)], &[2, 3, 4]);
}

/// Case ii: with everything gone, Lance would begin at 1 again and its sentinel would fence nobody.
#[test]
fn with_everything_covered_the_highest_entry_stays() {
    let log = "1:D1 2:D1 3:D1 4:D1 5:D1";
    check(log, &[version(1, 1, 0, 0), version(2, 1, 5, 5)], &[2, 3, 4]);
    let (log, latest) = shard(log, &[version(1, 1, 0, 0), version(2, 1, 5, 5)]);
    let plan = check_facts(&log, &latest, &Policy::new(), &[2, 3, 4]);
    assert_eq!(reason(&plan, 5), "highest_entry");
}

/// Cases iii-a to iii-c: epochs 2 and 3 begin with sentinels at 5 and 9. Each opener's first reader moved
/// `last_seen`.
#[test]
fn first_entries_of_epochs_stay_and_so_does_the_last_covered_one() {
    let log = "1:D1 2:D1 3:D1 4:D1 5:P2 6:D2 7:D2 8:D2 9:P3 10:D3 11:D3 12:D3";
    let versions = [version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 3, 0, 0), version(4, 3, 12, 12)];
    // Row 6 is what shows that epoch 2, which never flushed, came to write.
    check(log, &versions, &[2, 3, 4, 7, 8, 10, 11]);
    check(&format!("{log} 13:D3 14:D3"), &versions, &[2, 3, 4, 7, 8, 10, 11]);
}

/// Cases iii-d to iii-f: `last_seen` names a kept sentinel. A gap right above it would be taken for the tail.
#[test]
fn with_a_hint_on_a_sentinel_nothing_above_it_goes() {
    let log = "1:D1 2:D1 3:D1 4:D1 5:P2 6:D2 7:D2 8:D2 9:D2 10:D2";
    check(log, &[version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 2, 8, 5)], &[2, 3, 4]);
}

/// Cases iv-a to iv-e: what A, idle at 4, collides with is B's sentinel, and stays.
#[test]
fn what_an_idle_writer_collides_with_stays() {
    let log = "1:D1 2:D1 3:D1 4:P2 5:D2 6:D2 7:D2 8:D2";
    let versions = [version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 2, 8, 8)];
    let (log, latest) = shard(log, &versions);
    let plan = check_facts(&log, &latest, &Policy::new(), &[2, 3, 5, 6, 7]);
    assert_eq!([reason(&plan, 4), reason(&plan, 8)], ["guarding_fence", "highest_entry"]);
}

/// Cases v-a and v-b: B claimed epoch 2 and its sentinel is held back. B will replay from 0, so 1 to 3 stay,
/// up to 4, where it is fenced. Nothing above needs to stay for it.
#[test]
fn a_stalled_opener_replays_into_its_successors_sentinel() {
    let log = "1:D1 2:D1 3:D1 4:P3 5:D3 6:D3 7:D3 8:D3";
    let versions = [version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 3, 0, 0), version(4, 3, 7, 7)];
    let (log, latest) = shard(log, &versions);
    let plan = check_facts(&log, &latest, &Policy::new(), &[5, 6]);
    assert_eq!([reason(&plan, 2), reason(&plan, 4)], ["lance_opener", "lance_opener"]);
    let why = plan.verdict(&crate::Object::Entry(Position::new(2))).unwrap().clone();
    assert!(matches!(why, crate::Verdict::Keep(why) if why.to_string().contains("opener of epoch 2")));
    assert_eq!(plan.claims.holder(Position::new(3)).unwrap().epoch, Epoch::new(2));
    // When B's sentinel has landed above, it is no further: it has still not replayed.
    let late = "1:D1 2:D1 3:D1 4:P3 5:D3 6:D3 7:D3 8:D3 9:P2";
    check(late, &versions, &[5, 6]);
}

/// P-58: without a successor's entry in the way of its replay, the opener may end up anywhere, so all above
/// its `replay_after` stays.
#[test]
fn an_opener_that_nothing_fences_holds_everything_above_its_replay_point() {
    let versions = [version(1, 1, 0, 0), version(2, 2, 2, 2), version(3, 3, 2, 2), version(4, 3, 6, 6)];
    // Somebody else, long ago, deleted 4.
    check("1:D1 2:D1 3:D1 5:P3 6:D3 7:D3", &versions, &[2]);
    // Epoch 3 has claimed and wrote no fence entry: whoever flushed is epoch 3 all the same.
    check("1:D1 2:D1 3:D1 4:D1 5:D1 6:D1", &versions, &[2]);
    // What is unreadable may be anything.
    check("1:D1 2:D1 3:? 4:P3 5:D3 6:D3 7:D3", &versions, &[2]);
}

/// P-58: readers that tail the shard write versions of the current epoch, and an opener's own replay does so
/// before it ends.
#[test]
fn a_second_version_of_its_epoch_does_not_settle_a_claim() {
    let log = "1:D1 2:D1 3:D1 4:P3 5:D3 6:D3 7:D3 8:D3";
    let versions = [version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 2, 0, 3), version(4, 3, 7, 7)];
    check(log, &versions, &[5, 6]);
}

/// P-58: a long replay may flush before it ends. Then it goes on from there.
#[test]
fn an_opener_that_flushed_replays_from_there() {
    let log = "1:D1 2:D1 3:D1 4:P3 5:D3 6:D3 7:D3 8:D3";
    let versions = [version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 2, 2, 3), version(4, 3, 7, 7)];
    check(log, &versions, &[2, 5, 6]);
}

/// P-58: and what showed that it is settled must not be deleted while it matters, or a later pass would hold
/// back what this one let go.
#[test]
fn what_settles_a_claim_stays() {
    let log = "1:D1 2:D1 3:P2 4:D2 5:D2 6:P3 7:D3 8:D3";
    let versions = [version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 3, 0, 0), version(4, 3, 7, 7)];
    let (log, latest) = shard(log, &versions);
    let plan = check_facts(&log, &latest, &Policy::new(), &[2, 5]);
    assert_eq!([reason(&plan, 4), reason(&plan, 7)], ["lance_evidence", "lance_tail_guard"]);
    let after = shard("1:D1 3:P2 4:D2 6:P3 7:D3 8:D3", &versions).0;
    check_facts(&after, &latest, &Policy::new(), &[]);
}

/// P-58, P-59: a claim is let go after the policy's time, or by an operator; in a clock-free collection only
/// by him.
#[test]
fn a_claim_is_let_go_by_time_or_by_an_operator() {
    let entries = "1:D1 2:D1 3:D1 5:P3 6:D3 7:D3";
    let versions = [version(1, 1, 0, 0), version(2, 2, 0, 0), version(3, 3, 0, 0), version(4, 3, 6, 6)];
    let (log, latest) = shard(entries, &versions);
    let state = |log: &Inventory, policy: &Policy| {
        let found = claims(log, &latest, policy);
        found.all.iter().find(|claim| claim.epoch == Epoch::new(2)).map(|claim| claim.state)
    };
    let held = Hold { after: Position::NONE, through: None };
    assert_eq!(state(&log, &Policy::new()), Some(ClaimState::Unsettled(held)));
    check_facts(&log, &latest, &Policy::new(), &[]);

    let mut forgotten = log.clone();
    forgotten.forgotten.insert(Epoch::new(2));
    assert_eq!(state(&forgotten, &Policy::new().with_clock_free(true)), Some(ClaimState::Forgotten));
    let plan = check_facts(&forgotten, &latest, &Policy::new().with_clock_free(true), &[2, 3]);
    assert_eq!(plan.kept()["forgotten_record"], 1);

    let day_later = log.with_manifests([(4, 86_400_000)]);
    assert_eq!(state(&day_later, &Policy::new()), Some(ClaimState::LetGo));
    check_facts(&day_later, &latest, &Policy::new(), &[2, 3]);
    assert_eq!(state(&day_later, &Policy::new().with_clock_free(true)), Some(ClaimState::Unsettled(held)));
    check_facts(&day_later, &latest, &Policy::new().with_clock_free(true), &[]);
}

/// P-58: in a clock-free collection no manifest goes, however old.
#[test]
fn a_clock_free_collection_prunes_no_manifest_where_lance_writes() {
    let versions: Vec<_> = (1..=5).map(|number| version(number, 1, 2, 2)).collect();
    let (log, latest) = shard("1:D1 2:D1 3:D1", &versions);
    let log = log.with_manifests([(5, 864_000_000)]);
    let policy = Policy::new().with_manifests_keep(1).with_manifests_age(Duration::from_secs(1));
    let manifests = |policy: &Policy| {
        let plan = check_facts(&log, &latest, policy, &[]);
        plan.deletions().count()
    };
    assert_eq!([manifests(&policy), manifests(&policy.clone().with_clock_free(true))], [4, 0]);
}

/// P-58: an opener of Lance's among fencepost's own epochs shows only in the manifest.
#[test]
fn a_claim_by_lance_counts_where_it_wrote_no_entry() {
    let ours = |facts| ManifestFacts { by_lance: false, ..facts };
    let log = "1:h1 2:d1 3:d1 5:p3 6:d3 7:d3";
    check(log, &[ours(version(1, 1, 0, 0)), version(2, 2, 0, 0), ours(version(3, 3, 6, 6))], &[]);
    check(
        log,
        &[ours(version(1, 1, 0, 0)), ours(version(2, 2, 0, 0)), ours(version(3, 3, 6, 6))],
        &[1, 2, 3, 6],
    );
}

/// What stays of 10,000 flushed entries of 4 KiB, written by three writers in turn, and why. Printed, with
/// the bytes before and after.
#[test]
fn of_ten_thousand_flushed_entries_a_handful_stays() {
    let epoch = |at: u64| 1 + u64::from(at >= 4_000) + u64::from(at >= 8_000);
    let word = |at: u64| format!("{at}:{}{}", if at.is_multiple_of(4_000) { 'P' } else { 'D' }, epoch(at));
    let entries: Vec<_> = (1..=10_000).map(word).collect();
    let versions = [
        version(1, 1, 3_990, 3_990),
        version(2, 2, 3_990, 3_990),
        version(3, 3, 3_990, 3_990),
        version(4, 3, 10_000, 10_000),
    ];
    let (mut log, latest) = shard(&entries.join(" "), &versions);
    log.entries =
        log.entries.iter().map(|(at, entry)| (at, crate::Listed { bytes: 4_096, ..entry })).collect();
    let plan = crate::plan(&log, &latest, &Policy::new());
    let before = 4_096 * 10_000;
    println!("entries: {before} bytes before, {} after", before - plan.entry_bytes);
    let mut stays = Vec::new();
    for (object, verdict) in plan.objects() {
        if let (crate::Object::Entry(at), crate::Verdict::Keep(why)) = (&object, verdict) {
            println!("keep    {object}: {why}");
            stays.push((at.get(), why.name()));
        }
    }
    // Rows 3,991 and 4,001 are the first that epochs 1 and 2 did not flush themselves.
    let expected = [
        (1, "guarding_fence"),
        (3_991, "lance_evidence"),
        (4_000, "guarding_fence"),
        (4_001, "lance_evidence"),
        (8_000, "guarding_fence"),
        (10_000, "highest_entry"),
    ];
    assert_eq!(stays, expected);
}
