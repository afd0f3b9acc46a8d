//! What is deleted without having been read, since openers' records vouch for it.
// P-135 to P-139.

use super::*;
use crate::CollectRequest;

/// Two epochs of the log above, and a million-entry log in small: much data in one epoch.
const LONG: &str = "1:h1 2:d1 3:d1 4:p2 5:f2 6:d1 7:d2 8:d2 9:d2 10:d2 11:d2 12:d2 13:d2 14:d2";

fn long() -> World {
    let mut world = World::new(LONG, 2, 13);
    world.opening(1, 0, 1, &[]);
    world.opening(2, 0, 4, &[]);
    world
}

/// The positions that were read, upward.
fn read(requests: &[CollectRequest]) -> Vec<u64> {
    let mut read: Vec<_> = requests
        .iter()
        .filter_map(|request| match request {
            CollectRequest::ReadHeader { at, .. } => Some(at.get()),
            _ => None,
        })
        .collect();
    read.sort_unstable();
    read
}

/// What a pass that reads everything would do, at a fraction of the reads; stale entries are counted as ever.
#[test]
fn a_pass_with_records_does_what_one_without_does() {
    let (mut with, mut without) = (long(), World { openings: [].into(), ..long() });
    let (requests, events) = run(&mut with, &mut collection());
    let (all, plain) = run(&mut without, &mut collection());
    // The fence entries, and the window above the guarding one.
    assert_eq!(read(&requests), [1, 4, 5, 6, 7]);
    assert_eq!(read(&all), (1..=13).collect::<Vec<_>>());
    assert_eq!(with.positions(), [4, 14]);
    assert_eq!((with.positions(), &with.boundaries), (without.positions(), &without.boundaries));
    let (with, without) = (report(&events), report(&plain));
    assert_eq!(with.stale_entries, 1);
    assert_eq!(Deleted { openings: 0, ..with.deleted }, without.deleted);
}

/// The record of the epoch that holds the bound stays for the next pass, those below have had their time.
// P-139.
#[test]
fn records_are_collected_but_for_the_one_that_the_next_pass_begins_with() {
    let mut world = long();
    let (_, events) = run(&mut world, &mut collection());
    assert_eq!(world.openings.keys().map(|epoch| epoch.get()).collect::<Vec<_>>(), [2]);
    assert_eq!(report(&events).deleted.openings, 1);
    assert_eq!(report(&events).kept["opening_record"], 1);

    for at in 15..=20 {
        world.entries.insert(Position::new(at), Some(crate::testing::header(Position::new(at), "d2")));
    }
    world.manifest(
        2,
        crate::testing::ManifestBody { epoch: 2, replay_after: 19, modified: 0, by_lance: false },
    );
    let (requests, _) = run(&mut world, &mut collection());
    assert_eq!((read(&requests), world.positions()), (vec![4], vec![4, 20]));
}

/// A clean fence is collected with the rest. The next pass finds its writer by the lowest entry that is left.
// P-136.
#[test]
fn after_a_clean_fence_was_collected_one_entry_is_read_in_its_place() {
    let mut world = World::new("1:h1 2:d1 3:d1 4:d1", 1, 3);
    world.opening(1, 0, 1, &[]);
    let (requests, _) = run(&mut world, &mut collection());
    assert_eq!((read(&requests), world.positions()), (vec![1], vec![4]));
    for at in 5..=9 {
        world.entries.insert(Position::new(at), Some(crate::testing::header(Position::new(at), "d1")));
    }
    world.manifest(
        2,
        crate::testing::ManifestBody { epoch: 1, replay_after: 8, modified: 0, by_lance: false },
    );
    let (requests, _) = run(&mut world, &mut collection());
    assert_eq!((read(&requests), world.positions()), (vec![4], vec![9]));
}

/// Records are deleted last: a pass that is cut off leaves them to the next one.
#[test]
fn a_pass_that_is_cut_off_leaves_the_records() {
    let mut world = long();
    let mut collection = collection();
    let mut deletes = 0;
    while let Some(request) = collection.poll_request() {
        deletes += u32::from(matches!(request, CollectRequest::Delete { .. }));
        if deletes == 2 {
            break;
        }
        let reply = world.perform(request);
        collection.handle(Tick(0), reply);
    }
    assert_eq!(world.openings.len(), 2);
    let left = world.positions();
    let (requests, _) = run(&mut world, &mut super::collection());
    assert!(left.len() > 5 && read(&requests).len() <= 3, "{left:?} {:?}", read(&requests));
    assert_eq!(world.positions(), [4, 14]);
}

/// An opener that put its fence entry and died left no record; the next one names it.
// P-135.
#[test]
fn a_fence_entry_without_a_record_is_kept_if_another_names_it() {
    let mut world = World::new("1:h1 2:d1 3:p2 4:p3 5:f3 6:f3 7:d3 8:d3 9:d3 10:d3", 3, 9);
    world.opening(1, 0, 1, &[]);
    world.opening(3, 0, 4, &[3]);
    let (requests, _) = run(&mut world, &mut collection());
    assert_eq!(world.positions(), [3, 4, 10]);
    assert_eq!(read(&requests), [1, 3, 4, 5, 6, 7]);
}

/// A record that cannot be understood, or says what is not so, is as good as none.
// P-136.
#[test]
fn a_wrong_record_costs_reads_and_nothing_else() {
    let spoil: [fn(&mut World); 3] = [
        |world| drop(world.openings.insert(Epoch::new(2), None)),
        |world| world.opening(2, 0, 8, &[]),
        |world| world.opening(2, 0, 20, &[]),
    ];
    for spoil in spoil {
        let mut world = long();
        spoil(&mut world);
        let (requests, _) = run(&mut world, &mut collection());
        assert_eq!(world.positions(), [4, 14]);
        assert_eq!(read(&requests).len(), 13, "{:?}", read(&requests));
    }
}

/// Lance is found out by a manifest that is read only after the entries.
// P-138.
#[test]
fn where_a_claim_of_lances_turns_up_everything_is_read_after_all() {
    let mut world = long();
    let by_lance = crate::testing::ManifestBody { epoch: 1, replay_after: 0, modified: 0, by_lance: true };
    world.manifests.remove(&Version::new(1));
    world.manifest(1, by_lance);
    world.manifest(
        2,
        crate::testing::ManifestBody { epoch: 2, replay_after: 13, modified: 0, by_lance: false },
    );
    let (requests, _) = run(&mut world, &mut collection());
    assert_eq!(read(&requests), (1..=13).collect::<Vec<_>>());
    assert!(world.positions().contains(&4));
}
