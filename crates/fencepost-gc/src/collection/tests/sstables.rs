//! What failed flushes left (P-80, P-81): what goes, what stays and why, and passes that are cut off, doubled
//! and disturbed.

mod drained;

use super::*;
use crate::{Plan, SsTableFolder, Verdict};
use fencepost_fence::{Machine, Request};
use fencepost_format::{SsTableName, Version};
use std::time::Duration;

const DAY: u64 = 24 * 3600 * 1000;

/// A shard of Lance's whose manifests are of these epochs, give these generations next and name these
/// folders. All were written two days before the log's end.
fn shard(versions: &[(u64, u64, &[&str])]) -> World {
    let mut world = World::new("1:D1 2:D1 3:D1", 1, 0);
    for (version, (epoch, next, names)) in (1..).zip(versions) {
        let body =
            crate::testing::ManifestBody { epoch: *epoch, replay_after: 0, modified: 0, by_lance: true };
        world.manifest(version, body);
        world.flushes(version, *next, names);
    }
    // Something young, so that the store's clock is known to have moved on.
    let latest = Version::new(versions.len() as u64);
    world.manifests.get_mut(&latest).unwrap().modified = 2 * DAY;
    world
}

/// Epoch 1 fails to flush generation 1 once, then flushes it; epoch 2 takes over.
fn flushed_twice() -> World {
    let mut world = shard(&[(1, 1, &[]), (1, 2, &["aaaaaaaa_gen_1"]), (2, 2, &["aaaaaaaa_gen_1"])]);
    world.sstable("aaaaaaaa_gen_1", 9, 0);
    world.sstable("bbbbbbbb_gen_1", 5, 0);
    world
}

fn policy(clock_free: bool) -> Policy {
    Policy::new().with_clock_free(clock_free)
}

fn pass(world: &mut World, policy: Policy) -> (Vec<CollectRequest>, Report, Plan) {
    let mut collection = Collection::new(PARAMS, Tick(0), policy, Mode::Delete);
    let (requests, events) = run(world, &mut collection);
    let plan = events.iter().find_map(|event| match event {
        CollectEvent::Planned(plan) => Some(plan.clone()),
        _ => None,
    });
    (requests, report(&events).clone(), plan.unwrap())
}

fn name(name: &str) -> SsTableName {
    SsTableName::parse(name).unwrap()
}

/// Why a folder stays, or `delete`, for a collection that is not clock-free and for one that is.
fn check(world: &World, folder: &str, expect: [&str; 2]) {
    let verdicts = [false, true].map(|clock_free| {
        let mut world = world.clone();
        let (_, _, plan) = pass(&mut world, policy(clock_free));
        let there = world.sstables.contains_key(&name(folder));
        match &plan.verdicts[&Object::SsTable(name(folder))] {
            Verdict::Delete => {
                assert!(!there, "{folder} was to go");
                "delete"
            }
            Verdict::Keep(reason) => {
                assert!(there, "{folder} was to stay: {reason}");
                reason.name()
            }
        }
    });
    assert_eq!(verdicts, expect, "{folder}");
}

/// P-80.
#[test]
fn what_a_failed_flush_left_goes_and_the_sstable_stays() {
    let mut world = flushed_twice();
    check(&world, "aaaaaaaa_gen_1", ["sstable", "sstable"]);
    check(&world, "bbbbbbbb_gen_1", ["delete", "delete"]);
    let (_, report, plan) = pass(&mut world, policy(false));
    let deleted = Deleted { sstables: 1, sstable_objects: 5, sstable_bytes: 50, ..Deleted::default() };
    assert_eq!((report.deleted, report.deleted.objects()), (deleted, 5));
    assert_eq!(plan.sstables[&name("bbbbbbbb_gen_1")].objects, 5);
}

/// P-80: the flush may be tried again on this very folder, as those of tables with blobs are; and it may be
/// under way.
#[test]
fn a_generation_that_is_not_flushed_yet_keeps_its_folders_however_old() {
    let mut world = shard(&[(1, 1, &[]), (2, 1, &[]), (3, 1, &[])]);
    for (folder, objects) in [("aaaaaaaa_gen_1", 3), ("bbbbbbbb_gen_1", 4), ("cccccccc_gen_2", 1)] {
        world.sstable(folder, objects, 0);
        check(&world, folder, ["sstable_not_flushed", "sstable_not_flushed"]);
    }
}

/// P-81: its files are written, and the manifest that names it is on its way; or it is a second try, whose
/// first one landed late.
#[test]
fn a_young_folder_stays_unless_the_collection_is_clock_free() {
    let mut world = flushed_twice();
    world.sstable("bbbbbbbb_gen_1", 5, DAY + 1);
    check(&world, "bbbbbbbb_gen_1", ["young_sstable", "delete"]);
    let shorter = policy(false).with_lance_flush_age(Duration::from_secs(3600));
    assert_eq!(pass(&mut world, shorter).1.deleted.sstables, 1);
}

