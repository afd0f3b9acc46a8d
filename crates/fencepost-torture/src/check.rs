//! What every server is put through before the rounds.

pub mod commands;
pub mod facade;
pub mod refused;
pub mod settings;
pub mod standby;

use crate::error::{Error, IoSnafu, Result};
use snafu::ResultExt as _;
use std::path::Path;

/// Writes NDJSON rows `{"n": first}` and so on into `dir/name`, and returns the path.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn rows_file(dir: &Path, name: &str, first: u64, rows: u64) -> Result<String> {
    let path = dir.join(name);
    let text: String = (first..first + rows).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    std::fs::write(&path, text).context(IoSnafu { what: format!("writing {}", path.display()) })?;
    Ok(path.display().to_string())
}

/// The `n` of each line. A report of a failure may stand at the end.
///
/// # Errors
/// A line is no such row.
pub(crate) fn numbers(lines: &[String]) -> Result<Vec<u64>> {
    let number = |line: &String| {
        let row: serde_json::Value = serde_json::from_str(line).ok()?;
        row["n"].as_u64()
    };
    let failure = |line: &&String| line.starts_with("{\"error\":");
    let parsed = lines.iter().filter(|line| !failure(line)).map(|line| {
        number(line).ok_or_else(|| Error::Wrong { what: format!("`{line}` is not a row that was appended") })
    });
    parsed.collect()
}

pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Wrong { what: what() }) }
}
