//! A writer that is stopped, a standby that takes over by itself, a collection, and the first one's
//! awakening: it is refused, and nothing that it acknowledged is missing.

use super::{ensure, numbers, rows_file};
use crate::command::{Fencepost, Running};
use crate::error::Result;
use crate::server::Access;
use std::path::Path;
use std::time::Duration;

/// # Errors
/// What went wrong.
pub fn refuses_the_woken(fencepost: &Fencepost, access: &Access, dir: &Path) -> Result<()> {
    let many = rows_file(dir, "many.ndjson", 0, 5_000)?;
    let more = rows_file(dir, "more.ndjson", 1_000_000, 10)?;
    let writer = fencepost.writer();
    let start = |file: &str, takeover: &str| {
        let mut words = vec!["append", "LOG", "--from", file, "--rows-per-entry", "1", "--verbose-acks"];
        words.extend(["--takeover", takeover]);
        words.extend(writer.iter().map(String::as_str));
        Running::start(fencepost.line(access, &words))
    };
    let mut stalled = start(&many, "now")?;
    ensure(stalled.hears("\"rows\":1", 5, WAIT), || {
        format!("no row acknowledged: {}", stalled.said_on_stderr())
    })?;
    stalled.freeze()?;

    // It waits for the lease to stand still, then takes over without being told.
    let standby = start(&more, "expired")?;
    let Some(ended) = standby.end_within(WAIT) else {
        return crate::error::wrong("the standby did not take over from a stopped writer");
    };
    ensure(ended.code == Some(0), || format!("the standby ended with {:?}: {}", ended.code, ended.stderr))?;
    let replayed = numbers(&fencepost.ok(access, &["tail", "LOG"])?.stdout)?;
    fencepost.ok(access, &["checkpoint", "LOG", "tail", "--takeover", "now"])?;
    fencepost.ok(access, &["gc", "run", "LOG"])?;

    stalled.thaw();
    let Some(woken) = stalled.end_within(WAIT) else {
        return crate::error::wrong("the woken writer did not end");
    };
    let report = woken.report();
    ensure(woken.code == Some(5) && report["error"]["kind"] == "held", || {
        format!("the woken writer was not refused: code {:?}, {report}, {}", woken.code, woken.stderr)
    })?;
    let acknowledged = report["acknowledged_rows"].as_u64().unwrap_or(u64::MAX);
    let of_stalled = replayed.iter().take_while(|n| **n < 1_000_000).count() as u64;
    ensure(acknowledged <= of_stalled, || {
        format!("{acknowledged} rows were acknowledged by the stopped writer, and {of_stalled} replayed")
    })?;
    let expected: Vec<u64> = (0..of_stalled).chain(1_000_000..1_000_010).collect();
    ensure(replayed == expected, || format!("replayed out of order: {replayed:?}"))?;
    let left = numbers(&fencepost.ok(access, &["tail", "LOG"])?.stdout)?;
    ensure(left.is_empty(), || format!("rows that were refused came back: {left:?}"))
}

const WAIT: Duration = Duration::from_secs(60);
