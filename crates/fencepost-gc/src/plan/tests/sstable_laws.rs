//! Laws of folders of SSTables, for every chain of manifests and every state of knowledge (P-80, P-81).

use crate::{Inventory, ManifestFacts, Object, Policy, SsTableFolder, StoreTime, plan};
use fencepost_format::{Epoch, Generation, Position, SsTableName, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// One version on top of the one before: a claim, a flush (of the next generation, or a second one of the
/// last), a compaction, or a reader's.
#[derive(Clone, Copy, Debug)]
enum Step {
    Claim,
    Flush,
    FlushAgain,
    Compact,
    Tail,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Claim),
        Just(Step::Flush),
        Just(Step::Flush),
        Just(Step::FlushAgain),
        Just(Step::Compact),
        Just(Step::Tail)
    ];
    vec(step, 1..12)
}

struct Chain {
    versions: Vec<(ManifestFacts, BTreeSet<SsTableName>)>,
}

impl Chain {
    fn of(steps: &[Step]) -> Self {
        let (mut epoch, mut next, mut named, mut hash) = (1, 1, BTreeSet::new(), 0);
        let mut versions = Vec::new();
        for (version, step) in (1..).zip(steps) {
            match step {
                Step::Claim => epoch += 1,
                Step::Flush | Step::FlushAgain => {
                    hash += 1;
                    next += u64::from(matches!(step, Step::Flush) || next == 1);
                    named.insert(SsTableName { generation: Generation(next - 1), hash });
                }
                Step::Compact => drop(named.pop_first()),
                Step::Tail => {}
            }
            let facts = ManifestFacts {
                version: Version::new(version),
                epoch: Epoch::new(epoch),
                replay_after: Position::NONE,
                last_seen: Position::NONE,
                generation: Generation(next),
                by_lance: true,
                lance_before: false,
            };
            versions.push((facts, named.clone()));
        }
        Self { versions }
    }

    fn latest(&self) -> ManifestFacts {
        self.versions.last().unwrap().0
    }

    /// All is known of the versions from `pruned` on, but for what `unread` picks. A folder that is in a
    /// manifest is there, and others.
    fn inventory(&self, pruned: usize, unread: &[bool], others: &[(u64, u64)]) -> Inventory {
        let mut inventory = Inventory { newest_other: StoreTime(100), ..Inventory::default() };
        for (at, (facts, named)) in self.versions.iter().enumerate() {
            for name in named {
                inventory.sstables.insert(*name, Some(SsTableFolder::default()));
            }
            let is_latest = facts.version == self.latest().version;
            if at < pruned && !is_latest {
                continue;
            }
            inventory.manifests.insert(facts.version, StoreTime(0));
            let read = is_latest || !unread.get(at).copied().unwrap_or(false);
            inventory.names_read.insert(facts.version, read);
            if !is_latest {
                inventory.claims.insert(facts.version, read.then_some(*facts));
            }
            if read {
                inventory
                    .named
                    .extend(named.iter().map(|name| (name.to_string(), (name.generation, facts.version))));
            }
        }
        for (hash, (generation, modified)) in (1_000..).zip(others) {
            let folder = SsTableFolder { objects: 1, bytes: 1, modified: StoreTime(*modified) };
            inventory
                .sstables
                .insert(SsTableName { generation: Generation(*generation), hash }, Some(folder));
        }
        inventory
    }
}

fn deleted(inventory: &Inventory, latest: &ManifestFacts, policy: &Policy) -> BTreeSet<SsTableName> {
    let plan = plan(inventory, latest, policy);
    let sstable = |object| if let Object::SsTable(name) = object { Some(name) } else { None };
    plan.deletions().filter_map(sstable).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn only_what_a_flush_left_goes(
        steps in steps(), pruned in 0..6_usize, unread in vec(prop::bool::weighted(0.1), 12),
        others in vec((1..8_u64, 0..100_u64), 0..8), clock_free: bool,
    ) {
        let chain = Chain::of(&steps);
        let inventory = chain.inventory(pruned, &unread, &others);
        let latest = chain.latest();
        let policy = Policy::new().with_clock_free(clock_free).with_lance_flush_age(Duration::from_millis(30));
        let gone = deleted(&inventory, &latest, &policy);
        let ever_named: BTreeSet<_> = chain.versions.iter().flat_map(|(_, named)| named).copied().collect();
        for name in &gone {
            let folder = inventory.sstables[name].unwrap();
            prop_assert!(name.generation < latest.generation);
            prop_assert!(inventory.names_read.values().all(|read| *read), "{name} of unknown name");
            prop_assert!(inventory.named.iter().any(|(path, (of, _))| *of == name.generation && *path != name.to_string()));
            // An SSTable of the past goes at most where a twin of its generation is left, and all that named
            // it was pruned.
            prop_assert!(!ever_named.contains(name) || pruned > 0);
            prop_assert!(!inventory.named.contains_key(&name.to_string()));
            if clock_free {
                let claim = chain.versions.iter().find(|(facts, _)| facts.epoch == latest.epoch).unwrap().0;
                prop_assert!(name.generation < claim.generation, "{name}, claimed at {claim:?}");
            } else {
                prop_assert!(folder.modified <= StoreTime(70));
            }
        }
    }

    /// P-55: what may go may go however the shard moves on, unless a late commit names it, which P-81 rules out.
    #[test]
    fn what_may_go_may_go_later(
        steps in steps(), more in steps(), others in vec((1..8_u64, 0..100_u64), 0..8), clock_free: bool,
    ) {
        let policy = Policy::new().with_clock_free(clock_free).with_lance_flush_age(Duration::from_millis(30));
        let early = Chain::of(&steps);
        let gone = deleted(&early.inventory(0, &[], &others), &early.latest(), &policy);
        let late = Chain::of(&[steps, more].concat());
        let later = deleted(&late.inventory(0, &[], &others), &late.latest(), &policy);
        prop_assert!(gone.is_subset(&later), "{:?}", gone.difference(&later));
    }
}
