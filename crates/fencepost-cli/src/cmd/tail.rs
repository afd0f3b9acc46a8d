//! `tail`: rows out of the log, in order, once.

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Beside, note_line, open_rows_with};
use crate::place::requests;
use crate::signal::asked_to_end;
use crate::sink::{Sink, SinkOptions};
use fencepost::{
    Consumed, Cursor, CursorName, CursorStart, LogEntry, Position, ReadFrom, ReadOptions, RequestCounts,
    ResumePoint, Tail, TailEvent, TailState, Wal,
};
use serde_json::json;
use std::fs::File;
use std::path::Path;

pub(super) async fn run(args: args::Tail, json: bool) -> Result<(), Failure> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && to < from
    {
        return Err(Failure::new(Exit::Usage, format!("--to {to} is below --from {from}")));
    }
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
    let as_it_comes = args.follow && args.format.is_readable_at_once();
    let (out, beside) =
        open_rows_with(args.output.as_deref(), Some(args.format), |path| open_file(path, as_it_comes))?;
    let options = SinkOptions { format: args.format, null: args.null.clone(), keeps_part: beside.is_none() };
    let mut copy = Copy {
        sink: Sink::new(options, out),
        beside,
        cursor,
        wal,
        rows: 0,
        entries: 0,
        given_up: Vec::new(),
        args,
    };
    let copied = if copy.args.follow { copy.follow(from).await } else { copy.read(from).await };
    if copied.is_ok() {
        copy.sink.ensure_begun()?;
    }
    // In any case, so that what was written can be read.
    let finished = copy.sink.finish();
    let (next, requests_made) = copied?;
    finished?;
    copy.take_name()?;
    copy.passed(next).await?;
    if json {
        let document = json!({
            "rows": copy.rows, "entries": copy.entries, "given_up": copy.given_up, "next": next.next.get(), "requests": requests(requests_made),
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

fn open_file(path: &Path, as_it_comes: bool) -> Result<(File, Option<Beside>), Failure> {
    let failed = |error| Failure::of(Exit::Failed, &error);
    if as_it_comes {
        match std::fs::metadata(path) {
            Ok(there) if there.is_file() => {
                return Err(Failure::new(Exit::Usage, "this file exists already")
                    .with_advice("With --follow, rows are written as they come: name a new file."));
            }
            Ok(_) => {}
            Err(_) => return Ok((File::create_new(path).map_err(failed)?, None)),
        }
    }
    output::open_file(path).map_err(failed)
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}

async fn open_cursor(wal: &Wal, name: CursorName) -> Result<Cursor, Failure> {
    // A new consumer begins at the checkpoint, as an opener would.
    Ok(wal.cursor(name, CursorStart::Checkpoint).await?)
}

/// A copy under way.
struct Copy {
    args: args::Tail,
    wal: Wal,
    sink: Sink,
    /// The file that takes its name at the end. Until then nobody has its rows.
    beside: Option<Beside>,
    cursor: Option<Cursor>,
    rows: u64,
    entries: u64,
    /// Positions that were passed and that somebody had given up.
    given_up: Vec<u64>,
}

/// Where to go on, and what the reading cost.
type Copied = (ResumePoint, RequestCounts);

impl Copy {
    /// What is there now.
    async fn read(&mut self, from: ReadFrom) -> Result<Copied, Failure> {
        let mut reader = self.wal.reader(ReadOptions::from(from).with_end(self.args.to)).await?;
        let mut signal = std::pin::pin!(asked_to_end_if(self.beside.is_some()));
        loop {
            let entry = tokio::select! {
                biased;
                by = &mut signal => return Err(Failure::new(Exit::Interrupted, format!("stopped by {by}; the output file is unchanged"))),
                entry = reader.next() => entry,
            };
            reader.take_given_up().into_iter().for_each(|at| self.note_given_up(at));
            let Some(entry) = entry? else { break };
            self.write(&entry).await?;
        }
        Ok((reader.resume_point(), reader.requests()))
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
                TailEvent::GivenUp { at } => self.note_given_up(at),
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
        Ok((tail.resume_point(), tail.requests()))
    }

    async fn write(&mut self, entry: &LogEntry) -> Result<(), Failure> {
        self.sink.write(entry)?;
        self.rows += entry.rows();
        self.entries += 1;
        if self.cursor.is_some() && self.beside.is_none() && self.args.format.is_readable_at_once() {
            self.sink.flush()?;
            self.passed(entry).await?;
        }
        Ok(())
    }

    /// Reports a position whose rows are gone: no reader passes it in silence.
    // P-102.
    fn note_given_up(&mut self, at: Position) {
        note_line(format!("a repair gave up position {at}: its rows are not in the log"));
        self.given_up.push(at.get());
    }

    fn take_name(&mut self) -> Result<(), Failure> {
        let Some(beside) = self.beside.take() else { return Ok(()) };
        let path = self.args.output.as_deref().unwrap_or_else(|| Path::new(""));
        beside.take_name().map_err(|error| Failure::of(Exit::Failed, &error).while_doing(shown(path)))
    }

    async fn passed(&mut self, to: impl Into<Consumed>) -> Result<(), Failure> {
        match &mut self.cursor {
            Some(cursor) => Ok(cursor.advance(to).await?),
            None => Ok(()),
        }
    }
}

/// Signals end the program by themselves, unless there is something to put away.
async fn asked_to_end_if(there_is: bool) -> &'static str {
    if there_is { asked_to_end().await } else { std::future::pending().await }
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
