//! What `sql` accepts.

use super::value::{parse_cursor, parse_null};
use crate::place::Place;
use crate::sink::OutputFormat;
use clap::ValueEnum;
use fencepost::CursorName;
use std::path::PathBuf;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sql {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The question, such as "select count(*) from log where _position > 100"; `-` reads it from stdin. LOG is the
    /// table `log`, and what comes after the last entry is `log_tail`.
    pub(crate) query: String,
    /// Ask another log too, as the table of this name. Can be repeated.
    #[arg(long, value_name = "NAME=LOG", value_parser = parse_table)]
    pub(crate) table: Vec<NamedLog>,
    /// Show how the question would be answered, and read no rows.
    #[arg(long)]
    pub(crate) explain: bool,
    /// How to print the answer. Default: a table on a terminal, otherwise ndjson.
    #[arg(long)]
    pub(crate) format: Option<SqlFormat>,
    /// Write to this file instead of stdout. The file gets its name once the answer is complete.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How to write a null in CSV. Default: an empty field; an empty text is written as "".
    #[arg(long, value_name = "TEXT", value_parser = parse_null, default_value = "", hide_default_value = true)]
    pub(crate) null: String,
    /// Keep what is asked for from being collected meanwhile, by a cursor of this new name in each log. It is removed
    /// at the end. Without it, a question fails if a collection is quicker.
    #[arg(long, value_name = "NAME", value_parser = parse_cursor)]
    pub(crate) hold: Option<CursorName>,
    /// What the columns are called that tell of positions and epochs: _position, _epoch and _row by default.
    #[arg(long, value_name = "TEXT", default_value = "_")]
    pub(crate) prefix: String,
    /// How many threads read a log at the same time, if it is long. Default: one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) partitions: Option<u16>,
}

/// Another log, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedLog {
    pub(crate) name: String,
    pub(crate) log: String,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlFormat {
    /// For people: columns as wide as they must be.
    Table,
    /// One JSON object on each line.
    #[value(alias = "jsonl")]
    Ndjson,
    /// With a header; no nested columns. A null is an empty field, an empty text is "".
    Csv,
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

impl SqlFormat {
    /// The format for programs; none if it is a table for people.
    pub(crate) const fn for_programs(self) -> Option<OutputFormat> {
        match self {
            Self::Table => None,
            Self::Ndjson => Some(OutputFormat::Ndjson),
            Self::Csv => Some(OutputFormat::Csv),
            Self::Parquet => Some(OutputFormat::Parquet),
            Self::Arrow => Some(OutputFormat::Arrow),
        }
    }
}

fn parse_table(text: &str) -> Result<NamedLog, String> {
    let named = text.split_once('=').filter(|(name, log)| is_name(name) && !log.is_empty());
    let (name, log) = named.ok_or_else(|| {
        "a further table is NAME=LOG; a name has letters, digits and _, and begins with no digit".to_owned()
    })?;
    if name.eq_ignore_ascii_case(FIRST) {
        return Err(format!("`{FIRST}` is the table of LOG"));
    }
    Ok(NamedLog { name: name.to_owned(), log: log.to_owned() })
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.starts_with(|c: char| !c.is_ascii_digit())
}

/// What LOG itself is called.
pub(crate) const FIRST: &str = "log";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_names_that_sql_needs_no_quotes_for() {
        let parsed = |text| parse_table(text).map(|named| (named.name, named.log)).ok();
        let pair = |name: &str, log: &str| Some((name.to_owned(), log.to_owned()));
        assert_eq!(parsed("orders=s3://b/p?x=y"), pair("orders", "s3://b/p?x=y"));
        assert_eq!(parsed("_a1=./dir"), pair("_a1", "./dir"));
        for refused in ["orders", "=x", "1a=x", "a-b=x", "a=", "log=x", "LOG=x"] {
            assert_eq!(parsed(refused), None, "{refused}");
        }
    }
}
