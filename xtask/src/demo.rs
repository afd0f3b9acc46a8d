//! `cargo xtask demo`: the demonstration that the `fencepost` command carries.

use std::path::Path;

use crate::error::Result;
use crate::invocation::Invocation;

pub(crate) fn run(root: &Path, naive: bool) -> Result<bool> {
    let mut args = vec!["run", "--quiet", "--bin", "fencepost", "--", "demo"];
    if naive {
        args.push("--naive");
    }
    Invocation::cargo(root, args).run_directly()
}
