//! Rows from a file or stdin, as record batches, never more in memory than one batch and what decides the schema.

mod text;

use crate::exit::Exit;
use crate::failure::Failure;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use clap::ValueEnum;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::Path;

/// A format of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    Csv,
    #[value(alias = "jsonl")]
    Ndjson,
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
}

/// What to read, and how.
#[derive(Clone, Debug)]
pub(crate) struct InputOptions {
    pub(crate) format: Option<InputFormat>,
    pub(crate) infer_rows: usize,
    pub(crate) batch_rows: usize,
    pub(crate) skip: u64,
}

/// Batches of the same schema, of at most so many rows, none of them empty.
pub(crate) type Rows = Box<dyn Iterator<Item = Result<RecordBatch, Failure>> + Send>;

/// Opens `path`, or stdin for `-`. Blocks.
///
/// Reads as much as it takes to know format and schema, so that a file that is of no use is refused before anything
/// is written.
pub(crate) fn open(path: &Path, options: &InputOptions) -> Result<Rows, Failure> {
    let name = if path == Path::new("-") { "stdin".to_owned() } else { format!("`{}`", path.display()) };
    let failed =
        |error: &(dyn std::error::Error + 'static)| Failure::of(Exit::Input, error).while_doing(&name);
    let mut source = Source::open(path).map_err(|error| failed(&error))?;
    let format = match options.format.or_else(|| by_extension(path)) {
        Some(format) => format,
        None => source.by_content().map_err(|error| failed(&error))?.ok_or_else(|| {
            Failure::new(Exit::Input, format!("{name}: the format cannot be told; name it with --format"))
        })?,
    };
    let batches = source.decode(format, options).map_err(|error| failed(&error))?;
    let mut skip = options.skip;
    let (rows_max, mut row) = (options.batch_rows, 0_u64);
    let sliced = batches.flat_map(move |batch| match batch {
        Ok(batch) => {
            let first = usize::try_from(skip).unwrap_or(usize::MAX).min(batch.num_rows());
            skip -= first as u64;
            row += batch.num_rows() as u64;
            slices(&batch, first, rows_max).into_iter().map(Ok).collect::<Vec<_>>()
        }
        Err(error) => {
            let failure =
                Failure::of(Exit::Input, &error).while_doing(format_args!("{name}, after row {row}"));
            vec![Err(failure.with_advice(advice(format)))]
        }
    });
    // Decoders cannot be asked again after an error.
    let mut ended = false;
    Ok(Box::new(sliced.take_while(move |batch| {
        let passed = !ended;
        ended |= batch.is_err();
        passed
    })))
}

const fn advice(format: InputFormat) -> &'static str {
    match format {
        InputFormat::Csv | InputFormat::Ndjson => {
            "The first rows decided the types of columns; if a later row has another type or field, raise --infer-rows."
        }
        InputFormat::Parquet | InputFormat::Arrow => "The file is damaged or cut off.",
    }
}

fn slices(batch: &RecordBatch, first: usize, rows_max: usize) -> Vec<RecordBatch> {
    let starts = (first..batch.num_rows()).step_by(rows_max);
    starts.map(|start| batch.slice(start, rows_max.min(batch.num_rows() - start))).collect()
}

fn by_extension(path: &Path) -> Option<InputFormat> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(InputFormat::Csv),
        "ndjson" | "jsonl" | "json" => Some(InputFormat::Ndjson),
        "parquet" | "pq" => Some(InputFormat::Parquet),
        "arrow" | "arrows" | "ipc" | "feather" => Some(InputFormat::Arrow),
        _ => None,
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// A regular file, which can be read anywhere, or a stream with the bytes that were read of it.
enum Source {
    File(File),
    Stream { head: Vec<u8>, rest: Box<dyn Read + Send> },
}

impl Source {
    fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stream { head: Vec::new(), rest: Box::new(io::stdin()) });
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory; give a file"));
        }
        if metadata.is_file() {
            return Ok(Self::File(file));
        }
        Ok(Self::Stream { head: Vec::new(), rest: Box::new(file) })
    }

    /// The first bytes, which stay to be read.
    fn peek(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::File(file) => {
                let mut head = Vec::new();
                Read::by_ref(file).take(bytes as u64).read_to_end(&mut head)?;
                file.rewind()?;
                Ok(head)
            }
            Self::Stream { head, rest } => {
                // Not more than is asked for: the next bytes of a pipe may be a long time coming.
                let more = bytes.saturating_sub(head.len());
                rest.take(more as u64).read_to_end(head)?;
                Ok(head.iter().copied().take(bytes).collect())
            }
        }
    }

    fn by_content(&mut self) -> io::Result<Option<InputFormat>> {
        let head = self.peek(MAGIC_BYTES)?;
        let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
        Ok(match head.as_slice() {
            [b'P', b'A', b'R', b'1', ..] => Some(InputFormat::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => {
                Some(InputFormat::Arrow)
            }
            _ if first == Some(&b'{') || head.is_empty() => Some(InputFormat::Ndjson),
            _ => None,
        })
    }

    fn decode(mut self, format: InputFormat, options: &InputOptions) -> Result<Batches, ArrowError> {
        match format {
            InputFormat::Csv => text::csv(self.into_read(), options),
            InputFormat::Ndjson => text::ndjson(self.into_read(), options),
            InputFormat::Parquet => {
                let builder = ParquetRecordBatchReaderBuilder::try_new(self.into_file()?)?;
                Ok(Box::new(builder.with_batch_size(options.batch_rows).build()?))
            }
            InputFormat::Arrow if self.peek(MAGIC_BYTES)?.starts_with(b"ARROW1") => {
                Ok(Box::new(FileReader::try_new(BufReader::new(self.into_file()?), None)?))
            }
            InputFormat::Arrow => {
                Ok(Box::new(StreamReader::try_new(BufReader::new(self.into_read()), None)?))
            }
        }
    }

    fn into_read(self) -> Box<dyn Read + Send> {
        match self {
            Self::File(file) => Box::new(file),
            Self::Stream { head, rest } => Box::new(Cursor::new(head).chain(rest)),
        }
    }

    /// For formats that are read from their end: a stream goes to a temporary file first.
    fn into_file(self) -> io::Result<File> {
        match self {
            Self::File(file) => Ok(file),
            stream @ Self::Stream { .. } => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut stream.into_read(), &mut file)?;
                file.rewind()?;
                Ok(file)
            }
        }
    }
}

/// As long as the shortest JSON object with a column.
const MAGIC_BYTES: usize = 7;
