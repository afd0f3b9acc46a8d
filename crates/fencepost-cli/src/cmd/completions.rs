//! `completions`: a script that completes this command's line.

use crate::args::{Args, Completions};
use crate::failure::Failure;
use crate::output;
use clap::CommandFactory as _;

pub(super) fn run(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "fencepost", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())
}
