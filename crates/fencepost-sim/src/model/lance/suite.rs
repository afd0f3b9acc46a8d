//! Which bounds are searched for Lance's writers.

use super::{Bounds, Broken, Guard, Kind, Reached};
use Kind::{Appender, Memtable, Ours, OursOneByOne, WalOnly, WalOnlyOpened};

/// Three memtable-mode writers under all guards.
const THREE: Bounds = Bounds {
    name: "lance/memtable",
    parties: &[(Memtable, 2, 1), (Memtable, 2, 1), (Memtable, 1, 1)],
    collections: 2,
    tailings: 1,
    drains: 0,
    hints: 0,
    without: &[],
    breaks: None,
    reach: &[
        Reached::WriterFenced,
        Reached::OpenerFenced,
        Reached::WokeAfterCollection,
        Reached::HeldForOpener,
        Reached::OpenedAfterCollection,
    ],
};

/// What CI searches.
#[must_use]
pub fn small() -> Vec<Bounds> {
    let unreached = THREE_UNREACHED;
    let loses = Bounds { breaks: Some(Broken::Lost), ..unreached };
    vec![
        THREE,
        Bounds {
            name: "lance/drained",
            collections: 1,
            tailings: 0,
            drains: 1,
            reach: &[Reached::OpenerFenced, Reached::HeldForOpener, Reached::OpenedAfterCollection],
            ..THREE_UNREACHED
        },
        Bounds { name: "lance/no-hint-guard", without: &[Guard::Hint], ..unreached.clone() },
        Bounds { name: "lance/no-highest", without: &[Guard::Highest], ..unreached },
        Bounds { name: "lance/misled", parties: TWO_ALIVE, hints: 1, tailings: 0, ..THREE_UNREACHED },
        Bounds {
            name: "lance/misled-no-hint-guard",
            parties: TWO_ALIVE,
            hints: 1,
            without: &[Guard::Hint],
            ..loses.clone()
        },
        Bounds {
            name: "lance/between-ours",
            parties: &[(OursOneByOne, 2, 1), (Memtable, 1, 1), (Ours, 1, 1)],
            tailings: 0,
            reach: &[Reached::OursFenced, Reached::OpenerFenced, Reached::WokeAfterCollection],
            ..THREE_UNREACHED
        },
        Bounds {
            name: "lance/around-ours",
            parties: &[(Memtable, 2, 1), (Ours, 2, 1), (Memtable, 1, 1)],
            tailings: 0,
            reach: &[Reached::OursFenced, Reached::OpenerFenced, Reached::WriterFenced],
            ..THREE_UNREACHED
        },
        Bounds {
            name: "lance/after-lance",
            parties: &[(Memtable, 0, 0), (Ours, 0, 0), (Ours, 2, 0), (Memtable, 1, 1)],
            collections: 0,
            tailings: 0,
            reach: &[Reached::OursFenced],
            ..THREE_UNREACHED
        },
        Bounds {
            name: "lance/wal-only-writer",
            parties: &[(WalOnlyOpened, 2, 0), (Memtable, 1, 1), (Memtable, 1, 1)],
            reach: &[Reached::WriterFenced, Reached::WokeAfterCollection],
            ..THREE_UNREACHED
        },
        Bounds {
            name: "lance/stale-flushed",
            parties: &[(Ours, 2, 0), (Ours, 0, 0), (Memtable, 0, 1)],
            collections: 0,
            tailings: 0,
            breaks: Some(Broken::RefusedIsInLog),
            ..THREE_UNREACHED
        },
        Bounds {
            name: "lance/pipelined",
            parties: &[(Ours, 2, 0), (Memtable, 1, 1)],
            collections: 0,
            ..loses.clone()
        },
        Bounds { name: "lance/naive", without: ALL, ..loses.clone() },
        Bounds { name: "lance/no-epoch-firsts", without: &[Guard::EpochFirsts], ..loses.clone() },
        Bounds { name: "lance/no-claims", without: &[Guard::Claims], ..loses.clone() },
        Bounds {
            name: "lance/neither-highest-nor-hint",
            without: &[Guard::Highest, Guard::Hint],
            ..loses.clone()
        },
        Bounds {
            name: "lance/wal-only-opener",
            parties: &[(Memtable, 0, 0), (WalOnly, 1, 0), (Memtable, 1, 1)],
            collections: 0,
            ..loses.clone()
        },
        Bounds {
            name: "lance/appender",
            parties: &[(Memtable, 0, 0), (Appender, 1, 0), (Memtable, 1, 1)],
            collections: 0,
            ..loses
        },
    ]
}

/// What is searched on demand.
#[must_use]
pub fn large() -> Vec<Bounds> {
    vec![
        Bounds {
            name: "large/lance/memtable",
            parties: &[(Memtable, 1, 1), (Memtable, 1, 1), (Memtable, 1, 1), (Memtable, 1, 1)],
            ..THREE
        },
        Bounds {
            name: "large/lance/in-turn",
            parties: &[(Memtable, 1, 1), (Ours, 1, 1), (Memtable, 1, 1), (Ours, 1, 1)],
            tailings: 0,
            reach: &[Reached::OursFenced, Reached::OpenerFenced, Reached::WriterFenced],
            ..THREE
        },
    ]
}

const THREE_UNREACHED: Bounds = Bounds { reach: &[], ..THREE };
const TWO_ALIVE: &[(Kind, u8, u8)] = &[(Memtable, 0, 0), (Memtable, 3, 1), (Memtable, 1, 1)];
const ALL: &[Guard] = &[Guard::EpochFirsts, Guard::Highest, Guard::Hint, Guard::Claims];
