//! JSON: objects in lines or in one array. The first rows decide about the types of columns, and a type never
//! changes a value.

mod build;
mod infer;
mod parser;
mod split;

use super::InputOptions;
use super::fault::Fault;
use super::text::Format;
use super::types;
use crate::shown::{shown, shown_bytes, types_option};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use build::{Keys, Misfit, Node, Room, Takes};
use parser::Parser;
use split::{Row, Splitter};
use std::sync::Arc;

/// Rows in JSON.
pub(super) struct Json {
    splitter: Splitter,
    options: InputOptions,
    schema: SchemaRef,
    columns: Keys,
}

impl Json {
    pub(super) fn new(options: &InputOptions) -> Self {
        Self {
            splitter: Splitter::new(options.line_bytes_max),
            options: options.clone(),
            schema: Arc::new(Schema::empty()),
            columns: Keys::inferred(Fields::empty()),
        }
    }

    fn fault(&self, row: &Row, misfit: &Misfit) -> Fault {
        let place = misfit.place();
        let what = match place.is_empty() {
            true => misfit.what.clone(),
            false => format!("{}: {}", shown(&place), misfit.what),
        };
        let fault = Fault::at_line(row.line + misfit.line, what);
        if misfit.is_of_size {
            let advice = "Fields that an object leaves out take room as well. Raise --batch-bytes-max";
            return fault.with_advice(match misfit.column() {
                Some(column) => {
                    format!("{advice}, or take the column as text with {}.", types_option(column, "text"))
                }
                None => format!("{advice}."),
            });
        }
        let Some(column) = misfit.column() else { return fault };
        let advice = match self.schema.column_with_name(column) {
            Some(_) if self.options.text.asked(column).is_some() => {
                "The type was asked for with --types. ".to_owned()
            }
            Some((_, field)) => {
                format!("The first rows made it a column of type {}. ", types::name(field.data_type()))
            }
            None => String::new(),
        };
        fault.with_advice(format!(
            "{advice}Name the type that all rows have, as in {}, keep everything as text with --all-text, \
             or let more rows decide with --infer-rows. Rows that are in the log already keep their type.",
            types_option(column, "text")
        ))
    }
}

impl Format for Json {
    type Record = Row;

    fn split(&mut self, bytes: &[u8]) -> Result<(usize, Option<Row>), Fault> {
        self.splitter.split(bytes)
    }

    fn end(&mut self) -> Result<Option<Row>, Fault> {
        self.splitter.end().map(|()| None)
    }

    fn size(&self, row: &Row) -> usize {
        // Itself, in a queue that has grown, and what an allocator adds.
        2 * size_of::<Row>() + 16 + row.text.capacity()
    }

    fn infer(&mut self, sample: &[Row]) -> Result<Vec<String>, Fault> {
        let asked = &self.options.text;
        let (mut keys, mut count) = (infer::Keys::default(), infer::Count::default());
        for row in sample {
            // What is wrong with a row is said when it is built, after the rows before it.
            if let Ok(text) = text_of(row) {
                let chose = |key: &str| asked.all_text || asked.asked(key).is_some();
                let _ = keys.see_row(&mut Parser::new(text), &mut count, chose);
            }
            if count.is_too_many() {
                let found = format_args!(
                    "line {}: with this row there are more fields than a schema may have",
                    row.line
                );
                return Err(types::too_many_fields(found));
            }
        }
        let mut fields: Vec<Field> = Vec::new();
        for (key, shape) in &keys.entries {
            let data_type = match asked.asked(key) {
                Some(data_type) => data_type.clone(),
                None if asked.all_text => DataType::Utf8,
                None => shape.data_type(),
            };
            fields.push(Field::new(key, data_type, true));
        }
        // A column that was asked for may come later.
        for one in &asked.types {
            if !fields.iter().any(|field| *field.name() == one.column) {
                fields.push(Field::new(&one.column, one.data_type.clone(), true));
            }
        }
        let fields: Fields = fields.into();
        self.columns = Keys::new(fields.clone(), |field| {
            if asked.all_text || asked.asked(field.name()).is_some() {
                Node::leaf(field.data_type(), Takes::Any)
            } else {
                Node::inferred(field.data_type())
            }
        });
        self.schema = Arc::new(Schema::new(fields));
        types::check_fields(&self.schema)?;
        Ok(Vec::new())
    }

    fn push(&mut self, row: &Row) -> Result<usize, Fault> {
        let mut parser = Parser::new(text_of(row)?);
        let mut room = Room::new(self.options.batch_bytes_max);
        self.columns.push(&mut parser, 0, &mut room).map_err(|misfit| self.fault(row, &misfit))?;
        Ok(room.used().max(row.text.len()))
    }

    fn take(&mut self, rows: usize) -> RecordBatch {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), self.columns.take(rows), &options)
            .expect("every column has a value for every row")
    }
}

fn text_of(row: &Row) -> Result<&str, Fault> {
    str::from_utf8(&row.text).map_err(|error| {
        let before = &row.text[..error.valid_up_to()];
        let line = row.line + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        let found = shown_bytes(&row.text[error.valid_up_to()..row.text.len().min(error.valid_up_to() + 8)]);
        Fault::at_line(line, format!("{found} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests;
