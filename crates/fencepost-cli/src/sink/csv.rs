//! Rows as lines of CSV.
//!
//! The quotes of RFC 4180, and one rule more, which is also that of PostgreSQL: a null is a field with
//! nothing in it, or the text that was named for it, and never quoted; a *text* that looks like that is.
//! Readers that know the rule tell the two apart; to others, name a text for null that does not occur.

use super::text::Texts;
use super::{Failed, first_failure};
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

/// The line with the names of the columns.
pub(super) fn header(schema: &Schema, null: &str) -> String {
    let names: Vec<_> = schema.fields().iter().map(|field| quoted(field.name(), null)).collect();
    names.join(",") + "\n"
}

/// Appends the rows. Of rows that cannot be told exactly the first is named, and what comes before it is in `out`.
pub(super) fn write(batch: &RecordBatch, null: &str, out: &mut Vec<u8>) -> Result<(), Failed> {
    let encode = |batch: &RecordBatch, out: &mut Vec<u8>| encode(batch, null, out);
    match encode(batch, out) {
        Ok(()) => Ok(()),
        Err(_) => Err(first_failure(batch, out, encode)),
    }
}

fn encode(batch: &RecordBatch, null: &str, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let start = out.len();
    let result = encode_rows(batch, null, out);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn encode_rows(batch: &RecordBatch, null: &str, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let columns =
        batch.columns().iter().map(|column| Ok((Texts::of(column.as_ref())?, column.logical_nulls())));
    let columns: Vec<_> = columns.collect::<Result<_, ArrowError>>()?;
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        for (nth, (texts, nulls)) in columns.iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                if null.is_empty() && columns.len() == 1 {
                    let what = "the line of a null alone would be empty, and readers pass over empty lines; \
                                name a text for null with --null";
                    return Err(ArrowError::CsvError(what.to_owned()));
                }
                out.extend_from_slice(null.as_bytes());
                continue;
            }
            text.clear();
            texts.write(row, &mut text)?;
            if needs_quotes(&text, null) {
                out.extend_from_slice(quoted(&text, null).as_bytes());
            } else {
                out.extend_from_slice(text.as_bytes());
            }
        }
        out.push(b'\n');
    }
    Ok(())
}

fn quoted(text: &str, null: &str) -> String {
    if needs_quotes(text, null) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Blanks at the ends are cut off by some readers; a byte-order mark in front is, by most.
fn needs_quotes(text: &str, null: &str) -> bool {
    text.is_empty()
        || text == null
        || text.contains(['"', ',', '\n', '\r'])
        || text.starts_with([' ', '\t', '\u{feff}'])
        || text.ends_with([' ', '\t'])
}
