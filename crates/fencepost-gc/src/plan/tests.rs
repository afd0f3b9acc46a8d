//! Single cases; the laws that hold for all logs are in `laws`.

mod fenced_off;
mod lance;
mod laws;
mod sstable_laws;

use super::*;
use crate::testing::{InventoryExt, facts, inventory};
use crate::{Object, Policy, StoreTime};
use fencepost_fence::Window;
use fencepost_format::{CursorDocument, CursorName, Epoch, Nonce, Version};

/// Plans for the entries at `writer_epoch` 9 and compares what goes.
fn check(inventory: &Inventory, replay_after: u64, policy: &Policy, goes: &[u64]) -> Plan {
    check_facts(inventory, &facts(9, replay_after), policy, goes)
}

fn check_facts(inventory: &Inventory, facts: &ManifestFacts, policy: &Policy, goes: &[u64]) -> Plan {
    let plan = plan(inventory, facts, policy);
    let deleted = plan.deletions().filter_map(|object| match object {
        Object::Entry(at) => Some(at.get()),
        _ => None,
    });
    assert_eq!(deleted.collect::<Vec<_>>(), goes, "{plan:#?}");
    plan
}

fn reason(plan: &Plan, at: u64) -> &'static str {
    match plan.verdict(&Object::Entry(Position::new(at))).unwrap() {
        Verdict::Keep(reason) => reason.name(),
        Verdict::Delete => "delete",
    }
}

/// P-50.
#[test]
fn what_lies_above_the_replay_point_stays() {
    let log = inventory("1:h1 2:d1 3:d1 4:d1 5:d1");
    check(&log, 0, &Policy::new(), &[]);
    let plan = check(&log, 3, &Policy::new(), &[1, 2, 3]);
    assert_eq!(reason(&plan, 4), "live");
    assert_eq!(plan.boundary, Position::new(3));
    assert_eq!(plan.entry_bytes, 300);
}

/// P-50.
#[test]
fn what_a_cursor_has_not_passed_stays() {
    let log = inventory("1:h1 2:d1 3:d1 4:d1 5:d1").with_cursor("slow", 1).with_cursor("fast", 4);
    let plan = check(&log, 4, &Policy::new(), &[1]);
    assert_eq!([reason(&plan, 2), reason(&plan, 5)], ["cursor", "live"]);
    assert_eq!(plan.boundary, Position::new(1));
}

#[test]
fn a_cursor_at_none_holds_everything() {
    check(&inventory("1:h1 2:d1 3:d1").with_cursor("all", 0), 2, &Policy::new(), &[]);
}

/// A late cursor gets `Truncated` (P-54), but what is still there is not taken from under it.
#[test]
fn a_cursor_below_the_boundary_still_holds() {
    let log = inventory("1:h1 2:d1 3:d1 4:d1").with_boundary(3).with_cursor("late", 1);
    let plan = check(&log, 3, &Policy::new(), &[1]);
    assert_eq!(plan.boundary, Position::new(3), "a boundary never goes back");
}

/// P-53: the cursor moved on after the boundary was published; a reader that came in between was told of that
/// boundary only.
#[test]
fn nothing_above_the_published_boundary_goes() {
    let log = inventory("1:h1 2:d1 3:d1 4:d1").with_cursor("a", 3);
    let plan = plan_within(&log, &facts(1, 3), &Policy::new(), Position::new(2));
    let gone: Vec<_> = plan.deletions().map(|object| object.to_string()).collect();
    assert_eq!(gone, ["entry 1", "entry 2"]);
    assert_eq!(reason(&plan, 3), "above_boundary");
}

#[test]
fn the_policy_retains_positions_below_the_replay_point() {
    let log = inventory("1:h1 2:d1 3:d1 4:d1 5:d1");
    let plan = check(&log, 4, &Policy::new().with_retain_entries(2), &[1, 2]);
    assert_eq!(reason(&plan, 3), "retention");
    check(&log, 4, &Policy::new().with_retain_entries(u64::MAX), &[]);
}

