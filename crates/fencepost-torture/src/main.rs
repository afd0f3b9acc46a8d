//! `fencepost-torture`: what `cargo xtask stores` builds and runs.

use clap::{Parser, Subcommand};
use fencepost_torture::kind::Kind;
use fencepost_torture::run::{Settings, run, runtime};
use fencepost_torture::{Result, check, conformance, group, namespace};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Installs object-store servers, starts them on loopback, and puts fencepost to the test on each.
#[derive(Debug, Parser)]
#[command(name = "fencepost-torture")]
struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// All checks on all servers.
    Run(RunArgs),
    /// Asks the store at a location whether it keeps its word.
    #[command(hide = true)]
    Conformance { location: String },
    /// Asks what the bucket at a location does to its objects by itself.
    #[command(hide = true)]
    Settings { location: String },
    /// The whole log through the library.
    #[command(hide = true)]
    Facade { location: String },
    /// What is lost on a store that lies if nobody asks it.
    #[command(hide = true)]
    Unprobed { location: String },
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// The `fencepost` command.
    #[arg(long, value_name = "PROGRAM")]
    fencepost: PathBuf,
    /// Where servers are installed and keep their data.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Only these servers; without it all but those that take long to install.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = parse_kind)]
    only: Vec<Kind>,
    /// How many rounds of faults on each server.
    #[arg(long, default_value_t = 12)]
    rounds: u64,
    /// Decides the plans of the rounds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many servers at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Print one JSON document on stdout.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match carry_out(Args::parse().part) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(part: Part) -> Result<ExitCode> {
    let args = match part {
        Part::Run(args) => args,
        Part::Conformance { location } => {
            println!("{}", runtime()?.block_on(conformance::ask(&location))?);
            return Ok(ExitCode::SUCCESS);
        }
        Part::Settings { location } => {
            println!("{}", runtime()?.block_on(conformance::settings(&location))?);
            return Ok(ExitCode::SUCCESS);
        }
        Part::Facade { location } => {
            runtime()?.block_on(check::facade::integrate(&location))?;
            println!("{}", json!(null));
            return Ok(ExitCode::SUCCESS);
        }
        Part::Unprobed { location } => {
            println!("{}", runtime()?.block_on(check::refused::shows_the_loss(&location))?);
            return Ok(ExitCode::SUCCESS);
        }
    };
    end_everything_when_told()?;
    let servers = match args.only.is_empty() {
        true => Kind::ALL.into_iter().filter(|kind| !kind.facts().on_demand).collect(),
        false => args.only,
    };
    let settings = Settings {
        fencepost: args.fencepost,
        myself: std::env::current_exe().unwrap_or_else(|_| "fencepost-torture".into()),
        dir: args.dir,
        servers,
        rounds: args.rounds,
        seed: args.seed,
        jobs: args.jobs,
        must_install: std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false" && ci != "0"),
    };
    let matrix = run(&settings);
    if args.json {
        eprintln!("{matrix}");
        println!("{}", serde_json::to_string_pretty(&matrix).unwrap_or_default());
    } else {
        println!("{matrix}");
    }
    Ok(if matrix.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// On Ctrl-C and SIGTERM every process that was started here ends too: they are in groups of their own and
/// would not notice.
fn end_everything_when_told() -> Result<()> {
    let runtime = runtime()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            group::kill_all();
            namespace::remove_all();
            std::process::exit(130);
        });
    });
    Ok(())
}

fn parse_kind(name: &str) -> std::result::Result<Kind, String> {
    Kind::by_name(name).ok_or_else(|| {
        let names = Kind::ALL.map(|kind| kind.facts().name).join(", ");
        format!("there are {names}")
    })
}
