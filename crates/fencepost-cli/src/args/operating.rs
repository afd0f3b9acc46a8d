//! What the commands accept by which operators take a log over, stop it, and look at its manifests.

use super::value::parse_price;
use super::{RowsArgs, WriterArgs};
use crate::place::Place;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Standby {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) rows: RowsArgs,
    #[command(flatten)]
    pub(crate) writer: WriterArgs,
    /// How long the command may take to end after SIGTERM, before it is killed.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "10s")]
    pub(crate) grace: Duration,
    /// A command to run once the log is held, after `--`. The rows that it prints are appended. Default: append
    /// stdin.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Fence {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Do it. The writer that holds the log is refused from then on.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Seal {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) writer: WriterArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Unseal {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Measure what was written in the last time of this length.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1d")]
    pub(crate) over: Duration,
    /// Project for this many entries a second, instead of as many as were written. An entry is a PUT.
    #[arg(long, value_name = "N", value_parser = parse_price)]
    pub(crate) entries_per_second: Option<f64>,
    /// Project for entries of this size, instead of the measured one.
    #[arg(long, value_name = "BYTES")]
    pub(crate) entry_bytes: Option<u64>,
    /// The lease's time to live.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "10s")]
    pub(crate) lease_ttl: Duration,
    /// How often the writer checkpoints.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1m")]
    pub(crate) checkpoint_every: Duration,
    /// How often a collection runs.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1h")]
    pub(crate) gc_every: Duration,
    /// How many readers follow the log.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) readers: u32,
    /// How often a reader at the tail looks for more.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1s")]
    pub(crate) poll_every: Duration,
    /// Whose list prices to take. Default: by the log's place.
    #[arg(long, value_name = "STORE")]
    pub(crate) prices: Option<PricesOf>,
    /// US dollars for a million PUTs; for LISTs too, unless they are given.
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    pub(crate) put_price: Option<f64>,
    /// US dollars for a million GETs.
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    pub(crate) get_price: Option<f64>,
    /// US dollars for a million LISTs.
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    pub(crate) list_price: Option<f64>,
    /// US dollars for a GB stored for a month.
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    pub(crate) storage_price: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PricesOf {
    S3,
    Gcs,
    Azure,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Where the copy goes: a directory or a URL without another export.
    #[arg(value_name = "COPY")]
    pub(crate) copy: String,
    /// Seal the log first, so that the copy has all that is ever acknowledged there and may take its place.
    #[arg(long)]
    pub(crate) seal: bool,
    #[command(flatten)]
    pub(crate) writer: WriterArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Import {
    /// Where the copy is: a directory or a URL.
    #[arg(value_name = "COPY")]
    pub(crate) copy: String,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Where the log that was copied is now. Default: where it was.
    #[arg(long, value_name = "LOG")]
    pub(crate) source: Option<String>,
    /// Vouch that the log which was copied is gone, and that no process can write at its place any more. What such
    /// a process were told is in the log would be lost.
    #[arg(long, conflicts_with = "source")]
    pub(crate) source_gone: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Manifest {
    /// List the versions that are there, the newest last.
    List(ManifestList),
    /// Show one version, or the latest.
    Show(ManifestShow),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ManifestList {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Show only the last N versions. Each is read.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) last: usize,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ManifestShow {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The version. Default: the latest.
    #[arg(value_name = "VERSION", value_parser = clap::value_parser!(u64).range(1..=1 << 62))]
    pub(crate) version: Option<u64>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Man {
    /// The directory. It is made if it is not there.
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}
