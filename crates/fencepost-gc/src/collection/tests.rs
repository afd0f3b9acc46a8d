//! What a collection asks for, in which order, and what it does when it is cut off, disturbed or doubled.

mod fenced_off;
mod leashes;
mod readers;
mod robust;
mod sstables;
mod unread;

use super::*;
use crate::testing::{World, run, step};
use crate::{Deleted, Object, Policy, Report};
use fencepost_fence::Window;
use fencepost_format::{CursorDocument, CursorName, Epoch, Nonce, Position};
use std::collections::BTreeSet;

const PARAMS: CollectParams =
    CollectParams { retry_timeout: 100, reads_in_flight: 2, batch: 3, deletes_in_flight: 1 };

/// An epoch that ended unclean, one that closed, and a live one above.
const LOG: &str = "1:h1 2:d1 3:d1 4:p2 5:f2 6:d1 7:d2 8:d2 9:d2 10:c2 11:h3 12:d3 13:d3";

fn collection() -> Collection {
    Collection::new(PARAMS, Tick(0), policy(), Mode::Delete)
}

/// The fence range in [`LOG`] has three positions.
fn policy() -> Policy {
    Policy::new().with_window_for_models(Window::for_models(3))
}

fn report(events: &[CollectEvent]) -> &Report {
    match events.last() {
        Some(CollectEvent::Done(report)) => report,
        other => panic!("it did not end well: {other:?}"),
    }
}

#[test]
fn a_pass_deletes_what_is_covered_and_not_needed() {
    let mut world = World::new(LOG, 3, 11);
    world.leases.extend([Epoch::new(2), Epoch::new(3)]);
    let (_, events) = run(&mut world, &mut collection());
    assert_eq!(world.positions(), [4, 12, 13]);
    assert_eq!(world.boundaries, [(Position::new(11), [Position::new(4)].into())].into());
    let report = report(&events);
    assert_eq!(report.deleted, Deleted { entries: 10, entry_bytes: 1_000, leases: 1, ..Deleted::default() });
    assert_eq!(report.stale_entries, 1);
    assert_eq!(report.boundary, Position::new(11));
    let kept = [
        ("current_lease", 1),
        ("latest_boundary", 1),
        ("live", 2),
        ("guarding_fence", 1),
        ("newest_manifests", 1),
    ];
    assert_eq!(report.kept, kept.into());
}

/// P-53. Deleting before the boundary is published, or by cursors read before that, lets a new reader miss
/// entries silently.
#[test]
fn the_boundary_is_published_then_cursors_are_read_then_entries_go() {
    let mut world = World::new(LOG, 3, 11);
    let (requests, _) = run(&mut world, &mut collection());
    let find = |wanted: fn(&CollectRequest) -> bool| requests.iter().position(wanted).unwrap();
    let publish = find(|request| matches!(request, CollectRequest::PublishBoundary { .. }));
    let documents =
        |request: &CollectRequest| matches!(request, CollectRequest::List { part: Part::Documents, .. });
    let cursors = requests.iter().rposition(documents).unwrap();
    let delete = find(|request| matches!(request, CollectRequest::Delete { .. }));
    assert!(publish < cursors && cursors < delete, "{requests:#?}");
}

/// A boundary that stands already does not tell when the cursors were listed.
#[test]
fn cursors_are_read_again_even_if_the_boundary_stands() {
    let mut world = World::new(LOG, 3, 11);
    world.boundaries.insert(Position::new(11), BTreeSet::new());
    let (requests, _) = run(&mut world, &mut collection());
    assert!(!requests.iter().any(|request| matches!(request, CollectRequest::PublishBoundary { .. })));
    let documents = CollectRequest::List { part: Part::Documents, attempt: 0 };
    assert_eq!(requests.iter().filter(|request| **request == documents).count(), 2);
    assert_eq!(world.positions(), [4, 12, 13]);
}

#[test]
fn a_second_pass_finds_nothing_and_reads_almost_nothing() {
    let mut world = World::new(LOG, 3, 11);
    run(&mut world, &mut collection());
    let after = world.clone();
    let (requests, events) = run(&mut world, &mut collection());
    assert_eq!(world, after);
    assert_eq!(report(&events).deleted, Deleted::default());
    let reads = requests.iter().filter(|request| matches!(request, CollectRequest::ReadHeader { .. }));
    assert_eq!(reads.count(), 0, "the boundary records the guarding fence");
}

