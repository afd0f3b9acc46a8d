//! `sql`: a question to logs, and its answer.

mod grid;

use crate::args::{SQL_FIRST, Sql, SqlFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Beside, Out, note_line, open_rows};
use crate::place::{Place, requests};
use crate::signal::asked_to_end;
use crate::sink::{Sink, SinkOptions};
use crate::sql::{Answer, Engine, Question, SnapshotOf};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use fencepost::Wal;
use grid::Grid;
use serde_json::{Value, json};
use std::io::{Read, Write};

pub(super) async fn run(args: Sql, json: bool, engine: &dyn Engine) -> Result<(), Failure> {
    let format = args.format.unwrap_or_else(|| {
        let for_people = args.explain || args.output.is_none() && output::is_terminal();
        if for_people { SqlFormat::Table } else { SqlFormat::Ndjson }
    });
    let query = if args.query == "-" { from_stdin()? } else { args.query.clone() };
    let tables = open(&args).await?;
    let logs: Vec<Wal> = tables.iter().map(|(_, wal)| wal.clone()).collect();
    // Before the question is put: it may take long, and be held.
    let (mut rows, beside) = open_output(&args, format)?;
    let question = Question {
        tables,
        query,
        explain: args.explain,
        hold: args.hold.clone(),
        prefix: args.prefix.clone(),
        partitions: args.partitions.map(usize::from),
    };
    let mut answer = engine.ask(question).await?;
    let written = write(answer.as_mut(), &mut rows, beside.is_some() || args.hold.is_some()).await;
    // In any case: nothing stays held, and what was written can be read.
    let closed = answer.close().await;
    let finished = rows.finish(&answer.schema());
    let snapshots = answer.snapshots();
    let count = written?;
    finished?;
    closed?;
    if let Some(beside) = beside {
        beside.take_name().map_err(|error| Failure::of(Exit::Failed, &error))?;
    }
    snapshots.iter().for_each(note_given_up);
    if json {
        let document = json!({
            "rows": count,
            "tables": snapshots.iter().zip(&logs).map(|(snapshot, wal)| told(snapshot, wal)).collect::<Vec<_>>(),
        });
        // Stdout has the rows, unless they went to a file.
        if args.output.is_some() {
            output::json(&document)?;
        } else {
            note_line(output::json_text(&document));
        }
    }
    Ok(())
}

/// Every log that is asked, under its name.
async fn open(args: &Sql) -> Result<Vec<(String, Wal)>, Failure> {
    let mut tables = vec![(SQL_FIRST.to_owned(), args.place.open().await?)];
    for named in &args.table {
        if tables.iter().any(|(name, _)| name.eq_ignore_ascii_case(&named.name)) {
            return Err(Failure::new(Exit::Usage, format!("two tables are called `{}`", named.name)));
        }
        let place = Place { log: named.log.clone(), shard: None, ..args.place.clone() };
        let opened = place.open().await;
        tables.push((named.name.clone(), opened.map_err(|failure| failure.while_doing(&named.name))?));
    }
    Ok(tables)
}

fn from_stdin() -> Result<String, Failure> {
    let mut query = String::new();
    std::io::stdin()
        .take(QUERY_BYTES_MAX)
        .read_to_string(&mut query)
        .map_err(|error| Failure::of(Exit::Input, &error).while_doing("the question on stdin"))?;
    Ok(query)
}

/// Where rows go, and the file that is yet to take its name, if there is one.
fn open_output(args: &Sql, format: SqlFormat) -> Result<(Rows, Option<Beside>), Failure> {
    let programs = format.for_programs();
    let (out, beside) = open_rows(args.output.as_deref(), programs)?;
    let rows = match programs {
        None if args.explain => Rows::Plan(out),
        None => Rows::Grid(Grid::new(out)),
        Some(format) => {
            let options = SinkOptions { format, null: args.null.clone(), keeps_part: beside.is_none() };
            Rows::Sink(Box::new(Sink::new(options, out)))
        }
    };
    Ok((rows, beside))
}

/// What prints rows.
enum Rows {
    Grid(Grid),
    /// Of a plan, whose texts have many lines.
    Plan(Out),
    Sink(Box<Sink>),
}

impl Rows {
    fn write(
        &mut self,
        rows_before: usize,
        schema: &SchemaRef,
        rows: Option<&RecordBatch>,
    ) -> Result<(), Failure> {
        match self {
            Self::Grid(grid) => grid.write(schema, rows),
            Self::Plan(out) => rows.map_or(Ok(()), |rows| grid::write_texts(out, rows)),
            Self::Sink(sink) => sink.write_answer(rows_before, schema, rows),
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Self::Grid(grid) => grid.flush(),
            Self::Plan(out) => out.flush().map_err(|error| output::not_written(&error)),
            Self::Sink(sink) => sink.flush(),
        }
    }

    fn finish(&mut self, schema: &SchemaRef) -> Result<(), Failure> {
        match self {
            Self::Grid(grid) => grid.finish(schema),
            Self::Plan(out) => out.flush().map_err(|error| output::not_written(&error)),
            Self::Sink(sink) => sink.finish(),
        }
    }
}

/// Prints the answer as it comes, and counts its rows. `listens` if there is something to put away after a signal.
async fn write(answer: &mut dyn Answer, rows: &mut Rows, listens: bool) -> Result<usize, Failure> {
    let schema = answer.schema();
    rows.write(0, &schema, None)?;
    let mut signal =
        std::pin::pin!(async { if listens { asked_to_end().await } else { std::future::pending().await } });
    let mut count = 0;
    loop {
        let batch = tokio::select! {
            biased;
            by = &mut signal => return Err(Failure::new(Exit::Interrupted, format!("stopped by {by}"))),
            batch = answer.next() => batch?,
        };
        let Some(batch) = batch else { return Ok(count) };
        rows.write(count, &schema, Some(&batch))?;
        count += batch.num_rows();
        // Whoever follows a log wants to see what came.
        rows.flush()?;
    }
}

/// Reports positions whose rows are gone: no question passes them in silence.
// P-102.
fn note_given_up(snapshot: &SnapshotOf) {
    for at in &snapshot.given_up {
        note_line(format!("{}: a repair gave up position {at}: its rows are not in the log", snapshot.name));
    }
}

fn told(snapshot: &SnapshotOf, wal: &Wal) -> Value {
    let SnapshotOf { name, first, last, given_up } = snapshot;
    let given_up: Vec<u64> = given_up.iter().map(|at| at.get()).collect();
    json!({
        "name": name, "first": first.get(), "last": last.get(), "given_up": given_up,
        "requests": requests(wal.requests()),
    })
}

/// Longer than anybody's question.
const QUERY_BYTES_MAX: u64 = 16 << 20;
