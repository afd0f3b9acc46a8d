//! `cargo xtask fuzz`: runs the targets of the `fuzz/` workspace one after another, each for a while.
//!
//! Fuzzing needs two things that a checkout cannot bring along: the `cargo-fuzz` program and a nightly toolchain.

use std::path::Path;

use crate::args::FuzzArgs;
use crate::error::{Result, UnusableSnafu};
use crate::invocation::Invocation;
use crate::step::{Step, run_all};

pub(crate) fn run(root: &Path, args: &FuzzArgs) -> Result<bool> {
    let dir = root.join("fuzz");
    if !dir.join("Cargo.toml").is_file() {
        return unusable("there is no fuzz/Cargo.toml in this checkout, so there is nothing to fuzz");
    }
    let rustc = Invocation::new("rustup", root, ["run", "nightly", "rustc", "--version"]);
    if !succeeds(&rustc) {
        return unusable("fuzzing needs a nightly toolchain: rustup toolchain install nightly");
    }
    if !succeeds(&Invocation::new("rustup", root, ["run", "nightly", "cargo", "fuzz", "--version"])) {
        return unusable("fuzzing needs cargo-fuzz: cargo install cargo-fuzz");
    }
    let targets = if args.targets.is_empty() { list(root)? } else { args.targets.clone() };
    if targets.is_empty() {
        return unusable("fuzz/ has no targets");
    }
    let seconds = format!("-max_total_time={}", args.seconds);
    let step = |target: String| {
        let invocation = nightly_fuzz(root, &["run", &target, "--", &seconds]);
        Step::run(format!("fuzz {target}"), invocation)
    };
    run_all(targets.into_iter().map(step).collect(), args.report)
}

fn list(root: &Path) -> Result<Vec<String>> {
    let list = nightly_fuzz(root, &["list"]);
    let output = list.capture()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return unusable(&format!("`{list}` failed: {}", stderr.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn nightly_fuzz(root: &Path, args: &[&str]) -> Invocation {
    Invocation::new("rustup", root, ["run", "nightly", "cargo", "fuzz"].iter().chain(args).copied())
}

fn succeeds(invocation: &Invocation) -> bool {
    invocation.capture().is_ok_and(|output| output.status.success())
}

fn unusable<T>(message: &str) -> Result<T> {
    UnusableSnafu { message }.fail()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ReportArgs;

    #[test]
    fn checkout_without_targets_says_so() {
        let args = FuzzArgs { targets: Vec::new(), seconds: 1, report: ReportArgs::default() };
        let error = run(Path::new("no-such-folder"), &args).unwrap_err();
        assert!(error.to_string().contains("nothing to fuzz"), "{error}");
    }
}
