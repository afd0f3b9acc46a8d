//! `tail`: rows out of the log, in order, once.

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Out, note_line};
use crate::place::requests;
use crate::signal::asked_to_end;
use crate::sink::{OutputFormat, Sink};
use fencepost::{
    Cursor, CursorName, LogEntry, Position, ReadFrom, RequestCounts, Tail, TailEvent, TailState, Wal,
};
use serde_json::json;

pub(super) async fn run(args: args::Tail, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let cursor = match &args.cursor {
        Some(name) => Some(open_cursor(&wal, name.clone()).await?),
        None => None,
    };
    let from = match (&cursor, args.from) {
        (Some(cursor), _) => cursor.read_from(),
        (None, Some(position)) => ReadFrom::Position(position),
        (None, None) => ReadFrom::Checkpoint,
    };
    let mut copy =
        Copy { sink: Sink::new(args.format, open_output(&args)?), cursor, wal, rows: 0, entries: 0, args };
    let copied = if copy.args.follow { copy.follow(from).await } else { copy.read(from).await };
    // In any case, so that what was written can be read.
    let finished = copy.sink.finish();
    let (next, requests_made) = copied?;
    finished?;
    copy.passed(next.prev()).await?;
    if json {
        let document = json!({
            "rows": copy.rows, "entries": copy.entries, "next": next.get(), "requests": requests(requests_made),
        });
        // Stdout has the rows, unless they went to a file.
        if copy.args.output.is_some() {
            output::json(&document)?
        } else {
            note_line(output::json_text(&document))
        }
    }
    Ok(())
}

fn open_output(args: &args::Tail) -> Result<Out, Failure> {
    match &args.output {
        Some(path) => {
            let file = std::fs::File::create(path);
            let failed =
                |error| Failure::of(Exit::Failed, &error).while_doing(format_args!("`{}`", path.display()));
            Ok(Out::file(file.map_err(failed)?))
        }
        None if args.format.is_binary() && output::is_terminal() => Err(Failure::new(
            Exit::Usage,
            "this format is not for a terminal; name a file with --output, or use a pipe",
        )),
        None if output::is_terminal() => Ok(Out::terminal(args.format == OutputFormat::Ndjson)),
        None => Ok(Out::stdout()),
    }
}

async fn open_cursor(wal: &Wal, name: CursorName) -> Result<Cursor, Failure> {
    // A new consumer begins at the checkpoint, as an opener would.
    let checkpoint = wal.reader(ReadFrom::Checkpoint, None).await?.resume_point().next.prev();
    Ok(wal.cursor(name, checkpoint).await?)
}

/// A copy under way.
struct Copy {
    args: args::Tail,
    wal: Wal,
    sink: Sink,
    cursor: Option<Cursor>,
    rows: u64,
    entries: u64,
}

/// The next position, and what the reading cost.
type Copied = (Position, RequestCounts);

impl Copy {
    /// What is there now.
    async fn read(&mut self, from: ReadFrom) -> Result<Copied, Failure> {
        let mut reader = self.wal.reader(from, self.args.to).await?;
        while let Some(entry) = reader.next().await? {
            self.write(&entry).await?;
        }
        Ok((reader.resume_point().next, reader.requests()))
    }

    /// What is there and what comes, until the last position asked for or a signal.
    async fn follow(&mut self, from: ReadFrom) -> Result<Copied, Failure> {
        let mut tail = self.wal.tail(from).await?;
        let mut signal = std::pin::pin!(asked_to_end());
        let mut said = None;
        while self.args.to.is_none_or(|to| tail.resume_point().next <= to) {
            let event = tokio::select! {
                biased;
                _ = &mut signal => break,
                event = tail.poll() => event?,
            };
            match event {
                TailEvent::Entry(entry) if self.args.to.is_some_and(|to| entry.position() > to) => break,
                TailEvent::Entry(entry) => {
                    self.write(&entry).await?;
                    self.sink.flush()?;
                }
                TailEvent::Waiting(state) => {
                    say(state, &mut said);
                    tokio::select! {
                        biased;
                        _ = &mut signal => break,
                        () = Tail::pause(&mut tail) => {}
                    }
                }
            }
        }
        Ok((tail.resume_point().next, tail.requests()))
    }

    async fn write(&mut self, entry: &LogEntry) -> Result<(), Failure> {
        self.sink.write(entry)?;
        self.rows += entry.rows();
        self.entries += 1;
        if self.cursor.is_some() && self.args.format.is_readable_at_once() {
            self.sink.flush()?;
            self.passed(entry.position()).await?;
        }
        Ok(())
    }

    async fn passed(&mut self, position: Position) -> Result<(), Failure> {
        match &mut self.cursor {
            Some(cursor) => Ok(cursor.advance(position).await?),
            None => Ok(()),
        }
    }
}

/// Says why nothing comes, once for each change.
fn say(state: TailState, said: &mut Option<String>) {
    let text = match state {
        TailState::NotYet { epoch, .. } => format!("waiting: epoch {epoch} has the log"),
        TailState::Closed { epoch, .. } => format!("waiting: epoch {epoch} closed the log"),
        TailState::Fenced { by, .. } => format!("waiting: epoch {by} is taking the log over"),
        TailState::Sealed { .. } => "waiting: the shard is sealed and takes no more rows".to_owned(),
    };
    if said.as_ref() != Some(&text) {
        note_line(&text);
        *said = Some(text);
    }
}
