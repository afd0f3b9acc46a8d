//! One seed, one history.

use fencepost_sim::ring::{Fault, Plan};
use fencepost_sim::run;
use std::collections::BTreeSet;

#[test]
fn the_same_seed_twice_gives_the_same_trace() {
    for seed in 0..50 {
        let (one, two) = (run::run(&Plan::of(seed), true), run::run(&Plan::of(seed), true));
        assert_eq!(one, two, "seed {seed}");
    }
}

#[test]
fn tracing_changes_nothing() {
    for seed in 0..50 {
        let (traced, silent) = (run::run(&Plan::of(seed), true), run::run(&Plan::of(seed), false));
        assert_eq!((traced.hash, traced.events), (silent.hash, silent.events), "seed {seed}");
    }
}

#[test]
fn seeds_differ() {
    let hashes: BTreeSet<_> = (0..200).map(|seed| run::run(&Plan::of(seed), false).hash).collect();
    assert_eq!(hashes.len(), 200);
}

/// Otherwise minimising a seed would look at another history each time.
#[test]
fn leaving_out_a_fault_that_never_struck_changes_nothing() {
    let mut plan = Plan::of(3);
    plan.fault_rate = 0;
    plan.faults = BTreeSet::new();
    let without = run::run(&plan, false);
    plan.faults = BTreeSet::from([Fault::Losses, Fault::Conflicts, Fault::Duplicates]);
    assert_eq!(run::run(&plan, false).hash, without.hash);
}
