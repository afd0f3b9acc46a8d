//! Entries: read whole, looked at, created, and listed.

use super::answer::{created, read, read_as};
use super::{Io, Performed};
use crate::Cause;
use bytes::Bytes;
use fencepost_fence::{ReadReply, Reply};
use fencepost_format::{DecodeLimits, EntryTail, FormatError, Nonce, Position, SoundEntry, TRAILER_BYTES};
use fencepost_store::{Object, PutOutcome, ReadOutcome};
use futures::StreamExt;
use object_store::PutPayload;

impl Io {
    /// Reads an entry whole and checks it, once there is room for it.
    pub(super) async fn read_entry(&self, at: Position) -> Performed {
        let path = self.paths.entry(at);
        let room = match &self.budget {
            Some(budget) => Some(budget.reserve(at).await),
            None => None,
        };
        let fits = |size| {
            let room = room.as_ref();
            async move {
                if let Some(room) = room {
                    room.fit(size).await;
                }
            }
        };
        let outcome = self.once().get_when(&path, self.limits.object_bytes_max(), fits).await;
        if let Some(room) = &room {
            room.answered();
        }
        let checked = match &outcome {
            ReadOutcome::Found(object) => Some(check(&path, at, object.bytes.clone(), self.limits).await),
            ReadOutcome::Absent | ReadOutcome::Unknown(_) => None,
        };
        let mut entry = None;
        let header = read_as(outcome, |_| {
            let sound = checked.expect("what was found is checked")?;
            Ok::<_, Cause>(entry.insert(sound).header())
        });
        let room = room.filter(|_| entry.is_some());
        Performed { entry, room, ..header.map(|header| Reply::Entry(at, header)) }
    }

    /// Its size first, then its last bytes: little is read, however large it is, and nothing where nothing is.
    pub(super) async fn peek_entry(&self, at: Position) -> Performed {
        let path = self.paths.entry(at);
        let size = match self.once().head(&path).await {
            ReadOutcome::Found(info) => info.size,
            missed => {
                let missed = read(missed, |_| Ok::<_, Cause>(None));
                return missed.map(|missed| Reply::Peeked(at, missed));
            }
        };
        let trailer = size.saturating_sub(TRAILER_BYTES as u64)..size;
        if trailer.is_empty() {
            return Performed::new(Reply::Peeked(at, ReadReply::Damaged), None);
        }
        let outcome = self.once().get_range(&path, trailer).await;
        let header = read(outcome, |last| {
            Ok::<_, Cause>(match EntryTail::decode(&path, &last.bytes, size, at)? {
                EntryTail::Ours(trailer) => Some(trailer.header()),
                EntryTail::Lances => None,
            })
        });
        header.map(|header| Reply::Peeked(at, header))
    }

    /// Creates a data entry, after a pause if it is not the first attempt.
    pub(crate) async fn append(&self, at: Position, attempt: u32, rows: PutPayload) -> Performed {
        self.pause(attempt).await;
        self.create_entry(at, rows).await
    }

    pub(super) async fn create_entry(&self, at: Position, payload: PutPayload) -> Performed {
        let outcome = self.store.create(self.paths.entry(at), payload).await;
        created(outcome).map(|reply| Reply::EntryCreated(at, reply))
    }

    /// The whole object of an entry, for who asks once and looks at it by himself.
    pub(crate) async fn entry_object(&self, at: Position) -> ReadOutcome<Object> {
        self.store.get_up_to(self.paths.entry(at), self.limits.object_bytes_max()).await
    }

    /// The last bytes of an entry that was listed with so many, where a trailer stands.
    pub(crate) async fn entry_tail(&self, at: Position, bytes: u64) -> Result<Option<EntryTail>, Cause> {
        let path = self.paths.entry(at);
        let last = self.store.get_range(&path, bytes.saturating_sub(TRAILER_BYTES as u64)..bytes).await;
        let Some(last) = last.into_result()? else { return Ok(None) };
        Ok(Some(EntryTail::decode(&path, &last.bytes, bytes, at)?))
    }

    /// Copies the bytes of a damaged entry to where they disturb nobody; the path.
    // P-94.
    pub(crate) async fn set_entry_aside(
        &self,
        at: Position,
        nonce: Nonce,
        bytes: Bytes,
    ) -> (String, PutOutcome) {
        let aside = self.paths.set_aside(at, nonce);
        let outcome = self.store.create(&aside, bytes.into()).await;
        (aside, outcome)
    }

    /// Puts a marker where something damaged stands, which is never absent meanwhile.
    // P-94.
    pub(crate) async fn replace_entry(&self, at: Position, marker: Bytes) -> PutOutcome {
        self.store.put_overwrite(self.paths.entry(at), marker.into()).await
    }

    /// Reads something of every entry, several at a time, in order.
    pub(crate) async fn read_all<'a, T, F: Future<Output = T> + 'a>(
        &'a self,
        entries: Vec<(Position, u64)>,
        read: impl Fn(&'a Self, Position, u64) -> F + 'a,
    ) -> Vec<((Position, u64), T)> {
        let reads = entries.into_iter().map(|listed| {
            let reading = read(self, listed.0, listed.1);
            async move { (listed, reading.await) }
        });
        // Each is held whole, and nobody knows how large they are together.
        let ahead = usize::try_from(self.params.read_ahead.min(AT_ONCE_MAX)).unwrap_or(1).max(1);
        futures::stream::iter(reads).buffered(ahead).collect().await
    }
}

/// Checks an entry: here, or on a thread for such work if it is so large that other tasks would notice.
async fn check(
    path: &str,
    at: Position,
    bytes: Bytes,
    limits: DecodeLimits,
) -> Result<SoundEntry, FormatError> {
    if bytes.len() < HEAVY_BYTES {
        return SoundEntry::check(path, at, bytes, limits);
    }
    let path = path.to_owned();
    heavy(move || SoundEntry::check(&path, at, bytes, limits)).await
}

/// Does heavy work on a thread of its own.
async fn heavy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down gives up such work, and it polls no task any more.
            Err(_) => std::future::pending().await,
        },
    }
}

/// How many entries are read at once where no budget in bytes watches over it.
const AT_ONCE_MAX: u64 = 16;

/// From here on, the work on an entry takes a good part of a millisecond.
const HEAVY_BYTES: usize = 1 << 20;
