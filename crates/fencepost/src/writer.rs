//! A writer: appends, checkpoints, close.

mod acknowledgements;
mod alarm;
mod depth;
mod encoders;
mod group;
mod lease;
mod ledger;
mod opening;
mod permit;
mod records;
mod status;
mod task;

pub use acknowledgements::{Acknowledgement, Acknowledgements};
pub use lease::WaitingFor;
pub use opening::{Opening, Recovered};
pub use permit::Permit;
pub(crate) use status::Progress;
pub use status::WriterStatus;

use crate::telemetry::{self, Parked, Stopwatch};
use crate::{AppendError, Cause, CheckpointError, SubmitError, WriterOptions};
use arrow_array::RecordBatch;
use encoders::Encoders;
use fencepost_format::{EncodedBatches, Epoch, Position};
use group::Submission;
use status::Board;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// The place of an append in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Appended {
    /// The position of the entry, shared with other appends of the same group.
    pub position: Position,
}

type Waiter = oneshot::Sender<Result<Appended, AppendError>>;

/// The writer of one epoch.
///
/// [`Wal::open_writer`](crate::Wal::open_writer) opens one. All methods take `&self`; share the writer in an
/// `Arc` to append from many tasks. Appends run on the writer's own task: dropping a caller's future never
/// takes anything back.
///
/// Dropping the writer lets submitted batches finish, but writes no close entry. The next writer then takes
/// the log over as after a crash, which costs it 63 PUTs and some seconds of waiting for the lease.
/// [`close`](Self::close) avoids that.
#[derive(Debug)]
pub struct Writer {
    commands: mpsc::UnboundedSender<Command>,
    budget: Arc<Semaphore>,
    options: WriterOptions,
    encoders: Encoders,
    board: Board,
}

#[derive(Debug)]
enum Command {
    Submit(Submission),
    Flush(oneshot::Sender<Result<(), AppendError>>),
    Checkpoint(Position, oneshot::Sender<Result<Position, CheckpointError>>),
    Close(oneshot::Sender<Result<(), AppendError>>),
}

impl Writer {
    /// Appends `batches` as part of one entry and waits until it is durable and everything before it is.
    ///
    /// Costs one PUT, shared with other appends that wait at the same moment. The batches must all have one
    /// schema. Readers see all of them or none, in the order of the calls.
    ///
    /// # Errors
    /// [`AppendError::is_definite`] tells whether the batches are definitely not in the log.
    ///
    /// # Cancel safety
    /// Dropping the future does not take the append back: it may still become durable. Use
    /// [`submit`](Self::submit) to hand over the batches first and wait for the returned ticket separately.
    #[tracing::instrument(level = "debug", skip_all, fields(epoch = %self.epoch()))]
    pub async fn append(&self, batches: &[RecordBatch]) -> Result<Appended, AppendError> {
        self.submit_encoded(self.encoders.encode(batches)?).await?.await
    }

    /// Hands over `batches` and returns a ticket to wait on for durability.
    ///
    /// Waits only while the writer's buffer is full. The order of tickets is the order in the log.
    ///
    /// # Errors
    /// [`SubmitError`] hands the batches back; nothing was written.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, nothing was handed over.
    pub async fn submit(&self, batches: Vec<RecordBatch>) -> Result<Ticket, SubmitError> {
        let encoded = match self.encoders.encode(&batches) {
            Ok(encoded) => encoded,
            Err(why) => return Err(SubmitError { batches, why }),
        };
        match self.submit_encoded(encoded).await {
            Ok(ticket) => Ok(ticket),
            Err(why) => Err(SubmitError { batches, why }),
        }
    }

