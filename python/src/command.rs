//! The command, in this process.

use pyo3::prelude::*;
use std::ffi::OsString;

/// Runs the command `fencepost` with these arguments, and returns its exit code. `program` starts it once more.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, program: Vec<OsString>, args: Vec<OsString>) -> u8 {
    py.detach(|| fencepost_cli::run_as(program, args))
}
