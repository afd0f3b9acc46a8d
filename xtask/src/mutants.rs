//! `cargo xtask mutants`: changes that nobody thought of, made by cargo-mutants line by line, must be noticed by some test.
//!
//! `cargo xtask mutations` drops the rules that have a name. This is the other half: any operator, condition or result of the core.
//! It takes hours, so it is no step of `cargo xtask test`. What to leave alone is in `.cargo/mutants.toml`.

use std::path::Path;

use crate::args::MutantArgs;
use crate::error::{Result, UnusableSnafu};
use crate::invocation::Invocation;

pub(crate) fn run(root: &Path, args: &MutantArgs) -> Result<bool> {
    let version = Invocation::cargo(root, ["mutants", "--version"]);
    if !version.capture().is_ok_and(|output| output.status.success()) {
        return UnusableSnafu { message: "this needs cargo-mutants: cargo install cargo-mutants" }.fail();
    }
    Invocation::cargo(root, words(args)).run_directly()
}

fn words(args: &MutantArgs) -> Vec<String> {
    let package = args.package.as_str();
    let mut words =
        ["mutants", "--package", package, "--output", "target/mutants"].map(str::to_owned).to_vec();
    for file in &args.files {
        words.extend(["--file".to_owned(), file.clone()]);
    }
    if let Some(shard) = &args.shard {
        words.extend(["--shard".to_owned(), shard.clone()]);
    }
    if args.models {
        let more = ["--iterate", "--test-package", package, "--test-package", "fencepost-sim", "--"];
        words.extend(more.map(str::to_owned));
        words.extend(["--lib", "--test", "models", "--test", "seeds", "--"].map(str::to_owned));
        words.extend(LONGEST.iter().flat_map(|test| ["--skip".to_owned(), (*test).to_owned()]));
    }
    words
}

/// Tests of models that take longer than all others together.
const LONGEST: &[&str] =
    &["stalled_writers_collide_with_kept_posts", "a_commit_into_pruned_space", "a_search_finds_what_was"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_pass_asks_the_models_about_what_is_left() {
        let first = MutantArgs { package: "fencepost-gc".into(), files: vec![], shard: None, models: false };
        assert_eq!(words(&first).join(" "), "mutants --package fencepost-gc --output target/mutants");
        let second = words(&MutantArgs { models: true, shard: Some("0/4".into()), ..first }).join(" ");
        assert!(second.contains("--shard 0/4 --iterate --test-package fencepost-gc"), "{second}");
        assert!(second.ends_with("--skip a_search_finds_what_was"), "{second}");
    }
}