    /// Waits until the writer's buffer has room for `bytes`, and holds that room for one submission.
    ///
    /// For a loop that selects among several things: what is to be submitted stays where it is until there is
    /// room, and [`Permit::submit`] does not wait. `bytes` is the size of the submission, encoded: some more
    /// than the batches' arrays have. Costs no request.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] if a submission may not have as many bytes; why the writer stopped, or
    /// [`AppendError::Closed`].
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, nothing is held. Whoever waits again is behind those who
    /// waited meanwhile.
    pub async fn reserve(&self, bytes: u64) -> Result<Permit<'_>, AppendError> {
        self.check_size(bytes)?;
        let room = self.room(bytes).await?;
        match self.board.has_ended() {
            Some(why) => Err(why),
            None => Ok(Permit::new(self, bytes, room)),
        }
    }

    async fn submit_encoded(&self, batches: EncodedBatches) -> Result<Ticket, AppendError> {
        self.check_size(batches.bytes())?;
        let permit = self.room(batches.bytes()).await?;
        self.send(batches, permit)
    }

    const fn check_size(&self, bytes: u64) -> Result<(), AppendError> {
        let limit = self.options.entry_bytes_max;
        if bytes > limit { Err(AppendError::TooLarge { bytes, limit }) } else { Ok(()) }
    }

    /// Waits for room in the buffer.
    async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, AppendError> {
        let _parked = Parked::begin();
        let room = Arc::clone(&self.budget).acquire_many_owned(self.charge(bytes)).await;
        room.map_err(|_| AppendError::Closed)
    }

    /// What a submission of so many bytes takes of the buffer.
    fn charge(&self, bytes: u64) -> u32 {
        let charge = bytes.saturating_add(SUBMISSION_OVERHEAD).min(u64::from(self.options.buffer_bytes_max));
        u32::try_from(charge).expect("at most the limit, which is a u32")
    }

    fn send(&self, batches: EncodedBatches, permit: OwnedSemaphorePermit) -> Result<Ticket, AppendError> {
        // Known already, so the batches go back and no ticket has to tell.
        if let Some(why) = &self.board.state.borrow().stopped {
            return Err(why.for_unsent());
        }
        let (waiter, ticket) = oneshot::channel();
        let command = Command::Submit(Submission { batches, permit, waiter });
        self.commands.send(command).map_err(|_| self.why_stopped())?;
        Ok(Ticket(ticket))
    }

    /// Waits until everything submitted before is durable.
    ///
    /// Costs no request of its own. Submissions that linger are sent at once.
    ///
    /// # Errors
    /// The first failure among the appends that it waited for.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn flush(&self) -> Result<(), AppendError> {
        self.ask(Command::Flush).await.unwrap_or_else(|| Err(self.why_stopped()))
    }

    /// Declares that everything up to `position` is safe elsewhere: replays begin above it, and it may be
    /// collected.
    ///
    /// Returns the position of the checkpoint now. It is lower than `position` where that would lie within a
    /// fence range, and higher if the checkpoint was higher already. Costs two LISTs, four GETs and two
    /// PUTs.
    ///
    /// # Errors
    /// [`CheckpointError`].
    ///
    /// # Cancel safety
    /// Dropping the future does not take the checkpoint back.
    // P-31.
    #[tracing::instrument(level = "info", skip_all, fields(epoch = %self.epoch(), %position))]
    pub async fn checkpoint(&self, position: Position) -> Result<Position, CheckpointError> {
        let begun = Stopwatch::start();
        let asked = self.ask(|done| Command::Checkpoint(position, done)).await;
        let result = asked.unwrap_or(Err(CheckpointError::Closed));
        telemetry::checkpointed(self.epoch(), begun, &result);
        result
    }

    /// Finishes what was submitted, then appends the close entry and releases the lease. The next writer then
    /// need not wait or fence.
    ///
    /// Costs one PUT for the entry and one for the lease. A writer that is closed already is closed.
    ///
    /// # Errors
    /// Says why the close entry is not in the log. The next writer then takes over as after a crash. Nothing
    /// acknowledged is lost.
    ///
    /// # Cancel safety
    /// Dropping the future lets the close go on.
    pub async fn close(&self) -> Result<(), AppendError> {
        let closed = || if self.board.state.borrow().closed { Ok(()) } else { Err(self.why_stopped()) };
        self.ask(Command::Close).await.unwrap_or_else(closed)
    }

    /// The writer's epoch.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.board.epoch
    }

    /// The writer's state now.
    #[must_use]
    pub fn status(&self) -> WriterStatus {
        self.board.status()
    }

    /// Waits until the writer has stopped or closed, and says why it stopped.
    pub async fn stopped(&self) -> Option<AppendError> {
        let mut state = self.board.state.clone();
        let ended = state.wait_for(|state| state.closed || state.stopped.is_some()).await;
        ended.map_or_else(|_| Some(self.why_stopped()), |state| state.stopped.clone())
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (done, answer) = oneshot::channel();
        self.commands.send(command(done)).ok()?;
        answer.await.ok()
    }

    fn why_stopped(&self) -> AppendError {
        self.board.state.borrow().stopped.clone().unwrap_or(AppendError::Closed)
    }
}

/// The promise of an answer for one submission. A future; dropping it does not take the append back.
#[derive(Debug)]
#[must_use = "an append is durable only when its ticket says so"]
pub struct Ticket(oneshot::Receiver<Result<Appended, AppendError>>);

impl Future for Ticket {
    type Output = Result<Appended, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| {
            // The writer's task answers everything before it ends; if it was torn down with its runtime,
            // nobody knows.
            answer.unwrap_or_else(|_| {
                Err(AppendError::Unknown { at: Position::NONE, cause: Some(Arc::new(Cause::TornDown)) })
            })
        })
    }
}

/// What a submission takes besides its bytes, so that a million empty ones are bounded too.
const SUBMISSION_OVERHEAD: u64 = 1_024;
