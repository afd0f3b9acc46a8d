//! What is wrong with an input, where, and what to do.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use std::fmt::Write as _;
use std::io;

/// A reason to refuse an input, or the rest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) advice: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), advice: None }
    }

    /// At a line, which counts from 1.
    pub(super) fn at_line(line: u64, what: impl std::fmt::Display) -> Self {
        Self::new(format!("line {line}: {what}"))
    }

    pub(super) fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::new(crate::failure::chain(&error)).with_advice(DAMAGED)
    }
}

impl From<ParquetError> for Fault {
    fn from(error: ParquetError) -> Self {
        Self::new(crate::failure::chain(&error)).with_advice(DAMAGED)
    }
}

/// A value as a message shows it: between backticks, on one line, and short.
pub(super) fn shown(value: &str) -> String {
    let mut out = String::from("`");
    for (count, c) in value.chars().enumerate() {
        if count == SHOWN_CHARS {
            let _ = write!(out, "…` ({} bytes)", value.len());
            return out;
        }
        match c {
            '"' | '\'' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out.push('`');
    out
}

/// The same of bytes that may be no text.
pub(super) fn shown_bytes(value: &[u8]) -> String {
    let begin = &value[..value.len().min(4 * SHOWN_CHARS)];
    match str::from_utf8(value) {
        Ok(text) => shown(text),
        Err(_) => format!("`{}`", &begin[..begin.len().min(SHOWN_CHARS)].escape_ascii()),
    }
}

/// How many characters of a value are enough to find it.
const SHOWN_CHARS: usize = 40;

pub(super) const DAMAGED: &str = "The file is damaged or cut off.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_short_and_on_one_line() {
        assert_eq!(shown("a\n\u{1b}[31m\"b\""), "`a\\n\\u{1b}[31m\"b\"`");
        let long = shown(&"x".repeat(1_000));
        assert!(long.len() < 70 && long.ends_with("…` (1000 bytes)"), "{long}");
        assert_eq!(shown_bytes(b"\xff\xfea"), "`\\xff\\xfea`");
    }
}
