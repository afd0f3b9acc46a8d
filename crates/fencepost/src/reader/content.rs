//! Reading what entries say of themselves, without their rows.

use super::{Reader, Step};
use crate::{EntryContent, ReadError, telemetry};
use fencepost_fence::Verify;

impl Reader {
    /// The next data entry, as [`next`](Self::next) hands it out, but what it says of itself alone: how many rows it
    /// has, and whose it is. One reader may be asked for either.
    ///
    /// The entry is read whole and its checksum compared, and no array is made of its rows. So rows that cannot be
    /// decoded are no error here.
    ///
    /// # Errors
    /// As [`next`](Self::next), but [`ReadError::Rows`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next_content(&mut self) -> Result<Option<EntryContent>, ReadError> {
        self.resume(Verify::Always);
        loop {
            match self.step().await? {
                Step::Entry(Some(entry)) => {
                    telemetry::read();
                    // If its rows could not be decoded before, it is passed now.
                    self.kept = None;
                    return Ok(Some(EntryContent::of(entry.summary())));
                }
                Step::Entry(None) => {}
                Step::GivenUp(at) => self.given_up.push(at),
                Step::AtTail(..) | Step::End => return Ok(None),
            }
        }
    }
}
