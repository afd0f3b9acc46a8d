//! CSV and NDJSON: the first rows decide the schema, then everything is read with it, those rows included.

use super::{Batches, InputOptions};
use arrow::csv;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json;
use std::io::{BufReader, Cursor, Read};
use std::sync::Arc;

pub(super) fn csv(input: Box<dyn Read + Send>, options: &InputOptions) -> Result<Batches, ArrowError> {
    let head = Head::read(input, options.infer_rows.saturating_add(1), Quotes::Count)?;
    let sample = Cursor::new(&head.bytes[..head.records_end]);
    let (schema, _) = csv::reader::Format::default().with_header(true).infer_schema(sample, None)?;
    if schema.fields().is_empty() {
        return Ok(Box::new(std::iter::empty()));
    }
    let builder =
        csv::ReaderBuilder::new(readable(&schema)).with_header(true).with_batch_size(options.batch_rows);
    Ok(Box::new(builder.build(head.into_read())?))
}

pub(super) fn ndjson(input: Box<dyn Read + Send>, options: &InputOptions) -> Result<Batches, ArrowError> {
    let head = Head::read(input, options.infer_rows, Quotes::Ignore)?;
    let sample = BufReader::new(Cursor::new(&head.bytes[..head.records_end]));
    let (schema, _) = json::reader::infer_json_schema(sample, None)?;
    // Strict: a field that the first rows do not have is an error; the default is to drop it.
    let builder = json::ReaderBuilder::new(readable(&schema))
        .with_batch_size(options.batch_rows)
        .with_strict_mode(true);
    Ok(Box::new(builder.build(BufReader::new(head.into_read()))?))
}

/// Columns in which nothing but null was seen become text: the type of nulls can hold nothing else later.
fn readable(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(|field| Arc::new(readable_field(field))).collect();
    Arc::new(Schema::new(fields))
}

fn readable_field(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Null => DataType::Utf8,
        DataType::List(child) => DataType::List(Arc::new(readable_field(child))),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| readable_field(field)).collect())
        }
        other => other.clone(),
    };
    Field::new(field.name(), data_type, true)
}

/// Whether line ends between quotation marks end a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// They do not: CSV.
    Count,
    /// They do: NDJSON escapes them.
    Ignore,
}

/// The first records, read ahead.
struct Head {
    bytes: Vec<u8>,
    /// Where the last whole record among them ends.
    records_end: usize,
    rest: Box<dyn Read + Send>,
}

impl Head {
    fn read(mut rest: Box<dyn Read + Send>, records_max: usize, quotes: Quotes) -> Result<Self, ArrowError> {
        let (mut bytes, mut records, mut records_end, mut seen, mut quoted) = (Vec::new(), 0, 0, 0, false);
        let mut chunk = vec![0; CHUNK_BYTES];
        while records < records_max {
            if bytes.len() > HEAD_BYTES_MAX {
                let what = format!(
                    "the first {records} rows take more than {HEAD_BYTES_MAX} bytes; lower --infer-rows"
                );
                if records == 0 {
                    return Err(ArrowError::ParseError("no line end in the first 64 MiB".to_owned()));
                }
                return Err(ArrowError::ParseError(what));
            }
            // One read at a time: a pipe may be slow, and what came may be enough.
            let read = rest.read(&mut chunk)?;
            bytes.extend_from_slice(&chunk[..read]);
            if read == 0 {
                // The last record needs no line end.
                records_end = bytes.len();
                break;
            }
            for (at, byte) in bytes.iter().enumerate().skip(seen) {
                match byte {
                    b'"' if quotes == Quotes::Count => quoted = !quoted,
                    b'\n' if !quoted && records < records_max => {
                        records += 1;
                        records_end = at + 1;
                    }
                    _ => {}
                }
            }
            seen = bytes.len();
        }
        let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        bytes.drain(..mark);
        Ok(Self { bytes, records_end: records_end.saturating_sub(mark), rest })
    }

    fn into_read(self) -> Box<dyn Read + Send> {
        Box::new(Cursor::new(self.bytes).chain(self.rest))
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const CHUNK_BYTES: usize = 64 << 10;
const HEAD_BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &'static str, records: usize, quotes: Quotes) -> String {
        let head = Head::read(Box::new(text.as_bytes()), records, quotes).unwrap();
        String::from_utf8(head.bytes[..head.records_end].to_vec()).unwrap()
    }

    #[test]
    fn line_ends_in_quotes_end_no_record() {
        assert_eq!(head("a\n\"x\ny\"\nb\n", 2, Quotes::Count), "a\n\"x\ny\"\n");
        assert_eq!(head("{\"a\":\"\\\"\"}\n{}\n{}\n", 2, Quotes::Ignore), "{\"a\":\"\\\"\"}\n{}\n");
    }

    #[test]
    fn the_last_record_needs_no_line_end() {
        assert_eq!(head("\u{feff}a,b\n1,2", 9, Quotes::Count), "a,b\n1,2");
    }
}
