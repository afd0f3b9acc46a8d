//! What the commands accept that look at cursors, make, move and drop them.

use super::value::{Target, parse_cursor, parse_target};
use crate::place::Place;
use clap::Subcommand;
use fencepost::CursorName;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Cursor {
    /// List the cursors, and what each keeps from being collected.
    List(CursorList),
    /// Show one cursor, and how much it keeps from being collected.
    Show(CursorShow),
    /// Create a cursor. It holds what is above its position from then on, until it is moved or dropped.
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
