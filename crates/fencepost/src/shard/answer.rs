//! What the store says, in the words of the core. What became of a request is told apart here, and nowhere else.

use super::budget::Room;
use crate::Cause;
use bytes::Bytes;
use fencepost_fence::{CreateReply, ReadReply, Reply};
use fencepost_format::SoundEntry;
use fencepost_store::{Object, PutOutcome, ReadOutcome, Refusal, Retry, StoreError};

/// A request performed: the reply for the core, and what the core does not look at.
#[derive(Debug)]
pub(crate) struct Performed<R = Reply> {
    pub(crate) reply: R,
    /// An entry that was read and found sound.
    pub(crate) entry: Option<SoundEntry>,
    /// The room that this entry takes up until it is handed out.
    pub(crate) room: Option<Room>,
    /// Why the reply is not what one would wish for.
    pub(crate) cause: Option<Cause>,
}

impl<R> Performed<R> {
    pub(crate) const fn new(reply: R, cause: Option<Cause>) -> Self {
        Self { reply, entry: None, room: None, cause }
    }

    /// The same for a machine that takes this reply in another form.
    pub(crate) fn map<S>(self, form: impl FnOnce(R) -> S) -> Performed<S> {
        let Self { reply, entry, room, cause } = self;
        Performed { reply: form(reply), entry, room, cause }
    }
}

/// What a create came to.
pub(crate) fn created(outcome: PutOutcome) -> Performed<CreateReply> {
    let Err(refused) = outcome else { return Performed::new(CreateReply::Done, None) };
    match refused.why {
        Refusal::Exists => Performed::new(CreateReply::Exists, None),
        Refusal::NotDone { retry, source } => {
            Performed::new(CreateReply::NotDone { again: retry == Retry::Later }, Some(source.into()))
        }
        Refusal::Unknown { source } => Performed::new(CreateReply::Unknown, Some(source.into())),
    }
}

/// What a listing showed.
pub(crate) fn listed<T>(listed: Result<T, StoreError>) -> Performed<ReadReply<T>> {
    match listed {
        Ok(found) => Performed::new(ReadReply::Found(found), None),
        Err(error) => Performed::new(ReadReply::Unknown, Some(error.into())),
    }
}

/// What a read of a whole object says: what cannot be decoded is damaged, and so is what is larger than its
/// kind may be. Waiting makes neither better.
pub(crate) fn read_as<T, E: Into<Cause>>(
    outcome: ReadOutcome<Object>,
    decode: impl FnOnce(Bytes) -> Result<T, E>,
) -> Performed<ReadReply<T>> {
    if outcome.is_too_large() {
        return Performed::new(ReadReply::Damaged, outcome.into_result().err().map(Cause::from));
    }
    read(outcome, |object| decode(object.bytes))
}

/// What a read of anything else says: a part of an object, or what is known of it.
pub(crate) fn read<O, T, E: Into<Cause>>(
    outcome: ReadOutcome<O>,
    judge: impl FnOnce(O) -> Result<T, E>,
) -> Performed<ReadReply<T>> {
    match outcome {
        ReadOutcome::Absent => Performed::new(ReadReply::Absent, None),
        ReadOutcome::Found(found) => match judge(found) {
            Ok(found) => Performed::new(ReadReply::Found(found), None),
            Err(error) => Performed::new(ReadReply::Damaged, Some(error.into())),
        },
        ReadOutcome::Unknown(error) => Performed::new(ReadReply::Unknown, Some(error.into())),
    }
}
