//! The whole log through the command, each step a process of its own.

use super::{ensure, numbers, rows_file};
use crate::command::Fencepost;
use crate::error::Result;
use crate::server::Access;
use std::path::Path;

/// Append, read, verify, checkpoint, collect, go on by cursor.
///
/// # Errors
/// What went wrong.
pub fn integrate(fencepost: &Fencepost, access: &Access, dir: &Path) -> Result<()> {
    let first = rows_file(dir, "first.ndjson", 0, 30)?;
    let second = rows_file(dir, "second.ndjson", 30, 10)?;
    let append = |file: &str| {
        fencepost.ok(access, &["append", "LOG", "--from", file, "--rows-per-entry", "1", "--takeover", "now"])
    };
    let report = append(&first)?.report();
    ensure(report["acknowledged_rows"] == 30 && report["closed"] == true, || {
        format!("append said {report}")
    })?;
    let read = |words: &[&str]| numbers(&fencepost.ok(access, words)?.stdout);
    let all = read(&["tail", "LOG", "--cursor", "commands"])?;
    ensure(all == (0..30).collect::<Vec<_>>(), || format!("30 rows were appended, and these read: {all:?}"))?;
    fencepost.ok(access, &["checkpoint", "LOG", "tail", "--takeover", "now"])?;
    let collected = fencepost.ok(access, &["gc", "run", "LOG"])?.report();
    ensure(collected["deleted"].as_u64() >= Some(29), || format!("the collection said {collected}"))?;
    append(&second)?;
    let rest = read(&["tail", "LOG", "--cursor", "commands"])?;
    ensure(rest == (30..40).collect::<Vec<_>>(), || {
        format!("the consumer got {rest:?} after the collection")
    })?;
    let inspected = fencepost.ok(access, &["inspect", "LOG"])?.report();
    ensure(inspected["manifest"]["writer_epoch"].as_u64() >= Some(3), || format!("{inspected}"))?;
    let verified = fencepost.ok(access, &["verify", "LOG"])?.report();
    ensure(verified["ok"] == true, || format!("verify said {verified}"))
}
