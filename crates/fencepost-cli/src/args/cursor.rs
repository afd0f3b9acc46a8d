//! What the commands accept that look at cursors, make, move and drop them.

use super::value::{Target, parse_bytes, parse_cursor, parse_target};
use crate::place::Place;
use clap::{Subcommand, ValueEnum};
use fencepost::{CursorName, Leash, OnExceed};
use std::time::Duration;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Cursor {
    /// List the cursors, and what each keeps from being collected.
    List(CursorList),
    /// Show one cursor, and how much it keeps from being collected.
    Show(CursorShow),
    /// Create a cursor. It holds what is above its position from then on, until it is moved or dropped, or is over its
    /// leash if it has one. One that was broken is made anew.
    Create(CursorCreate),
    /// Move a cursor on: its consumer is done with everything up to a position, which may then be collected.
    Move(CursorMove),
    /// Remove a cursor, whatever its state. It then holds nothing back any more.
    Drop(CursorDrop),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CursorList {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CursorShow {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The cursor's name.
    #[arg(value_name = "NAME", value_parser = parse_cursor)]
    pub(crate) name: CursorName,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CursorCreate {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The cursor's name.
    #[arg(value_name = "NAME", value_parser = parse_cursor)]
    pub(crate) name: CursorName,
    /// What its consumer is done with: everything up to this position, or `tail` for all that is there.
    /// Default: the checkpoint.
    #[arg(long, value_name = "P", value_parser = parse_target)]
    pub(crate) at: Option<Target>,
    #[command(flatten)]
    pub(crate) leash: LeashArgs,
}

/// How long and how much a cursor may hold. Without any of it, it holds for ever.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("limits").multiple(true))]
pub(crate) struct LeashArgs {
    /// How long it may stand still while there is something to read, such as 7d.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, group = "limits")]
    pub(crate) expire: Option<Duration>,
    /// How old the oldest checkpointed entry may be that it holds.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, group = "limits")]
    pub(crate) age: Option<Duration>,
    /// How many checkpointed entries it may hold.
    #[arg(long, value_name = "N", group = "limits")]
    pub(crate) entries: Option<u64>,
    /// How many bytes of checkpointed entries it may hold, such as 10GiB.
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, group = "limits")]
    pub(crate) budget: Option<u64>,
    /// What collections do when it is over a limit: only say so, or break its hold. Then its consumer is told when it
    /// comes back.
    #[arg(long, value_name = "WHAT", default_value = "warn", requires = "limits")]
    pub(crate) on_exceed: Exceeding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Exceeding {
    Warn,
    Break,
}

impl LeashArgs {
    /// The leash, if any limit is set.
    pub(crate) fn leash(&self) -> Option<Leash> {
        let leash = self.expire.into_iter().fold(Leash::new(), Leash::with_expire);
        let leash = self.age.into_iter().fold(leash, Leash::with_age);
        let leash = self.entries.into_iter().fold(leash, Leash::with_entries);
        let leash = self.budget.into_iter().fold(leash, Leash::with_bytes);
        let on_exceed = match self.on_exceed {
            Exceeding::Warn => OnExceed::Warn,
            Exceeding::Break => OnExceed::Break,
        };
        (!leash.is_unlimited()).then_some(leash.with_on_exceed(on_exceed))
    }
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CursorMove {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The cursor's name.
    #[arg(value_name = "NAME", value_parser = parse_cursor)]
    pub(crate) name: CursorName,
    /// What its consumer is done with: everything up to this position, or `tail` for all that is there. A
    /// cursor does not move back.
    #[arg(value_name = "P", value_parser = parse_target)]
    pub(crate) to: Target,
    /// Only say what the cursor would let go.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CursorDrop {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The cursor's name.
    #[arg(value_name = "NAME", value_parser = parse_cursor)]
    pub(crate) name: CursorName,
    /// Only say what the cursor would let go.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
