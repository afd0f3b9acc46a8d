//! Lines, each of them a record, or the whole input as one.

use super::InputOptions;
use super::fault::Fault;
use super::text::Format;
use arrow::array::{ArrayRef, BinaryArray, LargeBinaryBuilder, RecordBatch, TimestampMicrosecondArray};
use fencepost::records_schema;
use std::sync::Arc;

/// Bytes as they are: no encoding is asked for, and none is changed.
pub(super) struct Lines {
    /// What was read of a record that is not whole yet.
    part: Vec<u8>,
    /// Whether the record goes on to the end of the input.
    is_one: bool,
    begun: bool,
    line: u64,
    bytes_max: usize,
    values: LargeBinaryBuilder,
}

impl Lines {
    pub(super) fn new(options: &InputOptions) -> Self {
        Self {
            part: Vec::new(),
            is_one: false,
            begun: false,
            line: 1,
            bytes_max: options.line_bytes_max,
            values: LargeBinaryBuilder::new(),
        }
    }

    /// The whole input is one record.
    pub(super) fn one(options: &InputOptions) -> Self {
        Self { is_one: true, ..Self::new(options) }
    }

    fn check(&self, more: usize) -> Result<(), Fault> {
        let bytes_max = self.bytes_max;
        if self.part.len().saturating_add(more) <= bytes_max {
            return Ok(());
        }
        let advice = "Raise --line-bytes-max. An entry has at most 64 MiB of records.";
        Err(match self.is_one {
            true => Fault::new(format!("the input has more than {bytes_max} bytes")),
            false => Fault::at_line(self.line, format!("it has more than {bytes_max} bytes")),
        }
        .with_advice(advice))
    }
}

impl Format for Lines {
    type Record = Vec<u8>;

    const IS_TEXT: bool = false;

    fn split(&mut self, bytes: &[u8]) -> Result<(usize, Option<Vec<u8>>), Fault> {
        self.begun = true;
        let end = if self.is_one { None } else { bytes.iter().position(|byte| *byte == b'\n') };
        let part = &bytes[..end.unwrap_or(bytes.len())];
        self.check(part.len())?;
        self.part.extend_from_slice(part);
        let Some(end) = end else { return Ok((bytes.len(), None)) };
        self.begun = false;
        self.line += 1;
        Ok((end + 1, Some(std::mem::take(&mut self.part))))
    }

    fn end(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let is_begun = std::mem::take(&mut self.begun);
        Ok(is_begun.then(|| std::mem::take(&mut self.part)))
    }

    fn size(&self, record: &Vec<u8>) -> usize {
        2 * size_of::<Vec<u8>>() + 16 + record.capacity()
    }

    fn infer(&mut self, _sample: &[Vec<u8>]) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    fn push(&mut self, record: &Vec<u8>) -> Result<usize, Fault> {
        self.values.append_value(record);
        Ok(record.len() + size_of::<i64>())
    }

    fn take(&mut self, rows: usize) -> RecordBatch {
        let values = self.values.finish().slice(0, rows);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(TimestampMicrosecondArray::new_null(rows).with_timezone("UTC")),
            Arc::new(BinaryArray::new_null(rows)),
            Arc::new(values),
        ];
        RecordBatch::try_new(records_schema(), columns).expect("the columns of records")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{InputFormat, TextOptions};

    fn options() -> InputOptions {
        InputOptions {
            format: Some(InputFormat::Lines),
            infer_rows: 1,
            batch_rows: 100,
            rows_exact: false,
            batch_bytes: 1 << 20,
            skip: 0,
            flush_interval: std::time::Duration::ZERO,
            line_bytes_max: 10,
            batch_bytes_max: 1 << 20,
            text: TextOptions { delimiter: b',', null: None, types: Vec::new(), all_text: false },
            stop: crate::input::Stop::default(),
        }
    }

    /// All records of an input that comes in these parts.
    fn records(mut lines: Lines, parts: &[&[u8]]) -> Result<Vec<Vec<u8>>, Fault> {
        let mut records = Vec::new();
        for part in parts {
            let mut rest = *part;
            while !rest.is_empty() {
                let (used, record) = lines.split(rest)?;
                records.extend(record);
                rest = &rest[used..];
            }
        }
        records.extend(lines.end()?);
        Ok(records)
    }

    #[test]
    fn a_line_is_a_record_whether_it_ends_or_not_and_an_empty_one_is_one_too() {
        let lines = |parts: &[&[u8]]| records(Lines::new(&options()), parts).unwrap();
        assert_eq!(lines(&[]), Vec::<Vec<u8>>::new());
        assert_eq!(lines(&[b"one\ntw", b"o\n"]), [b"one", b"two"]);
        assert_eq!(lines(&[b"\n\nx"]), [&b""[..], b"", b"x"]);
        assert_eq!(lines(&[b"a\r\n\xff"]), [&b"a\r"[..], b"\xff"]);
    }

    #[test]
    fn the_whole_input_is_one_record_and_no_input_is_none() {
        let one = |parts: &[&[u8]]| records(Lines::one(&options()), parts).unwrap();
        assert_eq!(one(&[b"one\n", b"two\n"]), [b"one\ntwo\n"]);
        assert_eq!(one(&[]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn what_is_too_long_is_refused_with_its_place() {
        let fault = records(Lines::new(&options()), &[b"0123456789\n01234", b"567890"]).unwrap_err();
        assert_eq!(fault.message, "line 2: it has more than 10 bytes");
        let fault = records(Lines::one(&options()), &[b"0123456789\n"]).unwrap_err();
        assert_eq!(fault.message, "the input has more than 10 bytes");
    }
}
