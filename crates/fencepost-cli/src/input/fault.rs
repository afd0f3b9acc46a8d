//! What is wrong with an input, where, and what to do.

use crate::output::counted;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;
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

    /// An input that ends before the row from which on it was to be appended.
    pub(super) fn too_few(rows: u64, skip: u64) -> Self {
        Self::new(format!(
            "it has {}, and --skip {skip} is to pass over more than that",
            counted(rows, "row")
        ))
        .with_advice("Is this the input that was begun with?")
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
        Self::new(fencepost::with_sources(&error)).with_advice(DAMAGED)
    }
}

impl From<ParquetError> for Fault {
    fn from(error: ParquetError) -> Self {
        Self::new(fencepost::with_sources(&error)).with_advice(DAMAGED)
    }
}

pub(super) const DAMAGED: &str = "The file is damaged or cut off.";