/// P-81: no clock says that the holder of the epoch does not wake and commit.
#[test]
fn in_a_clock_free_collection_the_holders_own_folders_stay() {
    let mut world =
        shard(&[(1, 1, &[]), (1, 2, &["aaaaaaaa_gen_1"]), (1, 3, &["aaaaaaaa_gen_1", "cccccccc_gen_2"])]);
    world.sstable("aaaaaaaa_gen_1", 9, 0);
    world.sstable("bbbbbbbb_gen_1", 5, 0);
    check(&world, "bbbbbbbb_gen_1", ["delete", "sstable_of_epoch"]);
    // A claim above the generation ends that; the holder's own later ones stay.
    world.manifest(
        4,
        crate::testing::ManifestBody { epoch: 2, replay_after: 0, modified: 2 * DAY, by_lance: true },
    );
    world.flushes(4, 3, &["aaaaaaaa_gen_1", "cccccccc_gen_2"]);
    world.manifest(
        5,
        crate::testing::ManifestBody { epoch: 2, replay_after: 0, modified: 2 * DAY, by_lance: true },
    );
    world.flushes(5, 4, &["aaaaaaaa_gen_1", "cccccccc_gen_2", "dddddddd_gen_3"]);
    world.sstable("eeeeeeee_gen_3", 1, 0);
    check(&world, "bbbbbbbb_gen_1", ["delete", "delete"]);
    check(&world, "eeeeeeee_gen_3", ["delete", "sstable_of_epoch"]);
}

/// P-81: where the claim was pruned, the lowest version that is left may be a flush of the same epoch's.
#[test]
fn in_a_clock_free_collection_a_claim_that_is_not_known_keeps_the_folder() {
    let mut world = flushed_twice();
    world.manifests.remove(&Version::new(1));
    world.manifests.remove(&Version::new(2));
    check(&world, "bbbbbbbb_gen_1", ["delete", "sstable_of_epoch"]);
}

/// P-80: what a compactor took out of the manifest is an SSTable all the same.
#[test]
fn an_sstable_that_only_an_older_manifest_names_stays() {
    let mut world = shard(&[
        (1, 1, &[]),
        (1, 2, &["aaaaaaaa_gen_1"]),
        // Both attempts got into the manifest, since the first one landed late.
        (1, 2, &["aaaaaaaa_gen_1", "bbbbbbbb_gen_1"]),
        (2, 2, &["bbbbbbbb_gen_1"]),
    ]);
    world.sstable("aaaaaaaa_gen_1", 9, 0);
    world.sstable("bbbbbbbb_gen_1", 9, 0);
    check(&world, "aaaaaaaa_gen_1", ["sstable", "sstable"]);
    check(&world, "bbbbbbbb_gen_1", ["sstable", "sstable"]);
    let (requests, _, _) = pass(&mut world.clone(), policy(false));
    let read = requests
        .iter()
        .filter(|request| matches!(request, CollectRequest::Manifest(Request::ReadManifest { .. })));
    // The latest, the absent one above it, and each older one.
    assert_eq!(read.count(), 5);
}

/// P-80: where the manifests that told of a flush were pruned, a folder may be an SSTable that was compacted.
#[test]
fn without_evidence_that_its_generation_was_flushed_elsewhere_a_folder_stays() {
    let mut world = shard(&[(1, 3, &["cccccccc_gen_2"]), (2, 3, &[])]);
    world.sstable("aaaaaaaa_gen_1", 9, 0);
    check(&world, "aaaaaaaa_gen_1", ["sstable_flush_unknown", "sstable_flush_unknown"]);
    world.sstable("bbbbbbbb_gen_2", 9, 0);
    check(&world, "bbbbbbbb_gen_2", ["delete", "delete"]);
}

/// P-80: a manifest that cannot be understood may name anything, and so may one with a name that Lance does
/// not give.
#[test]
fn a_manifest_that_is_not_understood_keeps_every_folder() {
    let mut world = flushed_twice();
    world.damaged.insert(Version::new(1));
    check(&world, "bbbbbbbb_gen_1", ["sstable_manifest_unread", "sstable_manifest_unread"]);
    let facts = ManifestFacts { generation: fencepost_format::Generation(2), ..crate::testing::facts(2, 0) };
    let mut inventory = Inventory::default();
    inventory.sstables.insert(name("bbbbbbbb_gen_1"), Some(SsTableFolder::default()));
    inventory.named.insert("aaaaaaaa_gen_1".into(), (fencepost_format::Generation(1), Version::new(100)));
    let old = policy(false).with_lance_flush_age(Duration::ZERO);
    let verdict = |inventory: &Inventory| {
        plan(inventory, &facts, &old).verdicts[&Object::SsTable(name("bbbbbbbb_gen_1"))].clone()
    };
    assert_eq!(verdict(&inventory), Verdict::Delete);
    inventory.named.insert("./bbbbbbbb_gen_1".into(), (fencepost_format::Generation(1), Version::new(100)));
    assert_eq!(verdict(&inventory), Verdict::Keep(crate::Reason::SsTableManifestUnread(Version::new(100))));
}

