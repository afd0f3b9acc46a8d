//! Rows from a file or stdin, as record batches. What is in memory at a time is bounded, and so is how long a
//! row waits.
//!
//! No value is changed on its way in: a row that the types of the columns do not hold exactly is refused.

mod arrow;
mod csv;
mod fault;
mod feed;
mod guard;
mod json;
mod leaf;
mod lines;
mod moment;
mod number;
mod parquet;
mod slice;
mod stop;
mod text;
mod types;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::shown_bytes;
use ::arrow::array::RecordBatch;
use ::arrow::datatypes::DataType;
use clap::ValueEnum;
use fault::Fault;
use feed::{Feed, Flow};
use guard::guarded;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::time::Duration;
pub(crate) use stop::Stop;
pub(crate) use types::{ColumnType, parse as parse_types};

/// A format of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// With a header.
    Csv,
    /// JSON objects, each on a line of its own or not, or in one array.
    #[value(aliases = ["jsonl", "json"])]
    Ndjson,
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
    /// Plain bytes: each line is a record, without its line break.
    Lines,
    /// Plain bytes: the whole input is one record.
    Raw,
}

impl InputFormat {
    /// Whether it has columns whose types can be asked for.
    const fn has_types(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson)
    }

    /// Whether it is read piece by piece, with a line that says where.
    const fn is_text(self) -> bool {
        self.has_types() || matches!(self, Self::Lines | Self::Raw)
    }
}

/// What to read, and how.
#[derive(Clone, Debug)]
pub(crate) struct InputOptions {
    pub(crate) format: Option<InputFormat>,
    pub(crate) infer_rows: usize,
    pub(crate) batch_rows: usize,
    /// Whether somebody asked for batches of at most so many rows.
    pub(crate) rows_exact: bool,
    pub(crate) batch_bytes: usize,
    pub(crate) skip: u64,
    pub(crate) flush_interval: Duration,
    pub(crate) line_bytes_max: usize,
    pub(crate) batch_bytes_max: u64,
    pub(crate) text: TextOptions,
    pub(crate) stop: Stop,
}

/// How texts become values.
#[derive(Clone, Debug)]
pub(crate) struct TextOptions {
    pub(crate) delimiter: u8,
    pub(crate) null: Option<String>,
    pub(crate) types: Vec<ColumnType>,
    pub(crate) all_text: bool,
}

impl TextOptions {
    /// The type that a column was asked to have.
    fn asked(&self, column: &str) -> Option<&DataType> {
        self.types.iter().find(|one| one.column == column).map(|one| &one.data_type)
    }

    /// Whether anything was asked for that only texts know.
    fn is_default(&self) -> bool {
        self.types.is_empty() && !self.all_text && self.null.is_none() && self.delimiter == b','
    }
}

/// Batches of the same schema, of at most so many rows, none of them empty.
pub(crate) type Rows = Box<dyn Iterator<Item = Result<RecordBatch, Failure>> + Send>;

/// An input that was opened.
pub(crate) struct Input {
    pub(crate) rows: Rows,
    /// Whether what was read of it is gone where it came from.
    pub(crate) is_stream: bool,
}

/// Opens `path`, or stdin for `-`. Blocks.
///
/// Reads as much as it takes to know format and schema, so that a file that is of no use is refused before
/// anything is written. A stream is not waited for longer than its first rows may wait.
pub(crate) fn open(path: &Path, options: &InputOptions) -> Result<Input, Failure> {
    let name = if path == Path::new("-") { "stdin".to_owned() } else { format!("`{}`", path.display()) };
    let source = Source::open(path, &options.stop);
    let source = source.map_err(|error| refusal(error.into(), &name))?;
    decode(source, name, by_extension(path), options)
}

/// Opens a stream that messages call `name`. Blocks.
pub(crate) fn open_stream(
    name: &str,
    bytes: Box<dyn Read + Send>,
    options: &InputOptions,
) -> Result<Input, Failure> {
    let source = Source { feed: Feed::stream(bytes, options.stop.clone()) };
    decode(source, name.to_owned(), None, options)
}

fn refusal(fault: Fault, name: &str) -> Failure {
    let failure = Failure::new(Exit::Input, fault.message).while_doing(name);
    fault.advice.into_iter().fold(failure, Failure::with_advice)
}

