//! P-101: what a pass reads and says where acknowledged entries were fenced off by a loss.

use super::*;
use fencepost_fence::Machine;

/// An entry at 3 was lost, and an opener that did not look above it put its fence entry there.
const LOG: &str = "1:h1 2:d1 3:h2 4:d1 5:d1 6:d1 7:c1 8:d2 9:d2";

fn told(events: &[CollectEvent]) -> Vec<(u64, u64)> {
    report(events).fenced_off.iter().map(|off| (off.at.get(), off.proof.get())).collect()
}

#[test]
fn every_pass_says_it_and_none_deletes_it() {
    let mut world = World::new(LOG, 2, 8);
    for _ in 0..3 {
        let (_, events) = run(&mut world, &mut collection());
        assert_eq!((told(&events), report(&events).stale_entries), (vec![(3, 7)], 0));
        assert_eq!(report(&events).kept["fenced_off"], 6);
        assert_eq!(world.positions(), [3, 4, 5, 6, 7, 8, 9]);
    }
    let (_, events) = run(&mut world, &mut Collection::new(PARAMS, Tick(0), policy(), Mode::PlanOnly));
    assert_eq!(told(&events), [(3, 7)]);
    let accepting = policy().with_fenced_off_accepted(Position::new(7));
    let (_, events) = run(&mut world, &mut Collection::new(PARAMS, Tick(0), accepting, Mode::Delete));
    assert_eq!((told(&events), report(&events).stale_entries, report(&events).accepted), (vec![], 0, 4));
    assert_eq!(world.positions(), [9]);
}

/// The checkpoint, or a cursor, may lie below the entry that proves it.
#[test]
fn the_entry_that_proves_it_is_read_above_the_bound_too() {
    for limit in 4..=6 {
        let mut world = World::new(LOG, 2, limit);
        let (_, events) = run(&mut world, &mut collection());
        assert_eq!((told(&events), report(&events).stale_entries), (vec![(3, 6)], 0), "R is {limit}");
        let mut world = World::new(LOG, 2, 8);
        world.cursor("slow", limit);
        run(&mut world, &mut collection());
        assert_eq!(world.positions(), [3, 4, 5, 6, 7, 8, 9], "a cursor at {limit}");
    }
    // Where nothing looks like a stale entry, nothing is read for it.
    let (requests, _) = run(&mut World::new(LOG, 2, 3), &mut collection());
    let reads = requests.iter().filter(|request| matches!(request, CollectRequest::ReadHeader { .. }));
    assert_eq!(reads.count(), 3);
}

/// P-56: another collection publishes its boundary and deletes, and the fence entry of an opener that woke
/// late lands there, between the listing of boundaries and the reads. Nothing was lost, and no pass says so.
#[test]
fn what_landed_late_during_the_pass_is_no_damage() {
    // Also where nothing else is to be deleted, for which it would have to look again.
    let logs = [("1:h1 2:d1", 1), ("", 2)].map(|(below, boundary)| (below.to_owned() + LANDED_IN, boundary));
    let modes = [Mode::Delete, Mode::PlanOnly];
    for (mode, (log, boundary)) in modes.iter().flat_map(|mode| logs.iter().map(|log| (*mode, log))) {
        let mut world = World::new(log, 3, 8);
        world.boundaries.insert(Position::new(*boundary), BTreeSet::new());
        let mut pass = Collection::new(PARAMS, Tick(0), policy(), mode);
        let mut events = Vec::new();
        while let Some(request) = pass.poll_request() {
            if matches!(request, CollectRequest::ReadBoundary { .. }) {
                world.boundaries.insert(Position::new(4), BTreeSet::new());
                let late = Position::new(3);
                world.entries.insert(late, Some(crate::testing::header(late, "p2")));
            }
            let reply = world.perform(request);
            pass.handle(Tick(0), reply);
            events.extend(std::iter::from_fn(|| pass.poll_event()));
        }
        assert_eq!(told(&events), [(0, 0); 0], "{mode:?} {log}");
    }
}

/// See [`what_landed_late_during_the_pass_is_no_damage`].
const LANDED_IN: &str = " 3:d1 4:d1 5:d1 6:d1 7:c1 8:h3 9:d3";
