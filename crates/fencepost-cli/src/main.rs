//! The `fencepost` command: a write-ahead log on object storage, from the command line.
//!
//! `docs/cli.md` has a page on each command, with its JSON and the exit codes.

mod args;
mod cmd;
mod exit;
mod failure;
mod input;
mod output;
mod place;
mod progress;
mod shown;
mod signal;
mod sink;
mod weight;

use args::Args;
use clap::Parser;
use failure::Failure;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    start_logging();
    let json = args.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::note_line(format_args!("error: no threads can be started: {error}"));
            return exit::Exit::Failed.into();
        }
    };
    let result = runtime.block_on(cmd::run(args));
    // A thread may be waiting for stdin; nobody needs what it would read.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if output::reader_is_gone() => ExitCode::SUCCESS,
        Err(failure) => report(&failure, json),
    }
}

fn report(failure: &Failure, json: bool) -> ExitCode {
    if failure.message.is_empty() {
        return failure.exit.into();
    }
    if json {
        let _ = output::json(&failure.to_json());
    }
    output::note_line(format_args!("error: {}", failure.message));
    failure.exit.into()
}

fn start_logging() {
    let filter = EnvFilter::try_from_env("FENCEPOST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let quiet = QUIET.iter().filter_map(|directive| directive.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}

/// The HTTP client logs addresses with the passwords in them, and more, at finer levels. They stay unseen whatever is asked for.
const QUIET: [&str; 5] = ["hyper=info", "hyper_util=info", "h2=info", "reqwest=info", "rustls=info"];