/// Clocks differ: "now" is the newest time that the store itself wrote.
#[test]
fn the_policy_retains_by_the_stores_clock() {
    let hour = Duration::from_secs(3600);
    let log = |newest| {
        let log = inventory("1:h1 2:d1 3:d1 4:d1").with_age(1, 1_000).with_age(2, 2_000).with_age(3, 3_000);
        log.with_age(4, newest)
    };
    let policy = Policy::new().with_retain_age(hour);
    check(&log(3_000), 3, &policy, &[]);
    let plan = check(&log(3_602_000), 3, &policy, &[1, 2]);
    assert_eq!(reason(&plan, 3), "retention");
    check(&log(3_603_000), 3, &policy, &[1, 2, 3]);
}

/// A young entry holds back all above it, so that no hole opens in what is kept.
#[test]
fn what_is_retained_has_no_holes() {
    let log = inventory("1:h1 2:d1 3:d1 4:d1").with_age(2, 5_000).with_age(4, 6_000);
    check(&log, 3, &Policy::new().with_retain_age(Duration::from_secs(2)), &[1]);
}

/// P-56: a stale entry is young when it lands, and must not hold back the rest.
#[test]
fn stale_entries_below_the_boundary_are_swept_whatever_their_age_and_counted() {
    let log = inventory("3:p2 4:d1 7:d2 8:d2 9:d2").with_age(4, 9_000).with_boundary(6);
    let plan = check(&log, 8, &Policy::new().with_retain_age(Duration::from_secs(1)), &[4, 7, 8]);
    assert_eq!((plan.stale_entries, plan.swept), (0, 1));
}

/// P-56: the fence entry at 5 landed late, in collected space. What follows from its epoch for the live rows
/// above it? Nothing.
#[test]
fn nothing_is_concluded_from_what_landed_below_the_boundary() {
    let log = inventory("5:p2 6:d1 7:d1 8:d1").with_boundary(5);
    let plan = check(&log, 7, &Policy::new(), &[6, 7]);
    assert_eq!((plan.stale_entries, plan.swept), (0, 0));
    let plan = check(&inventory("5:p2 6:d1 7:d2 8:d2"), 7, &Policy::new(), &[6, 7]);
    assert_eq!((plan.stale_entries, plan.swept), (1, 0));
}

/// P-99: a cursor in the middle of a fence range; whoever reads on from it must see the fence entry.
#[test]
fn a_fence_range_goes_as_a_whole() {
    let log = |cursor| inventory("1:h1 2:d1 3:p2 4:f2 5:d1 6:d2 7:d2").with_cursor("a", cursor);
    let policy = Policy::new().with_window_for_models(Window::for_models(3));
    for (cursor, gone) in [(2, vec![1, 2]), (3, vec![1, 2]), (4, vec![1, 2]), (5, vec![1, 2, 4, 5])] {
        let plan = check(&log(cursor), 7, &policy, &gone);
        assert_eq!(plan.boundary.get(), gone.last().copied().unwrap());
    }
    let plan = check(&log(4), 7, &policy, &[1, 2]);
    assert_eq!(
        [reason(&plan, 3), reason(&plan, 4), reason(&plan, 5)],
        ["fence_range", "fence_range", "cursor"]
    );
}

/// P-51.
#[test]
fn guarding_fences_stay_for_ever() {
    let log = inventory("1:h1 2:d1 3:p2 4:f2 5:f2 6:d2 7:c2 8:h3 9:d3");
    let plan = check(&log, 8, &Policy::new(), &[1, 2, 4, 5, 6, 7, 8]);
    assert_eq!(reason(&plan, 3), "guarding_fence");
}

/// P-51: never guessed.
#[test]
fn what_was_not_read_stays() {
    let plan = check(&inventory("1:? 2:_ 3:d1 4:d1"), 3, &Policy::new(), &[3]);
    assert_eq!([reason(&plan, 1), reason(&plan, 2)], ["unreadable", "unread"]);
}

