//! Bytes of JSON to rows: objects one behind the other, each on a line of its own or not, or in one array.

use crate::input::fault::Fault;
use crate::shown::shown_bytes;

/// The text of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::input) struct Row {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    pub(super) text: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was seen yet.
    Start,
    /// Between objects that are not in an array.
    Loose,
    /// Behind the bracket of an array, or a comma in it.
    Element {
        first: bool,
    },
    /// Behind an element.
    Behind,
    /// Behind the array.
    Done,
    Object {
        in_array: bool,
    },
}

/// Finds the objects of a text that comes in pieces. What is in them is looked at later.
#[derive(Debug)]
pub(super) struct Splitter {
    bytes_max: usize,
    state: State,
    line: u64,
    row: Row,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Splitter {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            state: State::Start,
            line: 1,
            row: Row { line: 0, text: Vec::new() },
            depth: 0,
            in_string: false,
            escaped: false,
        }
    }

    /// Takes bytes up to the end of an object: how many, and the object if it is whole.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Result<(usize, Option<Row>), Fault> {
        for (at, &byte) in bytes.iter().enumerate() {
            let State::Object { in_array } = self.state else {
                if byte != b'{' {
                    self.between(byte, &bytes[at..])?;
                    continue;
                }
                let in_array = match self.state {
                    State::Start | State::Loose => false,
                    State::Element { .. } => true,
                    _ => return Err(self.unexpected(&bytes[at..])),
                };
                self.state = State::Object { in_array };
                self.row.line = self.line;
                let (used, whole) = self.object(&bytes[at..])?;
                return Ok((at + used, whole.then(|| self.end_row(in_array))));
            };
            let (used, whole) = self.object(&bytes[at..])?;
            return Ok((at + used, whole.then(|| self.end_row(in_array))));
        }
        Ok((bytes.len(), None))
    }

    /// At the end of the input.
    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.state {
            State::Start | State::Loose | State::Done => Ok(()),
            State::Object { .. } => {
                let fault = Fault::at_line(self.row.line, "the object that begins here is incomplete");
                Err(fault.with_advice(CUT_OFF))
            }
            State::Element { .. } | State::Behind => {
                Err(Fault::at_line(self.line, "the array is never closed").with_advice(CUT_OFF))
            }
        }
    }

    fn end_row(&mut self, in_array: bool) -> Row {
        self.state = if in_array { State::Behind } else { State::Loose };
        let line = self.row.line;
        Row { line, text: std::mem::take(&mut self.row.text) }
    }

    /// A byte that belongs to no object.
    fn between(&mut self, byte: u8, rest: &[u8]) -> Result<(), Fault> {
        self.state = match (self.state, byte) {
            (state, b'\n') => {
                self.line += 1;
                state
            }
            (state, b' ' | b'\t' | b'\r') => state,
            (State::Start, b'[') => State::Element { first: true },
            (State::Behind, b',') => State::Element { first: false },
            (State::Behind | State::Element { first: true }, b']') => State::Done,
            _ => return Err(self.unexpected(rest)),
        };
        Ok(())
    }

    /// Bytes of an object up to its last one: how many, and whether it is whole. The first call begins at its
    /// bracket.
    fn object(&mut self, bytes: &[u8]) -> Result<(usize, bool), Fault> {
        let mut whole = false;
        let mut used = bytes.len();
        for (at, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' {
                self.line += 1;
            }
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            if self.depth == 0 {
                (used, whole) = (at + 1, true);
                break;
            }
        }
        self.row.text.extend_from_slice(&bytes[..used]);
        if self.row.text.len() > self.bytes_max {
            let what = format!("a row of more than {} bytes", self.bytes_max);
            let advice = "If the file really has such long rows, raise --line-bytes-max.";
            return Err(Fault::at_line(self.row.line, what).with_advice(advice));
        }
        Ok((used, whole))
    }

    fn unexpected(&self, rest: &[u8]) -> Fault {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let found = shown_bytes(&rest[..end.min(60)]);
        let what = match self.state {
            State::Start | State::Loose => {
                format!("{found} where an object was expected, such as {{\"name\": 1}}")
            }
            State::Element { .. } => {
                format!("{found} where an object was expected: the rows of an array are objects")
            }
            State::Done => format!("{found} after the end of the array"),
            State::Behind | State::Object { .. } => format!("{found} where `,` or `]` was expected"),
        };
        Fault::at_line(self.line, what)
    }
}

const CUT_OFF: &str = "The input is cut off.";

#[cfg(test)]
mod tests {
    use super::*;

    fn split_by(text: &str, size: usize) -> Result<Vec<(u64, String)>, Fault> {
        let mut splitter = Splitter::new(100);
        let mut rows = Vec::new();
        for mut piece in text.as_bytes().chunks(size) {
            while !piece.is_empty() {
                let (used, row) = splitter.split(piece)?;
                piece = &piece[used..];
                rows.extend(row.map(|row| (row.line, String::from_utf8(row.text).unwrap())));
            }
        }
        splitter.end()?;
        Ok(rows)
    }

    fn split(text: &str) -> Result<Vec<(u64, String)>, Fault> {
        let whole = split_by(text, text.len().max(1));
        for size in 1..4 {
            assert_eq!(split_by(text, size).is_ok(), whole.is_ok(), "in pieces of {size} bytes: {text:?}");
            assert!(whole.is_err() || split_by(text, size) == whole, "in pieces of {size} bytes: {text:?}");
        }
        whole
    }

    #[test]
    fn objects_are_found_wherever_lines_end() {
        let rows = |text| split(text).unwrap();
        let row = |line: u64, text: &str| (line, text.to_owned());
        assert_eq!(rows("{}\n\n {\"a\":1}\r\n"), [row(1, "{}"), row(3, "{\"a\":1}")]);
        assert_eq!(
            rows("{\"a\":\n{}}{\"b\":\"}\\\"{\"}"),
            [row(1, "{\"a\":\n{}}"), row(2, "{\"b\":\"}\\\"{\"}")]
        );
        assert_eq!(rows("[ {\"a\":[1]},\n{}\n]\n"), [row(1, "{\"a\":[1]}"), row(2, "{}")]);
        assert_eq!((rows(""), rows(" \n"), rows("[]")), (vec![], vec![], vec![]));
    }

    #[test]
    fn what_is_no_row_is_refused_with_its_line() {
        let cases = [
            ("{}\n1\n", "line 2: `1` where an object was expected, such"),
            ("\"x\"", "line 1: `\"x\"` where an object"),
            ("{},{}", "line 1: `,{}` where an object"),
            ("{}\n[{}]", "line 2: `[{}]` where an object"),
            ("[{},]", "line 1: `]` where an object was expected: the rows of an array"),
            ("[[1]]", "line 1: `[1]]` where an object was expected: the rows of an array"),
            ("[{}{}]", "line 1: `{}]` where `,` or `]`"),
            ("[{}]\n{}", "line 2: `{}` after the end of the array"),
            ("[{},\n{}", "line 2: the array is never closed"),
            ("[", "line 1: the array is never closed"),
            ("{}\n{\"a\":\n1", "line 2: the object that begins here is incomplete"),
        ];
        for (text, expected) in cases {
            let fault = split(text).unwrap_err();
            let found = split_by(text, 100).unwrap_err();
            assert!(found.message.starts_with(expected), "{text:?}: {} ({fault:?})", found.message);
        }
        let long = format!("{{}}\n{{\"a\":\"{}\"}}", "x".repeat(200));
        assert!(split(&long).unwrap_err().message.contains("line 2: a row of more than 100 bytes"));
    }
}
