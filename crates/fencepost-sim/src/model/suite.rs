//! The bounds that are searched: small ones in CI, larger ones on demand.

use super::{Finding, cursors, first_shard, lance, lease, log, manifest, reclaim, restore, search, sstables};
use cursors::CursorModel;
use first_shard::FirstShardModel;
use lease::LeaseModel;
use log::LogModel;
use manifest::ManifestModel;
use restore::RestoreModel;

/// One model within bounds.
#[derive(Clone, Debug)]
pub enum Case {
    /// Of the log.
    Log(log::Bounds),
    /// Of the manifest chain.
    Manifest(manifest::Bounds),
    /// Of cursors.
    Cursors(cursors::Bounds),
    /// Of leases.
    Lease(lease::Bounds),
    /// Of the first shard of a base.
    FirstShard(first_shard::Bounds),
    /// Of a log that is made of a copy.
    Restore(restore::Bounds),
    /// Of Lance's writers.
    Lance(lance::Bounds),
    /// Of Lance's flushes.
    SsTables(sstables::Bounds),
    /// Of reclaims of compacted SSTables.
    Reclaim(reclaim::Bounds),
}

impl Case {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Log(bounds) => bounds.name,
            Self::Manifest(bounds) => bounds.name,
            Self::Cursors(bounds) => bounds.name,
            Self::Lease(bounds) => bounds.name,
            Self::FirstShard(bounds) => bounds.name,
            Self::Restore(bounds) => bounds.name,
            Self::Lance(bounds) => bounds.name,
            Self::SsTables(bounds) => bounds.name,
            Self::Reclaim(bounds) => bounds.name,
        }
    }

    /// Searches it; with `states_max`, up to about as many steps.
    #[must_use]
    pub fn search(&self, states_max: Option<usize>) -> Finding {
        match self {
            Self::Log(bounds) => search(bounds.name, LogModel::new(bounds.clone()), states_max),
            Self::Manifest(bounds) => search(bounds.name, ManifestModel::new(bounds.clone()), states_max),
            Self::Cursors(bounds) => search(bounds.name, CursorModel::new(bounds.clone()), states_max),
            Self::Lease(bounds) => search(bounds.name, LeaseModel::new(bounds.clone()), states_max),
            Self::FirstShard(bounds) => search(bounds.name, FirstShardModel::new(bounds.clone()), states_max),
            Self::Restore(bounds) => search(bounds.name, RestoreModel::new(bounds.clone()), states_max),
            Self::Lance(bounds) => lance::search(bounds, states_max),
            Self::SsTables(bounds) => sstables::search(bounds, states_max),
            Self::Reclaim(bounds) => reclaim::search(bounds, states_max),
        }
    }
}

/// The case of this name, small or large.
#[must_use]
pub fn find(name: &str) -> Option<Case> {
    small().into_iter().chain(large()).find(|case| case.name() == name)
}

/// What CI searches.
#[must_use]
pub fn small() -> Vec<Case> {
    let mut cases: Vec<_> = log::suite::small().into_iter().map(Case::Log).collect();
    cases.extend(small_manifests().into_iter().map(Case::Manifest));
    cases.extend(cursors::small().into_iter().map(Case::Cursors));
    cases.push(Case::Lease(lease::Bounds { name: "lease", candidates: 2, ticks: 3, ttl: 3 }));
    cases.push(Case::FirstShard(first_shard::Bounds {
        name: "first-shard",
        parties: 3,
        losses: 2,
        duplicates: 1,
        conflicts: 1,
    }));
    cases.push(Case::Restore(restore::Bounds {
        name: "restore",
        writers: 2,
        appends: 2,
        seals: 2,
        unseals: 1,
    }));
    cases.extend(lance::suite::small().into_iter().map(Case::Lance));
    cases.extend(sstables::small().into_iter().map(Case::SsTables));
    cases.extend(reclaim::small().into_iter().map(Case::Reclaim));
    cases
}

fn small_manifests() -> Vec<manifest::Bounds> {
    let pruned = manifest::Bounds {
        name: "manifest/pruned",
        checkpoints: &[2, 2],
        keep: 1,
        losses: 0,
        duplicates: 0,
        give_ups: 0,
        lags: 0,
        searches: 0,
        looks: 0,
        restores: 0,
        any_order: true,
        watched: false,
        seals: false,
    };
    let two = manifest::Bounds { checkpoints: &[2, 1], ..pruned };
    vec![
        pruned.clone(),
        manifest::Bounds {
            name: "manifest/searches",
            checkpoints: &[1, 1],
            searches: 1,
            any_order: false,
            ..pruned.clone()
        },
        manifest::Bounds { name: "manifest/looks", checkpoints: &[1, 0], looks: 1, ..pruned.clone() },
        manifest::Bounds {
            name: "manifest/watched",
            checkpoints: &[1, 2, 0],
            watched: true,
            any_order: false,
            ..pruned
        },
        manifest::Bounds {
            name: "manifest/lost",
            checkpoints: &[1, 1],
            losses: 1,
            duplicates: 1,
            give_ups: 1,
            any_order: false,
            ..two.clone()
        },
        manifest::Bounds { name: "manifest/lagging", keep: 0, lags: 2, ..two.clone() },
        manifest::Bounds {
            name: "manifest/lagging-looks",
            checkpoints: &[1, 0],
            keep: 0,
            lags: 1,
            looks: 1,
            ..two.clone()
        },
        manifest::Bounds {
            name: "manifest/restored",
            checkpoints: &[1, 0],
            keep: 0,
            restores: 1,
            ..two.clone()
        },
        manifest::Bounds {
            name: "manifest/sealed",
            checkpoints: &[1, 0],
            seals: true,
            any_order: false,
            ..two
        },
    ]
}

/// What is searched on demand, for hours if need be.
#[must_use]
pub fn large() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(log::suite::large().into_iter().map(Case::Log));
    cases.push(Case::Manifest(manifest::Bounds {
        name: "large/manifest",
        checkpoints: &[1, 0, 0],
        keep: 1,
        losses: 1,
        duplicates: 1,
        give_ups: 1,
        lags: 0,
        searches: 0,
        looks: 0,
        restores: 0,
        any_order: true,
        watched: false,
        seals: false,
    }));
    let [pruned, searches, ..] = &small_manifests()[..] else {
        unreachable!("two of them are among the small ones")
    };
    cases.push(Case::Manifest(manifest::Bounds {
        name: "large/manifest/pruned",
        checkpoints: &[1, 1, 1],
        ..pruned.clone()
    }));
    cases.push(Case::Manifest(manifest::Bounds {
        name: "large/manifest/searches",
        checkpoints: &[1, 0, 0],
        ..searches.clone()
    }));
    cases.extend(cursors::large().into_iter().map(Case::Cursors));
    cases.extend(lance::suite::large().into_iter().map(Case::Lance));
    cases
}
