//! Which manifest versions tell of every change of hands, without reading them all.

use crate::{Inventory, ManifestFacts, Policy};
use fencepost_format::{Epoch, Version};
use std::collections::BTreeSet;

/// The versions to read next so that of each epoch the last version and of the next one the first are known;
/// empty if they are.
///
/// Epochs rise along the versions, so what lies between two versions of one epoch is of that epoch. Each call
/// asks for the middle of every stretch whose ends differ. Only versions young enough that their openers
/// still count are looked at, or all of them if the policy says so.
pub(crate) fn manifests_to_read(
    inventory: &Inventory,
    facts: &ManifestFacts,
    policy: &Policy,
) -> BTreeSet<Version> {
    let now = inventory.now();
    let counts = |modified| policy.reads_all_claims() || now.since(modified) < policy.lance_opener_age();
    let older = inventory.manifests.range(..facts.version);
    let mut versions: Vec<_> =
        older.filter(|(_, modified)| counts(**modified)).map(|(&version, _)| version).collect();
    let Some(&lowest) = versions.first() else { return BTreeSet::new() };
    if !inventory.claims.contains_key(&lowest) {
        return [lowest].into();
    }
    versions.push(facts.version);
    let epoch = |version: Version| -> Option<Option<Epoch>> {
        if version == facts.version {
            return Some(Some(facts.epoch));
        }
        inventory.claims.get(&version).map(|read| read.map(|read| read.epoch))
    };
    let read: Vec<_> =
        (0..versions.len()).filter_map(|index| Some((index, epoch(versions[index])?))).collect();
    let stretches = read.windows(2).filter(|ends| {
        let [(low, first), (high, last)] = ends else { return false };
        let same = first.is_some() && first == last;
        high - low > 1 && !same
    });
    stretches.map(|ends| versions[usize::midpoint(ends[0].0, ends[1].0)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{InventoryExt, facts, inventory};
    use fencepost_format::Position;

    /// Reads until nothing is asked for, of a chain in which each word is the epoch of one version.
    fn read_all(epochs: &[u64]) -> (Inventory, usize) {
        let latest = epochs.len() as u64;
        let versions = (1..=latest).map(|version| (version, 0));
        let mut log = inventory("1:D1").with_manifests(versions);
        let claim = |version: Version| ManifestFacts {
            version,
            epoch: Epoch::new(epochs[version.get() as usize - 1]),
            replay_after: Position::NONE,
            ..facts(1, 0)
        };
        let facts = claim(Version::new(latest));
        loop {
            let wanted = manifests_to_read(&log, &facts, &Policy::new());
            if wanted.is_empty() {
                let read = log.claims.len();
                return (log, read);
            }
            assert!(wanted.iter().all(|version| !log.claims.contains_key(version)), "{wanted:?} twice");
            log.claims.extend(wanted.into_iter().map(|version| (version, Some(claim(version)))));
        }
    }

    #[test]
    fn every_change_of_hands_is_found() {
        for epochs in [&[1, 1, 2, 2, 2, 3, 7, 7][..], &[1], &[1, 2], &[1, 1, 1, 1, 1, 2], &[1, 2, 3, 4, 5, 6]]
        {
            let (log, _) = read_all(epochs);
            for (index, pair) in epochs.windows(2).enumerate().filter(|(_, pair)| pair[0] != pair[1]) {
                let last = Version::new(index as u64 + 1);
                assert!(log.claims.contains_key(&last), "{epochs:?}: the last of {}", pair[0]);
                let is_latest = index + 2 == epochs.len();
                assert!(
                    is_latest || log.claims.contains_key(&last.next()),
                    "{epochs:?}: the claim of {}",
                    pair[1]
                );
            }
        }
    }

    /// A shard that one writer holds for long costs one read, and each change of hands some more.
    #[test]
    fn few_versions_are_read() {
        assert_eq!(read_all(&[4; 1_000]).1, 1);
        let one_change: Vec<_> = (0..1_000).map(|version| if version < 300 { 4 } else { 5 }).collect();
        assert!(read_all(&one_change).1 <= 12, "{}", read_all(&one_change).1);
    }

    #[test]
    fn old_versions_are_read_only_if_the_policy_asks_for_them() {
        let log = inventory("1:D1").with_manifests([(1, 0), (2, 0), (3, 100_000_000)]);
        let facts = ManifestFacts { version: Version::new(3), ..facts(2, 0) };
        assert_eq!(manifests_to_read(&log, &facts, &Policy::new()), BTreeSet::new());
        assert_eq!(
            manifests_to_read(&log, &facts, &Policy::new().with_clock_free(true)),
            [Version::new(1)].into()
        );
    }
}
