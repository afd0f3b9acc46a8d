//! `import`: a new log, made of a copy.

use crate::args::Import;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, note_line, printable};
use crate::place::Place;
use crate::progress;
use fencepost::{Import as Copied, ImportError, RestoreRefused, Wal};
use indicatif::HumanBytes;
use serde_json::json;

pub(super) async fn run(args: Import, json: bool) -> Result<(), Failure> {
    args.place.check()?;
    let copy = Copied::open(args.place.beside(&args.copy, false)?).await?;
    let source = source(&args, &copy).await?;
    let to = args.place.beside(&args.place.log, true)?;
    let shown = progress::bytes_of("entries copied");
    let bar = shown.clone();
    let made = copy
        .make(source.as_ref(), args.source_gone, &to, args.place.shard, move |done, of, bytes| {
            bar.show(done, of, bytes);
        })
        .await;
    shown.finish();
    let made = made.map_err(|error| explain(error, &args, &copy))?;
    let export = copy.export();
    if json {
        return output::json(&json!({
            "shard": made.shard.to_string(), "from_shard": export.shard.to_string(), "epoch": made.epoch.get(),
            "replay_after": export.replay_after.get(), "tail": export.through.get(), "entries": made.entries,
            "bytes": made.bytes, "source_gone": args.source_gone,
        }));
    }
    for (name, at) in &export.cursors {
        note_line(format_args!(
            "note: cursor {name} was at position {at}; it is not in the new log, and its consumer makes it again"
        ));
    }
    output::line(&printable(&format!(
        "shard {}: {} with {}, up to position {}; the first writer has an epoch above {}",
        made.shard,
        counted(made.entries, "entry"),
        HumanBytes(made.bytes),
        export.through,
        made.epoch
    )))
}

/// The log that was copied, if there is anything at its place.
async fn source(args: &Import, copy: &Copied) -> Result<Option<Wal>, Failure> {
    let log = args.source.clone().unwrap_or_else(|| copy.export().source.clone());
    let place = Place { log, shard: Some(copy.export().shard), ..args.place.clone() };
    match place.open().await {
        Ok(wal) => Ok(Some(wal)),
        // Nothing is there, or no way leads there.
        Err(failure) if failure.exit == Exit::NoLog => Ok(None),
        Err(failure) => Err(failure.while_doing("the log that was copied")),
    }
}

fn explain(error: ImportError, args: &Import, copy: &Copied) -> Failure {
    let source = args.source.as_deref().unwrap_or(&copy.export().source);
    let advice = match &error {
        ImportError::Refused { why: RestoreRefused::NotFound } => {
            format!(
                "It was at {source}. --source LOG names another place; --source-gone vouches that it is gone."
            )
        }
        ImportError::Refused { .. } => {
            format!("fencepost export {source} NEW-COPY --seal\nfencepost import NEW-COPY {}", args.place.log)
        }
        _ => return error.into(),
    };
    Failure::from(error).with_advice(advice)
}
