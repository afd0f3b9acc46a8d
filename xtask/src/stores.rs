//! `cargo xtask stores`: the log on object-store servers that others wrote, with faults between it and them.
//!
//! A whole run begins with the matrix of types and formats, read by a program of others' ([`matrix`]), and with a
//! page in a browser ([`pages`]).
//!
//! Builds the command and the program that runs the rounds, and hands over: this crate depends on none of ours.

use std::path::{Path, PathBuf};

use crate::args::StoresArgs;
use crate::error::Result;
use crate::invocation::Invocation;
use crate::{matrix, pages, test};

pub(crate) fn run(root: &Path, args: &StoresArgs) -> Result<bool> {
    if !test::programs(root).run_directly()? {
        return Ok(false);
    }
    // All of them need a package registry, and a whole run is what continuous integration has one for.
    if args.only.is_empty() && !args.json {
        if !matrix::check(root, args.seed)? {
            return Ok(false);
        }
        pages::check_small(root)?;
    }
    rounds(root, args).run_directly()
}

fn rounds(root: &Path, args: &StoresArgs) -> Invocation {
    let target = target(root);
    let program = |name: &str| target.join("debug").join(name).display().to_string();
    let mut words = vec!["run".to_owned(), "--fencepost".to_owned(), program("fencepost")];
    words.extend(["--dir".to_owned(), target.join("stores").display().to_string()]);
    words.extend([
        "--rounds".to_owned(),
        args.rounds.to_string(),
        "--seed".to_owned(),
        args.seed.to_string(),
    ]);
    words.extend(["--jobs".to_owned(), args.jobs.to_string()]);
    if !args.only.is_empty() {
        words.extend(["--only".to_owned(), args.only.join(",")]);
    }
    if args.json {
        words.push("--json".to_owned());
    }
    Invocation::new(&program("fencepost-torture"), root, words)
}

pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_handed_on() {
        let only = vec!["moto".to_owned(), "ceph".to_owned()];
        let args = StoresArgs { only, rounds: 3, seed: 9, jobs: 1, json: true };
        let line = rounds(Path::new("x"), &args).to_string();
        assert!(line.ends_with("--rounds 3 --seed 9 --jobs 1 --only moto,ceph --json"), "{line}");
    }
}
