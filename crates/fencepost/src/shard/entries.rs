//! Entries: read whole, looked at, created, and listed.

use super::answer::{created, read, read_as};
use super::{Io, Performed};
use crate::Cause;
use bytes::Bytes;
use fencepost_fence::{ReadReply, Reply};
use fencepost_format::{EntryTail, Nonce, Position, SoundEntry, TRAILER_BYTES};
use fencepost_store::{Object, PutOutcome, ReadOutcome};
use futures::StreamExt;
use object_store::PutPayload;

impl Io {
    pub(super) async fn read_entry(&self, at: Position) -> Performed {
        let path = self.paths.entry(at);
        let outcome = self.once().get_up_to(&path, self.limits.object_bytes_max()).await;
        let mut entry = None;
        let header = read_as(outcome, |bytes| {
            let sound = SoundEntry::check(&path, at, bytes, self.limits)?;
            Ok::<_, Cause>(entry.insert(sound).header())
        });
        Performed { entry, ..header.map(|header| Reply::Entry(at, header)) }
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
        let ahead = usize::try_from(self.params.read_ahead).unwrap_or(1).max(1);
        futures::stream::iter(reads).buffered(ahead).collect().await
    }
}
