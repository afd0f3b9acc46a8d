//! fencepost and the real `lance` crate on the same shards, both ways, with and without collections.
//!
//! Run it with `cargo xtask interop lance`. It prints one line for each scenario: who was told that how many
//! rows are durable, how many both libraries find in the end, and how many are lost. Nothing may be lost,
//! except where a line says that losing is what it shows: the naive collector, and what stock Lance loses
//! without any. Those losses must occur, row for row.

mod deletes;
mod lance_writer;
mod ledger;
mod lsm;
mod our_writer;
mod report;
mod rows;
mod scenarios;
mod table;
mod view;

use clap::Parser;
use report::Report;
use std::path::PathBuf;
use std::process::ExitCode;

/// What scenarios fail with: any error of either library, and texts.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// fencepost and the real lance crate on the same shards.
#[derive(Debug, Parser)]
struct Args {
    /// Print one JSON document on stdout instead of the tables.
    #[arg(long)]
    json: bool,
    /// Run only the scenarios with this in their family or name.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Only write the table of the fixtures with the index of a MemWAL into this directory, which must not be
    /// there yet.
    #[arg(long, value_name = "DIR")]
    write_table: Option<PathBuf>,
    /// Write it with manifest names of Lance's first scheme.
    #[arg(long, requires = "write_table")]
    v1: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(folder) = args.write_table {
        return match scenarios::compaction::write_table(&folder, !args.v1).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error}", folder.display());
                ExitCode::FAILURE
            }
        };
    }
    let mut report = Report::new(args.only);
    scenarios::play_all(&mut report).await;
    if args.json {
        println!("{}", report.to_json());
    } else {
        println!("{report}");
    }
    if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
