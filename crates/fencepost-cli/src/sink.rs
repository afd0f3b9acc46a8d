//! Rows to bytes, in four formats.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Out, not_written};
use arrow::array::RecordBatch;
use arrow::csv;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json;
use clap::ValueEnum;
use fencepost::{LogEntry, Position};
use parquet::arrow::ArrowWriter;
use std::io::Write;

/// A format of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// One JSON object on each line.
    #[value(alias = "jsonl")]
    Ndjson,
    /// With a header; no nested columns, and null is the same as an empty text.
    Csv,
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

impl OutputFormat {
    pub(crate) const fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow)
    }

    /// Whether rows are of use to a reader before the output is finished.
    pub(crate) const fn is_readable_at_once(self) -> bool {
        !matches!(self, Self::Parquet)
    }
}

/// Writes entries, one after the other.
pub(crate) struct Sink {
    format: OutputFormat,
    state: State,
    schema: Option<SchemaRef>,
}

enum State {
    /// Nothing was written yet.
    New(Out),
    Ndjson(Out),
    Csv(Out, Header),
    Arrow(Box<StreamWriter<Out>>),
    Parquet(Box<ArrowWriter<Out>>),
    Ended,
}

/// Whether the names of columns were written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    Due,
    Written,
}

impl Sink {
    pub(crate) const fn new(format: OutputFormat, out: Out) -> Self {
        Self { format, state: State::New(out), schema: None }
    }

    /// Writes the rows of `entry`.
    pub(crate) fn write(&mut self, entry: &LogEntry) -> Result<(), Failure> {
        let at = entry.position();
        self.accept(at, entry.schema())?;
        for batch in entry.batches() {
            self.write_batch(batch).map_err(|error| self.not_encoded(at, &error))?;
        }
        Ok(())
    }

    /// Hands over what was written so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let flushed = match &mut self.state {
            State::New(out) | State::Ndjson(out) | State::Csv(out, _) => out.flush(),
            State::Arrow(writer) => writer.get_mut().flush(),
            State::Parquet(_) | State::Ended => Ok(()),
        };
        flushed.map_err(|error| not_written(&error))
    }

    /// Writes what belongs at the end. Whatever was written before is then readable, after an error in `write` too.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::New(mut out) | State::Ndjson(mut out) | State::Csv(mut out, _) => {
                out.flush().map_err(|error| not_written(&error))
            }
            State::Arrow(mut writer) => {
                let finished = writer.finish().and_then(|()| Ok(writer.get_mut().flush()?));
                finished.map_err(|error| Failure::of(Exit::Failed, &error))
            }
            State::Parquet(mut writer) => {
                let finished = writer.finish().map(|_| ()).and_then(|()| Ok(writer.inner_mut().flush()?));
                finished.map_err(|error| Failure::of(Exit::Failed, &error))
            }
            State::Ended => Ok(()),
        }
    }

    /// Begins with the first schema, and refuses another one where the format holds one only.
    fn accept(&mut self, at: Position, schema: &SchemaRef) -> Result<(), Failure> {
        let Some(first) = &self.schema else {
            self.begin(at, schema)?;
            self.schema = Some(schema.clone());
            return Ok(());
        };
        if self.format == OutputFormat::Ndjson || first == schema {
            return Ok(());
        }
        let mut failure = Failure::new(
            Exit::Format,
            format!(
                "the entry at position {at} has another schema than those before it, and {} holds one",
                name(self.format)
            ),
        );
        failure.facts.insert("at".into(), at.get().into());
        Err(failure.with_advice(format!(
            "What comes before was written. Write the parts apart: once with --to {}, once with --from {at}; or use --format ndjson.",
            at.prev()
        )))
    }

    fn begin(&mut self, at: Position, schema: &SchemaRef) -> Result<(), Failure> {
        let State::New(out) = std::mem::replace(&mut self.state, State::Ended) else {
            unreachable!("a sink begins once");
        };
        self.state = match self.format {
            OutputFormat::Ndjson => State::Ndjson(out),
            OutputFormat::Csv => {
                check_flat(at, schema)?;
                State::Csv(out, Header::Due)
            }
            OutputFormat::Arrow => {
                let writer =
                    StreamWriter::try_new(out, schema).map_err(|error| self.not_encoded(at, &error))?;
                State::Arrow(Box::new(writer))
            }
            OutputFormat::Parquet => {
                let writer = ArrowWriter::try_new(out, schema.clone(), None)
                    .map_err(|error| self.not_encoded(at, &ArrowError::from(error)))?;
                State::Parquet(Box::new(writer))
            }
        };
        Ok(())
    }

    fn write_batch(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match &mut self.state {
            State::Ndjson(out) => {
                let mut writer = json::WriterBuilder::new()
                    .with_explicit_nulls(true)
                    .build::<_, json::writer::LineDelimited>(out);
                writer.write(batch)?;
                writer.finish()
            }
            State::Csv(out, header) => {
                let due = std::mem::replace(header, Header::Written) == Header::Due;
                csv::WriterBuilder::new().with_header(due).build(out).write(batch)
            }
            State::Arrow(writer) => writer.write(batch),
            State::Parquet(writer) => {
                writer.write(batch)?;
                if writer.in_progress_size() > ROW_GROUP_BYTES {
                    writer.flush()?;
                }
                Ok(())
            }
            State::New(_) | State::Ended => unreachable!("a sink begins before its first batch"),
        }
    }

    fn not_encoded(&self, at: Position, error: &ArrowError) -> Failure {
        let exit = if matches!(error, ArrowError::IoError(..)) { Exit::Failed } else { Exit::Format };
        Failure::of(exit, error).while_doing(format_args!("position {at} as {}", name(self.format)))
    }
}

const fn name(format: OutputFormat) -> &'static str {
    match format {
        OutputFormat::Ndjson => "NDJSON",
        OutputFormat::Csv => "CSV",
        OutputFormat::Parquet => "Parquet",
        OutputFormat::Arrow => "an Arrow stream",
    }
}

fn check_flat(at: Position, schema: &Schema) -> Result<(), Failure> {
    let nested = schema.fields().iter().filter(|field| field.data_type().is_nested());
    let nested: Vec<_> = nested.map(|field| format!("`{}` ({})", field.name(), field.data_type())).collect();
    if nested.is_empty() {
        return Ok(());
    }
    let message = format!("position {at}: CSV cannot carry nested columns: {}", nested.join(", "));
    Err(Failure::new(Exit::Format, message).with_advice("Use --format ndjson, parquet or arrow."))
}

/// Encoded rows that are held in memory before a row group is written.
const ROW_GROUP_BYTES: usize = 32 << 20;