fn decode(
    mut source: Source,
    name: String,
    likely: Option<InputFormat>,
    options: &InputOptions,
) -> Result<Input, Failure> {
    let refused = |fault: Fault| refusal(fault, &name);
    let format = match options.format.or(likely) {
        Some(format) => format,
        None => source.by_content().map_err(|error| refused(error.into()))?.ok_or_else(|| {
            Failure::new(Exit::Input, format!("{name}: the format cannot be detected; name it with --format"))
        })?,
    };
    let is_text = format.is_text();
    if !format.has_types() && !options.text.is_default() {
        let what = "--types, --all-text, --delimiter and --null are for CSV and NDJSON; other formats have types of their own";
        return Err(Failure::new(Exit::Usage, what));
    }
    if format == InputFormat::Ndjson && (options.text.null.is_some() || options.text.delimiter != b',') {
        let what = "--delimiter and --null are for CSV; JSON has a null and separators of its own";
        return Err(Failure::new(Exit::Usage, what));
    }
    let is_stream = source.feed.is_stream();
    let batches = guarded(|| source.decode(format, options)).and_then(|opened| opened).map_err(refused)?;
    let stop = options.stop.clone();
    let refused = move |fault: Fault, row: u64| {
        // A line says where; without one, the number of rows does.
        let place = if is_text { name.clone() } else { format!("{name}, after row {row}") };
        let failure = Failure::new(Exit::Input, fault.message).while_doing(place);
        fault.advice.into_iter().fold(failure, Failure::with_advice)
    };
    // Texts pass over rows themselves, without looking at their types.
    let mut skip = if is_text { 0 } else { options.skip };
    let pieces = slice::Pieces {
        rows_max: options.batch_rows,
        rows_exact: options.rows_exact,
        bytes_max: options.batch_bytes,
    };
    let (mut row, to_skip) = (0_u64, skip);
    let with_end = guard::each(batches).map(Some).chain([None]);
    let sliced = with_end.flat_map(move |batch| -> Box<dyn Iterator<Item = _> + Send> {
        match batch {
            // Whoever was stopped has not seen the end.
            None if skip == 0 || stop.is_asked() => Box::new(std::iter::empty()),
            None => Box::new(std::iter::once(Err(refused(Fault::too_few(row, to_skip), row)))),
            Some(Ok(batch)) => {
                let first = usize::try_from(skip).unwrap_or(usize::MAX).min(batch.num_rows());
                skip -= first as u64;
                row += batch.num_rows() as u64;
                Box::new(slice::slices(batch, first, pieces).map(Ok))
            }
            // Whoever stops in the middle has cut it off.
            Some(Err(_)) if stop.is_asked() => Box::new(std::iter::empty()),
            Some(Err(fault)) => Box::new(std::iter::once(Err(refused(fault, row)))),
        }
    });
    // Decoders cannot be asked again after an error.
    let mut ended = false;
    let rows = Box::new(sliced.take_while(move |batch| {
        let passed = !ended;
        ended |= batch.is_err();
        passed
    }));
    Ok(Input { rows, is_stream })
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

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Fault>> + Send>;

/// A regular file, which can be read anywhere, or a stream with the bytes that were read of it.
struct Source {
    feed: Feed,
}

impl Source {
    fn open(path: &Path, stop: &Stop) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { feed: Feed::stream(Box::new(io::stdin()), stop.clone()) });
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory; give a file"));
        }
        let feed = if metadata.is_file() {
            Feed::File(file, stop.clone())
        } else {
            Feed::stream(Box::new(file), stop.clone())
        };
        Ok(Self { feed })
    }

    /// The first bytes, which stay to be read: so many, or all that there are; fewer if `enough` says so.
    fn peek(&mut self, bytes: usize, enough: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        match &mut self.feed {
            Feed::File(file, _) => {
                Read::by_ref(file).take(bytes as u64).read_to_end(&mut head)?;
                file.rewind()?;
            }
            Feed::Stream(stream) => {
                // The next bytes of a pipe may be a long time coming.
                while head.len() < bytes && !enough(&head) {
                    let Flow::Bytes(more) = stream.next(None)? else { break };
                    head.extend(more);
                }
                stream.put_back(head.clone());
            }
        }
        Ok(head)
    }

    fn by_content(&mut self) -> io::Result<Option<InputFormat>> {
        let head = self.peek(MAGIC_BYTES, |head| is_json(head).is_some())?;
        Ok(match head.as_slice() {
            [b'P', b'A', b'R', b'1', ..] => Some(InputFormat::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => {
                Some(InputFormat::Arrow)
            }
            [] => Some(InputFormat::Ndjson),
            head if is_json(head) == Some(true) => Some(InputFormat::Ndjson),
            _ => None,
        })
    }

    fn decode(mut self, format: InputFormat, options: &InputOptions) -> Result<Batches, Fault> {
        let bytes_max = options.batch_bytes_max;
        Ok(match format {
            InputFormat::Csv => Box::new(text::Text::open(self.feed, csv::Csv::new(options), options)?),
            InputFormat::Ndjson => Box::new(text::Text::open(self.feed, json::Json::new(options), options)?),
            InputFormat::Lines => Box::new(text::Text::open(self.feed, lines::Lines::new(options), options)?),
            InputFormat::Raw => Box::new(text::Text::open(self.feed, lines::Lines::one(options), options)?),
            InputFormat::Parquet => {
                let bounds = parquet::Bounds {
                    rows_max: options.batch_rows,
                    bytes_max: options.batch_bytes,
                    memory_max: bytes_max,
                };
                // Of a stream everything was read by then.
                let stop = if self.feed.is_stream() { Stop::default() } else { options.stop.clone() };
                Box::new(parquet::open(self.into_file()?, bounds, &stop)?)
            }
            InputFormat::Arrow => {
                let head = self.peek(MAGIC_BYTES, |_| false)?;
                match head.first_chunk::<4>() {
                    _ if head.starts_with(b"ARROW1") => Box::new(arrow::file(self.into_file()?, bytes_max)?),
                    // As the length of a schema that is half a gigabyte or more.
                    Some(text)
                        if text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')) =>
                    {
                        return Err(Fault::new(format!(
                            "it begins with {}, as no Arrow stream does",
                            shown_bytes(text)
                        ))
                        .with_advice("Name its format with --format."));
                    }
                    _ => Box::new(arrow::Streams::open(self.feed, bytes_max)?),
                }
            }
        })
    }

    /// For formats that are read from their end: a stream goes to a temporary file first.
    fn into_file(self) -> io::Result<File> {
        match self.feed {
            Feed::File(file, _) => Ok(file),
            mut stream @ Feed::Stream(_) => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut stream, &mut file)?;
                file.rewind()?;
                Ok(file)
            }
        }
    }
}

/// Whether a text begins as JSON rows do. `None` if that cannot be told yet.
fn is_json(head: &[u8]) -> Option<bool> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace())?;
    // A mark that is not whole yet begins with that.
    (*first != 0xef).then_some(matches!(first, b'{' | b'['))
}

/// As long as the longest mark by which a format is known.
const MAGIC_BYTES: usize = 7;
