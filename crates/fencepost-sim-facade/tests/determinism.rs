//! The same seed twice gives the same run.

use fencepost_sim_facade::{Plan, run};

#[test]
fn the_same_seed_twice_gives_the_same_trace() {
    for seed in 0..25 {
        let (one, two) = (run(&Plan::of(seed), true), run(&Plan::of(seed), true));
        let differs = one.trace.events().iter().zip(two.trace.events()).find(|(one, two)| one != two);
        assert!(differs.is_none(), "seed {seed}: {differs:?}");
        assert_eq!((one.trace.hash(), one.trace.len()), (two.trace.hash(), two.trace.len()), "seed {seed}");
        assert_eq!((one.tally, one.counts, one.elapsed), (two.tally, two.counts, two.elapsed), "seed {seed}");
    }
}
