//! CSV: the first rows decide about the types of columns, and a type never changes what a cell says.

mod class;
mod split;

use super::InputOptions;
use super::fault::Fault;
use super::leaf::{Agreement, Leaf, leaf};
use super::number::number_type;
use super::text::Format;
use super::types;
use crate::shown::{shown, shown_bytes, types_option};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use class::Class;
use split::{Cell, Record, Splitter};
use std::collections::HashSet;
use std::sync::Arc;

/// A CSV file with a header.
pub(super) struct Csv {
    splitter: Splitter,
    options: InputOptions,
    names: Option<Vec<String>>,
    /// Where a line was empty that may be a row, as far as can be told so far.
    blank: Option<u64>,
    columns: Vec<Column>,
    schema: SchemaRef,
}

struct Column {
    leaf: Box<dyn Leaf>,
    /// Whether empty texts can be told from null in it.
    holds_text: bool,
    chosen: bool,
}

impl Csv {
    pub(super) fn new(options: &InputOptions) -> Self {
        Self {
            splitter: Splitter::new(options.text.delimiter, options.line_bytes_max),
            options: options.clone(),
            names: None,
            blank: None,
            columns: Vec::new(),
            schema: Arc::new(Schema::empty()),
        }
    }

    /// Takes the header, passes over empty lines, and lets whole rows through.
    fn accept(&mut self, record: Record) -> Result<Option<Record>, Fault> {
        let Some(names) = &self.names else {
            if !record.is_blank() {
                self.names = Some(header(&record, self.options.text.delimiter)?);
            }
            return Ok(None);
        };
        if record.is_blank() {
            // With several columns it is no row; with one it may be, unless it ends the file.
            self.blank = self.blank.or_else(|| (names.len() == 1).then_some(record.line));
            return Ok(None);
        }
        if let Some(line) = self.blank {
            let what = "an empty line, which may or may not be a row";
            let advice = "Leave it out, or write \"\" for an empty text.";
            return Err(Fault::at_line(line, what).with_advice(advice));
        }
        if record.len() != names.len() {
            let what = format!("{} cells, where the header has {}", record.len(), names.len());
            return Err(Fault::at_line(record.line, what)
                .with_advice("The file is damaged, or has another --delimiter."));
        }
        Ok(Some(record))
    }

    fn text<'a>(&self, record: &Record, at: usize, cell: Cell<'a>) -> Result<Option<&'a str>, Fault> {
        let null = self.options.text.null.as_deref().unwrap_or_default();
        if !cell.quoted && cell.bytes == null.as_bytes() {
            return Ok(None);
        }
        match str::from_utf8(cell.bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(self.fault(record, at, &format!("{} is not UTF-8", shown_bytes(cell.bytes)))),
        }
    }

    /// What is wrong with one cell.
    fn fault(&self, record: &Record, at: usize, what: &str) -> Fault {
        let name = self.names.as_ref().and_then(|names| names.get(at)).map_or("", String::as_str);
        Fault::at_line(record.line_of(at), format!("column {} ({}): {what}", at + 1, shown(name)))
    }
}

impl Format for Csv {
    type Record = Record;

    fn split(&mut self, bytes: &[u8]) -> Result<(usize, Option<Record>), Fault> {
        match self.splitter.split(bytes)? {
            (used, None) => Ok((used, None)),
            (used, Some(record)) => Ok((used, self.accept(record)?)),
        }
    }

    fn end(&mut self) -> Result<Option<Record>, Fault> {
        match self.splitter.end()? {
            Some(record) => self.accept(record),
            None => Ok(None),
        }
    }

    fn size(&self, record: &Record) -> usize {
        record.size()
    }

