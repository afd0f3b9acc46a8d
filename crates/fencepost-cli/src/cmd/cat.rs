//! `cat`: the rows of one entry, whether they count or not.

use crate::args::Cat;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, note_line, open_rows};
use crate::sink::{Sink, SinkOptions};
use fencepost::{EntryKind, kind_name};
use serde_json::json;

pub(super) async fn run(args: Cat, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let at = args.position;
    let Some(entry) = wal.entry_at(at).await? else {
        let message = format!("{}: nothing stands at position {at}", wal.paths().entry(at));
        return Err(Failure::new(Exit::Input, message)
            .with_advice("It was collected, lost, or never written: `inspect` shows what is there."));
    };
    let (kind, epoch, rows) = (kind_name(entry.header().kind), entry.epoch(), entry.rows());
    let (out, beside) = open_rows(args.output.as_deref(), Some(args.format))?;
    if entry.header().kind == EntryKind::Data {
        let options = SinkOptions { format: args.format, null: String::new(), keeps_part: beside.is_none() };
        let mut sink = Sink::new(options, out);
        sink.write(&entry)?;
        sink.finish()?;
        if let Some(beside) = beside {
            beside.take_name().map_err(|error| Failure::of(Exit::Failed, &error))?;
        }
    }
    let document = json!({"position": at.get(), "kind": kind, "epoch": epoch.get(), "rows": rows, "bytes": entry.summary().object_bytes});
    if json {
        note_line(output::json_text(&document));
    } else {
        note_line(format!(
            "position {at}: {kind} of epoch {epoch}, {}; `inspect` says whether they count",
            counted(rows, "row")
        ));
    }
    Ok(())
}
