//! What the command line accepts.

mod cursor;
mod gc;
mod looking;
mod operating;
mod sql;
mod value;

use crate::input::InputFormat;
use crate::place::Place;
use crate::sink::OutputFormat;
use clap::{Parser, Subcommand, ValueEnum};
pub(crate) use cursor::{Cursor, CursorCreate, CursorDrop, CursorList, CursorMove, CursorShow};
use fencepost::doctor::Check;
use fencepost::{CursorName, Pipelining, Position, Takeover};
pub(crate) use gc::{Gc, GcAges, GcArgs, GcClaims, GcForget, GcLog, GcReceipt, GcRun, GcWatch};
pub(crate) use looking::{Cat, Completions, Ls, Status, Why};
pub(crate) use operating::{
    Cost, Export, Fence, Import, Man, Manifest, ManifestList, ManifestShow, PricesOf, Seal, Standby, Unseal,
};
pub(crate) use sql::{FIRST as SQL_FIRST, Sql, SqlFormat};
use std::path::PathBuf;
use std::time::Duration;
pub(crate) use value::{PositionRange, Target};
use value::{
    TypeList, parse_check, parse_cursor, parse_delimiter, parse_line_bytes, parse_null, parse_position,
    parse_price, parse_range, parse_target, parse_types,
};

/// A write-ahead log on object storage: append, take over, read, checkpoint, collect.
///
/// A durable append costs one PUT, many are in flight at once, and no collection ever lets a stalled or
/// fenced writer report success for rows that nobody will read.
#[derive(Debug, Parser)]
#[command(name = "fencepost", version, after_help = crate::exit::HELP)]
pub(crate) struct Args {
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing on stderr but errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say more on stderr: -v what happens to the log, -vv every step. FENCEPOST_LOG goes before it.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Append rows from a file or stdin. Creates the log if there is none.
    Append(Append),
    /// Wait until the log's writer is gone, take over, and then append stdin or what a command prints.
    Standby(Standby),
    /// Print rows from the checkpoint or from a position. Waits for more with --follow.
    Tail(Tail),
    /// Ask logs a question in SQL. Needs the program fencepost-sql.
    Sql(Sql),
    /// List the shards of a log, with the state of each.
    Ls(Ls),
    /// Show the state of a log on one screen: writer, tail, checkpoint, cursors, and what needs attention.
    Status(Status),
    /// Print the rows of one entry, whether they count or not.
    Cat(Cat),
    /// Show what keeps an entry from being collected, rule by rule.
    Why(Why),
    /// Show the manifest and every entry, and what a collection would do with each.
    Inspect(Inspect),
    /// Read everything and report what is wrong. Changes nothing.
    Verify(Verify),
    /// Give up lost or damaged entries, so that the log works without them. Changes nothing without --yes.
    Repair(Repair),
    /// Declare that everything up to a position is safe elsewhere. Opens a writer and closes it again.
    Checkpoint(Checkpoint),
    /// Delete what is safe elsewhere and no longer needed.
    #[command(subcommand)]
    Gc(Gc),
    /// List the cursors of consumers; show, create, move and drop one.
    #[command(subcommand)]
    Cursor(Cursor),
    /// Take the log over now, whoever holds it, and close it. Changes nothing without --yes.
    Fence(Fence),
    /// Let no writer open the log any more, until `unseal`. Waits for the writer that holds it.
    Seal(Seal),
    /// Let writers open a sealed log again.
    Unseal(Unseal),
    /// Copy a log, as a backup or to move it.
    Export(Export),
    /// Make a new log of a copy, once no process can write to the old one any more.
    Import(Import),
    /// List the versions of the manifest, or show one.
    #[command(subcommand)]
    Manifest(Manifest),
    /// Show what a log costs by the month, as measured or for another load.
    Cost(Cost),
    /// Check whether a store is safe for a log. Leaves nothing behind.
    Doctor(Doctor),
    /// Show that a writer is refused if it stalled before a takeover and a collection. Uses a directory of
    /// its own.
    Demo(Demo),
    /// Print a script that completes this command's line in a shell.
    Completions(Completions),
    /// Write the manual pages of this command into a directory.
    Man(Man),
    /// The second process of the demonstration.
    #[command(hide = true)]
    DemoWriter(DemoWriter),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Append {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The file to append; `-`, the default, is stdin.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) from: PathBuf,
    /// Skip this many input rows, to resume an append that stopped early.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    pub(crate) skip: u64,
    #[command(flatten)]
    pub(crate) rows: RowsArgs,
    #[command(flatten)]
    pub(crate) writer: WriterArgs,
}

