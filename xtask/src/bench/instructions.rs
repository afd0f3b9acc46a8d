//! Instructions for each append, by callgrind, held to what is recorded.
//!
//! Not a step of `cargo xtask test`: it needs valgrind, and a build as optimised as a release.

use std::path::Path;

use super::expected::{Counts, Expected};
use super::optimised;
use crate::args::BlessArgs;
use crate::error::Result;
use crate::finding::Finding;
use crate::invocation::Invocation;
use crate::step::{self, Step};
use crate::stores::target;

pub(super) fn run(root: &Path, args: &BlessArgs) -> Result<bool> {
    let (root, bless) = (root.to_owned(), args.bless);
    let build = Step::run("build", optimised(&root, PROGRAM));
    step::run_all(vec![build, Step::check("instructions", move || check(&root, bless))], args.report)
}

fn check(root: &Path, bless: bool) -> Result<Vec<Finding>> {
    let mut text = String::new();
    for scenario in SCENARIOS {
        // What an append takes is what twice as many take more.
        let few = instructions(root, scenario, APPENDS)?;
        let many = instructions(root, scenario, 2 * APPENDS)?;
        let (Some(few), Some(many)) = (few, many) else {
            let message = format!("callgrind did not count `{scenario}`");
            return Ok(vec![Finding::error("instructions", message)]);
        };
        text += &format!("[{scenario}]\ninstructions = {}\n\n", many.saturating_sub(few) / APPENDS);
    }
    print!("{text}");
    EXPECTED.hold(root, &Counts::parse(&text)?, &text, bless)
}

fn instructions(root: &Path, scenario: &str, appends: u64) -> Result<Option<u64>> {
    let program = target(root).join("release").join(PROGRAM).display().to_string();
    let appends = appends.to_string();
    let words = [
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        &program,
        "--only",
        scenario,
        "--appends",
        &appends,
    ];
    let run = Invocation::new("valgrind", root, words).capture()?;
    Ok(collected(&String::from_utf8_lossy(&run.stderr)))
}

/// The number that callgrind tells at its end.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.split_once("Collected :"));
    line?.1.trim().parse().ok()
}

const PROGRAM: &str = "fencepost-counts";
const SCENARIOS: [&str; 3] = ["one_caller", "ungrouped", "grouped"];
const APPENDS: u64 = 1_024;

/// Another compiler makes other code.
const EXPECTED: Expected = Expected {
    file: "benches/expected-instructions.toml",
    command: "cargo xtask bench instructions",
    tolerance: |_| 0.02,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_in_what_callgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 123456\n==7==\n";
        assert_eq!(collected(said), Some(123_456));
        assert_eq!(collected("valgrind: not found"), None);
    }
}
