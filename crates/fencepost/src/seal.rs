//! Sealing a shard, so that nobody opens it any more, and lifting the seal.
// P-150.

use crate::drive::{Driver, Search, Searching};
use crate::error::{caused, gave_up_text};
use crate::{AppendError, Cause, ErrorKind, OpenWriterError, ReadError, WaitingFor, Wal, WriterOptions};
use fencepost_fence::{Change, Commit, CommitOutcome, GaveUp, Reply, Request, Tick};
use fencepost_format::{Epoch, Manifest, Position, ShardStatus};
use snafu::Snafu;

/// A shard that takes no writers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// The epoch under which it is sealed.
    pub epoch: Epoch,
    /// The last position of the log: the close entry of that epoch. Nothing is acknowledged above it. `None` if
    /// the shard had been sealed before.
    pub tail: Option<Position>,
}

/// What lifting a seal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsealed {
    /// Writers may open the shard again; the seal was lifted under this epoch.
    Lifted(Epoch),
    /// It was not sealed.
    NotSealed,
}

/// Why a shard was not sealed, or a seal not lifted.
#[derive(Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum SealError {
    /// The shard could not be taken over first.
    #[snafu(transparent)]
    Open {
        /// Why.
        source: OpenWriterError,
    },
    /// The log could not be closed under the epoch that was taken. Nothing is sealed; nothing acknowledged is
    /// touched.
    #[snafu(display("the log could not be closed, and is not sealed: {source}"))]
    Close {
        /// Why.
        source: AppendError,
    },
    /// Another writer took the shard before it was sealed.
    #[snafu(display(
        "another writer holds the shard now, under epoch {by}; it is not sealed. Seal it again"
    ))]
    Fenced {
        /// Its epoch.
        by: Epoch,
    },
    /// There is no manifest: nobody ever wrote to this shard.
    #[snafu(display("there is no log here, so there is no seal to lift"))]
    NoLog,
    /// The manifest states a status that this version does not know.
    #[snafu(display(
        "the shard is in a state that this version does not know; a later version set it, and can end it"
    ))]
    UnknownStatus,
    /// It ended without an answer: the shard may be sealed or not. Trying again is safe.
    #[snafu(display(
        "it is not known whether the seal was set or lifted: {}{}; try again, which is safe",
        gave_up_text(why),
        caused(cause)
    ))]
    GaveUp {
        /// Where it ended.
        why: GaveUp,
        /// The last thing that went wrong.
        cause: Option<Cause>,
    },
}

impl SealError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open { source } => source.kind(),
            Self::Close { source } => source.kind(),
            Self::Fenced { .. } => ErrorKind::Fenced,
            Self::NoLog => ErrorKind::Missing,
            Self::UnknownStatus => ErrorKind::Held,
            Self::GaveUp { why, cause } => ErrorKind::of_end(*why, cause.as_ref()),
        }
    }
}

impl Wal {
    /// Seals the shard: takes it over as the options say, closes the log, and lets nobody claim it any more.
    ///
    /// Afterwards nothing is acknowledged above [`Sealed::tail`] until [`unseal`](Self::unseal): earlier writers
    /// are fenced, this one is closed, and there is no later one. Readers, cursors and collections go on. It costs
    /// what opening and closing a writer costs, and two LISTs, four GETs and a PUT.
    ///
    /// # Errors
    /// [`SealError`]. Nothing that was acknowledged is touched.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the shard as it was, or taken over, or closed, or sealed.
    // P-150.
    pub async fn seal(
        &self,
        options: WriterOptions,
        on_wait: impl FnMut(&WaitingFor) + Send,
    ) -> Result<Sealed, SealError> {
        let writer = match self.open_writer_with(options, on_wait).await {
            Ok(writer) => writer,
            Err(OpenWriterError::Sealed) => return self.sealed_before().await,
            Err(error) => return Err(error.into()),
        };
        let epoch = writer.epoch();
        writer.close().await.map_err(|source| SealError::Close { source })?;
        let tail = writer.status().acknowledged;
        // The close entry comes first: a shard that is sealed has its last word.
        match self.commit(Change::Seal { epoch }).await {
            Ok(_) => Ok(Sealed { epoch, tail: Some(tail) }),
            Err(error) => Err(error),
        }
    }

    /// Lets writers open a sealed shard again.
    ///
    /// The next epoch lifts the seal, and nobody writes under it: the next writer opens as after any other.
    /// Costs two LISTs, four GETs and a PUT.
    ///
    /// # Errors
    /// [`SealError`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the shard sealed or not.
    // P-150.
    pub async fn unseal(&self) -> Result<Unsealed, SealError> {
        match self.commit(Change::Unseal).await {
            Ok((manifest, true)) => Ok(Unsealed::Lifted(manifest.writer_epoch)),
            Ok((_, false)) => Ok(Unsealed::NotSealed),
            Err(SealError::Fenced { by }) if by.is_none() => Err(SealError::NoLog),
            Err(error) => Err(error),
        }
    }

    async fn sealed_before(&self) -> Result<Sealed, SealError> {
        let io = self.io.scoped();
        let manifest = io.manifest().await.map_err(|error| match error {
            ReadError::NoLog { .. } => SealError::NoLog,
            ReadError::GaveUp { why, cause, .. } => SealError::GaveUp { why, cause },
            _ => SealError::GaveUp { why: GaveUp::Unread, cause: None },
        })?;
        match manifest.status {
            ShardStatus::Sealed => Ok(Sealed { epoch: manifest.writer_epoch, tail: None }),
            _ => Err(SealError::UnknownStatus),
        }
    }

    /// The manifest that the change came to, and whether it changed anything.
    async fn commit(&self, change: Change) -> Result<(Manifest, bool), SealError> {
        let io = self.io.scoped();
        let deadline = io.environment.now().plus(io.params.retry_timeout);
        let commit = Commit::new(change, io.environment.nonce(), deadline);
        let mut driver = Driver::new(Searching::new(commit), &io.environment);
        match driver.outcome(|request| io.clone().perform(request)).await {
            CommitOutcome::Won(manifest) => {
                tracing::info!(shard = %io.paths.shard(), epoch = %manifest.writer_epoch, status = ?manifest.status, "status set");
                io.write_hint(manifest.version).await;
                Ok((manifest, true))
            }
            CommitOutcome::Unchanged(manifest) => Ok((manifest, false)),
            CommitOutcome::Superseded { by } => Err(SealError::Fenced { by }),
            CommitOutcome::Sealed => Err(SealError::UnknownStatus),
            CommitOutcome::GaveUp(why) => {
                let cause = io.cause_of(why, driver.take_cause());
                Err(SealError::GaveUp { why, cause })
            }
        }
    }
}

impl Search for Commit {
    type Request = Request;
    type Reply = Reply;
    type Outcome = CommitOutcome;

    fn poll_request(&mut self) -> Option<Request> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: Reply) -> Option<CommitOutcome> {
        self.handle(now, &reply)
    }
}
