//! Questions in SQL, and whoever can answer them.
//!
//! This command is small and has no engine: `fencepost sql` hands over to the program `fencepost-sql`, which is this
//! command with an engine in it. The engine sees logs and a question, and hands back rows; arguments, places, formats,
//! files, signals and exit codes are those of every other command.

use crate::exit::Exit;
use crate::failure::Failure;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use fencepost::{CursorName, ErrorKind, Position, Wal};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Answers questions in SQL.
#[async_trait]
pub trait Engine: fmt::Debug + Send + Sync {
    /// Takes snapshots of the logs, plans the question, and begins to answer it.
    ///
    /// # Errors
    /// [`EngineError`]; no log is held then.
    async fn ask(&self, question: Question) -> Result<Box<dyn Answer>, EngineError>;
}

/// A question to some logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// The logs, and what they are called.
    pub tables: Vec<(String, Wal)>,
    /// The question, in SQL.
    pub query: String,
    /// Whether to tell how it would be answered, and not to answer it.
    pub explain: bool,
    /// By which name to hold each log while the question is answered.
    pub hold: Option<CursorName>,
    /// What the names of the columns begin with that are not in the log.
    pub prefix: String,
    /// How many threads may read one log, if the question says so.
    pub partitions: Option<usize>,
}

/// An answer, which comes in parts.
#[async_trait]
pub trait Answer: Send {
    /// The columns.
    fn schema(&self) -> SchemaRef;

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// [`EngineError`]: what came before is no answer.
    async fn next(&mut self) -> Result<Option<RecordBatch>, EngineError>;

    /// What each log was when the question was put.
    fn snapshots(&self) -> Vec<SnapshotOf>;

    /// Ends the work, done or not, and lets go of the logs.
    ///
    /// # Errors
    /// [`EngineError`]: a log may still be held.
    async fn close(&mut self) -> Result<(), EngineError>;
}

/// The part of a log that a question was put to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOf {
    /// The name of the table.
    pub name: String,
    /// Its first position.
    pub first: Position,
    /// Its last position; below the first if there was nothing.
    pub last: Position,
    /// Positions that were passed and that a repair had given up.
    pub given_up: Vec<Position>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    /// What kind of failure it is, which decides about the exit code.
    pub kind: ErrorKind,
    /// What to tell people.
    pub message: String,
    /// The position that it is about, and the first that can be read, if it was collected.
    pub collected: Option<(Position, Position)>,
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let mut failure = Self::new(error.kind.into(), error.message);
        if let Some((at, first)) = error.collected {
            failure.facts.insert("at".into(), at.get().into());
            failure.facts.insert("first".into(), first.get().into());
            return failure.with_advice(
                "Ask again, for what is left; or keep a collection from being quicker with --hold NAME.",
            );
        }
        failure
    }
}

/// Lets the program that has an engine do it, with all arguments. On Unix this process becomes that program.
pub(crate) fn hand_over(args: &[OsString]) -> Result<u8, Failure> {
    let beside = std::env::current_exe().ok().and_then(|own| {
        let beside = own.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX));
        beside.is_file().then_some(beside)
    });
    let mut program = Command::new(beside.unwrap_or_else(|| PathBuf::from(PROGRAM)));
    program.args(args.iter().skip(1));
    match become_it(program) {
        Ok(code) => Ok(code),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::new(
            Exit::Failed,
            format!("`sql` needs the program {PROGRAM}, which is neither beside this one nor in PATH"),
        )
        .with_advice("Install it: cargo install fencepost-sql --features cloud")),
        Err(error) => Err(Failure::of(Exit::Failed, &error).while_doing(PROGRAM)),
    }
}

#[cfg(unix)]
fn become_it(mut program: Command) -> io::Result<u8> {
    use std::os::unix::process::CommandExt;
    Err(program.exec())
}

#[cfg(not(unix))]
fn become_it(mut program: Command) -> io::Result<u8> {
    let code = program.status()?.code();
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Failed as u8))
}

const PROGRAM: &str = "fencepost-sql";
