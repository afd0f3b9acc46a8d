//! Objects whose bytes are known in advance: created if absent, and as good if they are there already.

use bytes::Bytes;
use fencepost_store::{Failure, LogStore, Refusal, Retry, StoreError};
use snafu::Snafu;
use std::time::Duration;

/// Why an object is not there, or not known to be.
#[derive(Debug, Snafu)]
pub(crate) enum NotThere {
    /// Another one is.
    #[snafu(display("something else is there already"))]
    Occupied,
    /// It could not be written.
    #[snafu(display("it was not written{}", cause.as_ref().map_or_else(String::new, |cause| format!(": {cause}"))))]
    NotWritten {
        /// The last thing that went wrong.
        cause: Option<StoreError>,
    },
    /// It could not be read back.
    #[snafu(display("it is not known whether it was written: {cause}"))]
    Unread {
        /// Why.
        cause: StoreError,
    },
}

/// Creates an object, which may be there already with the same bytes; up to so many attempts.
pub(crate) async fn create_same(
    store: &LogStore,
    path: &str,
    bytes: Bytes,
    attempts: u32,
) -> Result<(), NotThere> {
    let mut last = None;
    for _ in 0..attempts {
        let Err(refused) = store.create(path, bytes.clone().into()).await else { return Ok(()) };
        last = refused.why.error().cloned();
        if matches!(refused.why, Refusal::NotDone { retry: Retry::Never, .. }) {
            break;
        }
        // It may be ours, landed without a reply, or an earlier one of the same; or nothing, whatever the store says.
        match store.get_up_to(path, bytes.len() as u64).await.into_result() {
            Ok(Some(found)) if found.bytes == bytes => return Ok(()),
            Ok(Some(_)) => return Err(NotThere::Occupied),
            Ok(None) => {}
            Err(error) if matches!(error.failure(), Failure::TooLarge { .. }) => {
                return Err(NotThere::Occupied);
            }
            Err(cause) => return Err(NotThere::Unread { cause }),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(NotThere::NotWritten { cause: last })
}

/// How long between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