/// P-56: it landed where somebody had collected. What its epoch says besides the others' is not asked.
#[test]
fn what_lands_after_a_pass_is_swept_and_counted_apart() {
    let mut world = World::new(LOG, 3, 11);
    run(&mut world, &mut collection());
    let late = crate::testing::header(Position::new(6), "d1");
    world.entries.insert(Position::new(6), Some(late));
    let (requests, events) = run(&mut world, &mut collection());
    assert_eq!(world.positions(), [4, 12, 13]);
    assert_eq!((report(&events).stale_entries, report(&events).swept), (0, 1));
    let reads = requests.iter().filter(|request| matches!(request, CollectRequest::ReadHeader { .. }));
    assert_eq!(reads.count(), 1);
}

/// P-98: the pass that supersedes a boundary leaves it, the next one deletes it, and not while a cursor is in
/// the making.
#[test]
fn a_superseded_boundary_goes_in_a_later_pass() {
    let mut world = World::new(LOG, 3, 11);
    world.boundaries.insert(Position::new(2), BTreeSet::new());
    let boundaries = |world: &World| world.boundaries.keys().map(|at| at.get()).collect::<Vec<_>>();
    run(&mut world, &mut collection());
    assert_eq!(boundaries(&world), [2, 11]);
    let half_made = CursorDocument::Cursor(Nonce(1), Position::new(12).into());
    world.cursors.insert((CursorName::parse("new").unwrap(), half_made));
    run(&mut world, &mut collection());
    assert_eq!(boundaries(&world), [2, 11]);
    world.cursors.clear();
    let (requests, _) = run(&mut world, &mut collection());
    assert_eq!(boundaries(&world), [11]);
    let documents = CollectRequest::List { part: Part::Documents, attempt: 0 };
    assert_eq!(
        requests.iter().filter(|request| **request == documents).count(),
        2,
        "the cursors are read again"
    );
}

/// A log that nobody writes to: the newest object is as old as all others, and yet a day has passed.
#[test]
fn time_passes_on_an_idle_log() {
    let mut world = World::new(LOG, 3, 11);
    let policy = policy().with_retain_age(std::time::Duration::from_secs(3_600));
    let pass = || Collection::new(PARAMS, Tick(0), policy.clone(), Mode::Delete);
    world.time = 3_599_999;
    run(&mut world, &mut pass());
    assert_eq!(world.positions().len(), 13);
    world.time = 3_600_000;
    run(&mut world, &mut Collection::new(PARAMS, Tick(0), policy.clone(), Mode::PlanOnly));
    run(&mut world, &mut pass());
    assert_eq!(world.positions(), [4, 12, 13]);
}

/// Nobody may write the stamp, or the store does not answer: the pass goes on, and keeps what it would have kept.
#[test]
fn a_pass_that_cannot_learn_the_time_keeps_more() {
    for refused in [ReadReply::Absent, ReadReply::Unknown] {
        let mut world = World::new(LOG, 3, 11);
        let policy = policy().with_retain_age(std::time::Duration::from_secs(3_600));
        let mut pass = Collection::new(PARAMS, Tick(0), policy, Mode::Delete);
        let mut asked = 0;
        while let Some(request) = pass.poll_request() {
            let stamp = matches!(request, CollectRequest::Stamp { .. });
            asked += u64::from(stamp);
            let reply = if stamp { CollectReply::Stamped(refused.clone()) } else { world.perform(request) };
            pass.handle(Tick(asked * 60), reply);
        }
        assert!(pass.is_ended() && world.positions().len() == 13, "{refused:?}");
        assert_eq!(
            asked,
            if refused == ReadReply::Unknown { 2 } else { 1 },
            "until the retry timeout is over"
        );
    }
}

/// Where nothing stays for its age alone, nobody asks for the time.
#[test]
fn without_ages_no_stamp_is_written() {
    let (requests, _) = run(&mut World::new(LOG, 3, 11), &mut collection());
    assert!(!requests.iter().any(|request| matches!(request, CollectRequest::Stamp { .. })));
}

