//! `checkpoint`: everything up to a position is safe elsewhere.

use super::open;
use crate::args::{Checkpoint, Target};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use fencepost::ReadOutcome;
use serde_json::json;

pub(super) async fn run(args: Checkpoint, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    // Finds out whether there is a log: a checkpoint does not create one. A position that is not in the log
    // is refused before an epoch is claimed for it.
    let before = wal.checkpoint_position().await?;
    if let Target::At(position) = args.position
        && position > before
        && matches!(wal.store().head(wal.paths().entry(position)).await, ReadOutcome::Absent)
    {
        let what =
            format!("position {position} is not in the log; the checkpoint stays at position {before}");
        return Err(Failure::new(Exit::Input, what)
            .with_advice("Nothing was changed. `checkpoint LOG tail` uses the last position of the log."));
    }
    let writer = open::writer(&wal, &args.writer, open::options(&args.writer)).await?;
    let epoch = writer.epoch();
    let asked = match args.position {
        Target::At(position) => position,
        Target::Tail => writer.status().acknowledged,
    };
    let landed = writer.checkpoint(asked).await;
    let closed = writer.close().await;
    let landed = landed?;
    if let Err(error) = closed {
        output::note_line(format_args!(
            "warning: the log was not closed ({error}); the next writer takes over as after a crash"
        ));
    }
    if json {
        let document = json!({"asked": asked.get(), "replay_after": landed.get(), "epoch": epoch.get(), "shard": wal.shard().to_string()});
        return output::json(&document);
    }
    let note = match landed.cmp(&asked) {
        std::cmp::Ordering::Equal => String::new(),
        std::cmp::Ordering::Less => {
            format!(" (position {asked} was asked for, which lies among the fence entries of a takeover)")
        }
        std::cmp::Ordering::Greater => format!(" (it was there already, above position {asked})"),
    };
    output::line(&format!(
        "the checkpoint is at position {landed}{note}; whoever opens the log replays the entries above it"
    ))
}
