//! Seeds: a range of fresh ones, and those that once failed.

use fencepost_sim_facade::{Plan, Tally, run};
use fencepost_simstore::{Counts, Happened, Lies};
use std::time::Duration;

/// Seeds that failed once, and what they found.
const KEPT: [(u64, &str); 6] = [
    (
        86,
        "a reader was told that a position was collected when it had been written and covered since it looked (P-42)",
    ),
    (
        827,
        "an advance without an answer landed after its consumer had opened the cursor again: the judge called the collection of what the \
         consumer had said it was done with a loss (P-54)",
    ),
    (14_992, "the same, seen when the cursor was opened for the third time"),
    (15_379, "the same, after the cursor had been moved on from the old place"),
    (114, "the store's probe took \"exists\" of nothing for an unsafe store"),
    (
        1569,
        "a reader that was told to start above the tail was handed what a dead writer left above a hole (P-41, P-43)",
    ),
];

fn check(seed: u64) -> (Tally, Counts) {
    let plan = Plan::of(seed);
    let outcome = run(&plan, false);
    assert!(outcome.broken.is_empty(), "seed {seed}: {}\nagain: {plan}", outcome.broken[0]);
    (outcome.tally, outcome.counts)
}

mod long {
    use super::*;

    #[test]
    fn seeds_that_once_failed_pass() {
        for (seed, _) in KEPT {
            check(seed);
        }
    }

    /// Nothing is broken, and everything that makes that hard did happen.
    #[test]
    fn fresh_seeds_pass_and_reach_everything() {
        let (mut tally, mut counts) = (Tally::default(), Counts::default());
        for seed in 0..200 {
            let (seen, happened) = check(seed);
            tally.add(&seen);
            counts.add(&happened);
        }
        for (name, times) in tally.named() {
            assert!(times > 0, "no {name}");
        }
        // An honest store tells no lies, and nobody holds single requests back.
        let lies = [
            Happened::ConditionIgnored,
            Happened::ConditionRaced,
            Happened::StaleList,
            Happened::StaleRead,
            Happened::Forgotten,
            Happened::Held,
        ];
        let expected = Happened::ALL.iter().copied().filter(|what| !lies.contains(what));
        assert!(counts.missing(expected).is_empty(), "{counts:?}");
    }

    /// A check that cannot fail is no check: on a store that breaks its word, promises are seen to be broken.
    #[test]
    fn lying_stores_are_noticed() {
        for (lie, lies) in [
            ("ignored conditions", Lies::none().with_ignored_conditions(0.5)),
            ("racy conditions", Lies::none().with_racy_conditions(Duration::from_secs(20))),
            ("stale reads", Lies::none().with_stale_reads(0.2, Duration::from_secs(60))),
        ] {
            let noticed = (0..60).any(|seed| !run(&Plan { lies, ..Plan::of(seed) }, false).broken.is_empty());
            assert!(noticed, "{lie}");
        }
    }
}
