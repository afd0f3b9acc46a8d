//! The `fencepost` command. All of it is in the library, so that other programs can have it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    fencepost_cli::run(std::env::args_os()).into()
}
