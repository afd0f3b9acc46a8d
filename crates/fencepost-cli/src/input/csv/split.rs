//! Bytes of a CSV file to records (RFC 4180, with a delimiter of choice), as they come.
//!
//! What other readers guess at is refused: text behind a closing quotation mark, a mark that is never closed,
//! a carriage return that ends no line. A mark within a cell that does not begin with one is part of the
//! text.

use crate::input::fault::Fault;
use crate::shown::shown_bytes;

/// One record: the texts of its cells, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::input) struct Record {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    text: Vec<u8>,
    cells: Vec<CellEnd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CellEnd {
    at: usize,
    quoted: bool,
}

/// A cell's bytes, and whether it stood between quotation marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) quoted: bool,
}

impl Record {
    pub(super) const fn len(&self) -> usize {
        self.cells.len()
    }

    /// Bytes in memory, where many are held in a row.
    pub(super) const fn size(&self) -> usize {
        HELD_BYTES + self.text.capacity() + self.cells.capacity() * size_of::<CellEnd>()
    }

    /// Bytes of its texts, and of what says where they end.
    pub(super) const fn bytes(&self) -> usize {
        self.text.len() + self.cells.len() * size_of::<CellEnd>()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        let mut from = 0;
        self.cells.iter().map(move |end| {
            let bytes = &self.text[from..end.at];
            from = end.at;
            Cell { bytes, quoted: end.quoted }
        })
    }

    /// The line on which the cell begins: cells before it may have line ends in them.
    pub(super) fn line_of(&self, cell: usize) -> u64 {
        let ends =
            self.cells().take(cell).map(|cell| cell.bytes.iter().filter(|byte| **byte == b'\n').count());
        self.line + ends.sum::<usize>() as u64
    }

    /// An empty line.
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty() && matches!(self.cells.as_slice(), [CellEnd { quoted: false, .. }])
    }
}

/// Itself, in a queue that has grown, and what an allocator adds to the two parts.
const HELD_BYTES: usize = 2 * size_of::<Record>() + 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    RecordStart,
    CellStart,
    Plain,
    Quoted,
    /// Behind a quotation mark within quotation marks: the end of the cell, or half of a mark that is meant.
    Mark,
    /// Behind a carriage return.
    Return,
}

/// Finds the records of a file that comes in pieces.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    bytes_max: usize,
    state: State,
    record: Record,
    line: u64,
    /// Where the last quotation mark was opened: its line, and which cell it begins.
    opened: (u64, usize),
}

impl Splitter {
    pub(super) fn new(delimiter: u8, bytes_max: usize) -> Self {
        let record = Record::default();
        Self { delimiter, bytes_max, state: State::RecordStart, record, line: 1, opened: (0, 0) }
    }

    /// Takes bytes up to the end of a record: how many, and the record if it is whole.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Result<(usize, Option<Record>), Fault> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match self.state {
                State::RecordStart | State::CellStart => {
                    if self.state == State::RecordStart {
                        self.record.line = self.line;
                    }
                    if byte == b'"' {
                        self.opened = (self.line, self.record.len() + 1);
                        self.state = State::Quoted;
                    } else if let Some(record) = self.plain(byte)? {
                        return Ok((at, Some(record)));
                    }
                }
                State::Plain => {
                    // The rest of the cell at once.
                    let rest = &bytes[at - 1..];
                    let stop = |byte: &u8| *byte == self.delimiter || matches!(byte, b'\n' | b'\r');
                    let end = rest.iter().position(stop).unwrap_or(rest.len());
                    self.record.text.extend_from_slice(&rest[..end]);
                    at = at - 1 + end;
                    if let Some(&byte) = rest.get(end) {
                        at += 1;
                        if let Some(record) = self.plain(byte)? {
                            return Ok((at, Some(record)));
                        }
                    }
                }
                State::Quoted => {
                    let rest = &bytes[at - 1..];
                    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
                    let text = &rest[..end];
                    self.line += text.iter().filter(|byte| **byte == b'\n').count() as u64;
                    self.record.text.extend_from_slice(text);
                    at = at - 1 + end;
                    if end < rest.len() {
                        at += 1;
                        self.state = State::Mark;
                    }
                }
                State::Mark => match byte {
                    b'"' => {
                        self.record.text.push(b'"');
                        self.state = State::Quoted;
                    }
                    b'\n' => return Ok((at, Some(self.end_record(true)))),
                    _ if byte == self.delimiter => self.end_cell(true),
                    b'\r' => {
                        self.end_cell(true);
                        self.state = State::Return;
                    }
                    _ => {
                        let found = shown_bytes(&bytes[at - 1..bytes.len().min(at + 8)]);
                        let (line, column) = (self.line, self.record.len() + 1);
                        let what = format!("column {column}: text ({found}) after a closing quotation mark");
                        return Err(Fault::at_line(line, what).with_advice(QUOTES));
                    }
                },
                State::Return if byte == b'\n' => return Ok((at, Some(self.take()))),
                State::Return => {
                    let what = "a carriage return outside quotation marks that does not end a line";
                    return Err(Fault::at_line(self.line, what).with_advice(QUOTES));
                }
            }
            if self.record.bytes() > self.bytes_max {
                return Err(self.too_long());
            }
        }
        Ok((at, None))
    }

    /// What is left at the end of the file: the last record needs no line end.
    pub(super) fn end(&mut self) -> Result<Option<Record>, Fault> {
        match self.state {
            State::RecordStart => Ok(None),
            State::CellStart | State::Plain => Ok(Some(self.end_record(false))),
            State::Mark => Ok(Some(self.end_record(true))),
            State::Return => Ok(Some(self.take())),
            State::Quoted => {
                let (line, column) = self.opened;
                let what = format!("column {column}: the quotation mark opened here is never closed");
                Err(Fault::at_line(line, what)
                    .with_advice("The file is cut off, or it has a quotation mark too few or too many."))
            }
        }
    }

    /// A byte of a cell without quotation marks.
    fn plain(&mut self, byte: u8) -> Result<Option<Record>, Fault> {
        match byte {
            b'\n' => return Ok(Some(self.end_record(false))),
            _ if byte == self.delimiter => self.end_cell(false),
            b'\r' => {
                self.end_cell(false);
                self.state = State::Return;
            }
            _ => {
                self.record.text.push(byte);
                self.state = State::Plain;
            }
        }
        Ok(None)
    }

    fn end_cell(&mut self, quoted: bool) {
        self.record.cells.push(CellEnd { at: self.record.text.len(), quoted });
        self.state = State::CellStart;
    }

    fn end_record(&mut self, quoted: bool) -> Record {
        self.end_cell(quoted);
        self.take()
    }

    fn take(&mut self) -> Record {
        self.state = State::RecordStart;
        self.line += 1;
        std::mem::take(&mut self.record)
    }

    fn too_long(&self) -> Fault {
        let what = format!("a row of more than {} bytes", self.bytes_max);
        let fault = Fault::at_line(self.record.line, what);
        match self.state {
            State::Quoted => {
                let (line, column) = self.opened;
                fault.with_advice(format!(
                    "A quotation mark has been open since line {line}, column {column}: close it, or if it is right, raise --line-bytes-max."
                ))
            }
            _ => fault.with_advice("If the file really has such long rows, raise --line-bytes-max."),
        }
    }
}

const QUOTES: &str = "A cell that contains quotation marks, delimiters or line ends must be quoted, and quotation marks in it doubled.";

#[cfg(test)]
mod tests;
