//! The 64 bytes after an entry's stream, by which the entry can be checked and identified cheaply.
//!
//! Arrow readers stop at the end-of-stream marker, so nobody but us sees them.

use crate::error::{NewerSnafu, damaged};
use crate::{EntryHeader, EntryKind, Epoch, FormatError, ID_MAX, Nonce, Position};

/// How long a trailer is.
pub const TRAILER_BYTES: usize = 64;

/// The largest body, in bytes, that a trailer can state: 4 GiB less one byte.
///
/// Far above what one PUT should carry; entries by Lance are not bound by it.
pub const BODY_BYTES_MAX: u64 = u32::MAX as u64;

/// The contents of the last 64 bytes of our entries.
///
/// The trailer has its own checksum, so 64 bytes from a range read can be trusted without the body. It also
/// contains the body's checksum, so the whole entry is covered.
// F-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trailer {
    /// The entry's purpose.
    pub kind: EntryKind,
    /// The entry's position.
    pub position: Position,
    /// The epoch of the writer that wrote it.
    pub epoch: Epoch,
    /// The writer's nonce, drawn at its claim.
    pub nonce: Nonce,
    /// How many rows the batches have in all.
    pub rows: u64,
    /// How many record batches the stream has.
    pub batches: u32,
    /// How many bytes precede the trailer; at most [`BODY_BYTES_MAX`].
    pub body_bytes: u64,
    /// CRC-32C of those bytes.
    pub body_crc: u32,
}

impl Trailer {
    /// The 64 bytes.
    ///
    /// # Panics
    /// If `body_bytes` is above [`BODY_BYTES_MAX`] or an id is 0 or out of bounds: the writer's mistake.
    #[must_use]
    pub fn encode(&self) -> [u8; TRAILER_BYTES] {
        let body_bytes = u32::try_from(self.body_bytes).expect("bodies above 4 GiB are refused when sealed");
        assert!((1..=ID_MAX).contains(&self.position.get()), "an entry has a position");
        assert!((1..=ID_MAX).contains(&self.epoch.get()), "an entry has an epoch");
        let mut out = [0; TRAILER_BYTES];
        out[0..4].copy_from_slice(&MAGIC);
        out[4] = VERSION;
        out[5] = kind_code(self.kind);
        // Bytes 6 and 7 are flags, none of which is defined yet.
        out[8..16].copy_from_slice(&self.position.get().to_le_bytes());
        out[16..24].copy_from_slice(&self.epoch.get().to_le_bytes());
        out[24..40].copy_from_slice(&self.nonce.0.to_le_bytes());
        out[40..48].copy_from_slice(&self.rows.to_le_bytes());
        out[48..52].copy_from_slice(&self.batches.to_le_bytes());
        out[52..56].copy_from_slice(&body_bytes.to_le_bytes());
        out[56..60].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = crc32c::crc32c(&out[..60]);
        out[60..64].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the last 64 bytes of an object of ours that is `object_bytes` long and named after `expected`.
    ///
    /// Complete but for the body's checksum, which [`check_body`](Self::check_body) adds.
    ///
    /// # Errors
    /// [`FormatError::Damaged`], [`FormatError::Newer`] or [`FormatError::Misplaced`].
    pub fn decode(
        object: &str,
        tail: &[u8],
        object_bytes: u64,
        expected: Position,
    ) -> Result<Self, FormatError> {
        let at = object_bytes.saturating_sub(TRAILER_BYTES as u64);
        let Ok(tail) = <&[u8; TRAILER_BYTES]>::try_from(tail) else {
            return Err(damaged(object, at, "there is no room for a trailer of 64 bytes"));
        };
        if tail[0..4] != MAGIC {
            return Err(damaged(object, at, "the object ends with neither an end of stream nor a trailer"));
        }
        if crc32c::crc32c(&tail[..60]) != u32::from_le_bytes(array(tail, 60)) {
            return Err(damaged(object, at + 60, "the trailer does not match its checksum"));
        }
        // F-9: sound, so what is unknown in it is newer and not damage.
        if tail[4] != VERSION {
            return NewerSnafu { object, offset: at + 4, what: format!("trailer version {}", tail[4]) }
                .fail();
        }
        let Some(kind) = kind_of_code(tail[5]) else {
            return NewerSnafu { object, offset: at + 5, what: format!("entry kind {}", tail[5]) }.fail();
        };
        if tail[6..8] != [0, 0] {
            return NewerSnafu { object, offset: at + 6, what: "a flag of the trailer" }.fail();
        }
        let id = |from: usize, what: &'static str| match u64::from_le_bytes(array(tail, from)) {
            number @ 1..=ID_MAX => Ok(number),
            number => Err(damaged(object, at + from as u64, format!("{number} is not a valid {what}"))),
        };
        let trailer = Self {
            kind,
            position: Position::new(id(8, "position")?),
            epoch: Epoch::new(id(16, "epoch")?),
            nonce: Nonce(u128::from_le_bytes(array(tail, 24))),
            rows: u64::from_le_bytes(array(tail, 40)),
            batches: u32::from_le_bytes(array(tail, 48)),
            body_bytes: u64::from(u32::from_le_bytes(array(tail, 52))),
            body_crc: u32::from_le_bytes(array(tail, 56)),
        };
        if trailer.body_bytes != at {
            let reason = format!("the trailer follows a body of {} bytes, not of {at}", trailer.body_bytes);
            return Err(damaged(object, at + 52, reason));
        }
        if trailer.position != expected {
            return Err(FormatError::Misplaced {
                object: object.to_owned(),
                offset: at + 8,
                what: "position",
                found: trailer.position.get(),
                expected: expected.get(),
            });
        }
        Ok(trailer)
    }

