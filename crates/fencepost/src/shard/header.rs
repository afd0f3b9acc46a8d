//! Reading as much of an entry as tells for certain what it is.
//!
//! A deletion rests on the entry's kind, so the kind must be known and not guessed. Three cases:
//!
//! * **Small objects** (up to 4 KiB), which all fence entries and other markers are: read whole, and
//!   everything in them is checked: the trailer's own checksum, the body's checksum, and that the stream's
//!   metadata says the same as the trailer. One GET.
//! * **Larger objects with a trailer**: the last 64 bytes. The trailer has a checksum of its own over
//!   everything it says, and states position and size of the body, which must agree with the object's. That
//!   settles the kind without the body; damage in the rows does not matter to a deletion. Only data is that
//!   large, so a marker's kind on a large object counts as damage. One GET.
//! * **Larger objects that end as Lance ends them**: the first 4 KiB as well, for the epoch in the schema's
//!   metadata. Two GETs, three if the schema is longer. An object of ours whose trailer were damaged so that
//!   it ends like one of Lance's would have to match eight given bytes by accident; and if it did, the rules
//!   for Lance keep more, not less.
//!
//! Whatever does not fit is damaged, and stays.
// P-51.

use super::answer::read_as;
use super::{Io, Performed};
use crate::Cause;
use bytes::Bytes;
use fencepost_fence::ReadReply;
use fencepost_format::{
    DecodeLimits, EntryHeader, EntryTail, FormatError, LanceHead, Position, TRAILER_BYTES, decode_header,
    decode_lance_head,
};
use fencepost_store::{LogStore, Object, ReadOutcome};

impl Io {
    /// Reads the header of the entry at `at`, whose object was listed with `bytes`.
    pub(super) async fn read_header(&self, at: Position, bytes: u64) -> Performed<ReadReply<EntryHeader>> {
        let (store, path) = (self.once(), self.paths.entry(at));
        if bytes <= WHOLE_BYTES_MAX {
            let decode = |bytes: Bytes| decode_header(&path, at, &bytes, DecodeLimits::DEFAULT);
            let whole = store.get_up_to(&path, WHOLE_BYTES_MAX).await;
            return read_as(whole, |bytes| decode(bytes).map(|summary| summary.header));
        }
        match read_ends(&store, &path, at, bytes).await {
            Ok(header) => Performed::new(ReadReply::Found(header), None),
            Err(Miss::Absent) => Performed::new(ReadReply::Absent, None),
            Err(Miss::Damaged(error)) => Performed::new(ReadReply::Damaged, Some(error.into())),
            Err(Miss::Unknown(cause)) => Performed::new(ReadReply::Unknown, Some(cause)),
        }
    }
}

enum Miss {
    Absent,
    Damaged(FormatError),
    Unknown(Cause),
}

impl From<FormatError> for Miss {
    fn from(error: FormatError) -> Self {
        Self::Damaged(error)
    }
}

async fn read_ends(store: &LogStore, path: &str, at: Position, bytes: u64) -> Result<EntryHeader, Miss> {
    let tail = found(store.get_range(path, bytes - TRAILER_BYTES as u64..bytes).await)?;
    if tail.size != bytes {
        return Err(damaged(path, "the object is not as long as it was listed"));
    }
    match EntryTail::decode(path, &tail.bytes, bytes, at)? {
        EntryTail::Ours(trailer) if trailer.kind.is_data() => Ok(trailer.header()),
        EntryTail::Ours(_) => Err(damaged(path, "a marker that is larger than markers are")),
        EntryTail::Lances => read_lance_head(store, path, at, bytes).await,
    }
}

async fn read_lance_head(
    store: &LogStore,
    path: &str,
    at: Position,
    bytes: u64,
) -> Result<EntryHeader, Miss> {
    let mut needed = WHOLE_BYTES_MAX;
    // Once more if the schema is longer than that; then it says how long it is.
    for _ in 0..2 {
        let head = found(store.get_range(path, 0..needed).await)?;
        match decode_lance_head(path, at, bytes, &head.bytes)? {
            LanceHead::Known { header } => return Ok(header),
            LanceHead::MoreNeeded { bytes } if bytes > HEAD_BYTES_MAX => {
                return Err(damaged(path, "the schema is longer than a collector reads"));
            }
            LanceHead::MoreNeeded { bytes } => needed = bytes,
        }
    }
    Err(damaged(path, "the schema is longer than it says"))
}

fn found(read: ReadOutcome<Object>) -> Result<Object, Miss> {
    match read {
        ReadOutcome::Found(object) => Ok(object),
        ReadOutcome::Absent => Err(Miss::Absent),
        ReadOutcome::Unknown(error) => Err(Miss::Unknown(error.into())),
    }
}

fn damaged(path: &str, reason: &'static str) -> Miss {
    Miss::Damaged(FormatError::Damaged { object: path.to_owned(), offset: 0, reason: reason.into() })
}

const WHOLE_BYTES_MAX: u64 = 4 << 10;
const HEAD_BYTES_MAX: u64 = 16 << 20;
