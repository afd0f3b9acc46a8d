//! Requests, bytes and allocations of the append path, held to what is recorded in `benches/expected.toml`.

use std::path::Path;

use super::expected::{Counts, Expected};
use crate::args::BlessArgs;
use crate::error::Result;
use crate::finding::Finding;
use crate::invocation::Invocation;
use crate::step::{self, Step};
use crate::stores::target;
use crate::test::programs;

pub(super) fn run(root: &Path, args: &BlessArgs) -> Result<bool> {
    let (root, bless) = (root.to_owned(), args.bless);
    step::run_all(vec![Step::check("counts", move || check(&root, bless))], args.report)
}

/// Holds the counts to what is recorded.
pub(crate) fn step(root: &Path) -> Step {
    let root = root.to_owned();
    Step::check("counts", move || check(&root, false))
}

fn check(root: &Path, bless: bool) -> Result<Vec<Finding>> {
    // All programs and examples: with fewer of them Cargo chooses other features, and builds most of Arrow once more.
    if !programs(root).run_directly()? {
        return Ok(vec![Finding::error("counts", "the program that counts was not built")]);
    }
    let program = target(root).join("debug").join(PROGRAM).display().to_string();
    let counted = Invocation::new(&program, root, NO_ARGS).capture()?;
    if !counted.status.success() {
        let why = String::from_utf8_lossy(&counted.stderr).into_owned();
        return Ok(vec![Finding::error("counts", why)]);
    }
    let text = String::from_utf8_lossy(&counted.stdout);
    EXPECTED.hold(root, &Counts::parse(&text)?, &text, bless)
}

const PROGRAM: &str = "fencepost-counts";
const NO_ARGS: [&str; 0] = [];

/// Another standard library may allocate a little more or less; nothing else may.
const EXPECTED: Expected = Expected {
    file: "benches/expected.toml",
    command: "cargo xtask bench counts",
    tolerance: |key| match key {
        "allocations" | "allocated_bytes" => 0.01,
        "heap_peak_bytes" => 0.02,
        _ => 0.0,
    },
};