/// How input becomes rows, and rows become entries.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RowsArgs {
    /// The input's format. Default: by the file's extension, otherwise by content; CSV cannot be detected and
    /// needs --format.
    #[arg(long)]
    pub(crate) format: Option<InputFormat>,
    #[command(flatten)]
    pub(crate) text: TextArgs,
    /// Write at most this many rows into an entry, and never group batches. Default: entries of up to
    /// --group-bytes.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rows_per_entry: Option<u32>,
    /// Maximum bytes of rows that share one entry. Larger entries mean fewer PUTs. Default: 4 MiB.
    #[arg(long, value_name = "BYTES", conflicts_with = "rows_per_entry")]
    pub(crate) group_bytes: Option<u64>,
    /// How long rows of a stream may wait for enough rows to fill an entry, such as 50ms. Rows of a file do
    /// not wait.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "200ms")]
    pub(crate) flush_interval: Duration,
    /// Maximum size of an Arrow batch, and of a row of Parquet or JSON. Each is held in memory whole.
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    pub(crate) batch_bytes_max: u64,
    /// How long an entry waits for more rows before it is sent, such as 5ms.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "0s")]
    pub(crate) linger: Duration,
    /// Compress the columns of entries. Any Arrow reader undoes it, without being told.
    #[arg(long, value_enum, value_name = "CODEC", default_value_t = Codec::None)]
    pub(crate) compress: Codec,
    /// Print each acknowledgement as it comes.
    #[arg(long, hide = true)]
    pub(crate) verbose_acks: bool,
}

/// How columns are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Codec {
    /// Not at all.
    None,
    /// LZ4 frames: little processor time.
    Lz4,
    /// Zstandard: shorter, and slower to write.
    Zstd,
}

/// How CSV and NDJSON become values.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TextArgs {
    /// Types of CSV or NDJSON columns, such as id=int64,zip=text,price=decimal(10,2). The first rows decide
    /// the others.
    #[arg(long, value_name = "NAME=TYPE,…", value_parser = parse_types)]
    pub(crate) types: Vec<TypeList>,
    /// Keep every column of CSV or NDJSON as text, except those that --types names.
    #[arg(long)]
    pub(crate) all_text: bool,
    /// How many rows of CSV or NDJSON decide the types of columns. They are held in memory, up to 64 MiB.
    #[arg(long, value_name = "ROWS", default_value_t = 1_000)]
    pub(crate) infer_rows: usize,
    /// The delimiter between CSV cells: one character, or `tab`.
    #[arg(long, value_name = "CHAR", value_parser = parse_delimiter, default_value = ",")]
    pub(crate) delimiter: u8,
    /// The unquoted CSV cell that means null. Default: the empty cell.
    #[arg(long, value_name = "TEXT")]
    pub(crate) null: Option<String>,
    /// Maximum length of a row of CSV or NDJSON, of a line, or of a raw input.
    #[arg(long, value_name = "BYTES", value_parser = parse_line_bytes, default_value = "64MiB")]
    pub(crate) line_bytes_max: usize,
}

