//! `cargo xtask bench`: counts that are exact, the page of benchmarks, and the benchmarks of criterion.
//!
//! Counts come first, since they are the same on every machine and a gate can hold to them. Times never fail
//! anything.

pub(crate) mod counts;
mod expected;
mod instructions;
mod report;

use std::path::Path;

use crate::args::Bench;
use crate::error::Result;
use crate::invocation::Invocation;
use crate::stores::target;

pub(crate) fn run(root: &Path, what: Option<Bench>) -> Result<bool> {
    match what {
        Some(Bench::Counts(args)) => counts::run(root, &args),
        Some(Bench::Instructions(args)) => instructions::run(root, &args),
        Some(Bench::Report) => report::run(root),
        Some(Bench::Collect) => collect(root),
        Some(Bench::Criterion(args)) => criterion(root, args),
        None => criterion(root, Vec::new()),
    }
}

fn criterion(root: &Path, args: Vec<String>) -> Result<bool> {
    let all = ["bench", "--quiet", "--package", "fencepost-bench"].map(str::to_owned).into_iter().chain(args);
    Invocation::cargo(root, all).run_directly()
}

fn collect(root: &Path) -> Result<bool> {
    let program = target(root).join("release/fencepost-collect").display().to_string();
    Ok(optimised(root, "fencepost-collect").run_directly()?
        && Invocation::new(&program, root, [] as [&str; 0]).run_directly()?)
}

/// A program of the benches, built as a release is but for its debug lines.
fn optimised(root: &Path, program: &str) -> Invocation {
    let words = ["build", "--quiet", "--profile", "bench", "--package", "fencepost-bench", "--bin", program];
    Invocation::cargo(root, words)
}
