//! Laws that hold for every log, every policy and every state of knowledge.

use crate::guarding_fence::{guarding_fences, our_fences};
use crate::testing::InventoryExt;
use crate::{Inventory, Known, Listed, ManifestFacts, Object, Plan, Policy, StoreTime, plan};
use fencepost_fence::Window;
use fencepost_format::{EntryHeader, EntryKind, Epoch, Generation, Nonce, Position, Version};
use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

const KINDS: [EntryKind; 6] = [
    EntryKind::Data,
    EntryKind::Fence,
    EntryKind::CleanFence,
    EntryKind::Filler,
    EntryKind::Close,
    EntryKind::Tombstone,
];

#[derive(Clone, Copy, Debug)]
enum Seen {
    Read { kind: usize, epoch: u64, by_lance: bool },
    Unreadable,
    NotRead,
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        8 => (0..KINDS.len(), 1..5_u64, prop::bool::weighted(0.1))
            .prop_map(|(kind, epoch, by_lance)| Seen::Read { kind, epoch, by_lance }),
        1 => Just(Seen::Unreadable),
        1 => Just(Seen::NotRead),
    ]
}

fn inventories() -> impl Strategy<Value = Inventory> {
    let entries = btree_map(1..40_u64, (seen(), 0..100_u64), 0..30);
    let cursors = btree_map(0..3_u8, 0..40_u64, 0..3);
    let boundaries = btree_set(0..30_u64, 0..3);
    let fences = btree_set(1..30_u64, 0..3);
    let manifests = btree_map(1..80_u64, 0..100_u64, 0..80);
    let leases = btree_set(1..6_u64, 0..4);
    (entries, cursors, boundaries, fences, manifests, leases).prop_map(
        |(entries, cursors, boundaries, fences, manifests, leases)| {
            let mut inventory = Inventory::default();
            for (at, (seen, modified)) in entries {
                let position = Position::new(at);
                inventory.entries.insert(position, Listed { bytes: 1, modified: StoreTime(modified) });
                let known = match seen {
                    Seen::NotRead => continue,
                    Seen::Unreadable => Known::Unreadable,
                    Seen::Read { kind, epoch, by_lance } => Known::Header(EntryHeader {
                        position,
                        epoch: Epoch::new(epoch),
                        kind: KINDS[kind],
                        nonce: (!by_lance).then_some(Nonce(1)),
                        generation: None,
                    }),
                };
                inventory.known.insert(position, known);
            }
            for (name, at) in cursors {
                inventory = inventory.with_cursor(&format!("c{name}"), at);
            }
            inventory.boundaries.extend(boundaries.into_iter().map(|at| (Position::new(at), StoreTime(0))));
            inventory.guarding_fences.extend(fences.into_iter().map(Position::new));
            inventory
                .manifests
                .extend(manifests.into_iter().map(|(at, time)| (Version::new(at), StoreTime(time))));
            inventory.leases.extend(leases.into_iter().map(|epoch| (Epoch::new(epoch), StoreTime(0))));
            inventory
        },
    )
}

