//! Printing. Everything that goes to a terminal passes through here, and a reader that goes away ends the program quietly.

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

/// Tells people something, on stderr.
pub(crate) fn note_line(text: impl std::fmt::Display) {
    for line in printable(&text.to_string()).lines() {
        let _ = writeln!(io::stderr(), "{line}");
    }
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
}
