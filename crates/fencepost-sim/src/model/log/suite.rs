//! Which bounds are searched for the log.

use super::{Bounds, Faults, Reached, Reading};

/// Three writers with two appends and a checkpoint each, and two collectors.
fn three_writers() -> Bounds {
    Bounds {
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

/// What CI searches.
#[must_use]
pub fn small() -> Vec<Bounds> {
    let (three, no_faults) = (three_writers(), Faults::default());
    let two =
        Bounds { appends: &[1, 1], checkpoints: &[1, 1], closes: true, collections: 1, reach: &[], ..three };
    vec![
        Bounds { appends: &[2, 1, 1], opened: 1, ..three.clone() },
        Bounds {
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
        Bounds {
            name: "log/closing",
            appends: &[1, 1, 1],
            checkpoints: &[1, 0, 1],
            closes: true,
            collections: 1,
            reach: &[Reached::CleanFence, Reached::OpenerFenced, Reached::ReadAgainThere],
            ..three
        },
        Bounds {
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
        Bounds {
            name: "log/losses",
            faults: Faults { duplicates: 1, losses: 1, give_ups: 1, ..no_faults },
            reach: &[Reached::OwnEntryReadBack, Reached::AckedBelowReplay],
            ..two.clone()
        },
        Bounds {
            name: "log/conflicts",
            faults: Faults { losses: 1, conflicts: 2, ..no_faults },
            reach: &[Reached::ReadBackAbsent],
            ..two.clone()
        },
        Bounds {
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
        Bounds {
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
        Bounds {
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
        Bounds {
            name: "log/consumer",
            appends: &[2, 0, 0],
            checkpoints: &[0, 0, 1],
            opened: 1,
            closes: false,
            reading: Reading::Consumer,
            reach: &[Reached::ReaderConcludesBelowReplay],
            ..two.clone()
        },
        Bounds {
            name: "log/window-of-one",
            window: 1,
            appends: &[2, 2, 1],
            checkpoints: &[1, 1, 1],
            reach: &[Reached::ZombieWokeAfterCollection],
            closes: false,
            ..two.clone()
        },
        Bounds {
            name: "log/window-of-three",
            window: 3,
            appends: &[1, 0, 1],
            checkpoints: &[1, 1, 1],
            positions: 12,
            reach: &[Reached::CleanFence, Reached::OpenerFenced],
            ..two.clone()
        },
        Bounds {
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
        Bounds {
            name: "log/lost-under-a-reader",
            appends: &[2],
            checkpoints: &[0],
            collections: 0,
            reading: Reading::Checkpoint,
            faults: Faults { lost_entries: 1, ..no_faults },
            ..two.clone()
        },
        Bounds {
            name: "log/lost",
            appends: &[2, 1],
            checkpoints: &[1, 0],
            faults: Faults { lost_entries: 1, ..no_faults },
            reach: &[Reached::LossFound],
            ..two.clone()
        },
        Bounds {
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
        Bounds {
            name: "log/strangers",
            closes: false,
            faults: Faults { strangers: 1, ..no_faults },
            ..two.clone()
        },
        Bounds {
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
        Bounds {
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
        Bounds {
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
        Bounds {
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
        Bounds {
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

/// What is searched on demand.
#[must_use]
pub fn large() -> Vec<Bounds> {
    let mut cases = Vec::new();
    for bounds in small() {
        let bounds = match bounds.name {
            "log/three-writers" => Bounds {
                name: "large/log/three-writers",
                faults: Faults { crashes: 1, ..Faults::default() },
                ..three_writers()
            },
            "log/crash-and-duplicate" => Bounds {
                name: "large/log/crash-and-duplicate",
                faults: Faults { crashes: 2, duplicates: 2, ..Faults::default() },
                ..bounds
            },
            "log/closing" => Bounds { name: "large/log/closing", appends: &[2, 2, 1], ..bounds },
            "log/losses" => Bounds { name: "large/log/losses", appends: &[2, 1], ..bounds },
            "log/reader" => {
                Bounds { name: "large/log/reader", appends: &[2, 1, 0], collections: 2, ..bounds }
            }
            "log/lost" => {
                Bounds { name: "large/log/lost", appends: &[2, 1, 0], checkpoints: &[1, 1, 0], ..bounds }
            }
            "log/reader-anywhere" => {
                Bounds { name: "large/log/reader-anywhere", opened: 0, positions: 6, ..bounds }
            }
            "log/reader-two-takeovers" => {
                Bounds { name: "large/log/reader-two-takeovers", opened: 0, ..bounds }
            }
            "log/consumer" => Bounds { name: "large/log/consumer", appends: &[2, 1, 0], ..bounds },
            "log/records-late" => Bounds {
                name: "large/log/records",
                appends: &[2, 0, 0, 0],
                checkpoints: &[0, 0, 1, 1],
                faults: Faults { duplicates: 1, ..Faults::default() },
                ..bounds
            },
            "log/records-lost-later" => Bounds {
                name: "large/log/records-lost-later",
                opened: 0,
                checkpoints: &[0, 0, 1, 1],
                ..bounds
            },
            "log/window-of-three" => {
                Bounds { name: "large/log/window-of-three", appends: &[2, 0, 1], ..bounds }
            }
            _ => continue,
        };
        cases.push(bounds);
    }
    // Three writers with two appends each, two collections, a crash and a duplicate; only the successors
    // checkpoint.
    let together = Bounds {
        name: "large/log/together",
        checkpoints: &[0, 1, 1],
        faults: Faults { crashes: 1, duplicates: 1, ..Faults::default() },
        ..three_writers()
    };
    cases.push(together);
    // What the reader was shown once stays shown.
    let misled = Bounds {
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
    cases.push(misled);
    let harmless = Bounds { name: "large/log/without-faults", ..three_writers() };
    cases.push(harmless);
    let unhurried = Bounds {
        name: "large/log/every-step",
        appends: &[2, 1, 1],
        opened: 1,
        strides: false,
        ..three_writers()
    };
    cases.push(unhurried);
    cases
}
