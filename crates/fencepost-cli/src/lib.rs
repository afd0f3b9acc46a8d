//! The `fencepost` command: a write-ahead log on object storage, from the command line.
//!
//! `docs/cli.md` has a page on each command, with its JSON and the exit codes. As a library it is for programs that
//! bring the command along under their own roof, such as the Python package: [`run`] and [`run_as`]. With an engine for
//! questions in SQL ([`sql`]) it is [`run_with_sql`].

mod args;
mod cmd;
mod credentials;
mod exit;
mod failure;
mod input;
mod output;
mod page;
mod place;
mod progress;
mod shown;
mod signal;
mod sink;
pub mod sql;
mod table;
mod waiting;
mod weight;

use args::Args;
use clap::Parser;
use failure::Failure;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::Command;
use std::sync::OnceLock;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};
use waiting::{Waiting, is_of_a_wait};

/// Runs the command with these arguments, the name of the program first, and returns its exit code.
///
/// It blocks until the command has ended, and reads and writes the standard streams of the process. Some commands
/// listen to SIGINT and SIGTERM from then on.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    run_all(args.into_iter().collect(), None)
}

/// As [`run`], with an engine for questions in SQL. Without one, `sql` hands over to the program `fencepost-sql`, which
/// is this function with an engine.
pub fn run_with_sql(engine: &dyn sql::Engine, args: impl IntoIterator<Item = OsString>) -> u8 {
    run_all(args.into_iter().collect(), Some(engine))
}

fn run_all(given: Vec<OsString>, engine: Option<&dyn sql::Engine>) -> u8 {
    let json = given.iter().any(|arg| arg == "--json");
    let args = match Args::try_parse_from(&given) {
        Ok(args) => args,
        Err(error) => return misused(&error, json),
    };
    if engine.is_none() && matches!(args.command, args::Command::Sql(_)) {
        return match sql::hand_over(&given) {
            Ok(code) => code,
            Err(failure) => report(&failure, json),
        };
    }
    output::be_quiet(args.quiet);
    start_logging(&args);
    let json = args.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::error_line(format_args!("error: cannot start threads: {error}"));
            return exit::Exit::Failed as u8;
        }
    };
    let result = runtime.block_on(cmd::run(args, engine));
    // A thread may be waiting for stdin; nobody needs what it would read.
    runtime.shutdown_background();
    match result {
        Ok(()) => 0,
        Err(_) if output::reader_is_gone() => 0,
        Err(failure) => report(&failure, json),
    }
}

/// As [`run`], in a process whose program is another one: `program` is what starts this command once more, with the
/// arguments that come before its own. `demo` has a second process.
pub fn run_as(program: Vec<OsString>, args: impl IntoIterator<Item = OsString>) -> u8 {
    // Once set, it stays: a process has one program.
    let _ = PROGRAM.set(program);
    run(args)
}

/// What starts this command once more.
pub(crate) fn this_program() -> io::Result<Command> {
    if let Some((program, args)) = PROGRAM.get().and_then(|program| program.split_first()) {
        let mut command = Command::new(program);
        command.args(args);
        return Ok(command);
    }
    std::env::current_exe().map(Command::new)
}

fn report(failure: &Failure, json: bool) -> u8 {
    if failure.message.is_empty() {
        return failure.exit as u8;
    }
    if json {
        let _ = output::json(&failure.to_json());
    }
    output::error_line(format_args!("error: {}", failure.message));
    failure.exit as u8
}

/// The events say what the command says in its own words, so they are shown only to who asks for them.
fn start_logging(args: &Args) {
    let level = match (args.quiet, args.verbose) {
        (true, _) => "error,fencepost::events=off",
        (false, 0) => "warn,fencepost::events=off",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let filter = EnvFilter::try_from_env("FENCEPOST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let quiet = QUIET.iter().filter_map(|directive| directive.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
    // https://no-color.org
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = !no_color && io::stderr().is_terminal();
    let lines =
        tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(colours).with_filter(filter);
    let waits = Waiting::default().with_filter(filter_fn(is_of_a_wait));
    // The program around it may have a log of its own.
    let _ = tracing_subscriber::registry().with(lines).with(waits).try_init();
}

/// Help and the version are no errors. Of what is one, programs that asked for JSON get a document.
fn misused(error: &clap::Error, json: bool) -> u8 {
    if error.use_stderr() && json {
        let _ = output::json(&Failure::new(exit::Exit::Usage, error.to_string().trim_end()).to_json());
    }
    let _ = error.print();
    if error.use_stderr() { exit::Exit::Usage as u8 } else { 0 }
}

static PROGRAM: OnceLock<Vec<OsString>> = OnceLock::new();

/// The HTTP client logs addresses with the passwords in them, and more, at finer levels. They stay unseen
/// whatever is asked for.
const QUIET: [&str; 5] = ["hyper=info", "hyper_util=info", "h2=info", "reqwest=info", "rustls=info"];