    /// Compares `body`, everything that precedes the trailer, with the checksum in it.
    ///
    /// # Errors
    /// [`FormatError::Damaged`].
    pub fn check_body(&self, object: &str, body: &[u8]) -> Result<(), FormatError> {
        if body.len() as u64 != self.body_bytes || crc32c::crc32c(body) != self.body_crc {
            return Err(damaged(object, 0_u64, "the body does not match the checksum in the trailer"));
        }
        Ok(())
    }

    /// The header: everything that the protocol needs to know of the entry.
    #[must_use]
    pub const fn header(&self) -> EntryHeader {
        EntryHeader {
            position: self.position,
            epoch: self.epoch,
            kind: self.kind,
            nonce: Some(self.nonce),
            generation: None,
        }
    }
}

/// How an entry's object ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryTail {
    /// With a trailer: an entry of ours.
    Ours(Trailer),
    /// With the end-of-stream marker: an entry by Lance, about which only its beginning can tell more.
    Lances,
}

impl EntryTail {
    /// Tells from the last [`TRAILER_BYTES`] bytes of an object (all of it, if it is shorter) whose entry it is.
    ///
    /// SUBTLE: the two cannot be mistaken for each other. A sound trailer is recognised by its own checksum,
    /// whatever it ends with. A damaged one ends with its two checksums, and these are the end-of-stream marker
    /// `ff ff ff ff 00 00 00 00` in one case of 2^64.
    ///
    /// # Errors
    /// As [`Trailer::decode`]; an object that ends neither way is damaged.
    // F-10.
    pub fn decode(
        object: &str,
        tail: &[u8],
        object_bytes: u64,
        expected: Position,
    ) -> Result<Self, FormatError> {
        match Trailer::decode(object, tail, object_bytes, expected) {
            Ok(trailer) => Ok(Self::Ours(trailer)),
            Err(FormatError::Damaged { .. }) if tail.ends_with(&END_OF_STREAM) => Ok(Self::Lances),
            Err(error) => Err(error),
        }
    }
}

/// What ends an Arrow IPC stream: the continuation marker and a length of zero.
pub(crate) const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

fn kind_code(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::Data => 1,
        EntryKind::Fence => 2,
        EntryKind::CleanFence => 3,
        EntryKind::Filler => 4,
        EntryKind::Close => 5,
        EntryKind::Tombstone => 6,
    }
}

fn kind_of_code(code: u8) -> Option<EntryKind> {
    use EntryKind::{CleanFence, Close, Data, Fence, Filler, Tombstone};
    [Data, Fence, CleanFence, Filler, Close, Tombstone].into_iter().find(|kind| kind_code(*kind) == code)
}

fn array<const N: usize>(bytes: &[u8; TRAILER_BYTES], from: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[from..from + N]);
    out
}

const MAGIC: [u8; 4] = *b"FPWL";
const VERSION: u8 = 1;

#[cfg(test)]
mod tests;
