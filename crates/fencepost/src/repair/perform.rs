//! Carries out a repair: the core decides, this moves the bytes.

use super::{RepairPlan, RepairStep};
use crate::drive::{Driver, Search, Searching};
use crate::error::{caused, gave_up_text};
use crate::shard::{Io, Performed};
use crate::{Cause, Position, Wal};
use bytes::Bytes;
use fencepost_fence::{
    Ailment, GaveUp, Mend, MendOutcome, NotAiling, ReadReply, Reply, Request, Tick, WriterId,
};
use fencepost_format::{Entry, EntryKind, FormatError, Nonce, encode_marker};
use fencepost_store::{ReadOutcome, Refusal, StoreError};
use snafu::Snafu;

/// The result for one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// The position.
    pub position: Position,
    /// Whether a tombstone was put there; `false`: one was there already.
    pub put: bool,
    /// Where the damaged bytes were copied to.
    pub set_aside: Option<String>,
}

/// Why an entry was not given up. The entries before it were; planning again shows what is left.
#[derive(Debug, Snafu)]
#[non_exhaustive]
pub enum RepairError {
    /// The position is not, or no longer, in the state that the plan says. Nothing was changed there.
    #[snafu(display("position {position} was left alone: {}", text_of(why)))]
    NotAiling {
        /// The position.
        position: Position,
        /// What is there.
        why: NotAiling,
    },
    /// The object changed between two reads, or is one that this program may not judge. Nothing was changed.
    #[snafu(display("{object}: left alone, {reason}"))]
    LeftAlone {
        /// The object.
        object: String,
        /// The reason.
        reason: String,
    },
    /// The store refused, and nothing was changed at this position.
    #[snafu(display("{object}: nothing was changed ({source})"))]
    NotDone {
        /// The object.
        object: String,
        /// The store's error.
        source: StoreError,
    },
    /// It ended without an answer: the tombstone may be there, or may land later. Repairing again is safe.
    #[snafu(display(
        "{object}: the entry may or may not be given up ({}); repairing again is safe",
        told(cause)
    ))]
    Unknown {
        /// The object.
        object: String,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
}

impl Wal {
    /// Gives up the entries of the plan: from then on readers and openers pass these positions, and say so.
    ///
    /// Each entry is examined once more, in the order of
    /// [P-92](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-92), so an old plan does
    /// no harm. At an empty position, a tombstone is created if absent. A damaged object is first copied to
    /// `fencepost/damaged/`, and the tombstone then replaces it in one overwrite: the position is never
    /// empty, so no late append of an old writer lands there. Safe beside writers, readers and collectors.
    ///
    /// `on_done` hears of each entry. Costs about ten requests for each.
    ///
    /// # Errors
    /// [`RepairError`]; what was given up before stays so.
    ///
    /// # Cancel safety
    /// The future may be dropped at any await; planning again shows what is left.
    // P-94.
    pub async fn repair(
        &self,
        plan: &RepairPlan,
        mut on_done: impl FnMut(&Repaired),
    ) -> Result<Vec<Repaired>, RepairError> {
        let io = self.io.scoped();
        let mut done = Vec::new();
        for step in plan.steps() {
            let repaired = mend(&io, step).await?;
            tracing::warn!(shard = %io.paths.shard(), position = %step.position, put = repaired.put, "given up");
            on_done(&repaired);
            done.push(repaired);
        }
        Ok(done)
    }
}

async fn mend(io: &Io, step: &RepairStep) -> Result<Repaired, RepairError> {
    let RepairStep { position, ailment, epoch } = *step;
    let nonce = io.environment.nonce();
    let mend = Mend::new(io.params, io.environment.now(), position, ailment, WriterId { epoch, nonce });
    let mut driver = Driver::new(Searching::new(Mending { mend, bodies: Vec::new() }), &io.environment);
    let outcome = driver.outcome(|request| perform(io.clone(), ailment, request)).await;
    let cause = driver.take_cause();
    let bodies = &driver.machine.search.bodies;
    let repaired = |put| Repaired { position, put, set_aside: None };
    match outcome? {
        MendOutcome::Mended => Ok(repaired(true)),
        MendOutcome::WasMended => Ok(repaired(false)),
        MendOutcome::Replace => replace(io, step, nonce, bodies).await,
        MendOutcome::Refused(why) => Err(RepairError::NotAiling { position, why }),
        MendOutcome::GaveUp(GaveUp::Unknown) => {
            Err(RepairError::Unknown { object: io.paths.entry(position), cause })
        }
        MendOutcome::GaveUp(why) => Err(RepairError::LeftAlone {
            object: io.paths.entry(position),
            reason: format!("{}{}", gave_up_text(&why), caused(&io.cause_of(why, cause))),
        }),
    }
}

/// A repair with the bytes that were read and found damaged. What must be left alone ends it.
struct Mending {
    mend: Mend,
    bodies: Vec<Bytes>,
}

