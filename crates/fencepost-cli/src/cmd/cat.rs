//! `cat`: the rows of one entry, whether they count or not.

use crate::args::Cat;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Out, counted, note_line};
use crate::sink::{OutputFormat, Sink, SinkOptions};
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
    let to_terminal = args.output.is_none() && output::is_terminal();
    if args.format.is_binary() && to_terminal {
        return Err(Failure::new(
            Exit::Usage,
            "this format is binary and not for a terminal; name a file with --output, or use a pipe",
        ));
    }
    let (out, beside) = match &args.output {
        Some(path) => {
            let opened = output::open_file(path).map_err(|error| Failure::of(Exit::Failed, &error));
            let (file, beside) = opened.map_err(|failure| failure.while_doing(path.display()))?;
            (Out::file(file), beside)
        }
        None if to_terminal => (Out::terminal(args.format == OutputFormat::Ndjson), None),
        None => (Out::stdout(), None),
    };
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
