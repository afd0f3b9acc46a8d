//! `cargo xtask model`, `sim` and `mutations`: the proofs of `crates/fencepost-sim` and
//! `crates/fencepost-sim-facade`.
//!
//! What they print comes from those programs; here is only how they are built and called.

use std::path::Path;

use crate::args::{ModelArgs, MutationArgs, Ring, SimArgs};
use crate::error::Result;
use crate::invocation::Invocation;

pub(crate) fn model(root: &Path, args: &ModelArgs) -> Result<bool> {
    let mut words = vec!["model".to_owned()];
    words.extend(only(args.only.as_deref()));
    words.extend(args.large.then(|| "--large".to_owned()));
    words.extend(args.json.then(|| "--json".to_owned()));
    program(root, CORE, words).run_directly()
}

pub(crate) fn seeds(root: &Path, args: &SimArgs) -> Result<bool> {
    let range = |name: Option<&str>| {
        let mut words: Vec<String> = name.into_iter().map(str::to_owned).collect();
        words.extend([
            "--seeds".to_owned(),
            args.seeds.to_string(),
            "--from".to_owned(),
            args.from.to_string(),
        ]);
        words.extend(args.json.then(|| "--json".to_owned()));
        words
    };
    let mut clean = true;
    if matches!(args.ring, Ring::Core | Ring::All) {
        clean &= program(root, CORE, range(Some("sim"))).run_directly()?;
    }
    if matches!(args.ring, Ring::Facade | Ring::All) {
        clean &= program(root, FACADE, range(None)).run_directly()?;
    }
    if matches!(args.ring, Ring::Disk | Ring::All) {
        clean &= program(root, FACADE, range(Some("--disk"))).run_directly()?;
    }
    Ok(clean)
}

pub(crate) fn mutations(root: &Path, args: &MutationArgs) -> Result<bool> {
    let mut words = vec!["mutations".to_owned()];
    words.extend(only(args.only.as_deref()));
    words.extend(args.json.then(|| "--json".to_owned()));
    with_rules_that_can_be_dropped(root, program(root, CORE, words)).run_directly()
}

/// The test that drops each rule in turn, in a build of its own.
pub(crate) fn mutation_test(root: &Path) -> Invocation {
    let words = "test --quiet -p fencepost-sim --test mutations -- --nocapture";
    with_rules_that_can_be_dropped(root, Invocation::cargo(root, words.split_whitespace()))
}

/// The flag changes every crate, so it has a build folder of its own: neither build throws away what the
/// other made.
fn with_rules_that_can_be_dropped(root: &Path, invocation: Invocation) -> Invocation {
    invocation
        .with_env("RUSTFLAGS", "--cfg fencepost_mutations")
        .with_env("CARGO_TARGET_DIR", root.join("target/mutations"))
}

/// With the profile of the tests: dependencies that rows go through are optimised there.
fn program(root: &Path, package: &str, words: Vec<String>) -> Invocation {
    let run = ["run", "--quiet", "--profile", "test", "--package", package, "--"].map(str::to_owned);
    Invocation::cargo(root, run.into_iter().chain(words))
}

fn only(part: Option<&str>) -> Vec<String> {
    part.map_or_else(Vec::new, |part| vec!["--only".to_owned(), part.to_owned()])
}

const CORE: &str = "fencepost-sim";
const FACADE: &str = "fencepost-sim-facade";
