//! Rows to bytes, in four formats: every value exactly, or an error that names it.

mod arrow_stream;
mod csv;
mod json;
mod records;
mod shape;
mod text;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Out, not_written};
use crate::shown::shown;
use crate::weight::written_out;
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_stream::ArrowStream;
use clap::ValueEnum;
use fencepost::{LogEntry, Position};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use shape::Shape;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// A format of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// One JSON object on each line.
    #[value(alias = "jsonl")]
    Ndjson,
    /// With a header; no nested columns. A null is an empty field, an empty text is "".
    Csv,
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
    /// Of records, the value of each on a line; one with a line break in it is refused.
    Lines,
    /// Of records, the values one after the other, with nothing between them.
    Raw,
}

impl OutputFormat {
    pub(crate) const fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow | Self::Raw)
    }

    /// Whether rows are of use to a reader before the output is finished.
    pub(crate) const fn is_readable_at_once(self) -> bool {
        !matches!(self, Self::Parquet)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "NDJSON",
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Arrow => "an Arrow stream",
            Self::Lines => "lines",
            Self::Raw => "raw output",
        }
    }
}

/// What to write, and how.
#[derive(Clone, Debug)]
pub(crate) struct SinkOptions {
    pub(crate) format: OutputFormat,
    /// What a null is in CSV.
    pub(crate) null: String,
    /// Whether what was written before an error remains.
    pub(crate) keeps_part: bool,
}

/// Where rows come from, for messages.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Entry(Position),
    Answer,
}

impl Origin {
    fn facts(self) -> Option<(String, serde_json::Value)> {
        match self {
            Self::Entry(at) => Some(("at".to_owned(), at.get().into())),
            Self::Answer => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(at) => write!(f, "position {at}"),
            Self::Answer => f.write_str("the answer"),
        }
    }
}

/// Writes entries, one after the other, or the answer to a question.
pub(crate) struct Sink {
    options: SinkOptions,
    state: State,
    /// The schema of the last entry, and what the format makes of it.
    seen: Option<(SchemaRef, Shape)>,
}

enum State {
    /// Nothing was written yet.
    New(Out),
    Ndjson(Out),
    Csv(Out),
    Arrow(Box<ArrowStream<Out>>),
    Parquet(Box<ArrowWriter<Out>>),
    Ended,
}

impl Sink {
    pub(crate) const fn new(options: SinkOptions, out: Out) -> Self {
        Self { options, state: State::New(out), seen: None }
    }

    /// Writes the rows of `entry`.
    pub(crate) fn write(&mut self, entry: &LogEntry) -> Result<(), Failure> {
        if matches!(self.options.format, OutputFormat::Lines | OutputFormat::Raw) {
            return self.write_records(entry);
        }
        let origin = Origin::Entry(entry.position());
        let shape = self.accept(origin, entry.schema())?;
        let mut rows_before = 0;
        for batch in entry.batches() {
            self.write_batch(origin, rows_before, batch, &shape)?;
            rows_before += batch.num_rows();
        }
        Ok(())
    }

    /// Writes some rows of the answer to a question, all of which have this schema. So many came before; without any,
    /// what belongs at the beginning is written.
    pub(crate) fn write_answer(
        &mut self,
        rows_before: usize,
        schema: &SchemaRef,
        rows: Option<&RecordBatch>,
    ) -> Result<(), Failure> {
        let shape = self.accept(Origin::Answer, schema)?;
        rows.map_or(Ok(()), |rows| self.write_batch(Origin::Answer, rows_before, rows, &shape))
    }

    fn write_batch(
        &mut self,
        origin: Origin,
        rows_before: usize,
        batch: &RecordBatch,
        shape: &Shape,
    ) -> Result<(), Failure> {
        let mut start = 0;
        while start < batch.num_rows() {
            let some = self.next_rows(batch, start);
            let written = self.write_some(&some, shape);
            written.map_err(|trouble| self.failure(origin, rows_before + start, trouble))?;
            start += some.num_rows();
        }
        Ok(())
    }

    /// As many rows as may be written out at once: a value that is there once may be in all of them.
    fn next_rows(&self, batch: &RecordBatch, start: usize) -> RecordBatch {
        let left = batch.num_rows() - start;
        // They stay as they are there, and whoever cuts them multiplies what they have in common.
        if self.options.format == OutputFormat::Arrow {
            return batch.slice(start, left);
        }
        let mut some = batch.slice(start, left.min(ROWS_AT_ONCE));
        while some.num_rows() > 1 && written_out(&some) > BYTES_AT_ONCE {
            some = some.slice(0, some.num_rows().div_ceil(2));
        }
        some
    }

