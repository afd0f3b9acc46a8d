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
mod table;
mod waiting;
mod weight;

use args::Args;
use clap::Parser;
use failure::Failure;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};
use waiting::{Waiting, is_of_a_wait};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return misused(&error),
    };
    start_logging();
    let json = args.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::note_line(format_args!("error: cannot start threads: {error}"));
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
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours).with_filter(filter);
    let waits = Waiting::default().with_filter(filter_fn(is_of_a_wait));
    tracing_subscriber::registry().with(lines).with(waits).init();
}

/// Help and the version are no errors. Of what is one, programs that asked for JSON get a document.
fn misused(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|arg| arg == "--json") {
        let _ = output::json(&Failure::new(exit::Exit::Usage, error.to_string().trim_end()).to_json());
    }
    let _ = error.print();
    if error.use_stderr() { exit::Exit::Usage.into() } else { ExitCode::SUCCESS }
}

/// The HTTP client logs addresses with the passwords in them, and more, at finer levels. They stay unseen
/// whatever is asked for.
const QUIET: [&str; 5] = ["hyper=info", "hyper_util=info", "h2=info", "reqwest=info", "rustls=info"];
