//! The page of benchmarks, `docs/benchmarks.md`: what a program of the benches measures here and now.

use std::fs;
use std::path::Path;

use snafu::ResultExt as _;

use super::optimised;
use crate::error::{Result, WriteSnafu};
use crate::invocation::Invocation;
use crate::stores::target;

pub(super) fn run(root: &Path) -> Result<bool> {
    if !optimised(root, PROGRAM).run_directly()? {
        return Ok(false);
    }
    let program = target(root).join("release").join(PROGRAM).display().to_string();
    let disk = target(root).display().to_string();
    let measured = Invocation::new(&program, root, ["--disk", &disk]).capture()?;
    if !measured.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&measured.stderr));
        return Ok(false);
    }
    let path = root.join(PAGE);
    let page = format!("{}{}", INTRODUCTION, String::from_utf8_lossy(&measured.stdout).trim_end());
    fs::write(&path, page + "\n").context(WriteSnafu { path })?;
    Ok(true)
}

const PROGRAM: &str = "fencepost-report";
const PAGE: &str = "docs/benchmarks.md";
const INTRODUCTION: &str = include_str!("report/introduction.md");