    fn infer(&mut self, sample: &[Record]) -> Result<Vec<String>, Fault> {
        let names = self.names.clone().unwrap_or_default();
        for asked in &self.options.text.types {
            if !names.contains(&asked.column) {
                return Err(Fault::new(format!("there is no column {} in the header", shown(&asked.column))));
            }
        }
        let mut classes = vec![Class::Empty; names.len()];
        let mut odd: Vec<Option<String>> = vec![None; names.len()];
        if !self.options.text.all_text {
            for record in sample {
                for (at, cell) in record.cells().enumerate() {
                    // What is no text is refused when the row is built, after the rows before it.
                    let Ok(Some(text)) = self.text(record, at, cell) else { continue };
                    let (before, found) = (classes[at], Class::of(text));
                    classes[at] = before.and(found);
                    if classes[at] == Class::LikeNumbers && before != Class::LikeNumbers {
                        odd[at] = Some(text.to_owned());
                    }
                }
            }
        }
        let (mut fields, mut notes) = (Vec::new(), Vec::new());
        for (at, name) in names.iter().enumerate() {
            let asked = self.options.text.types.iter().find(|asked| &asked.column == name);
            let (data_type, agreement) = match asked {
                Some(asked) => (asked.data_type.clone(), Agreement::Named),
                None => (classes[at].data_type(), Agreement::Printed),
            };
            if let (None, Class::LikeNumbers, Some(text)) = (asked, classes[at], &odd[at]) {
                let hint = number_type(text).map_or_else(String::new, |type_of| {
                    format!(
                        "; to read the column as numbers, use for example {}",
                        types_option(name, type_of)
                    )
                });
                notes.push(format!(
                    "column {} is kept as text: {} would not print back the same as a number of one type{hint}",
                    shown(name),
                    shown(text),
                ));
            }
            let column =
                leaf(&data_type, agreement).expect("types that are asked for or chosen can be built");
            self.columns.push(Column {
                leaf: column,
                holds_text: data_type == DataType::Utf8,
                chosen: asked.is_none(),
            });
            fields.push(Field::new(name, data_type, true));
        }
        self.schema = Arc::new(Schema::new(fields));
        types::check_fields(&self.schema)?;
        Ok(notes)
    }

    fn push(&mut self, record: &Record) -> Result<usize, Fault> {
        for (at, cell) in record.cells().enumerate() {
            let text = self.text(record, at, cell)?;
            let column = &mut self.columns[at];
            match text {
                None => column.leaf.push_null(),
                // What is not text can be empty in one way only.
                Some("") if !column.holds_text && !column.chosen => column.leaf.push_null(),
                Some(text) => {
                    if let Err(why) = column.leaf.push(text) {
                        return Err(self.misfit(record, at, text, &why));
                    }
                }
            }
        }
        Ok(record.bytes().max(self.columns.len() * VALUE_BYTES))
    }

    fn take(&mut self, rows: usize) -> RecordBatch {
        // The last row may have been refused halfway.
        let arrays: Vec<ArrayRef> =
            self.columns.iter_mut().map(|column| column.leaf.take().slice(0, rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .expect("every column has a value for every row")
    }
}

impl Csv {
    fn misfit(&self, record: &Record, at: usize, text: &str, why: &str) -> Fault {
        let fault = self.fault(record, at, &format!("{} {why}", shown(text)));
        let field = self.schema.field(at);
        if !self.columns[at].chosen {
            return fault.with_advice(format!("The type was asked for with --types. {STAYS}"));
        }
        fault.with_advice(format!(
            "The first rows made it a column of type {}. Name the type that all rows have, as in {}, \
             keep everything as text with --all-text, or let more rows decide with --infer-rows. {STAYS}",
            types::name(field.data_type()),
            types_option(field.name(), "text")
        ))
    }
}

/// About the least that a value takes in a batch.
const VALUE_BYTES: usize = 8;
const STAYS: &str = "Rows that are in the log already keep their type.";

fn header(record: &Record, delimiter: u8) -> Result<Vec<String>, Fault> {
    let mut names = Vec::with_capacity(record.len());
    let mut seen = HashSet::with_capacity(record.len());
    for (at, cell) in record.cells().enumerate() {
        let bytes = cell.bytes;
        let place = |what: String| Fault::at_line(record.line_of(at), format!("column {}: {what}", at + 1));
        let name = str::from_utf8(bytes)
            .map_err(|_| place(format!("the name {} is not UTF-8", shown_bytes(bytes))))?;
        if name.contains('\0') {
            let what = format!("the name {} contains a zero byte; is this UTF-16?", shown(name));
            return Err(place(what).with_advice("Text must be UTF-8."));
        }
        if !seen.insert(name) {
            let fault = place(format!("the name {} occurs twice", shown(name)));
            return Err(fault.with_advice("Give every column a name of its own."));
        }
        names.push(name.to_owned());
    }
    if let [name] = names.as_slice()
        && let Some(other) =
            [',', ';', '\t', '|'].into_iter().find(|c| *c != delimiter as char && name.contains(*c))
    {
        let text = if other == '\t' { "tab".to_owned() } else { other.to_string() };
        crate::output::note_line(format_args!(
            "note: there is only one column, {}; if `{text}` separates columns, use --delimiter '{text}'",
            shown(name)
        ));
    }
    Ok(names)
}
