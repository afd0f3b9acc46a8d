//! `fencepost-sql`: the `fencepost` command with an engine for questions in SQL.
//!
//! `fencepost sql LOG "select …"` hands over to this program. Every other command works here too.

mod engine;

use std::process::ExitCode;

fn main() -> ExitCode {
    fencepost_cli::run_with_sql(&engine::DataFusion, std::env::args_os()).into()
}
