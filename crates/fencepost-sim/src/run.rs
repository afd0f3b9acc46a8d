//! Running seeds, and making a failing one small.

use crate::ring::{Fault, Plan, Ring, Verdict};
use serde::Serialize;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a range of seeds gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// How many seeds were run.
    pub seeds: u64,
    /// Events in all.
    pub events: u64,
    /// Acknowledged appends in all.
    pub acked: u64,
    /// The seeds that failed, in order.
    pub failed: Vec<Failure>,
}

/// A seed that failed, made small.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was broken.
    pub broken: Vec<String>,
    /// The least that still breaks it.
    pub plan: Plan,
    /// What happened then.
    pub trace: Vec<String>,
    /// The command that replays it.
    pub command: String,
}

/// Runs one plan.
#[must_use]
pub fn run(plan: &Plan, traced: bool) -> Verdict {
    Ring::new(plan.clone(), traced).run()
}

/// Runs all seeds of a range on `threads` threads; stops early once `failures_max` seeds have failed.
#[must_use]
pub fn sweep(seeds: Range<u64>, threads: usize, failures_max: usize) -> Summary {
    let next = AtomicU64::new(seeds.start);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Summary::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let verdict = run(&Plan::of(seed), false);
                    mine.seeds += 1;
                    mine.events += verdict.events;
                    mine.acked += verdict.acked as u64;
                    if !verdict.is_clean() {
                        mine.failed.push(minimise(seed));
                        let so_far = summary
                            .lock()
                            .map_or(0, |summary: std::sync::MutexGuard<'_, Summary>| summary.failed.len());
                        if so_far + mine.failed.len() >= failures_max {
                            next.store(seeds.end, Ordering::Relaxed);
                        }
                    }
                }
                let mut all = summary.lock().expect("no thread panics with the summary in hand");
                all.seeds += mine.seeds;
                all.events += mine.events;
                all.acked += mine.acked;
                all.failed.append(&mut mine.failed);
            });
        }
    });
    let mut summary = summary.into_inner().expect("all threads have ended");
    summary.failed.sort_by_key(|failure| failure.seed);
    summary
}

/// Leaves out faults, parties and events as long as the seed still fails.
#[must_use]
pub fn minimise(seed: u64) -> Failure {
    let mut plan = Plan::of(seed);
    let fails = |plan: &Plan| !run(plan, false).is_clean();
    loop {
        let smaller = candidates(&plan).into_iter().find(fails);
        match smaller {
            Some(smaller) => plan = smaller,
            None => break,
        }
    }
    let verdict = run(&plan, true);
    let mut broken: Vec<_> = verdict.broken.iter().map(ToString::to_string).collect();
    broken.extend(verdict.unhealed.map(str::to_owned));
    let command = command(&plan);
    Failure { seed, broken, plan, trace: verdict.trace, command }
}

fn candidates(plan: &Plan) -> Vec<Plan> {
    let mut candidates = Vec::new();
    for fault in &plan.faults {
        let mut smaller = plan.clone();
        smaller.faults.remove(fault);
        candidates.push(smaller);
    }
    let mut less = |change: fn(&mut Plan) -> &mut u64| {
        let mut smaller = plan.clone();
        let number = change(&mut smaller);
        if *number > 0 {
            *number -= 1;
            candidates.push(smaller);
        }
    };
    less(|plan| &mut plan.writers);
    less(|plan| &mut plan.readers);
    less(|plan| &mut plan.collections);
    less(|plan| &mut plan.appends);
    if plan.events > 20 {
        candidates.push(Plan { events: plan.events * 3 / 4, ..plan.clone() });
    }
    candidates
}

/// The command that replays a plan.
fn command(plan: &Plan) -> String {
    let whole = Plan::of(plan.seed);
    let without: Vec<_> = whole.faults.difference(&plan.faults).map(|fault: &Fault| fault.name()).collect();
    let mut command = format!("cargo run -p fencepost-sim -- sim --seeds 1 --from {} --trace", plan.seed);
    if !without.is_empty() {
        command += &format!(" --without {}", without.join(","));
    }
    for (name, kept, all) in [
        ("writers", plan.writers, whole.writers),
        ("readers", plan.readers, whole.readers),
        ("collections", plan.collections, whole.collections),
        ("appends", plan.appends, whole.appends),
        ("events", plan.events, whole.events),
    ] {
        if kept != all {
            command += &format!(" --{name} {kept}");
        }
    }
    command
}