/// Nothing is asked about SSTables where nobody flushes: the costs of a shard of ours stay what they are.
#[test]
fn where_nobody_flushes_nothing_is_asked() {
    let mut world = World::new(LOG, 3, 11);
    let (requests, _, _) = pass(&mut world, policy(true));
    let asks = |request: &CollectRequest| {
        matches!(
            request,
            CollectRequest::List { part: Part::SsTables, .. } | CollectRequest::ListSsTable { .. }
        )
    };
    assert!(!requests.iter().any(asks));
    // And manifests are read for their names only if a folder would go by all else that is known.
    let mut young = flushed_twice();
    young.sstable("bbbbbbbb_gen_1", 5, 2 * DAY);
    let (requests, _, _) = pass(&mut young, policy(false).with_lance_opener_age(Duration::ZERO));
    let reads = requests
        .iter()
        .filter(|request| matches!(request, CollectRequest::Manifest(Request::ReadManifest { .. })));
    assert_eq!(reads.count(), 2);
}

/// P-55: what was asked about and is gone since then is no longer anybody's concern; what could not be listed
/// stays.
#[test]
fn a_folder_that_vanishes_is_forgotten_and_one_that_is_not_answered_stays() {
    let mut world = flushed_twice();
    let mut collection = Collection::new(PARAMS, Tick(0), policy(false), Mode::Delete);
    let mut now = 0;
    let mut asked = 0;
    while let Some(request) = collection.poll_request() {
        let reply = match &request {
            CollectRequest::ListSsTable { name, .. } => {
                (now, asked) = (now + 60, asked + 1);
                CollectReply::SsTable(*name, ReadReply::Unknown)
            }
            _ => world.perform(request.clone()),
        };
        collection.handle(Tick(now), reply);
    }
    let events: Vec<_> = std::iter::from_fn(|| collection.poll_event()).collect();
    assert_eq!((asked, report(&events).kept["sstable_unlisted"]), (2, 1));
    assert_eq!(world.sstables.len(), 2);

    let mut collection = Collection::new(PARAMS, Tick(0), policy(false), Mode::Delete);
    while let Some(request) = collection.poll_request() {
        if matches!(request, CollectRequest::ListSsTable { .. }) {
            world.sstables.remove(&name("bbbbbbbb_gen_1"));
        }
        let reply = world.perform(request);
        collection.handle(Tick(0), reply);
    }
    let events: Vec<_> = std::iter::from_fn(|| collection.poll_event()).collect();
    assert_eq!(report(&events).deleted, Deleted::default());
}

/// P-55: at every step another pass may run from beginning to end, and the first may never go on.
#[test]
fn passes_that_are_cut_off_or_doubled_delete_the_same() {
    for clock_free in [false, true] {
        let mut undisturbed = flushed_twice();
        let steps = pass(&mut undisturbed, policy(clock_free)).0.len();
        for cut in 0..=steps {
            let mut world = flushed_twice();
            let mut first = Collection::new(PARAMS, Tick(0), policy(clock_free), Mode::Delete);
            for _ in 0..cut {
                step(&mut world, &mut first);
            }
            pass(&mut world, policy(clock_free));
            assert_eq!(world.sstables, undisturbed.sstables, "cut at {cut}");
            run(&mut world, &mut first);
            assert_eq!(world.sstables, undisturbed.sstables, "and gone on");
        }
    }
}

/// P-55: a folder that could not be deleted is named, keeps nothing else waiting, and is tried again.
#[test]
fn a_folder_that_cannot_be_deleted_is_named_and_tried_again() {
    let mut world = flushed_twice();
    world.sstable("cccccccc_gen_1", 1, 0);
    let stuck = Object::SsTable(name("bbbbbbbb_gen_1"));
    world.stuck.insert(stuck.clone());
    let (requests, report, _) = pass(&mut world, policy(false));
    assert_eq!(report.failed, [(stuck, "stuck".to_owned())]);
    assert_eq!((report.deleted.sstables, report.deleted.sstable_objects), (1, 1));
    let each_alone = requests.iter().filter_map(|request| match request {
        CollectRequest::Delete { objects, .. } => Some(objects.len()),
        _ => None,
    });
    assert_eq!(each_alone.collect::<Vec<_>>(), [1, 1]);
    world.stuck.clear();
    assert_eq!(pass(&mut world, policy(false)).1.deleted.sstables, 1);
    assert_eq!(world.sstables.keys().copied().collect::<Vec<_>>(), [name("aaaaaaaa_gen_1")]);
}