/// How a writer is opened.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WriterArgs {
    /// What to do if another writer may be alive: take over now, wait until its lease has expired, or
    /// continue only if nobody holds the log.
    #[arg(long, value_name = "WHEN", default_value = "expired")]
    pub(crate) takeover: TakeoverArg,
    /// The lease's time to live, such as 5s. After a writer dies, a standby waits at least this long.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "10s")]
    pub(crate) lease_ttl: Duration,
    /// How long to wait for a writer that is alive, such as 5m; then exit code 5. Default: as long as it lives.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) wait_timeout: Option<Duration>,
    /// A name by which people recognize this writer. Default: host and process.
    #[arg(long, value_name = "NAME")]
    pub(crate) holder: Option<String>,
    /// Whether up to 64 appends are in flight at once: always, never (needed if Lance may open the shard
    /// meanwhile), or unless the log lies in a Lance table or Lance has ever written to it.
    #[arg(long, value_name = "WHEN", default_value = "unless-lance")]
    pub(crate) pipelining: PipeliningArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TakeoverArg {
    /// At once, whoever holds the log.
    Now,
    /// Once the holder has released the log, or has not renewed its lease for the lease's time to live.
    Expired,
    /// Only if nobody holds the log; otherwise exit with code 5.
    Free,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PipeliningArg {
    UnlessLance,
    Always,
    Never,
}

impl From<PipeliningArg> for Pipelining {
    fn from(pipelining: PipeliningArg) -> Self {
        match pipelining {
            PipeliningArg::UnlessLance => Self::UnlessLance,
            PipeliningArg::Always => Self::Always,
            PipeliningArg::Never => Self::Never,
        }
    }
}

impl From<TakeoverArg> for Takeover {
    fn from(takeover: TakeoverArg) -> Self {
        match takeover {
            TakeoverArg::Now => Self::Now,
            TakeoverArg::Expired => Self::Expired,
            TakeoverArg::Free => Self::Free,
        }
    }
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The first position to print. Default: just above the checkpoint.
    #[arg(long, value_name = "P", value_parser = parse_position)]
    pub(crate) from: Option<Position>,
    /// The last position to print.
    #[arg(long, value_name = "P", value_parser = parse_position)]
    pub(crate) to: Option<Position>,
    /// Wait for more at the end, until interrupted.
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How to print rows.
    #[arg(long, default_value = "ndjson")]
    pub(crate) format: OutputFormat,
    /// Write to this file instead of stdout. The file gets its name once it is complete, so a failure leaves
    /// an older file as it was. With --follow, rows are written as they come, and the file must be new.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How to write a null in CSV. Default: an empty field; an empty text is written as "".
    #[arg(long, value_name = "TEXT", value_parser = parse_null, default_value = "", hide_default_value = true)]
    pub(crate) null: String,
    /// Resume where the consumer of this name stopped, and record its progress. Collections keep what it has
    /// not passed.
    #[arg(long, value_name = "NAME", value_parser = parse_cursor, conflicts_with = "from")]
    pub(crate) cursor: Option<CursorName>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Draw the log instead, as one HTML page that needs no network.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Draw the log as a strip on the terminal.
    #[arg(long, conflicts_with_all = ["html", "each"])]
    pub(crate) graph: bool,
    /// Columns of the strip. Default: those of the terminal, or 80.
    #[arg(long, value_name = "COLUMNS", requires = "graph", value_parser = clap::value_parser!(u16).range(40..=500))]
    pub(crate) width: Option<u16>,
    /// The first position to show.
    #[arg(long, value_name = "P", value_parser = parse_position)]
    pub(crate) from: Option<Position>,
    /// The last position to show.
    #[arg(long, value_name = "P", value_parser = parse_position)]
    pub(crate) to: Option<Position>,
    /// Show only the last N of these entries.
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<u64>,
    /// Print a line for each entry, even where neighbours are alike.
    #[arg(long)]
    pub(crate) each: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Repair {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Give up the lost entries at these positions: P, or P..Q, which includes both ends.
    #[arg(long, value_name = "P[..Q]", value_parser = parse_range)]
    pub(crate) accept_gap: Vec<PositionRange>,
    /// Give up the damaged entry at this position. Its bytes are saved in another object.
    #[arg(long, value_name = "P", value_parser = parse_position)]
    pub(crate) skip_damaged: Vec<Position>,
    /// Give up the entry at this position, which the store refuses to return. Its bytes are lost, though they
    /// may be sound.
    #[arg(long, value_name = "P", value_parser = parse_position)]
    pub(crate) skip_unreadable: Vec<Position>,
    /// Do it. This cannot be undone.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Checkpoint {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The last position that is safe elsewhere, with all positions below it; or `tail` for the whole log.
    #[arg(value_name = "P", value_parser = parse_target)]
    pub(crate) position: Target,
    #[command(flatten)]
    pub(crate) writer: WriterArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The store: a directory, or a URL with the prefix to write below. It need not hold a log.
    pub(crate) store: String,
    /// Examine briefly: fewer rounds, listings of one page, a smaller large object.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Run only these checks, named by their ids and separated by commas.
    #[arg(long, value_name = "CHECKS", value_delimiter = ',', value_parser = parse_check)]
    pub(crate) only: Vec<Check>,
    /// How many creates race for one name.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=256))]
    pub(crate) racers: Option<u16>,
    /// How many such races to run.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) race_rounds: Option<u16>,
    /// How many objects are listed while others come and go. A page has 1,000 on S3 and GCS, 5,000 on Azure.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(crate) list_objects: Option<u32>,
    /// Size of the large object. It is held in memory twice.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub(crate) large_bytes: Option<u32>,
    /// Time after which a check starts no further round.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) check_time: Option<Duration>,
    /// By how much the clocks may differ before the store is condemned.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) clock_skew: Option<Duration>,
    /// Price of a million PUTs in US dollars, instead of the list price.
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    pub(crate) put_price: Option<f64>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Demo {
    /// Delete the fence entry that the stalled writer would collide with, and show the loss.
    #[arg(long)]
    pub(crate) naive: bool,
    /// Work in this directory, which must be empty, and keep it afterwards.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DemoWriter {
    /// The log's directory.
    pub(crate) directory: PathBuf,
    /// How many appends to have acknowledged before the one that stalls.
    pub(crate) acknowledged: u64,
    /// How many rows an append has.
    pub(crate) rows: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn position_zero_is_refused() {
        assert!(Args::try_parse_from(["fencepost", "tail", "x", "--from", "0"]).is_err());
        assert!(Args::try_parse_from(["fencepost", "checkpoint", "x", "tail"]).is_ok());
    }
}
