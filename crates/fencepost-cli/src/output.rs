//! Printing. Everything that goes to a terminal passes through here, and a reader that goes away ends the
//! program quietly.

mod beside;
mod counted;
mod rows;

pub(crate) use beside::{Beside, open as open_file};
pub(crate) use counted::{counted, is_or_are, positions};
pub(crate) use rows::{open_rows, open_rows_with};

use crate::exit::Exit;
use crate::failure::Failure;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the other end of stdout was closed.
static READER_IS_GONE: AtomicBool = AtomicBool::new(false);

/// Whether somebody cut our output off, as `head` does. Then nothing is wrong, and there is nothing more to do.
pub(crate) fn reader_is_gone() -> bool {
    READER_IS_GONE.load(Ordering::Relaxed)
}

pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// A writer to stdout or a file that remembers whether its reader went away.
pub(crate) struct Out(Box<dyn Write + Send>);

impl Out {
    pub(crate) fn stdout() -> Self {
        Self(Box::new(io::BufWriter::with_capacity(BUFFER_BYTES, io::stdout())))
    }

    /// For rows that a person reads: what the terminal might obey is escaped, in JSON's way or Rust's.
    pub(crate) fn terminal(json: bool) -> Self {
        let inner = io::BufWriter::with_capacity(BUFFER_BYTES, io::stdout());
        Self(Box::new(Escaping { inner, json, begun: Vec::new() }))
    }

    pub(crate) fn file(file: std::fs::File) -> Self {
        Self(Box::new(io::BufWriter::with_capacity(BUFFER_BYTES, file)))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).inspect_err(note)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().inspect_err(note)
    }
}

/// Passes text on with everything escaped that a terminal might obey, line breaks and tabs excepted.
struct Escaping<W> {
    inner: W,
    json: bool,
    /// The beginning of a character whose rest comes with the next write.
    begun: Vec<u8>,
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(_) => self.begun.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            // No text: shown as far as it can be.
            Err(_) => self.begun.len(),
        };
        let text: Vec<u8> = self.begun.drain(..whole).collect();
        let text = String::from_utf8_lossy(&text);
        self.inner.write_all(escaped(&text, self.json).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn escaped(text: &str, json: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(c),
            c if !c.is_control() && !is_bidirectional(c) => out.push(c),
            c if json => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

fn note(error: &io::Error) {
    if error.kind() == ErrorKind::BrokenPipe {
        READER_IS_GONE.store(true, Ordering::Relaxed);
    }
}

/// Writes `text` and a line end to stdout, at once.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    written.inspect_err(note).map_err(|error| not_written(&error))
}

/// Writes one JSON document on one line.
pub(crate) fn json(document: &Value) -> Result<(), Failure> {
    line(&json_text(document))
}

/// JSON leaves DEL and the control characters above it as they are; a terminal may obey them.
pub(crate) fn json_text(document: &Value) -> String {
    let mut out = String::new();
    for c in document.to_string().chars() {
        if c.is_control() || is_bidirectional(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether people want to hear of nothing but errors.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on, notes are printed or not.
pub(crate) fn be_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Whether notes and progress are not wanted.
pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Tells people something, on stderr, unless they want to hear of nothing but errors.
pub(crate) fn note_line(text: impl std::fmt::Display) {
    if !is_quiet() {
        error_line(text);
    }
}

/// Tells people of an error, on stderr.
pub(crate) fn error_line(text: impl std::fmt::Display) {
    let text = printable(&text.to_string());
    crate::progress::aside(|| {
        for line in text.lines() {
            let _ = writeln!(io::stderr(), "{line}");
        }
    });
}

/// The text with everything escaped that a terminal might obey, line breaks excepted.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if c.is_control() || is_bidirectional(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Characters that make a terminal show text in another order than it has.
const fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(crate) fn not_written(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("output cannot be written: {error}"))
}

const BUFFER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_might_obey_is_escaped() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{9b}d\u{202e}"), "a\\u{1b}[2Jb\nc\\u{9b}d\\u{202e}");
        assert_eq!(json_text(&Value::from("\u{7f}\u{1b}é")), "\"\\u007f\\u001bé\"");
    }

    #[test]
    fn characters_that_are_written_in_pieces_are_escaped_too() {
        let text = "é\u{9b}2J\u{202e}漢\r\n\tz".as_bytes();
        for (json, expected) in
            [(true, "é\\u009b2J\\u202e漢\r\n\tz"), (false, "é\\u{9b}2J\\u{202e}漢\r\n\tz")]
        {
            for size in 1..text.len() {
                let mut out = Escaping { inner: Vec::new(), json, begun: Vec::new() };
                text.chunks(size).for_each(|piece| out.write_all(piece).unwrap());
                assert_eq!(String::from_utf8(out.inner).unwrap(), expected, "in pieces of {size}");
            }
        }
        let mut out = Escaping { inner: Vec::new(), json: false, begun: Vec::new() };
        out.write_all(b"a\xff\x9b\xe6").unwrap();
        out.write_all(b"b").unwrap();
        assert_eq!(String::from_utf8(out.inner).unwrap(), "a\u{fffd}\u{fffd}\u{fffd}b");
    }
}
