//! What the commands accept that look at logs and change nothing.

use super::value::parse_position;
use crate::place::{Below, Place};
use crate::sink::OutputFormat;
use fencepost::Position;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Ls {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) below: Below,
    /// Draw the shards instead, as one HTML page that needs no network.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Ask for attention if more entries than this are above the checkpoint.
    #[arg(long, value_name = "N")]
    pub(crate) warn_entries: Option<u64>,
    /// Ask for attention if more bytes than this are above the checkpoint.
    #[arg(long, value_name = "BYTES")]
    pub(crate) warn_bytes: Option<u64>,
    /// Ask for attention if an entry above the checkpoint is older than this, such as 1h.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) warn_age: Option<Duration>,
    /// Ask for attention if a cursor is more positions than this behind the tail.
    #[arg(long, value_name = "N")]
    pub(crate) warn_lag: Option<u64>,
    /// Ask for attention if more SSTables of Lance's than this wait to be compacted.
    #[arg(long, value_name = "N")]
    pub(crate) warn_pending: Option<u64>,
    /// Ask for attention if the rows of these take more bytes than this in memory.
    #[arg(long, value_name = "BYTES")]
    pub(crate) warn_pending_bytes: Option<u64>,
    /// Ask for attention if the oldest of these is older than this.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) warn_pending_age: Option<Duration>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Cat {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The position.
    #[arg(value_name = "P", value_parser = parse_position)]
    pub(crate) position: Position,
    /// How to print rows.
    #[arg(long, default_value = "ndjson")]
    pub(crate) format: OutputFormat,
    /// Write to this file instead of stdout. The file gets its name once it is complete.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Why {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The position.
    #[arg(value_name = "P", value_parser = parse_position)]
    pub(crate) position: Position,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell to complete in.
    pub(crate) shell: clap_complete::Shell,
}
