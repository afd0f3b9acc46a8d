//! The core ring: fresh seeds, and those that once found something.

use fencepost_sim::ring::Plan;
use fencepost_sim::run;

/// P-13 to P-57, under every fault at once. A million more are run before a release.
#[test]
fn two_thousand_seeds_are_clean() {
    let summary = run::sweep(0..2_000, 2, 3);
    for failure in &summary.failed {
        println!(
            "seed {}: {:?}\n{}\n{}",
            failure.seed,
            failure.broken,
            failure.command,
            failure.trace.join("\n")
        );
    }
    assert_eq!(summary.failed.len(), 0);
    assert_eq!(summary.seeds, 2_000);
    // A sweep in which nothing is ever acknowledged would prove nothing.
    assert!(summary.acked > 4_000, "{} appends were acknowledged", summary.acked);
}

/// What each of these found, so that it stays found.
#[test]
fn seeds_that_once_failed_stay_clean() {
    for (seed, _found) in [
        (1_674, "the judge took a read ahead of the tail for the read that told of the tail"),
        (51, "a fresh reader under a clock ten times too fast gave up before the second try of a lost read"),
    ] {
        let verdict = run::run(&Plan::of(seed), false);
        assert!(verdict.is_clean(), "seed {seed}: {:?} {:?}", verdict.broken, verdict.unhealed);
    }
}