fn facts() -> impl Strategy<Value = ManifestFacts> {
    (1..6_u64, 0..45_u64, 0..45_u64, 1..90_u64).prop_map(|(epoch, replay_after, last_seen, version)| {
        ManifestFacts {
            version: Version::new(version),
            epoch: Epoch::new(epoch),
            replay_after: Position::new(replay_after),
            last_seen: Position::new(last_seen),
            generation: Generation(1),
            by_lance: false,
            lance_before: false,
        }
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    // Claims by Lance have tests of their own; here they would hold everything, since none is known.
    let base =
        Policy::new().with_lance_opener_age(Duration::ZERO).with_manifests_age(Duration::from_millis(20));
    // R may lie anywhere here, in fence ranges too, where it never rests.
    let base = base.with_window_for_models(Window::ONE);
    (0..10_u64, prop::option::of(0..80_u64), 0..70_u64).prop_map(move |(entries, age, manifests)| {
        let policy = base.clone().with_retain_entries(entries).with_manifests_keep(manifests);
        match age {
            Some(age) => policy.with_retain_age(Duration::from_millis(age)),
            None => policy,
        }
    })
}

fn deleted(plan: &Plan) -> BTreeSet<Object> {
    plan.deletions().collect()
}

fn execute(inventory: &mut Inventory, plan: &Plan) {
    for object in plan.deletions() {
        match object {
            Object::Entry(at) => inventory.forget(at),
            Object::Manifest(version) => drop(inventory.manifests.remove(&version)),
            Object::Boundary(at) => drop(inventory.boundaries.remove(&at)),
            Object::Lease(epoch) => drop(inventory.leases.remove(&epoch)),
            Object::Opening(epoch) => drop(inventory.openings.remove(&epoch)),
            Object::Receipt(name) => drop(inventory.receipts.remove(&name)),
            Object::SsTable(name) => drop(inventory.sstables.remove(&name)),
            Object::Reclaim(_) | Object::Forgotten(_) | Object::Cursor(_) | Object::Other(_) => {
                panic!("{object} is never deleted")
            }
        }
    }
    if !plan.boundary.is_none() {
        inventory.boundaries.entry(plan.boundary).or_default();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// P-50 to P-52, P-9.
    #[test]
    fn nothing_that_must_stay_is_deleted(inventory in inventories(), facts in facts(), policy in policies()) {
        let plan = plan(&inventory, &facts, &policy);
        let needed = guarding_fences(&inventory);
        for object in plan.deletions() {
            match object {
                Object::Entry(at) => {
                    prop_assert!(at <= facts.replay_after && at <= plan.bound && plan.bound <= plan.boundary);
                    prop_assert!(inventory.cursors.values().all(|cursor| Some(at) <= cursor.held()));
                    prop_assert!(at.get() + policy.retain_entries() <= facts.replay_after.get());
                    prop_assert!(!needed.contains(&at) && at != inventory.highest());
                    prop_assert!(matches!(inventory.known.get(&at), Some(Known::Header(_))));
                }
                Object::Manifest(version) => {
                    prop_assert!(version < facts.version);
                    let newer = inventory.manifests.range(version.next()..).count() as u64;
                    prop_assert!(newer >= policy.manifests_keep().max(1));
                }
                Object::Boundary(at) => prop_assert!(at < inventory.published()),
                Object::Lease(epoch) => prop_assert!(epoch < facts.epoch),
                Object::Opening(_) | Object::Receipt(_) | Object::SsTable(_) | Object::Reclaim(_) | Object::Forgotten(_) | Object::Cursor(_) | Object::Other(_) => prop_assert!(false),
            }
        }
        prop_assert!(plan.boundary >= inventory.published());
    }

    /// P-99: below `replay_after`, nothing of a fence range goes before all of it may.
    #[test]
    fn the_bound_rests_in_no_fence_range(inventory in inventories(), facts in facts(), policy in policies(), window in 1..5_u64) {
        let plan = plan(&inventory, &facts, &policy.with_window_for_models(Window::for_models(window)));
        prop_assume!(plan.bound < facts.replay_after);
        for fence in our_fences(&inventory) {
            let last = fence.plus(window - 1);
            prop_assert!(!(fence..last).contains(&plan.bound), "{} in {fence} to {last}", plan.bound);
        }
    }

    /// P-51: every fence entry that was read stays, and so does the first entry of every epoch of Lance's (P-57).
    #[test]
    fn fences_and_first_entries_of_lance_stay(inventory in inventories(), facts in facts(), policy in policies()) {
        let plan = plan(&inventory, &facts, &policy);
        let gone = deleted(&plan);
        let mut lance_epochs = BTreeSet::new();
        for (at, header) in inventory.known.iter().filter_map(|(at, known)| Some((at, known.header()?))) {
            let first = header.nonce.is_none() && lance_epochs.insert(header.epoch);
            if first || header.kind.is_kept_for_ever() {
                prop_assert!(!gone.contains(&Object::Entry(*at)));
            }
        }
    }

    /// P-55.
    #[test]
    fn a_second_pass_deletes_no_more_entries(inventory in inventories(), facts in facts(), policy in policies()) {
        let mut after = inventory.clone();
        let first = plan(&inventory, &facts, &policy);
        execute(&mut after, &first);
        let second = plan(&after, &facts, &policy);
        let more: Vec<_> = second.deletions().filter(|object| !matches!(object, Object::Boundary(_))).collect();
        prop_assert!(more.is_empty(), "{:?}", more);
        // The boundary that the first pass published supersedes the others now; then that is all.
        execute(&mut after, &second);
        prop_assert_eq!(deleted(&plan(&after, &facts, &policy)), BTreeSet::new());
    }

    /// P-55: what may go stays deletable as the log moves on, so a collection that wakes late does no harm.
    #[test]
    fn what_may_go_may_go_at_every_later_checkpoint(
        inventory in inventories(), facts in facts(), policy in policies(), steps in 0..20_u64,
    ) {
        let later = ManifestFacts {
            replay_after: facts.replay_after.plus(steps),
            last_seen: facts.last_seen.plus(steps),
            ..facts
        };
        let early = deleted(&plan(&inventory, &facts, &policy));
        let late = deleted(&plan(&inventory, &later, &policy));
        prop_assert!(early.is_subset(&late), "{:?}", early.difference(&late).collect::<Vec<_>>());
    }

    /// P-55: new entries, on top or late ones anywhere, never make something needed that was not.
    #[test]
    fn what_may_go_may_go_whatever_is_appended(inventory in inventories(), facts in facts(), policy in policies(), kind in 0..KINDS.len()) {
        let early = deleted(&plan(&inventory, &facts, &policy));
        let mut later = inventory;
        let position = Position::new(50);
        let nonce = Some(Nonce(1));
        later.entries.insert(position, Listed { bytes: 1, modified: later.now() });
        let (epoch, kind) = (Epoch::new(9), KINDS[kind]);
        later.known.insert(position, Known::Header(EntryHeader { position, epoch, kind, nonce, generation: None }));
        let late = deleted(&plan(&later, &facts, &policy));
        prop_assert!(early.is_subset(&late), "{:?}", early.difference(&late).collect::<Vec<_>>());
    }

    #[test]
    fn every_object_has_a_verdict(inventory in inventories(), facts in facts(), policy in policies()) {
        let plan = plan(&inventory, &facts, &policy);
        let objects = inventory.entries.len() as usize + inventory.manifests.len() + inventory.boundaries.len()
            + inventory.leases.len() + inventory.cursors.len();
        prop_assert_eq!(plan.objects().count(), objects);
    }
}