    /// Hands over what was written so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let flushed = match &mut self.state {
            State::New(out) | State::Ndjson(out) | State::Csv(out) => out.flush(),
            State::Arrow(stream) => stream.flush(),
            State::Parquet(_) | State::Ended => Ok(()),
        };
        flushed.map_err(|error| not_written(&error))
    }

    /// Makes no rows at all a file of its kind too, with no columns.
    pub(crate) fn ensure_begun(&mut self) -> Result<(), Failure> {
        let format = self.options.format;
        if !matches!(self.state, State::New(_)) || !format.is_binary() || format == OutputFormat::Raw {
            return Ok(());
        }
        self.begin(&Arc::new(Schema::empty())).map_err(|error| Failure::of(Exit::Failed, &error))
    }

    /// Writes what belongs at the end. Whatever was written before is then readable, after an error in
    /// `write` too.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::New(mut out) | State::Ndjson(mut out) | State::Csv(mut out) => {
                out.flush().map_err(|error| not_written(&error))
            }
            State::Arrow(mut stream) => stream.finish().map_err(|error| Failure::of(Exit::Failed, &error)),
            State::Parquet(mut writer) => {
                let finished = writer.finish().map(|_| ()).and_then(|()| Ok(writer.inner_mut().flush()?));
                finished.map_err(|error| Failure::of(Exit::Failed, &error))
            }
            State::Ended => Ok(()),
        }
    }

    /// Begins with the first schema, and refuses another one where the format holds one only, and any one that the
    /// format cannot carry, before anything of it is written.
    fn accept(&mut self, origin: Origin, schema: &SchemaRef) -> Result<Shape, Failure> {
        let format = self.options.format;
        if let Some((last, shape)) = &self.seen {
            if last == schema {
                return Ok(shape.clone());
            }
            if format != OutputFormat::Ndjson {
                if last.fields() != schema.fields() {
                    return Err(self.changed(origin));
                }
                let shape = shape.clone();
                if format.is_binary() {
                    crate::output::note_line(format_args!(
                        "note: at {origin} the schema has other metadata than before, and {} holds only one: the first stays",
                        format.name()
                    ));
                }
                self.seen = Some((schema.clone(), shape.clone()));
                return Ok(shape);
            }
        }
        let shape = Shape::of(format, schema).map_err(|problems| cannot_carry(origin, format, &problems))?;
        if matches!(self.state, State::New(_)) {
            self.begin(shape.schema()).map_err(|error| self.failure(origin, 0, error.into()))?;
        }
        self.seen = Some((schema.clone(), shape.clone()));
        Ok(shape)
    }

    fn begin(&mut self, schema: &SchemaRef) -> Result<(), ArrowError> {
        let State::New(mut out) = std::mem::replace(&mut self.state, State::Ended) else {
            unreachable!("a sink begins once");
        };
        self.state = match self.options.format {
            OutputFormat::Lines | OutputFormat::Raw => unreachable!("records have no beginning"),
            OutputFormat::Ndjson => State::Ndjson(out),
            OutputFormat::Csv => {
                out.write_all(csv::header(schema, &self.options.null).as_bytes())?;
                State::Csv(out)
            }
            OutputFormat::Arrow => State::Arrow(Box::new(ArrowStream::begin(out, schema.clone())?)),
            OutputFormat::Parquet => {
                // As other writers of Parquet do unless told otherwise; every reader knows it.
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                State::Parquet(Box::new(ArrowWriter::try_new(out, schema.clone(), Some(properties))?))
            }
        };
        Ok(())
    }

    fn write_some(&mut self, rows: &RecordBatch, shape: &Shape) -> Result<(), Trouble> {
        let (shaped, failed) = match shape.apply(rows) {
            Ok(shaped) => (shaped, None),
            Err(_) => {
                let failed = first_failure(rows, &mut Vec::new(), |rows, _| shape.apply(rows).map(drop));
                // What comes before is written, and only that.
                (shape.apply(&rows.slice(0, failed.row))?, Some(failed))
            }
        };
        let written: Result<(), Trouble> = match &mut self.state {
            State::Ndjson(out) => write_encoded(out, |text| json::write(&shaped, text)),
            State::Csv(out) => write_encoded(out, |text| csv::write(&shaped, &self.options.null, text)),
            State::Arrow(stream) => stream.write(&shaped).map_err(Trouble::from),
            State::Parquet(writer) => write_parquet(writer, &shaped).map_err(Trouble::from),
            State::New(_) | State::Ended => unreachable!("a sink begins before its first rows"),
        };
        written.and(failed.map_or(Ok(()), |failed| Err(failed.into())))
    }

    fn changed(&self, origin: Origin) -> Failure {
        let name = self.options.format.name();
        let Origin::Entry(at) = origin else {
            return Failure::new(Exit::Failed, "the rows of the answer have different columns");
        };
        let message = format!(
            "the entry at position {at} has a different schema from those before it, and {name} holds only one"
        );
        let mut failure = Failure::new(Exit::Format, message);
        failure.facts.insert("at".into(), at.get().into());
        failure.with_advice(format!(
            "{} Write the parts to different files: one with --to {}, one with --from {at}; or use --format ndjson.",
            self.kept(),
            at.prev()
        ))
    }

    fn failure(&self, origin: Origin, rows_before: usize, trouble: Trouble) -> Failure {
        let format = self.options.format;
        match trouble {
            Trouble::Value(failed) => {
                let (row, column) = (rows_before + failed.row + 1, &failed.column);
                let why = failed.why.to_string();
                let place = match origin {
                    Origin::Entry(at) => format!("position {at}, row {row} of its entry"),
                    Origin::Answer => format!("row {row} of the answer"),
                };
                let message = format!(
                    "{place}, column {}: {} cannot carry the value: {}",
                    shown(column),
                    format.name(),
                    why.strip_prefix("Json error: ").unwrap_or(&why)
                );
                let mut failure = Failure::new(Exit::Format, message);
                failure.facts.extend(origin.facts());
                failure.facts.insert("row".into(), row.into());
                failure.facts.insert("column".into(), column.as_str().into());
                failure.with_advice(format!("{} {}", self.kept(), others(format)))
            }
            Trouble::Output(error) => not_written(&error),
            Trouble::Arrow(error) => {
                let exit = if matches!(error, ArrowError::IoError(..)) { Exit::Failed } else { Exit::Format };
                Failure::of(exit, &error).while_doing(format_args!("{origin} as {}", format.name()))
            }
        }
    }

    const fn kept(&self) -> &'static str {
        if self.options.keeps_part { "The rows before it were written." } else { "The file is unchanged." }
    }
}

