//! Cut off, doubled, unanswered (P-55).

use super::*;
use crate::Object;
use crate::testing::Seen;
use fencepost_fence::{CreateReply, Machine};

/// Worlds that differ in what there is to do.
fn worlds() -> Vec<World> {
    let mut busy = World::new(LOG, 3, 11);
    busy.cursor("slow", 9);
    busy.boundaries.insert(Position::new(2), BTreeSet::new());
    busy.leases.extend([Epoch::new(1), Epoch::new(3)]);
    let mut damaged = World::new(LOG, 3, 12);
    damaged.entries.insert(Position::new(5), None);
    let covered = World::new("1:p1 2:d1 3:p2 4:f2 5:d2", 2, 5);
    vec![World::new(LOG, 3, 11), busy, damaged, covered]
}

/// What counts of a world once boundaries are all that two passes may differ in.
fn essence(world: &World) -> (Vec<u64>, Option<Position>, Vec<Epoch>) {
    let boundary = world.boundaries.last_key_value().map(|(at, _)| *at);
    (world.positions(), boundary, world.leases.iter().copied().collect())
}

#[test]
fn a_pass_that_is_cut_off_anywhere_is_finished_by_the_next() {
    for world in worlds() {
        let mut undisturbed = world.clone();
        let steps = run(&mut undisturbed, &mut collection()).0.len();
        run(&mut undisturbed, &mut collection());
        for cut in 0..=steps {
            let mut world = world.clone();
            let mut first = collection();
            for _ in 0..cut {
                step(&mut world, &mut first);
            }
            run(&mut world, &mut collection());
            // One more, since old boundaries go only in the pass after the one that published a new one.
            run(&mut world, &mut collection());
            assert_eq!(essence(&world), essence(&undisturbed), "cut after {cut} requests");
        }
    }
}

/// A pass that was cut off has sent its last request all the same; it arrives after a whole other pass.
#[test]
fn a_request_that_arrives_a_week_late_changes_nothing() {
    for world in worlds() {
        let mut undisturbed = world.clone();
        let steps = run(&mut undisturbed, &mut collection()).0.len();
        run(&mut undisturbed, &mut collection());
        for cut in 0..steps {
            let mut world = world.clone();
            let mut first = collection();
            for _ in 0..cut {
                step(&mut world, &mut first);
            }
            let late = first.poll_request().unwrap();
            run(&mut world, &mut collection());
            world.perform(late.clone());
            run(&mut world, &mut collection());
            run(&mut world, &mut collection());
            assert_eq!(essence(&world), essence(&undisturbed), "{late:?} came late");
        }
    }
}

/// Every interleaving of two passes, seen once.
#[test]
fn two_passes_at_once_end_as_one_does() {
    for start in worlds() {
        let mut alone = start.clone();
        run(&mut alone, &mut collection());
        run(&mut alone, &mut collection());

        let mut seen = Seen::default();
        let mut open = vec![(start, collection(), collection())];
        let mut ends = 0;
        while let Some((world, one, two)) = open.pop() {
            if !seen.insert(&(&world, &one, &two)) {
                continue;
            }
            let mut moved = false;
            for first in [true, false] {
                let (mut world, mut one, mut two) = (world.clone(), one.clone(), two.clone());
                let mover = if first { &mut one } else { &mut two };
                if step(&mut world, mover).is_some() {
                    while mover.poll_event().is_some() {}
                    open.push((world, one, two));
                    moved = true;
                }
            }
            if !moved {
                ends += 1;
                let mut end = world.clone();
                assert_eq!(world.positions(), alone.positions());
                run(&mut end, &mut collection());
                assert_eq!(essence(&end), essence(&alone));
            }
        }
        assert!(ends > 0 && seen.len() > 100, "{} states, {ends} ends", seen.len());
    }
}

/// P-55: with some deletions failing, the next pass picks them up.
#[test]
fn what_could_not_be_deleted_is_named_and_left_to_the_next_pass() {
    let mut world = World::new(LOG, 3, 11);
    world.stuck.extend([2, 9].map(|at| Object::Entry(Position::new(at))));
    let (_, events) = run(&mut world, &mut collection());
    assert_eq!(world.positions(), [2, 4, 9, 12, 13]);
    let failed: Vec<_> = report(&events).failed.iter().map(|(object, _)| object.to_string()).collect();
    assert_eq!(failed, ["entry 2", "entry 9"]);
    assert_eq!(report(&events).deleted.entries, 8);

    world.stuck.clear();
    let (_, events) = run(&mut world, &mut collection());
    assert_eq!(world.positions(), [4, 12, 13]);
    assert_eq!(report(&events).deleted.entries, 2);
}

