//! Stores that must be refused: by the command, before a row is written, and with the reason. And why: what
//! is lost without.

use super::facade::{batch, broken, rows};
use super::{ensure, rows_file};
use crate::command::Fencepost;
use crate::error::{Error, Result};
use crate::server::Access;
use fencepost::{ReadFrom, Takeover, Wal, WriterOptions};
use serde_json::{Value, json};
use std::path::Path;

/// The command refuses to append, and says what would have been lost.
///
/// # Errors
/// It did not.
pub fn by_the_command(fencepost: &Fencepost, access: &Access, dir: &Path) -> Result<()> {
    let file = rows_file(dir, "refused.ndjson", 0, 3)?;
    let ended = fencepost.run(access, &["append", "LOG", "--from", &file, "--takeover", "now"])?;
    ensure(ended.code.is_some_and(|code| code != 0), || "rows were appended to a store that lies".into())?;
    ensure(ended.stderr.contains("not safe for a log") && ended.stderr.contains("overwritten"), || {
        format!("the refusal does not say what would be lost: {}", ended.stderr)
    })
}

/// What happens where nobody asks: a fenced writer goes on, over rows that its successor was told are safe.
/// Runs in a process whose environment has the store's settings.
///
/// # Errors
/// The store could not be used at all.
pub async fn shows_the_loss(location: &str) -> Result<Value> {
    let wal = Wal::at(location).or_new_shard().open().await.map_err(broken("opening the log"))?;
    let options = WriterOptions::new().with_takeover(Takeover::Now).with_group_bytes_max(1);
    let open = || wal.open_writer(options.clone().with_store_probe(false));
    let old = open().await.map_err(broken("opening a writer"))?;
    old.append(&[batch(0)]).await.map_err(broken("appending"))?;
    let new = open().await.map_err(broken("opening a writer"))?;
    for number in 1_000..1_010 {
        new.append(&[batch(number)]).await.map_err(broken("appending"))?;
    }
    let mut acknowledged_by_fenced = 0;
    for number in 1..100 {
        match old.append(&[batch(number)]).await {
            Ok(_) => acknowledged_by_fenced += 1,
            Err(_) => break,
        }
    }
    let found = match rows(&wal, ReadFrom::Checkpoint).await {
        Ok(found) => found,
        Err(Error::Wrong { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    let lost = (1_000..1_010).filter(|number| !found.contains(number)).count();
    Ok(json!({"acknowledged_by_fenced": acknowledged_by_fenced, "lost": lost}))
}
