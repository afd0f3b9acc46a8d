//! `export`: a copy of a log, as a backup or to move it.

use super::open;
use crate::args::Export;
use crate::failure::Failure;
use crate::output::{self, counted, note_line, positions, printable};
use crate::progress;
use fencepost::Position;
use indicatif::HumanBytes;
use serde_json::json;

pub(super) async fn run(args: Export, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    // An export does not make a log: it says so if there is none.
    wal.manifest().await?;
    let to = args.place.beside(&args.copy, true)?;
    if args.seal {
        // What can be known to fail does so while the log still takes writers.
        wal.check_export(&to).await?;
        let options = open::waiting_options(&args.writer);
        wal.seal(options, |holder| open::tell(holder, &args.writer)).await?;
    }
    let shown = progress::bytes_of("entries copied");
    let bar = shown.clone();
    let copied = wal.export(&to, &args.place.name(), move |done, of, bytes| bar.show(done, of, bytes)).await;
    shown.finish();
    let copied = copied.map_err(|error| {
        let failure = Failure::from(error);
        if !args.seal {
            return failure;
        }
        failure.with_advice(
            "The log is sealed now: no writer opens it. Export it again once the cause is gone, or let writers in again with `unseal`.",
        )
    })?;
    let export = &copied.export;
    if let Some(gap) = copied.gap {
        note_line(format_args!(
            "note: something stands above position {gap}, which is missing: an append was on its way, or an entry is lost (`verify` tells)"
        ));
    }
    let entries = export.replay_after.distance_to(export.through);
    if json {
        let cursors: Vec<_> =
            export.cursors.iter().map(|(name, at)| json!({"name": name, "position": at.get()})).collect();
        return output::json(&json!({
            "shard": export.shard.to_string(), "copy": to.to_string(), "epoch": export.epoch.get(),
            "replay_after": export.replay_after.get(), "through": export.through.get(), "sealed": export.sealed,
            "entries": entries, "bytes": export.bytes, "gap": copied.gap.map(Position::get), "cursors": cursors,
        }));
    }
    let then = if export.sealed {
        "the log is sealed, so nothing is acknowledged there any more: `import` makes a new log of the copy"
    } else {
        "the log goes on: what is acknowledged from now on is not in the copy"
    };
    output::line(&printable(&format!(
        "{} with {} copied, {}; {then}",
        counted(entries, "entry"),
        HumanBytes(export.bytes),
        positions(export.replay_after.next(), export.through)
    )))
}