type Examined = Result<(Reply, Option<Bytes>), RepairError>;

impl Search for Mending {
    type Request = Request;
    type Reply = Examined;
    type Outcome = Result<MendOutcome, RepairError>;

    fn poll_request(&mut self) -> Option<Request> {
        self.mend.poll_request()
    }

    fn handle(&mut self, now: Tick, examined: Examined) -> Option<Self::Outcome> {
        match examined {
            Ok((reply, body)) => {
                self.bodies.extend(body);
                self.mend.handle(now, &reply).map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}

async fn perform(io: Io, ailment: Ailment, request: Request) -> Performed<Examined> {
    match request {
        Request::ReadEntry { at, .. } if !matches!(ailment, Ailment::Lost { .. }) => {
            let examined = examine(&io, at).await;
            Performed::new(examined.map(|(read, body)| (Reply::Entry(at, read), body)), None)
        }
        request => io.perform(request).await.map(|reply| Ok((reply, None))),
    }
}

/// Reads an entry to its last row. What the store withholds is unreadable. Of all else that could not be
/// read, too large for us or not answered, nobody knows that it is not sound.
async fn examine(
    io: &Io,
    at: Position,
) -> Result<(ReadReply<fencepost_format::EntryHeader>, Option<Bytes>), RepairError> {
    let path = io.paths.entry(at);
    let left_alone = |object, reason: &dyn std::fmt::Display| RepairError::LeftAlone {
        object,
        reason: reason.to_string(),
    };
    match io.entry_object(at).await {
        ReadOutcome::Absent => Ok((ReadReply::Absent, None)),
        ReadOutcome::Found(object) => match Entry::decode(&path, at, &object.bytes, io.limits) {
            Ok(entry) => Ok((ReadReply::Found(entry.header()), None)),
            Err(error) if FormatError::is_limit_of_reader(&error) => Err(left_alone(path, &error)),
            Err(_) => Ok((ReadReply::Damaged, Some(object.bytes))),
        },
        ReadOutcome::Unknown(error) if error.failure().withholds() => Ok((ReadReply::Unknown, None)),
        ReadOutcome::Unknown(error) => Err(left_alone(path, &error)),
    }
}

/// A copy first, then one overwrite.
// P-94.
async fn replace(
    io: &Io,
    step: &RepairStep,
    nonce: Nonce,
    bodies: &[Bytes],
) -> Result<Repaired, RepairError> {
    let path = io.paths.entry(step.position);
    let mut set_aside = None;
    if let [first, others @ ..] = bodies {
        if others.iter().any(|other| other != first) {
            let reason =
                "since two reads gave different bytes: not the object but the connection to it is damaged";
            return Err(RepairError::LeftAlone { object: path, reason: reason.to_owned() });
        }
        let (aside, outcome) = io.set_entry_aside(step.position, nonce, first.clone()).await;
        if let Err(refused) = outcome {
            return Err(not_set_aside(aside, refused.why));
        }
        set_aside = Some(aside);
    }
    let tombstone = encode_marker(EntryKind::Tombstone, step.position, step.epoch, nonce);
    let repaired = Repaired { position: step.position, put: true, set_aside };
    match io.replace_entry(step.position, tombstone.clone()).await {
        Ok(_) => Ok(repaired),
        Err(refused) => match refused.why {
            Refusal::NotDone { source, .. } => Err(RepairError::NotDone { object: path, source }),
            Refusal::Exists => unreachable!("an overwrite is not refused for what is there"),
            // Whether it happened can be read. If not, it may yet: then it is the same tombstone that
            // repairing again will find.
            Refusal::Unknown { source } => match io.entry_object(step.position).await {
                ReadOutcome::Found(object) if object.bytes == tombstone => Ok(repaired),
                _ => Err(RepairError::Unknown { object: path, cause: Some(source.into()) }),
            },
        },
    }
}

fn not_set_aside(object: String, why: Refusal) -> RepairError {
    match why {
        Refusal::NotDone { source, .. } | Refusal::Unknown { source } => {
            RepairError::NotDone { object, source }
        }
        Refusal::Exists => RepairError::LeftAlone {
            object,
            reason: "since the copy's name is taken; repair again".to_owned(),
        },
    }
}

fn text_of(why: &NotAiling) -> String {
    match why {
        NotAiling::Sound(_) => "it holds a sound entry".to_owned(),
        NotAiling::Tail => "it is empty, and nothing proves that it ever held an entry".to_owned(),
        NotAiling::Covered => "the checkpoint has passed it".to_owned(),
        NotAiling::Damaged => "its entry is damaged, which needs another option".to_owned(),
        NotAiling::Unreadable => "its entry could not be read, which needs another option".to_owned(),
    }
}

fn told(cause: &Option<Cause>) -> String {
    cause.as_ref().map_or_else(|| "no answer".to_owned(), ToString::to_string)
}
