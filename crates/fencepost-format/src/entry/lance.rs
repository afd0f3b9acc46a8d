//! Telling what an entry by Lance is from its first bytes, without the rest.

use super::DecodeLimits;
use super::decode::schema_of;
use super::frames::Frames;
use super::metadata::EntryMetadata;
use crate::error::damaged;
use crate::trailer::END_OF_STREAM;
use crate::{EntryHeader, FormatError, Position};

/// What the first bytes of an entry by Lance tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LanceHead {
    /// Everything that is asked of them.
    Known {
        /// Position, epoch, kind and generation; the nonce is `None`.
        header: EntryHeader,
    },
    /// Too few of them: the schema message is longer.
    MoreNeeded {
        /// How many bytes from the beginning of the object will do.
        bytes: u64,
    },
}

/// Reads the first bytes of an entry that [`EntryTail::decode`](crate::EntryTail::decode) found to be by Lance.
///
/// `head` are the first bytes of the object named after `expected`, which has `object_bytes`: 4 KiB are enough for
/// most schemas. Says nothing about whether the rows are sound.
///
/// # Errors
/// Any [`FormatError`] but `Refused`; [`FormatError::Damaged`] also for an entry of ours whose trailer is cut off
/// and that should have one.
pub fn decode_lance_head(
    object: &str,
    expected: Position,
    object_bytes: u64,
    head: &[u8],
) -> Result<LanceHead, FormatError> {
    if (head.len() as u64) > object_bytes {
        return Err(damaged(object, object_bytes, "the object is shorter than its first bytes"));
    }
    // The schema message with its prefix, and the prefix of what comes after it.
    let needed = match head.first_chunk::<8>() {
        Some([.., a, b, c, d]) => 16 + u64::from(u32::from_le_bytes([*a, *b, *c, *d])),
        None => 16,
    };
    if needed > object_bytes {
        return Err(damaged(object, 0_u64, "the object is too short for a schema and an end of stream"));
    }
    let Some(stream) = usize::try_from(needed).ok().and_then(|needed| head.get(..needed)) else {
        return Ok(LanceHead::MoreNeeded { bytes: needed });
    };
    let mut frames = Frames::new(object, stream);
    let Some(frame) = frames.next()? else {
        return Err(damaged(object, 0_u64, "a stream without a schema"));
    };
    let schema = schema_of(object, &frame, DecodeLimits::DEFAULT)?;
    let metadata = EntryMetadata::of(&schema).map_err(|fault| fault.at(object, frame.offset))?;
    if metadata.kind.is_some() {
        return Err(damaged(object, 0_u64, "the trailer of a marker is cut off"));
    }
    let is_bare = schema.fields().is_empty() && needed == object_bytes && stream.ends_with(&END_OF_STREAM);
    Ok(LanceHead::Known {
        header: EntryHeader {
            position: expected,
            epoch: metadata.epoch,
            kind: metadata.kind_by_lance(is_bare),
            nonce: None,
            generation: metadata.generation,
        },
    })
}
