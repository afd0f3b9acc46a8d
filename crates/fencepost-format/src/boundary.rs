//! The collection boundary: up to where a collector may delete, and which fence entries it keeps below.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{FormatError, Position, documents};

/// A statement of a collector: entries up to `boundary` may be gone at any moment, except the guarding fences.
///
/// It is written before the first deletion, if absent, under a name made from `boundary`. The highest one counts.
// F-20.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Boundary {
    /// The highest position that may be gone.
    pub boundary: Position,
    /// The fence entries at or below the boundary that stay, in ascending order.
    pub guarding_fences: Vec<Position>,
}

impl Boundary {
    /// The bytes to store.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`] above [`DOCUMENT_BYTES_MAX`](crate::DOCUMENT_BYTES_MAX), which is some 50,000
    /// guarding fences or more, and [`FormatError::Refused`] if these are not ascending and within the boundary.
    pub fn encode(&self) -> Result<Bytes, FormatError> {
        if !is_ascending_within(&self.guarding_fences, self.boundary) {
            return Err(FormatError::Refused { reason: NOT_ASCENDING.into() });
        }
        let stored = Stored {
            format: documents::FORMAT,
            boundary: self.boundary.get(),
            guarding_fences: self.guarding_fences.iter().map(|fence| fence.get()).collect(),
        };
        documents::encode("a boundary to be written", &stored)
    }

    /// Reads the document whose object is named after `expected`.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, expected: Position, bytes: &[u8]) -> Result<Self, FormatError> {
        let stored: Stored = documents::decode(object, bytes)?;
        let boundary = documents::position(object, stored.boundary)?;
        if boundary != expected {
            return Err(documents::misplaced(object, "boundary", boundary.get(), expected.get()));
        }
        let guarding_fences: Vec<_> = stored
            .guarding_fences
            .into_iter()
            .map(|fence| documents::position(object, fence))
            .collect::<Result<_, _>>()?;
        if !is_ascending_within(&guarding_fences, boundary) {
            return Err(crate::error::damaged(object, 0_u64, NOT_ASCENDING));
        }
        Ok(Self { boundary, guarding_fences })
    }
}

fn is_ascending_within(fences: &[Position], boundary: Position) -> bool {
    fences.windows(2).all(|pair| pair[0] < pair[1])
        && fences.first().is_none_or(|fence| !fence.is_none())
        && fences.last().is_none_or(|fence| *fence <= boundary)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    boundary: u64,
    guarding_fences: Vec<u64>,
}

const NOT_ASCENDING: &str = "the guarding fences are not ascending positions up to the boundary";
