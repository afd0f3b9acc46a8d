//! `cargo xtask nightly`: what takes hours, and finds what no push can wait for.
//!
//! Every step is a command of this program, so that any of them can be run alone. The large models are those
//! that have been searched to their ends; the others are run by hand (`docs/safety.md` says which were).

use std::path::Path;

use snafu::ensure;

use crate::args::NightlyArgs;
use crate::error::{Result, UnusableSnafu};
use crate::invocation::Invocation;
use crate::step::{Step, run_all};
use crate::test::PROPERTY_SEED;

pub(crate) fn run(root: &Path, args: &NightlyArgs) -> Result<bool> {
    let mut steps = steps(root, args.run);
    if let Some(part) = &args.only {
        steps.retain(|step| step.name().contains(part.as_str()));
        ensure!(!steps.is_empty(), UnusableSnafu { message: format!("no step has `{part}` in its name") });
    }
    run_all(steps, args.report)
}

fn steps(root: &Path, run: u64) -> Vec<Step> {
    let xtask = |name: String, words: String| {
        let words = ["xtask"].into_iter().chain(words.split_whitespace());
        Step::run(name, Invocation::cargo(root, words))
    };
    let seeds = SEEDS.iter().map(|(ring, seeds)| {
        let from = run.wrapping_mul(*seeds);
        xtask(format!("seeds, {ring}"), format!("sim --ring {ring} --seeds {seeds} --from {from}"))
    });
    let models =
        LARGE.iter().map(|name| xtask(format!("model {name}"), format!("model --large --only {name}")));
    let stores =
        xtask("stores, more rounds".into(), format!("stores --rounds 100 --seed {}", run.wrapping_add(2)));
    let python = xtask("python".into(), "python".into());
    let properties = Invocation::cargo(root, PROPERTIES.split_whitespace())
        .with_env(PROPERTY_SEED, run.wrapping_add(2).to_string())
        .with_env("PROPTEST_CASES", "2000");
    let properties = Step::run_tests("properties, other cases", properties);
    [python, properties].into_iter().chain(seeds).chain(models).chain([stores]).collect()
}

/// The crates whose tests draw values at random.
const PROPERTIES: &str = "test --quiet --all-features -p fencepost-format -p fencepost-gc -p fencepost-cli";

/// So many seeds a night.
const SEEDS: &[(&str, u64)] = &[("core", 1_000_000), ("facade", 20_000), ("disk", 20_000)];

/// Large models, the quickest first.
const LARGE: &[&str] = &[
    "large/log/closing",
    "large/lance/in-turn",
    "large/manifest/pruned",
    "large/log/reader-anywhere",
    "large/lance/memtable",
    "large/manifest/searches",
    "large/log/lost",
    "large/log/reader-two-takeovers",
    "large/log/without-faults",
    "large/log/together",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_night_has_seeds_of_its_own() {
        let shown = |run| steps(Path::new("."), run).iter().map(|step| step.shown()).collect::<Vec<_>>();
        let (one, two) = (shown(1), shown(2));
        assert!(
            one.iter().any(|line| line.ends_with("--ring core --seeds 1000000 --from 1000000")),
            "{one:?}"
        );
        assert!(
            two.iter().any(|line| line.ends_with("--ring core --seeds 1000000 --from 2000000")),
            "{two:?}"
        );
    }
}