/// P-52.
#[test]
fn the_highest_entry_stays() {
    let plan = check(&inventory("1:h1 2:d1 3:c1"), 3, &Policy::new(), &[1, 2]);
    assert_eq!(reason(&plan, 3), "highest_entry");
}

/// With a gap right above the entry that `last_seen` names, Lance takes the gap for the tail.
#[test]
fn nothing_from_lances_hint_upward_goes() {
    let log = inventory("1:D1 2:D1 5:P2 6:D2 7:D2 8:D2");
    let facts =
        |last_seen| ManifestFacts { last_seen: Position::new(last_seen), by_lance: true, ..facts(2, 7) };
    let plan = check_facts(&log, &facts(5), &Policy::new(), &[2]);
    assert_eq!([reason(&plan, 5), reason(&plan, 6)], ["guarding_fence", "lance_tail_guard"]);
    check_facts(&log, &facts(6), &Policy::new(), &[2]);
    check_facts(&log, &facts(7), &Policy::new(), &[2, 6]);
    check_facts(&log, &facts(8), &Policy::new(), &[2, 6, 7]);
    check_facts(&log, &facts(0), &Policy::new(), &[]);
}

/// The entries above the bound are not read. They might be Lance's, and Lance might start from `last_seen`.
#[test]
fn where_lance_might_write_no_gap_opens_above_its_hint() {
    let facts = |last_seen| ManifestFacts { last_seen: Position::new(last_seen), ..facts(1, 4) };
    let log = inventory("1:h1 2:d1 3:d1 4:d1 5:_");
    check_facts(&log, &facts(2), &Policy::new(), &[1, 2]);
    check_facts(&log, &facts(4), &Policy::new(), &[1, 2, 3, 4]);
    check_facts(&inventory("1:h1 2:d1 3:d1 4:d1 5:d1"), &facts(2), &Policy::new(), &[1, 2, 3, 4]);
}

/// An opener replays from the `replay_after` that it read at its claim, whenever it wakes.
#[test]
fn a_silent_claim_by_lance_holds_what_it_may_still_replay() {
    let claim = |epoch, by_lance| {
        let facts = facts(epoch, 2);
        Some(ManifestFacts { by_lance, ..facts })
    };
    let log = |claims: &[(u64, Option<ManifestFacts>)]| {
        let mut log = inventory("1:D1 2:D1 3:D1 4:P3 5:D3 6:D3 7:D3");
        log = log.with_manifests([(1, 0), (2, 0), (100, 1_000)]);
        log.claims.extend(claims.iter().map(|(version, claim)| (Version::new(*version), *claim)));
        log
    };
    let facts = facts(3, 6);
    let plan =
        check_facts(&log(&[(1, claim(1, true)), (2, claim(2, true))]), &facts, &Policy::new(), &[2, 5]);
    assert_eq!(reason(&plan, 3), "lance_opener");
    // A second version may be some reader's, and settles nothing. It is fencepost's (and 3 shows that epoch 1
    // is settled), or it is too old to live.
    check_facts(&log(&[(1, claim(2, true)), (2, claim(2, true))]), &facts, &Policy::new(), &[2, 5]);
    check_facts(&log(&[(1, claim(1, true)), (2, claim(2, false))]), &facts, &Policy::new(), &[2, 5]);
    let second = Policy::new().with_lance_opener_age(Duration::from_secs(1));
    check_facts(&log(&[(1, claim(1, true)), (2, claim(2, true))]), &facts, &second, &[2, 3, 5]);
    // Nobody knows what a version says that was not read.
    check_facts(&log(&[(1, claim(1, true)), (2, None)]), &facts, &Policy::new(), &[]);
    check_facts(&log(&[(1, claim(1, true))]), &facts, &Policy::new(), &[]);
}