/// What can go wrong with rows.
enum Trouble {
    /// A value that the format cannot carry.
    Value(Failed),
    Output(io::Error),
    Arrow(ArrowError),
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Value(failed)
    }
}

impl From<ArrowError> for Trouble {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}

/// The first value that cannot be carried.
struct Failed {
    /// From 0, in the rows that were to be written.
    row: usize,
    column: String,
    why: ArrowError,
}

/// Looks for the first row that cannot be encoded, and in it for the first column. What comes before is
/// encoded into `out`.
fn first_failure(
    rows: &RecordBatch,
    out: &mut Vec<u8>,
    encode: impl Fn(&RecordBatch, &mut Vec<u8>) -> Result<(), ArrowError>,
) -> Failed {
    let mut nothing = Vec::new();
    for row in 0..rows.num_rows() {
        let one = rows.slice(row, 1);
        let Err(why) = encode(&one, out) else { continue };
        let alone = |&column: &usize| {
            let is_null = one.column(column).logical_nulls().is_some_and(|nulls| nulls.null_count() > 0);
            let alone = one.project(&[column]);
            (!is_null || one.num_columns() == 1)
                && alone.is_ok_and(|alone| encode(&alone, &mut nothing).is_err())
        };
        let column = (0..one.num_columns()).find(alone);
        let column = column.map_or_else(String::new, |column| one.schema_ref().field(column).name().clone());
        return Failed { row, column, why };
    }
    let why =
        ArrowError::ComputeError("rows that can be written one by one cannot be written together".to_owned());
    Failed { row: rows.num_rows(), column: String::new(), why }
}

/// Writes what was encoded, whether or not the rest could be.
fn write_encoded(
    out: &mut Out,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), Failed>,
) -> Result<(), Trouble> {
    let mut text = Vec::new();
    let encoded = encode(&mut text);
    out.write_all(&text).map_err(Trouble::Output)?;
    Ok(encoded?)
}

fn write_parquet(writer: &mut ArrowWriter<Out>, rows: &RecordBatch) -> Result<(), ArrowError> {
    writer.write(rows)?;
    if writer.in_progress_size() > ROW_GROUP_BYTES {
        writer.flush()?;
    }
    Ok(())
}

fn cannot_carry(origin: Origin, format: OutputFormat, problems: &[String]) -> Failure {
    let message = format!("{origin}: {} cannot carry {}", format.name(), problems.join(", "));
    let mut failure = Failure::new(Exit::Format, message);
    failure.facts.extend(origin.facts());
    failure.with_advice(others(format))
}

/// What to try instead.
const fn others(format: OutputFormat) -> &'static str {
    match format {
        OutputFormat::Ndjson | OutputFormat::Csv => {
            "--format arrow carries everything, --format parquet nearly everything."
        }
        OutputFormat::Parquet | OutputFormat::Arrow | OutputFormat::Raw => {
            "--format arrow carries everything."
        }
        OutputFormat::Lines => {
            "--format raw writes records without line breaks between them, --format ndjson everything."
        }
    }
}

/// Encoded rows that are held in memory before a row group is written.
const ROW_GROUP_BYTES: usize = 32 << 20;
/// Rows that are encoded before any of them is written.
const ROWS_AT_ONCE: usize = 1024;
/// Bytes of such rows, unless one alone has more.
const BYTES_AT_ONCE: u64 = 8 << 20;
