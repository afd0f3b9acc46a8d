//! Without any one rule, some check fails. Only in a build with `--cfg fencepost_mutations`.
#![cfg(fencepost_mutations)]

use fencepost_sim::mutations;

/// One test, since a dropped rule is dropped for the whole process.
#[test]
fn every_dropped_rule_is_noticed() {
    for outcome in mutations::all() {
        println!("{:<24} {:<5} {:?} {:?}", outcome.rule, outcome.clause, outcome.promise, outcome.seed);
        assert!(
            outcome.promise.is_some(),
            "{} was dropped and {} did not notice",
            outcome.rule,
            outcome.model
        );
    }
}
