//! What a seed decides before anything happens.

use super::Chance;
use serde::Serialize;
use std::collections::BTreeSet;

/// A kind of trouble. Each can be left out when a failing seed is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Replies are lost.
    Losses,
    /// Requests are lost.
    Drops,
    /// Creates land twice, or are tried again on the way.
    Duplicates,
    /// The store says "exists" where nothing stands.
    Conflicts,
    /// The store refuses for certain.
    Refusals,
    /// Requests and replies take hours or days.
    Delays,
    /// Parties are suspended.
    Stalls,
    /// Parties die.
    Crashes,
    /// Clocks run at other rates and jump.
    Clocks,
    /// Listings come in pages while keys change.
    Pages,
    /// Deletions fail for some keys.
    PartialDeletes,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Losses,
        Self::Drops,
        Self::Duplicates,
        Self::Conflicts,
        Self::Refusals,
        Self::Delays,
        Self::Stalls,
        Self::Crashes,
        Self::Clocks,
        Self::Pages,
        Self::PartialDeletes,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        let json = serde_json::to_string(&self).expect("a name is a string");
        json.trim_matches('"').to_owned()
    }
}

/// Parties, sizes, faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// `W`.
    pub window: u64,
    /// How many writers come along.
    pub writers: u64,
    /// How many collections are run.
    pub collections: u64,
    /// How many readers come along.
    pub readers: u64,
    /// How many appends a writer makes at most.
    pub appends: u64,
    /// How many manifest versions a collection leaves.
    pub manifests_keep: u64,
    /// How many reads machines have in flight.
    pub read_ahead: u64,
    /// The troubles.
    pub faults: BTreeSet<Fault>,
    /// How often a request meets one of them, per mille.
    pub fault_rate: u64,
    /// Writers come within this time, in microseconds.
    pub span: u64,
    /// No more events than this in the first phase.
    pub events: u64,
}

impl Plan {
    /// What this seed decides.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 0);
        let mut faults: BTreeSet<_> = Fault::ALL.into_iter().filter(|_| chance.happens(500)).collect();
        let window = if chance.happens(10) { 64 } else { chance.pick(&[1, 2, 2, 3, 3, 4, 6, 8]) };
        // SUBTLE: a listing in pages may miss the newest versions, and pruning must leave enough for one that
        // it does not miss (P-9).
        let manifests_keep = if chance.happens(300) { chance.between(1, 3) } else { 64 };
        if manifests_keep < 64 {
            faults.remove(&Fault::Pages);
        }
        Self {
            seed,
            window,
            writers: chance.between(1, 5),
            collections: chance.between(0, 4),
            readers: chance.between(0, 2),
            appends: chance.between(0, 8),
            manifests_keep,
            read_ahead: chance.pick(&[1, 2, 4, 16]),
            faults,
            fault_rate: chance.pick(&[5, 20, 60, 150]),
            span: chance.pick(&[50_000, 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000]),
            events: 3_000,
        }
    }

    /// Whether this trouble is in the plan.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

/// How long a party waits for an answer that counts. Milliseconds, on each party's own clock.
pub(super) const RETRY_TIMEOUT: u64 = 60_000;
