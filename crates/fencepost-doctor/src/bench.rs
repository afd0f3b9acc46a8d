//! What a check works with: creates and reads whose outcomes are certain, and a limit of time.

use super::options::Options;
use super::report::Seen;
use super::scratch::Scratch;
use bytes::Bytes;
use fencepost_store::{Failure, LogStore, Operation, Path, ReadOutcome, Refusal, StoreError};
use object_store::PutPayload;
use std::time::Duration;
use tokio::time::Instant;

/// What a check comes to; an error means that it could not be carried out.
pub(super) type Found = Result<Seen, StoreError>;

/// One check's surroundings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bench<'a> {
    pub(super) scratch: &'a Scratch,
    pub(super) options: &'a Options,
    pub(super) until: Instant,
}

/// What became of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Created {
    Yes,
    /// After an attempt without a clear answer, which may still be on its way and land once more after a deletion.
    YesAtLast,
    /// By other bytes than these.
    Taken,
    /// Refused again and again, though nothing is there.
    TakenByNothing,
}

impl Bench<'_> {
    /// The name of one of the suite's objects in the store beneath.
    pub(super) fn absolute(&self, name: &str) -> Path {
        self.store().absolute(name).expect("the suite's names are valid")
    }

    pub(super) fn store(&self) -> &LogStore {
        self.scratch.store()
    }

    pub(super) fn time_is_up(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Creates an object, with as many attempts as it takes to know what became of it.
    ///
    /// `text` must be used for no other create of this name: whoever finds it there takes it for its own,
    /// since clients repeat requests.
    pub(super) async fn create(&self, name: &str, text: &str) -> Result<Created, StoreError> {
        self.scratch.note(name);
        let mut payload = PutPayload::from(text.to_owned());
        let mut outcome = Ok(Created::TakenByNothing);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * attempt).await;
            }
            let refused = match self.store().create(name, payload).await {
                Ok(_) if attempt == 0 => return Ok(Created::Yes),
                Ok(_) => return Ok(Created::YesAtLast),
                Err(refused) => refused,
            };
            payload = refused.payload;
            outcome = match refused.why {
                Refusal::Exists => match self.read(name).await? {
                    Some(bytes) if bytes == text => return Ok(Created::YesAtLast),
                    Some(_) => return Ok(Created::Taken),
                    None => Ok(Created::TakenByNothing),
                },
                Refusal::NotDone { source, .. } | Refusal::Unknown { source } if !source.is_retryable() => {
                    return Err(source);
                }
                Refusal::NotDone { source, .. } | Refusal::Unknown { source } => Err(source),
            };
        }
        outcome
    }

    /// Creates an object that nobody else creates, and says whether no attempt can land late.
    pub(super) async fn make(&self, name: &str, text: &str) -> Result<bool, StoreError> {
        match self.create(name, text).await? {
            Created::Yes => Ok(true),
            Created::YesAtLast => Ok(false),
            Created::Taken | Created::TakenByNothing => {
                let cause = "a name that nobody else uses was repeatedly reported as taken";
                let failure = Failure::Conflict;
                Err(StoreError::because(Operation::Create, name, Duration::ZERO, failure, cause))
            }
        }
    }

    /// Reads an object of a few bytes; `None` if the store says that it is absent.
    pub(super) async fn read(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        match self.store().get_up_to(name, SMALL_BYTES_MAX).await {
            ReadOutcome::Found(found) => Ok(Some(found.bytes)),
            ReadOutcome::Absent => Ok(None),
            ReadOutcome::Unknown(error) => Err(error),
        }
    }
}

const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);
const SMALL_BYTES_MAX: u64 = 1 << 20;
