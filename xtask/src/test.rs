//! `cargo xtask test`: every gate, in order of cost. Continuous integration runs this, and then
//! [`stores`](crate::stores).
//!
//! The steps share compilations where they can: tests, doc tests, examples and programs use one profile and
//! one set of features, the oldest arrow their build folder; clippy and the documentation are check builds.
//! `--fast` leaves out what is long ([`LONG`]).

use std::path::Path;

use snafu::ensure;

use crate::args::TestArgs;
use crate::error::{Result, UnusableSnafu};
use crate::invocation::Invocation;
use crate::step::{Step, run_all};
use crate::{bench, layers, locks, old_arrow, sim, spec, tidy};

pub(crate) fn run(root: &Path, args: &TestArgs) -> Result<bool> {
    let mut steps = if args.fast { fast(root) } else { full(root)? };
    if let Some(part) = &args.only {
        steps.retain(|step| step.name().contains(part.as_str()));
        ensure!(!steps.is_empty(), UnusableSnafu { message: format!("no step has `{part}` in its name") });
    }
    run_all(steps, args.report)
}

/// While one works: nothing that takes long, and no build that the next edit would not have made anyhow.
fn fast(root: &Path) -> Vec<Step> {
    let mut steps = checks(root);
    steps.push(Step::run("clippy", words(root, CLIPPY)));
    steps.push(Step::run_tests(
        "tests, without the long ones",
        repeatable(words(root, &format!("{TESTS} -- --skip {LONG}"))),
    ));
    steps.push(Step::run_tests("doc tests", words(root, DOC_TESTS)));
    steps
}

fn full(root: &Path) -> Result<Vec<Step>> {
    let mut steps = checks(root);
    steps.extend(lints(root));
    steps.extend(tests(root));
    steps.push(documentation(root));
    steps.extend(old_arrow::steps(root)?);
    Ok(steps)
}

fn checks(root: &Path) -> Vec<Step> {
    let fmt = Step::run("fmt", Invocation::cargo(root, ["fmt", "--all", "--check"]));
    vec![fmt, tidy::step(root), layers::step(root), locks::step(root), spec::step(root)]
}

fn lints(root: &Path) -> Vec<Step> {
    // Alone, a crate shows what other members of the workspace hide: features that they switch on for it.
    let format = "clippy --quiet --no-default-features -p fencepost-format --all-targets -- -D warnings";
    let pure = "clippy --quiet --no-default-features -p fencepost-fence -p fencepost-gc -- -D warnings";
    vec![
        Step::run("clippy", words(root, CLIPPY)),
        Step::run("clippy, format without codec", words(root, format)),
        Step::run("clippy, pure crates alone", words(root, pure)),
    ]
}

fn tests(root: &Path) -> Vec<Step> {
    vec![
        Step::run_tests("tests", repeatable(words(root, TESTS))),
        Step::run_tests("doc tests", words(root, DOC_TESTS)),
        Step::run("examples", programs(root)),
        bench::counts::step(root),
        Step::run_tests("mutations", sim::mutation_test(root)),
    ]
}

/// All examples and programs, with the dependencies that the tests had built: examples may use what tests
/// may, so one set of features serves both. [`stores`](crate::stores) runs these programs.
pub(crate) fn programs(root: &Path) -> Invocation {
    words(root, "build --quiet --profile test --workspace --all-features --bins --examples")
}

fn documentation(root: &Path) -> Step {
    // Libraries only: the command and the facade share a name, and so would their pages.
    let doc = words(root, "doc --quiet --workspace --all-features --no-deps --lib");
    Step::run("documentation", doc.with_env("RUSTDOCFLAGS", "-D warnings"))
}

/// A gate says the same of the same code each time: property tests draw the same cases, unless the caller
/// chose otherwise. [`nightly`](crate::nightly) draws others each night.
pub(crate) fn repeatable(tests: Invocation) -> Invocation {
    if std::env::var_os(PROPERTY_SEED).is_some() { tests } else { tests.with_env(PROPERTY_SEED, "1") }
}

fn words(root: &Path, line: &str) -> Invocation {
    Invocation::cargo(root, line.split_whitespace())
}

/// Read by proptest.
pub(crate) const PROPERTY_SEED: &str = "PROPTEST_RNG_SEED";

const CLIPPY: &str = "clippy --quiet --workspace --all-targets --all-features -- -D warnings";
const TESTS: &str = "test --quiet --workspace --all-features --no-fail-fast --lib --bins --tests";
const DOC_TESTS: &str = "test --quiet --workspace --all-features --no-fail-fast --doc";

/// Tests that take more than a second or two are in a module of this name.
const LONG: &str = "long::";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ReportArgs;

    #[test]
    fn filter_that_leaves_no_step_is_an_error() {
        let args = TestArgs { fast: true, only: Some("no such step".into()), report: ReportArgs::default() };
        assert!(run(Path::new("no-such-folder"), &args).is_err());
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let root = crate::tree::workspace_root();
        for steps in [full(&root).unwrap(), fast(&root)] {
            let names: Vec<&str> = steps.iter().map(Step::name).collect();
            let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(distinct.len(), names.len(), "{names:?}");
        }
    }
}
