//! `cargo xtask bench`: the benchmarks, with arguments handed on to `cargo bench`.

use std::path::Path;

use crate::error::Result;
use crate::invocation::Invocation;

pub(crate) fn run(root: &Path, args: Vec<String>) -> Result<bool> {
    let all = ["bench", "--quiet", "--package", "fencepost-bench"].map(str::to_owned).into_iter().chain(args);
    Invocation::cargo(root, all).run_directly()
}
