//! One kind of failure for all commands: an exit code, a message for people, and facts for programs.

use crate::exit::Exit;
use fencepost::{
    AppendError, Cause, CheckpointError, CollectError, ErrorKind, ExportError, ImportError, InspectError,
    OpenWriterError, PlanError, ReadError, ReclaimError, RepairError, SealError, WalError, with_sources,
};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::fmt;

/// Why a command ended without doing what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    /// Further keys of the JSON document.
    pub(crate) facts: Map<String, Value>,
    /// What kind of failure the library called it, where a command goes on after some of them.
    pub(crate) kind: Option<ErrorKind>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), facts: Map::new(), kind: None }
    }

    /// An exit code for what was printed already.
    pub(crate) fn said(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// With the texts of `error` and of everything beneath it.
    pub(crate) fn of(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        Self::new(exit, with_sources(error))
    }

    /// With what was being done in front.
    pub(crate) fn while_doing(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// With a further paragraph.
    pub(crate) fn with_advice(mut self, advice: impl fmt::Display) -> Self {
        self.message = format!("{}\n{advice}", self.message);
        self
    }

    pub(crate) fn with_facts(mut self, facts: Map<String, Value>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// `{"error": {"code", "kind", "message"}, …}`
    pub(crate) fn to_json(&self) -> Value {
        let error = json!({"code": self.exit as u8, "kind": self.exit.name(), "message": self.message});
        let mut document = Map::from_iter([("error".to_owned(), error)]);
        document.extend(self.facts.clone());
        Value::Object(document)
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Fenced | ErrorKind::Held => Self::Held,
            ErrorKind::Unknown => Self::Unknown,
            ErrorKind::Missing => Self::NoLog,
            ErrorKind::Truncated => Self::Truncated,
            ErrorKind::Damaged => Self::Damaged,
            ErrorKind::Invalid => Self::Input,
            ErrorKind::Unsafe => Self::Unsafe,
            // Among them what a later version of the library may add.
            _ => Self::Failed,
        }
    }
}

impl From<WalError> for Failure {
    fn from(error: WalError) -> Self {
        let exit = match error.kind() {
            // A place that cannot be used is like one where nothing is.
            ErrorKind::Invalid => Exit::NoLog,
            ErrorKind::Unavailable if matches!(error, WalError::Open { .. }) => Exit::NoLog,
            kind => kind.into(),
        };
        Self::of(exit, &error)
    }
}

impl From<OpenWriterError> for Failure {
    fn from(error: OpenWriterError) -> Self {
        let failure = Self::of(error.kind().into(), &error);
        match &error {
            OpenWriterError::GaveUp { cause: Some(cause @ Cause::Store { .. }), .. } => {
                failure.with_cause(cause)
            }
            _ => failure,
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let mut failure = Self::of(error.kind().into(), &error);
        match &error {
            ReadError::Truncated { at, first } => {
                failure.facts.insert("at".into(), at.get().into());
                failure.facts.insert("first".into(), first.get().into());
                failure.with_advice(format!(
                    "Earlier entries are gone. To continue without them, read with --from {first}."
                ))
            }
            ReadError::CursorBroken { name, position, first, .. } => {
                failure.facts.insert("cursor".into(), name.as_str().into());
                failure.facts.insert("position".into(), position.get().into());
                failure.facts.insert("first".into(), first.get().into());
                let begin = |at| format!("`cursor create LOG {name} --at {at}`");
                failure.with_advice(match first.prev() {
                    below if below <= *position => format!(
                        "Nothing that it had yet to read is gone so far. To begin anew where it stood: {}.",
                        begin(*position)
                    ),
                    below => format!(
                        "What lies below position {first} may be gone. To begin anew with what is there: {}.",
                        begin(below)
                    ),
                })
            }
            ReadError::NoCursor { first, .. } => {
                failure.facts.insert("first".into(), first.get().into());
                failure
            }
            ReadError::GaveUp { cause: Some(cause @ Cause::Store { .. }), .. }
            | ReadError::Cursor { cause: Some(cause @ Cause::Store { .. }), .. } => failure.with_cause(cause),
            _ => failure,
        }
    }
}

/// What has nothing to add to its kind and its texts.
macro_rules! by_kind {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(error.kind().into(), &error)
            }
        })*
    };
}

by_kind!(
    AppendError,
    CheckpointError,
    CollectError,
    ExportError,
    ImportError,
    PlanError,
    ReclaimError,
    RepairError,
    SealError
);

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Read { source } => source.into(),
            other => Self::of(other.kind().into(), &other),
        }
    }
}

impl Failure {
    /// With the client's own words, which the facade's one-line message leaves out.
    fn with_cause(mut self, cause: &Cause) -> Self {
        let whole = with_sources(cause);
        if let Some(more) = whole.strip_prefix(&cause.to_string()).filter(|more| !more.is_empty()) {
            self.message.push_str(more);
        }
        self
    }
}
