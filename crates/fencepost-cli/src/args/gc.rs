//! What the commands accept that collect.

use super::value::{parse_epoch, parse_position, parse_receipt, parse_rest};
use crate::place::{Below, Place};
use clap::Subcommand;
use fencepost::{Epoch, Nonce, Position};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Gc {
    /// Show what would be deleted, and why everything else stays. Changes nothing.
    Plan(GcArgs),
    /// Delete what may be deleted.
    Run(GcRun),
    /// Collect all shards again and again, until it is asked to end.
    Watch(GcWatch),
    /// List what collections left behind about themselves: what each planned, and how it ended.
    Log(GcLog),
    /// Show one collection's receipt: what went, why the rest stayed, and from what it concluded that.
    Receipt(GcReceipt),
    /// List the epochs that Lance claimed, and what each holds back.
    Claims(GcClaims),
    /// Declare that the process behind a claim by Lance is gone, so that the claim holds nothing back any more.
    Forget(GcForget),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcRun {
    #[command(flatten)]
    pub(crate) args: GcArgs,
    /// Only say what would be deleted.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// First take SSTables out of the manifest that are in every version of the Lance table. Their folders are deleted
    /// once nobody goes by a manifest that names them.
    #[arg(long)]
    pub(crate) sstables: bool,
    /// Leave a receipt even if nothing is deleted.
    #[arg(long)]
    pub(crate) always_receipt: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcWatch {
    #[command(flatten)]
    pub(crate) args: GcArgs,
    /// How long to rest between two rounds, give or take a tenth.
    #[arg(long, value_name = "DURATION", value_parser = parse_rest, default_value = "1h")]
    pub(crate) every: Duration,
    /// End after this many rounds.
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<NonZeroU32>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcLog {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only the newest so many.
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) last: NonZeroUsize,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcReceipt {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The receipt's id, as `gc log` shows it.
    #[arg(value_name = "ID", value_parser = parse_receipt)]
    pub(crate) id: Nonce,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) below: Below,
    /// Keep this many positions below the checkpoint.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retain_entries: u64,
    /// Keep entries that are younger than this, such as 7d.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) retain_age: Option<Duration>,
    /// Delete SSTables that a compactor took out of the manifest without a marker in the table. You vouch that their
    /// rows are elsewhere.
    #[arg(long)]
    pub(crate) drained: bool,
    /// Delete acknowledged entries that a loss has fenced off, up to this position. Save their rows first.
    /// `verify` and `gc plan` name these entries.
    #[arg(long, value_name = "P", value_parser = parse_position)]
    pub(crate) accept_fenced_off: Option<Position>,
    /// Make at most this many requests a second, all shards together.
    #[arg(long, value_name = "N")]
    pub(crate) requests_per_second: Option<NonZeroU32>,
    /// How many shards to look at at the same time.
    #[arg(long, value_name = "N", default_value = "8")]
    pub(crate) shards_at_once: NonZeroUsize,
    #[command(flatten)]
    pub(crate) retry_timeout: GcAges,
}

/// When a collection stops waiting for processes that may be gone.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcAges {
    /// Minimum age before manifests and folders of failed flushes are deleted, and before an unfinished open
    /// by Lance stops holding entries back.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "1d")]
    pub(crate) min_age: Duration,
    /// On shards that Lance writes to, ignore ages: keep entries for an unfinished open until you forget it,
    /// keep failed flushes until a newer writer has opened, and keep all manifests.
    #[arg(long)]
    pub(crate) clock_free: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcClaims {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) retry_timeout: GcAges,
    /// Ask for attention if an unsettled claim is older than this, such as 1d.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) warn_age: Option<Duration>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GcForget {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The epoch whose process is gone.
    #[arg(value_name = "EPOCH", value_parser = parse_epoch)]
    pub(crate) epoch: Epoch,
    /// Only say what would be forgotten.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
