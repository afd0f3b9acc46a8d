//! Rows as a table for people.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Out, not_written, printable};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::io::Write;

/// Prints rows under the names of their columns, as they come.
///
/// Columns are as wide as the rows seen so far need. After many rows the names are printed again, and so they are where
/// a column has become wider.
pub(super) struct Grid {
    out: Out,
    widths: Vec<usize>,
    /// How many rows stand below the names; none if the names are to be printed next.
    below: Option<usize>,
}

impl Grid {
    pub(super) const fn new(out: Out) -> Self {
        Self { out, widths: Vec::new(), below: None }
    }

    /// Prints rows; without any, the names.
    pub(super) fn write(&mut self, schema: &SchemaRef, rows: Option<&RecordBatch>) -> Result<(), Failure> {
        let names: Vec<_> = schema.fields().iter().map(|field| one_line(field.name())).collect();
        let right: Vec<_> = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        self.widths.resize(names.len(), 0);
        let Some(rows) = rows else { return Ok(()) };
        for start in (0..rows.num_rows()).step_by(ROWS_AT_ONCE) {
            let some = rows.slice(start, ROWS_AT_ONCE.min(rows.num_rows() - start));
            let cells = cells(&some).map_err(|error| Failure::of(Exit::Format, &error))?;
            for line in std::iter::once(&names).chain(&cells) {
                for (widest, cell) in self.widths.iter_mut().zip(line) {
                    if cell.chars().count() > *widest {
                        *widest = cell.chars().count();
                        self.below = None;
                    }
                }
            }
            if self.below.is_none_or(|below| below >= ROWS_AT_ONCE) {
                self.line(&names, &right)?;
                self.below = Some(0);
            }
            for line in &cells {
                self.line(line, &right)?;
            }
            self.below = self.below.map(|below| below + cells.len());
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| not_written(&error))
    }

    /// The names alone, if no row came.
    pub(super) fn finish(&mut self, schema: &SchemaRef) -> Result<(), Failure> {
        if self.below.is_none() {
            let names: Vec<_> = schema.fields().iter().map(|field| one_line(field.name())).collect();
            self.line(&names, &[])?;
        }
        self.flush()
    }

    fn line(&mut self, cells: &[String], right: &[bool]) -> Result<(), Failure> {
        let mut line = String::new();
        for (nth, cell) in cells.iter().enumerate() {
            let blanks = self.widths.get(nth).map_or(0, |width| width.saturating_sub(cell.chars().count()));
            let (before, after) = if right.get(nth) == Some(&true) { (blanks, 0) } else { (0, blanks) };
            line.extend(std::iter::repeat_n(' ', before).chain(cell.chars()));
            line.extend(std::iter::repeat_n(' ', after + 2));
        }
        writeln!(self.out, "{}", line.trim_end()).map_err(|error| not_written(&error))
    }
}

/// Prints each value below the other, with the lines that it has.
pub(super) fn write_texts(out: &mut Out, rows: &RecordBatch) -> Result<(), Failure> {
    let options = FormatOptions::new();
    let failed = |error: ArrowError| Failure::of(Exit::Format, &error);
    let columns = rows.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>().map_err(failed)?;
    for row in 0..rows.num_rows() {
        for column in &columns {
            let text = printable(&column.value(row).try_to_string().map_err(failed)?);
            writeln!(out, "{}", text.trim_end()).map_err(|error| not_written(&error))?;
        }
    }
    Ok(())
}

fn cells(rows: &RecordBatch) -> Result<Vec<Vec<String>>, ArrowError> {
    let options = FormatOptions::new().with_null("NULL").with_display_error(false);
    let formatters = rows.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
    let formatters = formatters.collect::<Result<Vec<_>, ArrowError>>()?;
    let line = |row: usize| {
        let cells = formatters.iter().map(|column| Ok(one_line(&column.value(row).try_to_string()?)));
        cells.collect::<Result<Vec<_>, ArrowError>>()
    };
    (0..rows.num_rows()).map(line).collect()
}

/// A cell is on one line, and does nothing to a terminal.
fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// How many rows stand below the names of their columns at most.
const ROWS_AT_ONCE: usize = 1_000;
