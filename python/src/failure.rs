//! Errors, on their way to Python's classes.

use fencepost::{
    AppendError, CheckpointError, CollectError, ErrorKind, InspectError, OpenError, OpenWriterError,
    ReadError, StoreError, SubmitError, WalError, with_sources,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::error::Error;

/// An error of the facade: what kind it is, what it says, and what a program may want to know of it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: ErrorKind,
    message: String,
    facts: Vec<(&'static str, Fact)>,
}

#[derive(Debug)]
enum Fact {
    Flag(bool),
    Number(u64),
    Texts(Vec<String>),
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), facts: Vec::new() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    fn of(kind: ErrorKind, error: &(dyn Error + 'static)) -> Self {
        Self::new(kind, with_sources(error))
    }

    fn with(mut self, name: &'static str, fact: Fact) -> Self {
        self.facts.push((name, fact));
        self
    }

    pub(crate) const fn message(&self) -> &str {
        self.message.as_str()
    }

    /// An exception of `fencepost._errors`.
    fn raised(&self, py: Python<'_>) -> PyResult<PyErr> {
        let facts = PyDict::new(py);
        for (name, fact) in &self.facts {
            match fact {
                Fact::Flag(flag) => facts.set_item(name, flag)?,
                Fact::Number(number) => facts.set_item(name, number)?,
                Fact::Texts(texts) => facts.set_item(name, texts)?,
            }
        }
        let make = py.import("fencepost._errors")?.getattr("_of_kind")?;
        let message = PyString::new(py, &self.message);
        Ok(PyErr::from_value(make.call((self.kind.name(), message), Some(&facts))?))
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        Python::attach(|py| failure.raised(py).unwrap_or_else(|error| error))
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        let failure = Self::of(error.kind(), &error)
            .with("definite", Fact::Flag(error.is_definite()))
            .with("retryable", Fact::Flag(error.is_retryable()));
        match error {
            AppendError::Fenced { by, at, .. } => {
                failure.with("epoch", Fact::Number(by.get())).with("position", Fact::Number(at.get()))
            }
            AppendError::Obstructed { at, .. }
            | AppendError::Unknown { at, .. }
            | AppendError::NotDone { at, .. }
            | AppendError::RolledBack { at, .. }
            | AppendError::Stopped { at } => failure.with("position", Fact::Number(at.get())),
            _ => failure,
        }
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        error.why.into()
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match error {
            CheckpointError::Fenced { by } => failure.with("epoch", Fact::Number(by.get())),
            CheckpointError::AboveTail { tail, .. } => failure.with("position", Fact::Number(tail.get())),
            _ => failure,
        }
    }
}

impl From<OpenWriterError> for Failure {
    fn from(error: OpenWriterError) -> Self {
        let failure = Self::of(error.kind(), &error).with("retryable", Fact::Flag(error.is_retryable()));
        match error {
            OpenWriterError::Fenced { by: epoch } | OpenWriterError::Held { epoch, .. } => {
                failure.with("epoch", Fact::Number(epoch.get()))
            }
            _ => failure,
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match error {
            ReadError::Truncated { at, first } => {
                failure.with("position", Fact::Number(at.get())).with("first", Fact::Number(first.get()))
            }
            ReadError::CursorBroken { position, first, .. } => {
                failure.with("position", Fact::Number(position.get())).with("first", Fact::Number(first.get()))
            }
            ReadError::GaveUp { at, .. } => failure.with("position", Fact::Number(at.get())),
            _ => failure,
        }
    }
}

impl From<WalError> for Failure {
    fn from(error: WalError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match error {
            WalError::ManyShards { shards, .. } => {
                failure.with("shards", Fact::Texts(shards.iter().map(ToString::to_string).collect()))
            }
            _ => failure,
        }
    }
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Self {
        Self::of(error.kind(), &error).with("retryable", Fact::Flag(error.is_retryable()))
    }
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::of(ErrorKind::of_store(&error), &error)
    }
}

impl From<OpenError> for Failure {
    fn from(source: OpenError) -> Self {
        WalError::from(source).into()
    }
}
