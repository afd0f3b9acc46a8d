//! One kind of failure for all commands: an exit code, a message for people, and facts for programs.

use crate::exit::Exit;
use fencepost::{
    AppendError, Cause, CheckpointError, CollectError, GaveUp, InspectError, OpenWriterError, ReadError,
    StoreError, WalError,
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
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), facts: Map::new() }
    }

    /// An exit code for what was printed already.
    pub(crate) fn said(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// With the texts of `error` and of everything beneath it.
    pub(crate) fn of(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        Self::new(exit, chain(error))
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

/// The texts of an error and of its sources, without what is repeated.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

const fn exit_of(why: &GaveUp) -> Exit {
    match why {
        GaveUp::DamagedEntry(_)
        | GaveUp::LostEntry { .. }
        | GaveUp::DamagedManifest(_)
        | GaveUp::RolledBack { .. }
        | GaveUp::WentBack { .. } => Exit::Damaged,
        GaveUp::Unknown => Exit::Unknown,
        GaveUp::Unread | GaveUp::NotDone | GaveUp::MissingManifest(_) => Exit::Failed,
    }
}

/// A bucket that is not there is like a directory that is not.
fn is_no_place(error: &StoreError) -> bool {
    error.failure() == fencepost::Failure::NoBucket
}

impl From<WalError> for Failure {
    fn from(error: WalError) -> Self {
        let exit = match &error {
            WalError::Listing { source, .. } | WalError::MaybeTable { source, .. } if is_no_place(source) => {
                Exit::NoLog
            }
            WalError::Listing { .. } | WalError::MaybeTable { .. } => Exit::Failed,
            WalError::FirstShard { cause: Some(Cause::Format { .. }), .. } => Exit::Damaged,
            WalError::FirstShard { .. } => Exit::Failed,
            _ => Exit::NoLog,
        };
        Self::of(exit, &error)
    }
}

impl From<OpenWriterError> for Failure {
    fn from(error: OpenWriterError) -> Self {
        let exit = match &error {
            OpenWriterError::Fenced { .. } | OpenWriterError::Held { .. } | OpenWriterError::Sealed => {
                Exit::Held
            }
            // Nothing of the caller's was sent yet, so nothing of it is in doubt.
            OpenWriterError::GaveUp { why: GaveUp::Unknown, .. } => Exit::Failed,
            OpenWriterError::GaveUp { cause: Some(Cause::Store { source }), .. } if is_no_place(source) => {
                Exit::NoLog
            }
            OpenWriterError::GaveUp { why, .. } => exit_of(why),
            _ => Exit::Failed,
        };
        let failure = Self::of(exit, &error);
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
        let exit = match &error {
            ReadError::Truncated { .. } => Exit::Truncated,
            ReadError::NoLog { .. } => Exit::NoLog,
            ReadError::Rows { .. } => Exit::Damaged,
            ReadError::GaveUp { cause: Some(Cause::Store { source }), .. } if is_no_place(source) => {
                Exit::NoLog
            }
            ReadError::GaveUp { why, .. } | ReadError::Cursor { why, .. } => exit_of(why),
            _ => Exit::Failed,
        };
        let mut failure = Self::of(exit, &error);
        match &error {
            ReadError::Truncated { at, first } => {
                failure.facts.insert("at".into(), at.get().into());
                failure.facts.insert("first".into(), first.get().into());
                failure.with_advice(format!(
                    "Earlier entries are gone. To continue without them, read with --from {first}."
                ))
            }
            ReadError::GaveUp { cause: Some(cause @ Cause::Store { .. }), .. }
            | ReadError::Cursor { cause: Some(cause @ Cause::Store { .. }), .. } => failure.with_cause(cause),
            _ => failure,
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        let exit = match &error {
            AppendError::Fenced { .. } => Exit::Held,
            AppendError::TooLarge { .. } | AppendError::Refused { .. } => Exit::Input,
            error if !error.is_definite() => Exit::Unknown,
            _ => Exit::Failed,
        };
        Self::of(exit, &error)
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        let exit = match &error {
            CheckpointError::AboveTail { .. } => Exit::Input,
            CheckpointError::Fenced { .. } => Exit::Held,
            CheckpointError::GaveUp { why, .. } => exit_of(why),
            _ => Exit::Failed,
        };
        Self::of(exit, &error)
    }
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Self {
        let exit = match &error {
            CollectError::NoLog { .. } => Exit::NoLog,
            CollectError::Manifest { .. } => Exit::Damaged,
            _ => Exit::Failed,
        };
        Self::of(exit, &error)
    }
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Read { source } => source.into(),
            InspectError::Plan { source } => source.into(),
            other => Self::of(Exit::Failed, &other),
        }
    }
}

impl Failure {
    /// With the client's own words, which the facade's one-line message leaves out.
    fn with_cause(mut self, cause: &Cause) -> Self {
        let whole = chain(cause);
        if let Some(more) = whole.strip_prefix(&cause.to_string()).filter(|more| !more.is_empty()) {
            self.message.push_str(more);
        }
        self
    }
}
