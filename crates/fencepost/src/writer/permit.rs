//! Room in a writer's buffer, held for one submission.

use super::{Ticket, Writer};
use crate::{AppendError, SubmitError};
use arrow_array::RecordBatch;
use fencepost_format::EncodedBatches;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Room for one submission, made by [`Writer::reserve`]. Dropping it gives the room back.
///
/// ```no_run
/// # async fn example(writer: fencepost::Writer, mut rows: tokio::sync::mpsc::Receiver<arrow_array::RecordBatch>)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// // Nothing is taken out of the channel before there is room for it.
/// loop {
///     let permit = writer.reserve(1 << 20).await?;
///     let Some(batch) = rows.recv().await else { break };
///     let ticket = permit.submit(vec![batch])?;
///     tokio::spawn(ticket);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "room that is not used is given back"]
pub struct Permit<'a> {
    pub(super) writer: &'a Writer,
    bytes: u64,
    room: OwnedSemaphorePermit,
}

impl<'a> Permit<'a> {
    pub(super) const fn new(writer: &'a Writer, bytes: u64, room: OwnedSemaphorePermit) -> Self {
        Self { writer, bytes, room }
    }

    /// Hands over `batches`, as [`Writer::submit`] does, without waiting.
    ///
    /// # Errors
    /// [`SubmitError`] hands the batches back; nothing was written. [`AppendError::TooLarge`] if they are
    /// larger than what was reserved, and the buffer has no room for the rest: reserve more.
    pub fn submit(self, batches: Vec<RecordBatch>) -> Result<Ticket, SubmitError> {
        let encoded = match self.writer.encoders.encode(&batches) {
            Ok(encoded) => encoded,
            Err(why) => return Err(SubmitError { batches, why }),
        };
        let checked = self.writer.check_size(encoded.bytes());
        checked.and_then(|()| self.submit_encoded(encoded)).map_err(|why| SubmitError { batches, why })
    }

    pub(super) fn submit_encoded(mut self, batches: EncodedBatches) -> Result<Ticket, AppendError> {
        let bytes = batches.bytes();
        let (held, needed) = (self.writer.charge(self.bytes), self.writer.charge(bytes));
        if let Some(rest) = needed.checked_sub(held).filter(|rest| *rest > 0) {
            let more = Arc::clone(&self.writer.budget).try_acquire_many_owned(rest);
            self.room.merge(more.map_err(|_| AppendError::TooLarge { bytes, limit: self.bytes })?);
        } else {
            drop(self.room.split(held.saturating_sub(needed) as usize));
        }
        self.writer.send(batches, self.room)
    }
}