/// Answers a collection with the world, but for what `disturb` answers.
fn run_disturbed(
    world: &mut World,
    now: impl Fn(usize) -> u64,
    mut disturb: impl FnMut(&CollectRequest) -> Option<CollectReply>,
) -> Vec<CollectEvent> {
    let mut collection = collection();
    let mut events = Vec::new();
    for round in 0.. {
        let Some(request) = collection.poll_request() else { break };
        let reply = disturb(&request).unwrap_or_else(|| world.perform(request));
        collection.handle(Tick(now(round)), reply);
        events.extend(std::iter::from_fn(|| collection.poll_event()));
    }
    events
}

/// P-53: without a boundary nothing goes.
#[test]
fn a_boundary_that_cannot_be_published_ends_the_pass_with_nothing_deleted() {
    for reply in
        [CreateReply::Unknown, CreateReply::NotDone { again: true }, CreateReply::NotDone { again: false }]
    {
        let mut world = World::new(LOG, 3, 11);
        let events = run_disturbed(
            &mut world,
            |round| round as u64,
            |request| match request {
                CollectRequest::PublishBoundary { at, .. } => Some(CollectReply::Published(*at, reply)),
                _ => None,
            },
        );
        let why = if reply == CreateReply::Unknown { GaveUp::Unknown } else { GaveUp::NotDone };
        assert_eq!(events.last(), Some(&CollectEvent::GaveUp(why)));
        assert_eq!(world.positions().len(), 13);
    }
}

/// Some stores say "exists" where two requests met and nothing stands.
#[test]
fn a_boundary_that_exists_but_is_not_there_is_created_again() {
    let mut world = World::new(LOG, 3, 11);
    let mut refused = false;
    let mut attempts = Vec::new();
    let events = run_disturbed(
        &mut world,
        |_| 0,
        |request| match request {
            CollectRequest::PublishBoundary { at, attempt, .. } => {
                attempts.push(*attempt);
                (!std::mem::replace(&mut refused, true))
                    .then_some(CollectReply::Published(*at, CreateReply::Exists))
            }
            _ => None,
        },
    );
    assert_eq!(attempts, [0, 1]);
    assert_eq!(report(&events).boundary, Position::new(11));
    assert!(world.boundaries.contains_key(&Position::new(11)));
}

#[test]
fn lists_and_reads_are_asked_again_until_the_retry_timeout_is_over() {
    let unanswered = |request: &CollectRequest| match request {
        CollectRequest::List { part, .. } => Some(CollectReply::Listed(*part, ReadReply::Unknown)),
        _ => None,
    };
    let mut world = World::new(LOG, 3, 11);
    let events = run_disturbed(&mut world, |round| 10 * round as u64, unanswered);
    assert_eq!(events, [CollectEvent::GaveUp(GaveUp::Unread)]);

    // Each is answered at its third attempt.
    let events = run_disturbed(
        &mut world,
        |round| round as u64,
        |request| match request {
            CollectRequest::List { part, attempt: 0 | 1 } => {
                Some(CollectReply::Listed(*part, ReadReply::Unknown))
            }
            CollectRequest::ReadHeader { at, attempt: 0 | 1, .. } => {
                Some(CollectReply::Header(*at, ReadReply::Unknown))
            }
            _ => None,
        },
    );
    assert_eq!(report(&events).deleted.entries, 10);
}

/// One object that the store never gives out must not stop collection for ever.
#[test]
fn an_entry_that_is_never_answered_stays_and_the_rest_goes() {
    let mut world = World::new(LOG, 3, 11);
    let events = run_disturbed(
        &mut world,
        |round| round as u64,
        |request| match request {
            CollectRequest::ReadHeader { at, .. } if at.get() == 5 => {
                Some(CollectReply::Header(*at, ReadReply::Unknown))
            }
            _ => None,
        },
    );
    assert_eq!(world.positions(), [4, 5, 12, 13]);
    assert_eq!(report(&events).kept["unreadable"], 1);
}

#[test]
fn answers_that_nobody_asked_for_are_ignored() {
    let mut collection = collection();
    let before = collection.clone();
    let at = Position::new(3);
    for reply in [
        CollectReply::Listed(Part::Documents, ReadReply::Found(Inventory::default())),
        CollectReply::Boundary(at, ReadReply::Absent),
        CollectReply::Header(at, ReadReply::Absent),
        CollectReply::Published(at, CreateReply::Done),
        CollectReply::Stamped(ReadReply::Absent),
        CollectReply::Deleted { batch: 1, failed: Vec::new() },
    ] {
        collection.handle(Tick(0), reply);
        assert_eq!(collection, before);
    }
}