/// P-9.
#[test]
fn the_newest_manifests_and_the_young_ones_stay() {
    let day = 86_400_000;
    let gone = |log: Inventory, policy: Policy| -> Vec<u64> {
        let plan = plan(&log, &facts(1, 0), &policy);
        let gone = plan.deletions().map(|object| match object {
            Object::Manifest(version) => version.get(),
            other => panic!("{other}"),
        });
        gone.collect()
    };
    let log = || inventory("").with_manifests((1..=100).map(|version| (version, version * day)));
    assert_eq!(gone(log(), Policy::new()), (1..=36).collect::<Vec<_>>());
    assert_eq!(gone(log(), Policy::new().with_manifests_keep(0)), (1..=99).collect::<Vec<_>>());
    let young = log().with_manifests([(5, 100 * day)]);
    assert_eq!(gone(young, Policy::new().with_manifests_keep(98)), [1, 2]);
    let idle = inventory("").with_manifests((1..=100).map(|version| (version, day)));
    assert_eq!(gone(idle, Policy::new()), [] as [u64; 0]);
}

/// A listing may miss the newest versions; the one that was found by probing stays all the same, and so does
/// all above it.
#[test]
fn the_latest_manifest_stays_whatever_the_listing_shows() {
    let log = inventory("").with_manifests([(99, 0), (100, 0), (101, 0), (200, 86_400_000)]);
    let plan = plan(&log, &facts(1, 0), &Policy::new().with_manifests_keep(1));
    assert_eq!(plan.deletions().collect::<Vec<_>>(), [Object::Manifest(Version::new(99))]);
}

/// P-57: they are the evidence of silent claims.
#[test]
fn where_lance_writes_manifests_stay_as_long_as_silent_claims_count() {
    let log = |log: &str| inventory(log).with_manifests([(1, 0), (2, 5_000), (100, 10_000)]);
    let second = Duration::from_secs(1);
    let policy = Policy::new().with_manifests_keep(1).with_manifests_age(second);
    let policy = policy.with_lance_opener_age(8 * second);
    let gone = |log: Inventory| plan(&log, &facts(1, 0), &policy).deletions().count();
    assert_eq!([gone(log("1:d1")), gone(log("1:D1"))], [2, 1]);
}

/// P-63.
#[test]
fn superseded_boundaries_and_void_leases_go() {
    let mut log = inventory("").with_boundary(3).with_boundary(7).with_cursor("a", 8);
    log.published_before = Position::new(7);
    log.leases.extend((1..=3).map(|epoch| (Epoch::new(epoch), StoreTime(0))));
    log.not_understood.insert("wal/readme.txt".into());
    let plan = plan(&log, &facts(2, 9), &Policy::new());
    let gone: Vec<_> = plan.deletions().collect();
    assert_eq!(gone, [Object::Boundary(Position::new(3)), Object::Lease(Epoch::new(1))]);
    let kept = [("consumers_cursor", 1), ("current_lease", 2), ("latest_boundary", 1), ("not_understood", 1)];
    assert_eq!(plan.kept(), kept.into());
}

/// P-98: it may be the one that a new cursor's look would have shown, in a listing that misses the newer one.
#[test]
fn a_superseded_boundary_stays_while_somebody_may_look_at_it() {
    let both = inventory("").with_boundary(3).with_boundary(7);
    let stays = |log: &Inventory| {
        let plan = plan(log, &facts(2, 9), &Policy::new());
        plan.kept().get("superseded_boundary") == Some(&1)
    };
    assert!(stays(&both), "nobody knows how long the newer one has been there");
    let mut log = Inventory { published_before: Position::new(7), ..both };
    assert!(!stays(&log));
    let mut note = |document| {
        log.note_cursor(CursorName::parse("new").unwrap(), document);
        stays(&log)
    };
    assert!(note(CursorDocument::Cursor(Nonce(1), Position::new(5).into())), "it was not granted yet");
    assert!(!note(CursorDocument::Decision(Nonce(1))));
}

#[test]
fn names_of_reasons_are_words_and_sentences_end() {
    let reasons = [Reason::Live, Reason::GuardingFence, Reason::Cursor(CursorName::parse("c").unwrap())];
    for reason in reasons {
        assert!(reason.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        assert!(reason.to_string().ends_with('.'));
    }
}
