//! The bounds that are searched: small ones in CI, larger ones on demand.

use super::{Finding, cursors, first_shard, lance, lease, log, manifest, reclaim, restore, search, sstables};
use cursors::CursorModel;
use first_shard::FirstShardModel;
use lease::LeaseModel;
use log::{Faults, LogModel, Reached, Reading};
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
    let mut cases: Vec<_> = small_logs().into_iter().map(Case::Log).collect();
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

/// Three writers with two appends and a checkpoint each, and two collectors.
fn three_writers() -> log::Bounds {
    log::Bounds {
        name: "log/three-writers",
        window: 2,
        appends: &[2, 2, 2],
        checkpoints: &[1, 1, 1],
        opened: 0,
        claims_stall: false,
        closes: false,
        positions: 9,
        collections: 2,
        strides: true,
        reading: Reading::Nobody,
        records: false,
        faults: Faults::default(),
        reach: &[
            Reached::LandedInCollectedSpace,
            Reached::AckedAfterTakeover,
            Reached::ZombieWokeAfterCollection,
            Reached::OpenerFenced,
            Reached::FillerCollided,
            Reached::StaleInFenceRange,
            Reached::DeletedInTheWay,
            Reached::LossRuledOut,
        ],
    }
}

fn small_logs() -> Vec<log::Bounds> {
    let (three, no_faults) = (three_writers(), Faults::default());
    let two = log::Bounds {
        appends: &[1, 1],
        checkpoints: &[1, 1],
        closes: true,
        collections: 1,
        reach: &[],
        ..three
    };
    vec![
        log::Bounds { appends: &[2, 1, 1], opened: 1, ..three.clone() },
        log::Bounds {
            name: "log/crash-and-duplicate",
            appends: &[2, 1, 0],
            checkpoints: &[0, 1, 1],
            collections: 2,
            faults: Faults { crashes: 1, duplicates: 1, ..no_faults },
            reach: &[
                Reached::LandedInCollectedSpace,
                Reached::ZombieWokeAfterCollection,
                Reached::OwnEntryReadBack,
            ],
            ..three.clone()
        },
        log::Bounds {
            name: "log/closing",
            appends: &[1, 1, 1],
            checkpoints: &[1, 0, 1],
            closes: true,
            collections: 1,
            reach: &[Reached::CleanFence, Reached::OpenerFenced, Reached::ReadAgainThere],
            ..three
        },
        log::Bounds {
            name: "log/claims",
            appends: &[1, 1, 1],
            checkpoints: &[1, 1, 0],
            opened: 1,
            claims_stall: true,
            closes: true,
            collections: 1,
            reach: &[Reached::CleanFence, Reached::OpenerFenced],
            ..two.clone()
        },
        log::Bounds {
            name: "log/losses",
            faults: Faults { duplicates: 1, losses: 1, give_ups: 1, ..no_faults },
            reach: &[Reached::OwnEntryReadBack, Reached::AckedBelowReplay],
            ..two.clone()
        },
        log::Bounds {
            name: "log/conflicts",
            faults: Faults { losses: 1, conflicts: 2, ..no_faults },
            reach: &[Reached::ReadBackAbsent],
            ..two.clone()
        },
        log::Bounds {
            name: "log/reader",
            appends: &[2, 0, 0],
            checkpoints: &[0, 0, 1],
            opened: 1,
            closes: false,
            reading: Reading::Checkpoint,
            reach: &[
                Reached::ReaderTruncated,
                Reached::StaleInFenceRange,
                Reached::ReaderConcludes,
                Reached::ReaderCannotConclude,
            ],
            ..two.clone()
        },
        log::Bounds {
            name: "log/reader-anywhere",
            appends: &[2, 0, 0],
            checkpoints: &[0, 0, 1],
            opened: 1,
            closes: false,
            positions: 5,
            reading: Reading::Anywhere,
            reach: &[Reached::ReaderIgnoresBelow, Reached::ReaderConcludes, Reached::ReaderCannotConclude],
            ..two.clone()
        },
        log::Bounds {
            name: "log/reader-two-takeovers",
            window: 1,
            appends: &[0, 1, 0, 0],
            checkpoints: &[0, 0, 0, 1],
            opened: 1,
            closes: false,
            positions: 4,
            reading: Reading::Checkpoint,
            reach: &[Reached::ReaderConcludes, Reached::ReaderCannotConclude],
            ..two.clone()
        },
        log::Bounds {
            name: "log/consumer",
            appends: &[2, 0, 0],
            checkpoints: &[0, 0, 1],
            opened: 1,
            closes: false,
            reading: Reading::Consumer,
            reach: &[Reached::ReaderConcludesBelowReplay],
            ..two.clone()
        },
        log::Bounds {
            name: "log/window-of-one",
            window: 1,
            appends: &[2, 2, 1],
            checkpoints: &[1, 1, 1],
            reach: &[Reached::ZombieWokeAfterCollection],
            closes: false,
            ..two.clone()
        },
        log::Bounds {
            name: "log/window-of-three",
            window: 3,
            appends: &[1, 0, 1],
            checkpoints: &[1, 1, 1],
            positions: 12,
            reach: &[Reached::CleanFence, Reached::OpenerFenced],
            ..two.clone()
        },
        log::Bounds {
            name: "log/flushed",
            appends: &[2, 0],
            checkpoints: &[1, 0],
            opened: 1,
            closes: false,
            reading: Reading::Checkpoint,
            faults: Faults { flushed: 1, ..no_faults },
            reach: &[Reached::ReaderConcludes, Reached::ReaderCannotConclude],
            ..two.clone()
        },
        log::Bounds {
            name: "log/lost-under-a-reader",
            appends: &[2],
            checkpoints: &[0],
            collections: 0,
            reading: Reading::Checkpoint,
            faults: Faults { lost_entries: 1, ..no_faults },
            ..two.clone()
        },
        log::Bounds {
            name: "log/lost",
            appends: &[2, 1],
            checkpoints: &[1, 0],
            faults: Faults { lost_entries: 1, ..no_faults },
            reach: &[Reached::LossFound],
            ..two.clone()
        },
        log::Bounds {
            name: "log/fenced-off",
            window: 1,
            appends: &[2, 0, 0],
            checkpoints: &[0, 0, 1],
            closes: false,
            positions: 5,
            faults: Faults { lost_entries: 1, lost_unseen: true, ..no_faults },
            reach: &[Reached::FencedOff],
            ..two.clone()
        },
        log::Bounds {
            name: "log/strangers",
            closes: false,
            faults: Faults { strangers: 1, ..no_faults },
            ..two.clone()
        },
        log::Bounds {
            name: "log/records",
            appends: &[1, 0, 0],
            checkpoints: &[0, 1, 1],
            opened: 1,
            closes: false,
            records: true,
            faults: Faults { old_records: 1, ..no_faults },
            reach: &[Reached::PassedUnread],
            ..two.clone()
        },
        log::Bounds {
            name: "log/records-fenced-off",
            window: 1,
            appends: &[3, 0, 0],
            checkpoints: &[0, 0, 1],
            closes: false,
            positions: 6,
            records: true,
            faults: Faults { lost_entries: 2, lost_unseen: true, ..no_faults },
            reach: &[Reached::FencedOff],
            ..two.clone()
        },
        log::Bounds {
            name: "log/records-lost-later",
            window: 1,
            appends: &[2, 0, 0, 0],
            checkpoints: &[0, 0, 0, 1],
            opened: 1,
            closes: false,
            positions: 5,
            records: true,
            faults: Faults { lost_entries: 1, lost_unseen: true, ..no_faults },
            reach: &[Reached::FencedOff, Reached::PassedUnread],
            ..two.clone()
        },
        log::Bounds {
            name: "log/records-late",
            appends: &[2, 0, 0],
            checkpoints: &[0, 0, 2],
            opened: 1,
            closes: false,
            collections: 2,
            records: true,
            reach: &[
                Reached::PassedUnread,
                Reached::LateFencePassedUnread,
                Reached::LandedInCollectedSpace,
                Reached::ZombieWokeAfterCollection,
            ],
            ..two.clone()
        },
        log::Bounds {
            name: "log/records-closing",
            appends: &[2, 1],
            checkpoints: &[2, 1],
            opened: 1,
            collections: 2,
            records: true,
            reach: &[Reached::PassedUnread, Reached::CleanFence],
            ..two
        },
    ]
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
    for bounds in small_logs() {
        let bounds = match bounds.name {
            "log/three-writers" => log::Bounds {
                name: "large/log/three-writers",
                faults: Faults { crashes: 1, ..Faults::default() },
                ..three_writers()
            },
            "log/crash-and-duplicate" => log::Bounds {
                name: "large/log/crash-and-duplicate",
                faults: Faults { crashes: 2, duplicates: 2, ..Faults::default() },
                ..bounds
            },
            "log/closing" => log::Bounds { name: "large/log/closing", appends: &[2, 2, 1], ..bounds },
            "log/losses" => log::Bounds { name: "large/log/losses", appends: &[2, 1], ..bounds },
            "log/reader" => {
                log::Bounds { name: "large/log/reader", appends: &[2, 1, 0], collections: 2, ..bounds }
            }
            "log/lost" => {
                log::Bounds { name: "large/log/lost", appends: &[2, 1, 0], checkpoints: &[1, 1, 0], ..bounds }
            }
            "log/reader-anywhere" => {
                log::Bounds { name: "large/log/reader-anywhere", opened: 0, positions: 6, ..bounds }
            }
            "log/reader-two-takeovers" => {
                log::Bounds { name: "large/log/reader-two-takeovers", opened: 0, ..bounds }
            }
            "log/consumer" => log::Bounds { name: "large/log/consumer", appends: &[2, 1, 0], ..bounds },
            "log/records-late" => log::Bounds {
                name: "large/log/records",
                appends: &[2, 0, 0, 0],
                checkpoints: &[0, 0, 1, 1],
                faults: Faults { duplicates: 1, ..Faults::default() },
                ..bounds
            },
            "log/records-lost-later" => log::Bounds {
                name: "large/log/records-lost-later",
                opened: 0,
                checkpoints: &[0, 0, 1, 1],
                ..bounds
            },
            "log/window-of-three" => {
                log::Bounds { name: "large/log/window-of-three", appends: &[2, 0, 1], ..bounds }
            }
            _ => continue,
        };
        cases.push(Case::Log(bounds));
    }
    // Three writers with two appends each, two collections, a crash and a duplicate; only the successors
    // checkpoint.
    let together = log::Bounds {
        name: "large/log/together",
        checkpoints: &[0, 1, 1],
        faults: Faults { crashes: 1, duplicates: 1, ..Faults::default() },
        ..three_writers()
    };
    cases.push(Case::Log(together));
    // What the reader was shown once stays shown.
    let misled = log::Bounds {
        name: "large/log/reader-misled",
        window: 1,
        appends: &[0, 1, 0, 0],
        checkpoints: &[0, 1, 0, 1],
        opened: 2,
        closes: false,
        positions: 4,
        collections: 2,
        reading: Reading::Checkpoint,
        faults: Faults { lags: 1, ..Faults::default() },
        reach: &[Reached::ReaderConcludes, Reached::ReaderCannotConclude],
        ..three_writers()
    };
    cases.push(Case::Log(misled));
    let harmless = log::Bounds { name: "large/log/without-faults", ..three_writers() };
    cases.push(Case::Log(harmless));
    let unhurried = log::Bounds {
        name: "large/log/every-step",
        appends: &[2, 1, 1],
        opened: 1,
        strides: false,
        ..three_writers()
    };
    cases.push(Case::Log(unhurried));
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
