//! `cursor list` and `cursor drop`: what consumers keep from being collected.

use crate::args::{Cursor, CursorDrop, CursorList};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use fencepost::{CursorStatus, Position, ReadFrom};
use serde_json::{Value, json};

pub(super) async fn run(cursor: Cursor, json: bool) -> Result<(), Failure> {
    match cursor {
        Cursor::List(args) => list(&args, json).await,
        Cursor::Drop(args) => remove(&args, json).await,
    }
}

async fn list(args: &CursorList, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let checkpoint = wal.reader(ReadFrom::Checkpoint, None).await?.resume_point().next.prev();
    let cursors = wal.cursors().await?;
    if json {
        let document = |cursor: &CursorStatus| -> Value {
            json!({
                "name": cursor.name.as_str(), "position": cursor.position.get(),
                "holds": holds(cursor, checkpoint), "half_made": cursor.half_made,
            })
        };
        let all: Vec<_> = cursors.iter().map(document).collect();
        let shard = wal.shard().to_string();
        return output::json(&json!({"shard": shard, "checkpoint": checkpoint.get(), "cursors": all}));
    }
    for cursor in &cursors {
        let mut line = format!("{}: done with everything up to position {}", cursor.name, cursor.position);
        match holds(cursor, checkpoint) {
            0 => line.push_str("; it holds back nothing that is checkpointed"),
            held => line
                .push_str(&format!("; it holds back {held} positions up to the checkpoint at {checkpoint}")),
        }
        if cursor.half_made {
            line.push_str("; its creation is under way or was never finished: open it again, or drop it");
        }
        output::line(&printable(&line))?;
    }
    if cursors.is_empty() {
        output::line("no cursors")?;
    }
    Ok(())
}

/// How many positions a collection could delete if it were not for this cursor.
fn holds(cursor: &CursorStatus, checkpoint: Position) -> u64 {
    cursor.position.distance_to(checkpoint)
}

async fn remove(args: &CursorDrop, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    if !wal.remove_cursor(&args.name).await? {
        let message = format!("there is no cursor {}; `cursor list` shows all cursors", args.name);
        return Err(Failure::new(Exit::Input, message));
    }
    if json {
        let shard = wal.shard().to_string();
        return output::json(&json!({"shard": shard, "dropped": args.name.as_str()}));
    }
    output::line(&format!("dropped: cursor {}; collections keep nothing for it any more", args.name))
}