#[test]
fn a_dry_run_writes_nothing_and_tells_what_would_go() {
    let mut world = World::new(LOG, 3, 11);
    let before = world.clone();
    let (requests, events) =
        run(&mut world, &mut Collection::new(PARAMS, Tick(0), Policy::new(), Mode::PlanOnly));
    assert_eq!(world, before);
    let writes = |request: &CollectRequest| {
        matches!(request, CollectRequest::PublishBoundary { .. } | CollectRequest::Delete { .. })
    };
    assert!(!requests.iter().any(writes));
    let report = report(&events);
    assert!(report.plan_only);
    assert_eq!((report.deleted.entries, report.stale_entries, report.boundary.get()), (10, 1, 11));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, CollectEvent::Planned(plan) if plan.deletions().count() == 10))
    );
}

#[test]
fn a_shard_without_a_manifest_is_no_log() {
    let (_, events) = run(&mut World::default(), &mut collection());
    assert_eq!(events, [CollectEvent::NoLog]);
}

#[test]
fn a_pass_with_nothing_to_delete_publishes_nothing() {
    let mut world = World::new("1:p1 2:d1", 1, 1);
    let (_, events) = run(&mut world, &mut collection());
    assert_eq!(world.boundaries.len(), 0);
    assert_eq!(report(&events).boundary, Position::NONE);
}

/// P-9 and P-55: a version that cannot be deleted must not get a gap above it.
#[test]
fn manifests_go_one_by_one_upward_and_stop_at_a_failure() {
    let mut world = World::new("1:d1", 1, 0);
    let body = world.manifests[&Version::FIRST];
    for version in 2..=6 {
        let modified = if version == 6 { 100_000_000 } else { 0 };
        world.manifest(version, crate::testing::ManifestBody { modified, ..body });
    }
    let policy = Policy::new().with_manifests_keep(2);
    let pass = || Collection::new(PARAMS, Tick(0), policy.clone(), Mode::Delete);
    world.stuck.insert(Object::Manifest(Version::new(2)));
    let (_, events) = run(&mut world, &mut pass());
    let left: Vec<_> = world.manifests.keys().map(|version| version.get()).collect();
    assert_eq!(left, [2, 3, 4, 5, 6]);
    assert_eq!(report(&events).failed, [(Object::Manifest(Version::new(2)), "stuck".to_owned())]);
    world.stuck.clear();
    run(&mut world, &mut pass());
    assert_eq!(world.manifests.len(), 2);
}

/// In shards that Lance writes to, the older manifests are read for claims (P-58).
#[test]
fn a_silent_claim_by_lance_is_found_and_held() {
    let mut world = World::new("1:D1 2:D1 3:D1 4:P3 5:D3 6:D3 7:D3", 1, 0);
    let claim = crate::testing::ManifestBody { epoch: 2, replay_after: 2, modified: 0, by_lance: true };
    world.manifest(2, claim);
    world.manifest(3, crate::testing::ManifestBody { epoch: 3, replay_after: 6, ..claim });
    run(&mut world, &mut collection());
    assert_eq!(world.positions(), [1, 3, 4, 6, 7]);
    // A day later it is given up.
    world.manifest(
        4,
        crate::testing::ManifestBody { epoch: 3, replay_after: 6, modified: 86_400_000, ..claim },
    );
    run(&mut world, &mut collection());
    assert_eq!(world.positions(), [1, 4, 6, 7]);
}

/// P-58: what shows that a claim is settled may lie above the bound. It is read if something hangs on it, and
/// only then.
#[test]
fn entries_above_the_bound_are_read_if_a_claim_hangs_on_them() {
    let mut world = World::new("1:D1 2:D1 3:D1 4:P2 5:D2 6:P3 7:D3", 1, 0);
    let claim = crate::testing::ManifestBody { epoch: 2, replay_after: 0, modified: 0, by_lance: true };
    world.manifest(2, claim);
    let latest = crate::testing::ManifestBody { epoch: 2, replay_after: 3, ..claim };
    let mut quiet = world.clone();
    quiet.manifest(3, latest);
    let reads_above = |requests: &[CollectRequest]| {
        requests
            .iter()
            .any(|request| matches!(request, CollectRequest::ReadHeader { at, .. } if at.get() == 7))
    };
    let (requests, _) = run(&mut quiet, &mut collection());
    assert!(!reads_above(&requests));
    world.manifest(3, crate::testing::ManifestBody { epoch: 3, ..latest });
    let (requests, _) = run(&mut world, &mut collection());
    assert!(reads_above(&requests));
    assert_eq!(world.positions(), [1, 3, 4, 5, 6, 7]);
}
