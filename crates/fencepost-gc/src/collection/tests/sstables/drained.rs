//! What was taken out of the manifest (P-86 to P-89): when its folder goes.

use super::*;
use crate::Reason;

const OURS: &str = "aaaaaaaa_gen_1";

/// Epoch 1 flushes generation 1, epoch 2 claims, and version 3 takes the SSTable out.
fn drained(above: &[(u64, u64, &[&str])]) -> World {
    let mut versions: Vec<(u64, u64, &[&str])> = vec![(1, 2, &[OURS]), (2, 2, &[OURS]), (2, 2, &[])];
    versions.extend(above);
    let mut world = shard(&versions);
    world.sstable(OURS, 9, 0);
    world
}

/// The same by a reclaim.
fn reclaimed(above: &[(u64, u64, &[&str])]) -> World {
    let mut world = drained(above);
    world.drains.insert(Version::new(3));
    world.reclaimed(1, OURS, 3);
    world
}

/// P-86, P-87.
#[test]
fn a_folder_goes_once_somebody_has_committed_on_top_of_its_drain() {
    let young = |mut world: World| {
        world.manifests.get_mut(&Version::new(3)).unwrap().modified = 2 * DAY;
        world
    };
    check(&young(reclaimed(&[])), OURS, ["sstable_drained", "sstable_drained"]);
    check(&young(reclaimed(&[(2, 2, &[])])), OURS, ["delete", "delete"]);
    // Another drain is no commit of the holder's.
    let mut twice = young(reclaimed(&[(2, 2, &[])]));
    twice.drains.insert(Version::new(4));
    check(&twice, OURS, ["sstable_drained", "sstable_drained"]);
}

/// P-86: by age, and never so in a clock-free collection.
#[test]
fn an_old_drain_lets_the_folder_go() {
    let mut world = reclaimed(&[(2, 2, &[])]);
    world.drains.insert(Version::new(4));
    check(&world, OURS, ["delete", "sstable_drained"]);
}

/// P-86: a flush that committed without hearing of it commits the same folder once more.
#[test]
fn a_folder_that_is_named_again_stays() {
    check(&reclaimed(&[(2, 2, &[OURS]), (2, 2, &[])]), OURS, ["sstable", "sstable"]);
    check(&reclaimed(&[(2, 2, &[OURS])]), OURS, ["sstable", "sstable"]);
    // Until it is taken out again.
    let mut again = reclaimed(&[(2, 2, &[OURS]), (2, 2, &[]), (2, 2, &[])]);
    again.drains.insert(Version::new(5));
    again.reclaimed(2, OURS, 5);
    check(&again, OURS, ["delete", "delete"]);
}

/// P-81: the flush of that generation may be under way.
#[test]
fn a_folder_of_the_holders_own_generation_waits_for_a_later_epoch() {
    let mut world = shard(&[(1, 1, &[]), (1, 2, &[OURS]), (1, 2, &[]), (1, 2, &[])]);
    world.sstable(OURS, 9, 0);
    world.drains.insert(Version::new(3));
    world.reclaimed(1, OURS, 3);
    check(&world, OURS, ["delete", "sstable_of_epoch"]);
    world.sstable(OURS, 9, 2 * DAY);
    check(&world, OURS, ["young_sstable", "sstable_of_epoch"]);
}

/// P-80, P-89: without a reclaim, only an operator's word counts.
#[test]
fn what_others_took_out_goes_only_if_asked_for() {
    let world = drained(&[(2, 2, &[])]);
    check(&world, OURS, ["sstable", "sstable"]);
    let asked = |world: &World| {
        let mut world = world.clone();
        let (_, _, plan) = pass(&mut world, policy(true).with_drained(true));
        plan.verdicts[&Object::SsTable(name(OURS))].clone()
    };
    assert_eq!(asked(&world), Verdict::Delete);
    assert_eq!(asked(&drained(&[])), Verdict::Keep(Reason::SsTableDrained(Version::new(3))));
    assert_eq!(asked(&drained(&[(2, 2, &[OURS])])), Verdict::Keep(Reason::SsTableNamed(Version::new(4))));
    // Every version that named it is pruned.
    let mut pruned = drained(&[(2, 2, &[])]);
    pruned.manifests.retain(|version, _| version.get() > 2);
    assert_eq!(
        asked(&pruned),
        Verdict::Keep(Reason::SsTableOfEpoch(Epoch::new(2))),
        "the claim is not known"
    );
    let claim = crate::testing::ManifestBody { epoch: 3, replay_after: 0, modified: 2 * DAY, by_lance: true };
    pruned.manifest(5, claim);
    pruned.flushes(5, 2, &[]);
    assert_eq!(asked(&pruned), Verdict::Delete);
    check(&pruned, OURS, ["sstable_flush_unknown", "sstable_flush_unknown"]);
}

/// P-80: a version that cannot be read may name it.
#[test]
fn an_unread_version_keeps_what_was_drained() {
    let mut world = reclaimed(&[(2, 2, &[]), (2, 2, &[])]);
    world.damaged.insert(Version::new(4));
    check(&world, OURS, ["sstable_manifest_unread", "sstable_manifest_unread"]);
}

/// P-88: the documents of a reclaim are bounded, and outlive its folders.
#[test]
fn old_documents_go_once_their_folders_are_gone() {
    let mut world = reclaimed(&[(2, 2, &[])]);
    (2..=70).for_each(|number| world.reclaimed(number, &format!("{number:08x}_gen_1"), 3));
    // Reclaims 1 to 6 are not among the newest 64.
    let (_, report, _) = pass(&mut world, policy(true));
    assert_eq!((report.deleted.sstables, report.deleted.reclaims), (1, 10), "the folder was there still");
    assert!(world.reclaims.contains_key(&1) && !world.reclaims.contains_key(&2));
    let (_, report, _) = pass(&mut world, policy(true));
    assert_eq!((report.deleted.reclaims, world.reclaims.len()), (2, 64));
}
