//! The version that a drain creates.
// P-85.

use fencepost_fence::{Rule, rules};
use fencepost_format::{Manifest, Nonce, SsTable, SsTableName};
use std::collections::BTreeSet;

/// The next version on top of `latest`, without these SSTables, and everything else as it was.
///
/// SUBTLE: it has a nonce of ours where the version before has one, and only there. By the nonces in its versions
/// collections tell whether an epoch is Lance's. One version of ours would make Lance's epoch ours, and a claim of
/// Lance's that may still replay would hold nothing back any more. The drain's own nonce stands in a field that says
/// nothing else.
// P-7, P-58, P-85, F-40.
#[must_use]
pub fn drain(latest: &Manifest, names: &BTreeSet<SsTableName>, nonce: Nonce) -> Manifest {
    let mut next = latest.clone();
    let is_drained =
        |sstable: &SsTable| SsTableName::parse(&sstable.path).is_some_and(|name| names.contains(&name));
    next.sstables.retain(|sstable| !is_drained(sstable));
    next.version = latest.version.next();
    if latest.nonce.is_some() || !rules::on(Rule::DrainAsTheirs) {
        next.nonce = Some(nonce);
    }
    next.lance_before |= latest.nonce.is_none();
    next.drain = Some(nonce);
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use fencepost_format::{Epoch, Generation, Position, ShardId, Version};

    fn sstable(path: &str) -> SsTable {
        SsTable { generation: Generation(1), path: path.to_owned(), ..SsTable::default() }
    }

    fn latest(nonce: Option<Nonce>) -> Manifest {
        Manifest {
            version: Version::new(7),
            writer_epoch: Epoch::new(3),
            replay_after: Position::new(9),
            sstables: ["00000001_gen_1", "odd", "00000002_gen_2"].map(sstable).into(),
            nonce,
            ..Manifest::initial(ShardId::default())
        }
    }

    /// P-7, P-85: the names go, and nothing else.
    #[test]
    fn a_drain_is_the_version_before_it_without_the_names() {
        for nonce in [None, Some(Nonce(5))] {
            let latest = latest(nonce);
            let names = ["00000001_gen_1", "00000009_gen_9"].map(|name| SsTableName::parse(name).unwrap());
            let next = drain(&latest, &names.into(), Nonce(8));
            let expected = Manifest {
                version: Version::new(8),
                sstables: ["odd", "00000002_gen_2"].map(sstable).into(),
                nonce: nonce.map(|_| Nonce(8)),
                lance_before: nonce.is_none(),
                drain: Some(Nonce(8)),
                ..latest
            };
            assert_eq!(next, expected);
        }
    }
}
